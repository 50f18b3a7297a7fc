// What stands between a request for authorization and its answer: who somebody is (the sign-in of the application), whether they belong to the tenant,
// and what they allow. Plain HTML, no script; a form proves that it came from a page of ours, in this session.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { judge } from '../../kernel/problems.ts'
import { codes } from '../../kernel/errors.ts'
import { pageHeaders, plainPolicy } from '../../kernel/site.ts'
import { formTargetOf, html, pageOf, type Page } from '../identity/api.ts'
import { allow } from './consents.ts'
import { issuerPath, type Issuers, type OAuthParts, type TenantIssuer } from './issuers.ts'
import { findSignOn, wordsOf, type SignOn } from './sign-on.ts'

type Request = FastifyRequest<{ Params: { tenantId: string; uid: string }; Body?: Record<string, string> }>
type Details = Awaited<ReturnType<TenantIssuer['provider']['interactionDetails']>>
type Asked = { missingOIDCScope?: string[]; missingOIDCClaims?: string[]; missingResourceScopes?: Record<string, string[]> }

/** What people read; a scope without a line here is described by the tenant that added it. */
const meanings: Record<string, [string, string]> = {
  openid: ['Know who you are', 'A number that stands for you, the same each time.'],
  profile: ['See your profile', 'Your name and picture, and your own settings here.'],
  email: ['See your mail address', 'And whether it is confirmed.'],
  offline_access: ['Keep access while you are away', 'Until you take it back under connected apps.'],
  read: ['Read what you can read', 'Projects, tasks, comments, reports and whatever else you see.'],
  write: ['Change what you can change', 'Create, edit and move things in your name.'],
  admin: ['Administer what you administer', 'Members, settings, keys: everything your role lets you do.'],
}

export async function addInteractions(app: FastifyInstance, parts: OAuthParts, issuers: Issuers): Promise<void> {
  const { identity, kernel } = parts
  const url = `${issuerPath(':tenantId')}/interaction/:uid`
  const here = (req: Request) => `${issuerPath(req.params.tenantId)}/interaction/${req.params.uid}`
  const seal = (uid: string, session: string) => createHmac('sha256', identity.secrets.library).update(`interaction ${uid} ${session}`).digest('base64url')
  const isOurForm = (req: Request, person: SignOn) => {
    const [given, expected] = [Buffer.from(req.body?.form ?? ''), Buffer.from(seal(req.params.uid, person.session))]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  const show = async (reply: FastifyReply, issuer: TenantIssuer | undefined, page: Page, { status = 200, target }: { status?: number; target?: string | undefined } = {}) => {
    const brand = issuer && ((await parts.brandOf(issuer.tenant)) ?? { name: issuer.name })
    return pageHeaders(reply, plainPolicy(target && URL.canParse(target) ? formTargetOf(target) : '')).header('cache-control', 'no-store').code(status).send(pageOf({ ...page, ...(brand ? { brand } : {}) }))
  }
  const ended = (reply: FastifyReply, issuer: TenantIssuer | undefined) =>
    show(reply, issuer, { title: 'This page is too old', lead: 'Go back to the application and begin again.', foot: html`<a href="/">Go to Groundwork</a>` }, { status: 400 })

  const findPerson = (req: Request) => findSignOn(parts, req.params.tenantId, req.headers.cookie)
  /** The interaction this browser began; undefined: none, or another one's. */
  async function begun(req: Request, reply: FastifyReply): Promise<{ issuer: TenantIssuer; details: Details } | { issuer: TenantIssuer | undefined; details?: undefined }> {
    const issuer = await issuers.find(req.params.tenantId)
    const details = await issuer?.provider.interactionDetails(req.raw, reply.raw).catch(() => undefined)
    return issuer && details && details.uid === req.params.uid ? { issuer, details } : { issuer }
  }
  const finish = (req: Request, reply: FastifyReply, { provider }: TenantIssuer, result: object) => provider.interactionResult(req.raw, reply.raw, result as never, { mergeWithLastSubmission: true })
  const asksAgain = ({ prompt }: Details) => prompt.name === 'login' && prompt.reasons.some((reason) => reason === 'login_prompt' || reason === 'max_age')
  const signInAgain = (req: Request) => `/login?next=${encodeURIComponent(here(req))}`
  /** A name can be anybody's; the address that gets the answer cannot. */
  const whoLine = (person: SignOn, target = '') => html`<p class="who"><span>Signed in as ${person.email}</span>${URL.canParse(target) && html`<span>Goes back to ${new URL(target).host || new URL(target).protocol}</span>`}</p>`
  const formOf = (req: Request, person: SignOn, buttons: ReturnType<typeof html>) => html`<form method="post" action="${here(req)}"><input type="hidden" name="form" value="${seal(req.params.uid, person.session)}">${buttons}</form>`
  const clientOf = async ({ provider }: TenantIssuer, details: Details) => (await provider.Client.find(String(details.params.client_id)))!

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 16_384 }, (_req, text, done) => done(null, Object.fromEntries(new URLSearchParams(text as string))))
  app.setErrorHandler((error, req, reply) => {
    const { code, detail } = judge(error as Error)
    const { status, title, cure } = codes[code]
    if (status >= 500) identity.onError(error)
    return show(reply, undefined, { title, lead: status >= 500 ? `Try again in a moment. Number of the request: ${req.id}.` : (detail ?? cure) }, { status })
  })

  app.get(url, async (bare, reply) => {
    const req = bare as Request
    const { issuer, details } = await begun(req, reply)
    if (!details) return ended(reply, issuer)
    const person = await findPerson(req)
    if (!person) return reply.header('cache-control', 'no-store').redirect(signInAgain(req), 303)
    const client = await clientOf(issuer, details)
    const target = String(details.params.redirect_uri ?? '')
    if (!person.member) return show(reply, issuer, {
      title: 'You do not belong here', lead: `${client.clientName ?? 'The application'} asks for ${issuer.name}, and this account is no member of it.`,
      body: html`${whoLine(person)}${formOf(req, person, html`<button type="submit" name="decision" value="other" autofocus>Use another account</button><button type="submit" class="quiet" name="decision" value="refuse">Go back</button>`)}`,
    }, { status: 403, target })
    if (person.hindrance) return show(reply, issuer, {
      title: wordsOf(person.hindrance).title, lead: `${issuer.name} asks for more than your sign-in has shown. ${wordsOf(person.hindrance).cure}`,
      body: html`${whoLine(person)}${formOf(req, person, html`<button type="submit" name="decision" value="other" autofocus>Sign in another way</button><button type="submit" class="quiet" name="decision" value="refuse">Go back</button>`)}`,
    }, { status: 403, target })
    if (details.prompt.name === 'login') {
      if (asksAgain(details) && person.since < details.iat) return show(reply, issuer, {
        title: 'Sign in again', lead: `${client.clientName ?? 'The application'} wants to be sure that it is you.`,
        body: html`${whoLine(person)}${formOf(req, person, html`<button type="submit" name="decision" value="other" autofocus>Sign in again</button><button type="submit" class="quiet" name="decision" value="refuse">Go back</button>`)}`,
      }, { target })
      const to = await finish(req, reply, issuer, { login: { accountId: person.user, ts: person.since, amr: person.amr, remember: true } })
      // a page, since the browser may have come here by the sign-in form, whose policy would forbid the way to the application
      return show(reply, issuer, { title: 'Signed in', lead: 'On the way to the application.', refresh: to, body: html`<p><a href="${to}">Go on</a></p>` })
    }
    const scopes = scopesAsked(details)
    const described = await describe(req.params.tenantId, scopes)
    const links = ([['clientUri', 'Website'], ['policyUri', 'Privacy'], ['tosUri', 'Terms']] as const).flatMap(([field, text]) => (isWeb(client[field]) ? [html`<a href="${client[field]}" rel="noreferrer noopener">${text}</a> `] : []))
    return show(reply, issuer, {
      title: `Allow ${client.clientName ?? 'this application'}?`, lead: `It asks ${issuer.name} for this:`,
      body: html`<ul class="asks">${described.map(([what, more]) => html`<li><b>${what}</b><span>${more}</span></li>`)}</ul>${whoLine(person, target)}
${formOf(req, person, html`<button type="submit" name="decision" value="allow">Allow</button><button type="submit" class="quiet" name="decision" value="refuse">Refuse</button>`)}`,
      ...(links.length ? { foot: html`${links}` } : {}),
    }, { target })
  })

  app.post(url, async (bare, reply) => {
    const req = bare as Request
    identity.cookies.requireOwnOrigin({ headers: req.headers, origin: req.headers.origin, host: req.host })
    const { issuer, details } = await begun(req, reply)
    const person = details && (await findPerson(req))
    if (!details || !person || !isOurForm(req, person)) return ended(reply, issuer)
    const decision = req.body?.decision
    const go = (to: string) => reply.header('cache-control', 'no-store').redirect(to, 303)
    if (decision === 'refuse') return go(await finish(req, reply, issuer, { error: 'access_denied', error_description: 'the person refused' }))
    if (decision === 'other') {
      await identity.accounts.endSession({ actor: { type: 'user', id: person.user }, request: req.id }, person.user, person.session)
      reply.header('set-cookie', identity.cookies.cleared())
      return go(signInAgain(req))
    }
    if (decision !== 'allow' || details.prompt.name !== 'consent' || !person.member || person.hindrance) return ended(reply, issuer)
    const client = await clientOf(issuer, details)
    const asked = details.prompt.details as Asked
    const { Grant } = issuer.provider
    const known = details.grantId ? await Grant.find(details.grantId) : undefined
    const grant = known && known.accountId === person.user ? known : new Grant({ accountId: person.user, clientId: client.clientId })
    grant.addOIDCScope(scopesAsked(details).join(' '))
    if (asked.missingOIDCClaims) grant.addOIDCClaims(asked.missingOIDCClaims)
    for (const [resource, scopes] of Object.entries(asked.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '))
    await allow(kernel.app.context({ tenant: req.params.tenantId, actor: { type: 'user', id: person.user }, request: req.id }), client.clientId, scopesAsked(details))
    return go(await finish(req, reply, issuer, { consent: { grantId: await grant.save() } }))
  })

  async function describe(tenant: string, scopes: readonly string[]): Promise<[string, string][]> {
    const { rows } = await identity.pool.query<{ name: string; description: string }>('select name, description from public.oauth_scopes where tenant_id = $1 and name = any ($2)', [tenant, scopes])
    return scopes.map((scope) => meanings[scope] ?? [rows.find((row) => row.name === scope)?.description ?? scope, scope])
  }
}

/** Everything the request names and the issuer knows: who is asked sees all of it, not only what is new. */
function scopesAsked(details: Details): string[] {
  const asked = details.prompt.details as Asked
  const missing = [...(asked.missingOIDCScope ?? []), ...Object.values(asked.missingResourceScopes ?? {}).flat()]
  return [...new Set([...String(details.params.scope ?? '').split(' '), ...missing])].filter(Boolean)
}
const isWeb = (uri: unknown): uri is string => typeof uri === 'string' && /^https?:$/.test(URL.canParse(uri) ? new URL(uri).protocol : '')
