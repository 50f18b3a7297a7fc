// The way out to a provider and the way back, for the installation's providers and those of tenants. What comes back is judged here; who it is, and
// what it opens, is identity's to say.
import { randomBytes } from 'node:crypto'
import { refuse } from '../../kernel/errors.ts'
import { isId, platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import { requireBrowser, type Identity, type Setting, type Started } from '../identity/api.ts'
import { withParents } from '../tenancy/api.ts'
import { roleOfGroups, type OidcConfig, type Providers } from './providers.ts'
import { findHolder, findProvider, listEnabled, type ProviderRow } from './queries.ts'
import { authorizationUrl, badAnswer, discover, groupsOf, newLeg, reasonOf, redeem, type Claims, type Leg } from './relying-party.ts'
import { isUnasked, newRequestId, readResponse, samlRequest, type SamlProvider } from './saml.ts'
import { redeemSocial, serverOf, type SocialProvider } from './social.ts'

type From = Parameters<Identity['outside']['enter']>[0]
/** Kept from the way out to the way back. `trial`: only shows what a sign-in would do. */
type Out = Setting & { provider: string; tenant: string | null; leg: Leg; requestId: string; next: string; trial: boolean; ticket: string | null; /** whose account this is to open from now on */ link?: string }
export type Handed = { out: Out; claims: Claims }
/** What a trial found, for the page. */
export type Trial = { provider: ProviderRow; ticket: string | null; problem: string | null; email: string | null; name: string; groups: string[]; role: TenantRole }
export type Arrived = { kind: 'session'; started: Started; next: string } | { kind: 'challenge'; challenge: string; next: string } | { kind: 'trial'; trial: Trial } | { kind: 'linked'; next: string } | { kind: 'elsewhere'; to: string }
export type Flow = ReturnType<typeof createFlow>

export function createFlow({ kernel, identity, providers, social }: { kernel: Pick<Kernel, 'system' | 'publicUrl' | 'egress' | 'switches'>; identity: Pick<Identity, 'legs' | 'outside' | 'accounts' | 'handOver'>; providers: Providers; social: readonly SocialProvider[] }) {
  const { legs, outside, accounts } = identity
  const byTenant = (tenant: string, request: string) => kernel.system.context({ tenant, actor: { type: 'system', id: null }, request })
  const trusted = kernel.egress.fetchAs({ fromSetting: true })
  const callback = (id: string) => `${kernel.publicUrl}/login/callback/${id}`
  const askedOf = (id: string, requestId: string) => ({ requestId, acs: providers.addressesOf(id).acsUrl, entityId: providers.addressesOf(id).entityId })
  async function rowOf(id: string, request: string): Promise<ProviderRow> {
    const [[row]] = isId(id) ? await byTenant(platformId, request).read(findProvider(id)) : [[]]
    return row && (await kernel.switches.isOn(row.tenantId, 'sso')) ? row : refuse('sso_provider.not_found')
  }

  async function leave(request: string, out: Omit<Out, 'leg' | 'requestId'>, row: ProviderRow | undefined, hint?: string): Promise<string> {
    const leg = await newLeg()
    const requestId = newRequestId()
    await legs.keep(request, 'sso-out', leg.state, { ...out, leg, requestId })
    if (!row) {
      const provider = social.find((p) => p.id === out.provider)!
      return authorizationUrl(await serverOf(provider, trusted), provider, callback(provider.id), leg).catch((error: unknown) => refuse('sso.refused', `${provider.name} cannot be reached: ${reasonOf(error)}`))
    }
    if (row.protocol === 'saml') return samlRequest(row.config as SamlProvider, askedOf(row.id, requestId), leg.state)
    try {
      return await authorizationUrl(await discover((row.config as OidcConfig).issuer, providers.fetchFor(row.tenantId)), await providers.clientOf(row), callback(row.id), leg, hint)
    } catch (error) {
      return refuse('sso.refused', `the provider cannot be reached: ${reasonOf(error)}`)
    }
  }
  /** Whoever is signed in in the browser must be who wants the link: else a stranger's link would tie a visitor's account to the stranger's. */
  async function requireSelf(person: string, cookies: string): Promise<void> {
    if ((await accounts.findCookieSession(cookies))?.user !== person) refuse('auth.link_refused', 'open the link in the browser in which you are signed in to the account that asked for it')
  }

  /** What a tenant's provider says becomes a session, or what a trial shows. */
  async function settle(from: From, row: ProviderRow, out: Out, claims: Claims): Promise<Arrived> {
    const email = claims.email?.toLowerCase() ?? null
    const domain = email?.split('@')[1]
    const ctx = byTenant(row.tenantId, from.request)
    const [[holder]] = domain ? await ctx.read(findHolder(withParents(domain))) : [[]]
    const groups = groupsOf(claims.all, row.groupsClaim)
    const role = roleOfGroups(groups, row.roles)
    const problem = !email ? 'the provider sent no mail address' : holder?.tenantId !== row.tenantId ? `the domain ${domain} is not proven by this tenant` : null
    if (out.trial) {
      await providers.keepTest(ctx, row.id, problem)
      return { kind: 'trial', trial: { provider: row, ticket: out.ticket, problem, email, name: claims.name, groups, role: role ?? (row.defaultRole as TenantRole) } }
    }
    if (row.status !== 'enabled') refuse('sso.refused', 'this provider is not enabled')
    if (problem) {
      await ctx.change('sso-provider.refused', { subject: row.id, data: { reason: email ? `${domain} is not proven` : problem }, run: [] })
      refuse('sso.refused', problem)
    }
    const started = await outside.enterByTenant(from, { tenant: row.tenantId, provider: row.id, subject: claims.subject, email: email!, name: claims.name, role, defaultRole: row.defaultRole as TenantRole })
    return { kind: 'session', started, next: out.next }
  }
  const pass = (request: string, out: Out, claims: Claims) => identity.handOver.pass(request, out, 'sso', { out, claims } satisfies Handed)
  /** Who was seen is let in, linked, or shown. */
  async function conclude(from: From, out: Out, claims: Claims, cookies: string, bound?: string): Promise<Arrived> {
    const provider = social.find((p) => p.id === out.provider)
    if (!provider) return settle(from, await rowOf(out.provider, from.request), out, claims)
    const { id: seenBy, name: providerName } = provider
    if (out.link) {
      await requireSelf(out.link, cookies)
      await outside.link({ actor: { type: 'user', id: out.link }, request: from.request }, { provider: seenBy, providerName, subject: claims.subject })
      return { kind: 'linked', next: out.next }
    }
    const entered = await outside.enter(from, { provider: seenBy, providerName, subject: claims.subject, email: claims.email, emailVerified: claims.emailVerified, name: claims.name }, bound)
    return 'challenge' in entered ? { kind: 'challenge', challenge: entered.challenge, next: out.next } : { kind: 'session', started: entered, next: out.next }
  }
  /** Tells the tenant's admins why an answer was refused; the person gets the words too, since they carry no secret. */
  async function refused(row: ProviderRow, out: Out, request: string, error: unknown): Promise<never> {
    const reason = reasonOf(error)
    const ctx = byTenant(row.tenantId, request)
    if (out.trial) await providers.keepTest(ctx, row.id, reason)
    else await ctx.change('sso-provider.refused', { subject: row.id, data: { reason }, run: [] })
    return badAnswer(reason)
  }

  /** What the provider says for the code it sent. */
  async function redeemed(out: Out, answer: URLSearchParams, request: string): Promise<Claims> {
    const provider = social.find((p) => p.id === out.provider)
    if (provider) return redeemSocial(provider, await serverOf(provider, trusted), callback(provider.id), out.leg, answer, trusted).catch((error: unknown) => badAnswer(reasonOf(error)))
    const row = await rowOf(out.provider, request)
    const fetch = providers.fetchFor(row.tenantId)
    try {
      return await redeem(await discover((row.config as OidcConfig).issuer, fetch), await providers.clientOf(row), callback(row.id), out.leg, answer, fetch)
    } catch (error) {
      return refused(row, out, request, error)
    }
  }

  return {
    social,
    async toSocial(request: string, id: string, next: string, { browser, door }: Setting): Promise<string> {
      if (!social.some((p) => p.id === id)) refuse('sso_provider.not_found')
      return leave(request, { provider: id, tenant: null, next, browser, door, trial: false, ticket: null }, undefined)
    },
    /** A one-time token with which the person's own browser sets out to link an account elsewhere to theirs. */
    async beginLink(request: string, person: string, id: string): Promise<string> {
      if (!social.some((p) => p.id === id)) refuse('sso_provider.not_found')
      const token = randomBytes(24).toString('base64url')
      await legs.keep(request, 'social-link', token, { person, provider: id })
      return token
    },
    /** @param cookies of the browser, which must be the person's */
    async toLink(request: string, token: string, { browser, door }: Setting, cookies: string): Promise<string> {
      const wanted = await legs.read<{ person: string; provider: string }>('social-link', token)
      if (wanted) await requireSelf(wanted.person, cookies)
      if (!wanted || !(await legs.take(request, 'social-link', token))) refuse('auth.link_refused', 'this was begun already, or too long ago: begin again on your account page')
      return leave(request, { provider: wanted.provider, tenant: null, next: '/account', browser, door, trial: false, ticket: null, link: wanted.person }, undefined)
    },
    /** Home-realm discovery: whose domain the address has says where to sign in. @throws sso.refused where no provider is responsible */
    async toTenant(request: string, email: string, next: string, { browser, door }: Setting): Promise<string> {
      const domain = /^[^\s@]+@([^\s@]+)$/.exec(email.trim().toLowerCase())?.[1]
      const system = byTenant(platformId, request)
      const [[holder]] = domain ? await system.read(findHolder(withParents(domain))) : [[]]
      const [[row]] = holder && (await kernel.switches.isOn(holder.tenantId, 'sso')) ? await system.read(listEnabled(holder.tenantId)) : [[]]
      if (!row) refuse('sso.refused', 'no single sign-on is set up for this address: sign in with your password')
      return leave(request, { provider: row.id, tenant: row.tenantId, next, browser, door, trial: false, ticket: null }, row, email.trim())
    },
    /** From the provider's own page (a tile, a bookmark, an OpenID Connect `initiate_login_uri`): a sign-in of ours is begun, whoever sent the browser. */
    async toProvider(request: string, id: string, { browser, door }: Setting): Promise<string> {
      const row = await rowOf(id, request)
      if (row.status !== 'enabled') refuse('sso.refused', 'this provider is not enabled')
      return leave(request, { provider: row.id, tenant: row.tenantId, next: '/', browser, door, trial: false, ticket: null }, row)
    },
    async toTrial(request: string, token: string, { browser, door }: Setting): Promise<string> {
      const test = await legs.take<{ provider: string; tenant: string; ticket: string | null }>(request, 'sso-test', token)
      if (!test) refuse('auth.link_refused', 'this test was begun already, or too long ago: ask for another link')
      return leave(request, { provider: test.provider, tenant: test.tenant, next: '/', browser, door, trial: true, ticket: test.ticket }, await rowOf(test.provider, request))
    },

    /** The way back of OpenID Connect and OAuth 2.0. */
    async backByCode(from: From, id: string, answer: URLSearchParams, browser: string, cookies: string): Promise<Arrived> {
      const out = await legs.take<Out>(from.request, 'sso-out', answer.get('state') ?? '')
      if (!out || out.provider !== id) refuse('sso.refused', 'this answer belongs to no sign-in under way: begin again')
      if (!out.door) requireBrowser(out, browser)
      const claims = await redeemed(out, answer, from.request)
      return out.door ? { kind: 'elsewhere', to: await pass(from.request, out, claims) } : conclude(from, out, claims, cookies)
    },
    /** The way back of SAML: a POST from another site, which brings no cookie. What it proves is kept for a moment, for the browser to fetch.
        @returns where; undefined for an answer that nobody asked for: it proves nothing, since anybody could have sent theirs; the browser may begin a
        sign-in of its own instead */
    async backBySaml(from: From, id: string, encoded: string, relayState: string): Promise<string | undefined> {
      const out = await legs.take<Out>(from.request, 'sso-out', relayState)
      if (!out && isUnasked(encoded) && (await rowOf(id, from.request)).status === 'enabled') return undefined
      if (!out || out.provider !== id) refuse('sso.refused', 'this answer belongs to no sign-in under way: begin at our sign-in page, not at the provider\'s')
      const row = await rowOf(id, from.request)
      if (row.protocol !== 'saml') refuse('sso_provider.not_found')
      let claims: Claims
      try {
        const read = await readResponse(encoded, row.config as SamlProvider, askedOf(id, out.requestId))
        if (!(await legs.once(from.request, 'saml-used', `${id} ${read.assertionId}`, read.minutes))) throw new Error('the assertion was used before')
        claims = { subject: read.subject, email: read.email, emailVerified: true, name: read.name, all: read.all }
      } catch (error) {
        return refused(row, out, from.request, error)
      }
      return pass(from.request, out, claims)
    },
    /** What was handed over to the browser that set out. */
    conclude: (from: From, { out, claims }: Handed, cookies: string, bound: string | undefined): Promise<Arrived> => conclude(from, out, claims, cookies, bound),
  }
}
