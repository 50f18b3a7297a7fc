// Single sign-on providers of a tenant: what an admin, or a customer's IT by a ticket, sets up. A provider signs people in once it is enabled, which
// takes a sign-in that was tried and a domain that is proven.
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import type { Context } from '../../kernel/db.ts'
import { newId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { Identity } from '../identity/api.ts'
import { deleteProvider, findProvider, insertProvider, keepTest, listProven, listProviders, lockProvider, setStatus, updateProvider, type ProviderRow, type ProviderValues } from './queries.ts'
import { discover, reasonOf, type OidcClient } from './relying-party.ts'
import { readMetadata, SamlRefused, type SamlProvider } from './saml.ts'
import type { ChangeProviderBody, NewProviderBody, ProviderView } from './schema.ts'

export type OidcConfig = { issuer: string; clientId: string; scopes: readonly string[] }
type RoleOf = { group: string; role: 'viewer' | 'member' | 'admin' }
const most = 10
const bindingOf = (id: string) => `sso_providers/sealed/${id}`

export type ProviderParts = { kernel: Pick<Kernel, 'keys' | 'publicUrl' | 'egress'>; identity: Pick<Identity, 'legs' | 'outside'> }
export type Providers = ReturnType<typeof createProviders>

export function createProviders({ kernel, identity }: ProviderParts) {
  const { publicUrl, keys } = kernel
  const fetchFor = (tenant: string) => kernel.egress.fetchAs({ for: { tenant } })
  const addressesOf = (id: string) => ({ redirectUri: `${publicUrl}/login/callback/${id}`, entityId: `${publicUrl}/saml/${id}`, acsUrl: `${publicUrl}/login/saml/${id}`, metadataUrl: `${publicUrl}/login/saml/${id}/metadata` })

  function shown(row: ProviderRow): ProviderView {
    const { tenantId: _t, config, sealed, roles, ...rest } = row
    const { redirectUri, ...ours } = addressesOf(row.id)
    return {
      ...(rest as unknown as ProviderView), roles: roles as RoleOf[],
      oidc: row.protocol === 'oidc' ? { ...(config as OidcConfig), scopes: [...(config as OidcConfig).scopes], hasSecret: sealed !== null, redirectUri } : null,
      saml: row.protocol === 'saml' ? { ...(config as SamlProvider), certificates: [...(config as SamlProvider).certificates], ours } : null,
    }
  }
  async function valuesOf(tenant: string, id: string, given: ChangeProviderBody & { protocol: string }, now?: ProviderRow): Promise<ProviderValues> {
    const { protocol } = given
    if (given[protocol === 'oidc' ? 'saml' : 'oidc'] !== undefined) refuseField(protocol === 'oidc' ? '/saml' : '/oidc', `is for the other protocol; this provider speaks ${protocol}`)
    const part = given[protocol as 'oidc' | 'saml']
    if (!part && !now) refuseField(`/${protocol}`, 'is required')
    let config: unknown = now?.config
    let sealed = (now?.sealed ?? null) as Buffer | null
    if (given.oidc) {
      const { issuer, clientId, scopes = ['openid', 'email', 'profile'], clientSecret } = given.oidc
      if (!scopes.includes('openid')) refuseField('/oidc/scopes', 'must hold openid')
      if (!URL.canParse(issuer)) refuseField('/oidc/issuer', 'must be an https address')
      config = { issuer, clientId, scopes }
      if (clientSecret !== undefined) sealed = clientSecret === null ? null : await keys.seal({ tenant }, clientSecret, bindingOf(id))
      else if (now && (now.config as OidcConfig).issuer !== issuer) refuseField('/oidc/clientSecret', 'is required with another issuer: the old secret is not sent there')
    }
    if (given.saml) config = await samlOf(given.saml, now?.config as SamlProvider | undefined)
    return {
      protocol, name: given.name ?? now!.name, config, sealed, groupsClaim: given.groupsClaim ?? now?.groupsClaim ?? 'groups', roles: given.roles ?? now?.roles ?? [], defaultRole: given.defaultRole ?? now?.defaultRole ?? 'member', tested: part === undefined,
    }
  }
  const row = async (ctx: Context, id: string) => only((await ctx.read(findProvider(id)))[0], 'sso_provider')

  return {
    shown,
    addressesOf,
    fetchFor,
    async list(ctx: Context): Promise<ProviderView[]> {
      return (await ctx.read(listProviders()))[0].map(shown)
    },
    get: async (ctx: Context, id: string): Promise<ProviderView> => shown(await row(ctx, id)),
    async create(ctx: Context, given: NewProviderBody, id = newId()): Promise<ProviderView> {
      const [known] = await ctx.read(listProviders())
      if (known.length >= most) refuse('state.conflict', `a tenant has at most ${most} providers: remove one first`)
      const values = await valuesOf(ctx.tenant, id, given)
      const [[made]] = await ctx.change('sso-provider.added', { subject: id, data: { protocol: given.protocol, name: given.name }, run: [insertProvider(id, values)] })
      return shown(made!)
    },
    /** Another address, client or certificate must be tried again: an enabled provider is disabled by it. */
    async change(ctx: Context, id: string, given: ChangeProviderBody, ifMatch?: number): Promise<ProviderView> {
      const before = await row(ctx, id)
      const values = await valuesOf(ctx.tenant, id, { ...given, protocol: before.protocol }, before)
      const changed = await ctx.change('sso-provider.changed', async (tx) => {
        const now = only(await tx(lockProvider(id)), 'sso_provider')
        checkVersion(now.version, ifMatch)
        if (now.version !== before.version) refuse('version.conflict')
        const [kept] = await tx(updateProvider(id, values))
        return { subject: id, data: { fields: Object.keys(given) }, result: kept! }
      })
      if (before.status === 'enabled' && changed.status !== 'enabled') await identity.outside.endProvider(ctx.request, id, false)
      return shown(changed)
    },
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('sso-provider.removed', async (tx) => {
        const gone = only(await tx(deleteProvider(id)), 'sso_provider')
        return { subject: id, data: { protocol: gone.protocol, name: gone.name }, result: undefined }
      })
      await identity.outside.endProvider(ctx.request, id, true)
    },
    /** Asks the provider, and gives a link to try a sign-in by it. */
    async test(ctx: Context, id: string, ticket?: string) {
      const found = await row(ctx, id)
      let problem: string | null = null
      if (found.protocol === 'oidc') await discover((found.config as OidcConfig).issuer, fetchFor(ctx.tenant)).catch((error: unknown) => void (problem = reasonOf(error)))
      const [proven] = await ctx.read(listProven(ctx.tenant))
      const token = newId() + newId()
      await identity.legs.keep(ctx.request, 'sso-test', token, { provider: id, tenant: ctx.tenant, ticket: ticket ?? null }, 30)
      return { reachable: problem === null, problem, domains: proven.map((d) => d.name), signInUrl: `${publicUrl}/login/sso/test/${token}` }
    },
    async enable(ctx: Context, id: string): Promise<ProviderView> {
      const [proven] = await ctx.read(listProven(ctx.tenant))
      return ctx.happen(async (tx) => {
        const now = only(await tx(lockProvider(id)), 'sso_provider')
        if (now.status === 'enabled') return { happened: [], result: shown(now) }
        if (!now.testedAt) refuse('state.conflict', `no sign-in by it was tried since it changed: POST /sso-providers/${id}/test gives the link`)
        if (!proven.length) refuse('state.conflict', 'the tenant has no proven domain, so it could sign nobody in: add one under /domains and verify it')
        const [kept] = await tx(setStatus(id, 'enabled'))
        return { happened: [{ name: 'sso-provider.enabled' as const, subject: id, data: {} }], result: shown(kept!) }
      })
    },
    /** Ends the sessions it began. */
    async disable(ctx: Context, id: string): Promise<ProviderView> {
      const kept = await ctx.happen(async (tx) => {
        const now = only(await tx(lockProvider(id)), 'sso_provider')
        if (now.status === 'disabled') return { happened: [], result: shown(now) }
        const [row] = await tx(setStatus(id, 'disabled'))
        return { happened: [{ name: 'sso-provider.disabled' as const, subject: id, data: {} }], result: shown(row!) }
      })
      await identity.outside.endProvider(ctx.request, id, false)
      return kept
    },
    async keepTest(ctx: Context, id: string, problem: string | null): Promise<void> {
      await ctx.change('sso-provider.tested', { subject: id, data: { passed: problem === null, problem }, run: [keepTest(id, problem === null, problem)] })
    },
    async clientOf(found: ProviderRow): Promise<OidcClient> {
      const secret = found.sealed ? await keys.open(found.sealed as Buffer, bindingOf(found.id)) : null
      return { ...(found.config as OidcConfig), clientSecret: secret }
    },
  }
}

/** The highest role of the groups that are mapped; null when none is. */
export function roleOfGroups(groups: readonly string[], roles: unknown): TenantRole | null {
  const order = ['viewer', 'member', 'admin'] as const
  const has = new Set(groups.map((g) => g.toLowerCase()))
  const found = (roles as RoleOf[]).filter((r) => has.has(r.group.toLowerCase())).map((r) => order.indexOf(r.role))
  return found.length ? order[Math.max(...found)]! : null
}

async function samlOf(given: NonNullable<NewProviderBody['saml']>, now: SamlProvider | undefined): Promise<SamlProvider> {
  let saml: Partial<SamlProvider> = { ...now, ...Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'metadata')) }
  if (given.metadata !== undefined) {
    saml = await readMetadata(given.metadata).catch((error: unknown) => (error instanceof SamlRefused ? refuseField('/saml/metadata', error.message) : refuseField('/saml/metadata', 'is no metadata of an identity provider')))
  }
  for (const name of ['entityId', 'ssoUrl', 'certificates'] as const) if (!saml[name]?.length) refuseField(`/saml/${name}`, 'is required, unless metadata are given')
  const { entityId, ssoUrl, certificates } = saml as SamlProvider
  if (!/^https:\/\//.test(ssoUrl) && !/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(ssoUrl)) refuseField('/saml/ssoUrl', 'must be an https address')
  const { X509Certificate } = await import('node:crypto')
  for (const one of certificates) {
    try {
      void new X509Certificate(Buffer.from(one.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
    } catch {
      refuseField('/saml/certificates', 'is no X.509 certificate')
    }
  }
  return { entityId, ssoUrl, certificates: certificates.map((c) => c.replace(/-----[A-Z ]+-----|\s/g, '')) }
}
