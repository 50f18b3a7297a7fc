// What every page with a form needs: proof that the form is ours, the form again with the reason when it is refused, and what a sign-in ends with.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { codes, refuse } from '../../kernel/errors.ts'
import { judge } from '../../kernel/problems.ts'
import { pageHeaders, plainPolicy } from '../../kernel/site.ts'
import type { Accounts, Entered } from './accounts.ts'
import type { Cookies } from './cookies.ts'
import type { DeviceTokens } from './device-tokens.ts'
import { formOf, html, pageOf, type Page, type PageBrand } from './page-html.ts'
import { scriptPolicy } from './page-script.ts'
import type { Place } from './passkeys.ts'

export type Values = Record<string, string>
export type Fault = { message: string; field?: string | undefined; code?: string }
/** Only a path of ours: `//host`, `/\host` and schemes would leave for another site. */
export const localPath = (given: string | undefined): string => (given && /^\/(?![/\\])[^\s\\]*$/.test(given) && given.length < 2000 ? given : '/')
const stale = 'This page was open for too long. Try again.'

/** What a tenant's own door changes: how its pages look, and where a sign-in leads. */
export type Front = {
  tenantAt(host: string): Promise<string | undefined>
  brandOf(tenant: string): Promise<PageBrand | undefined>
  /** @throws tenant.suspended, tenant.deleting */
  requireOpen(tenant: string): Promise<void>
  /** Whether the name is the installation's own, not a domain that a tenant has proven. */
  isOurs(host: string): boolean
}
/** A sign-in on the way to a tenant's own issuer is that tenant's page too. */
const issuerOf = (next: string): string | undefined => /^\/t\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/oauth\//.exec(next)?.[1]

export type PageForms = ReturnType<typeof createPageForms>

/** @param secret of which the forms' tokens are made */
export function createPageForms({ accounts, cookies, devices, publicUrl, secret }: { accounts: Accounts; cookies: Cookies; devices: DeviceTokens; publicUrl: string; secret: string }) {
  const { protocol } = new URL(publicUrl)
  let front: Front = { tenantAt: async () => undefined, brandOf: async () => undefined, requireOpen: async () => {}, isOurs: () => true } // until the doors are there
  const seal = (nonce: string) => createHmac('sha256', secret).update(`form ${nonce}`).digest('base64url')
  const cookiesOf = (req: FastifyRequest): Values => Object.fromEntries((req.headers.cookie ?? '').split(/; */).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
  const callerOf = (req: FastifyRequest) => ({ request: req.id, ip: req.ip, userAgent: req.headers['user-agent'] ?? '', device: cookiesOf(req)[cookies.names.device] })
  /** Beside what the browser keeps of others who use it. */
  const keepDevice = (req: FastifyRequest, reply: FastifyReply, device: string | undefined) => void (device && reply.header('set-cookie', cookies.device(devices.join(device, devices.read(callerOf(req).device)))))
  const tenantAt = (host: string) => front.tenantAt(host)
  const brandOf = (tenant: string) => front.brandOf(tenant)
  /** The origin of the tenant's door at which a page was asked for; null: at home. */
  const doorOf = async (host: string): Promise<string | null> => {
    const at = `${protocol}//${host}`
    return (await tenantAt(host)) && URL.canParse(at) ? new URL(at).origin : null
  }
  /** Where a page or a call stands that asks for a passkey. @throws tenant.suspended, tenant.deleting: proofs of people are not for doors that were closed */
  async function placeAt(host: string, given: Readonly<Record<string, string>>): Promise<Place> {
    const tenant = await tenantAt(host)
    if (tenant) await front.requireOpen(tenant)
    return { door: await doorOf(host), own: front.isOurs(host), browser: given[cookies.names.form] ?? '' }
  }
  /** Whether this is a tenant's own door still, and open. */
  async function requireDoor(door: string, tenant: string): Promise<void> {
    if ((await tenantAt(new URL(door).host)) !== tenant) refuse('sso.refused', 'the address you came from is no longer the tenant\'s: begin again')
    await front.requireOpen(tenant)
  }
  /** The tenant whose own domain this is: what was proven elsewhere opens that tenant alone there, since the tenant says which machine answers. */
  const boundAt = async (host: string): Promise<string | undefined> => (front.isOurs(host) ? undefined : tenantAt(host))
  const valueOf = (values: unknown, name: string): string => {
    const value = (values as Values | null)?.[name]
    return typeof value === 'string' ? value.slice(0, 4000) : ''
  }

  const show = async (reply: FastifyReply, page: Page, status = 200) => {
    const { host, query, body } = reply.request
    const tenant = (await front.tenantAt(host)) ?? issuerOf(valueOf(query, 'next') || valueOf(body, 'next'))
    const brand = tenant && (await front.brandOf(tenant))
    return pageHeaders(reply, plainPolicy() + (page.script === undefined ? '' : scriptPolicy)).header('cache-control', 'no-store').code(status).send(pageOf(brand ? { ...page, brand } : page))
  }
  const go = (reply: FastifyReply, to: string) => reply.header('cache-control', 'no-store').redirect(to, 303)
  /** The field every form of this browser carries: proves that the form came from a page of ours (besides `Origin` and SameSite). */
  function formToken(req: FastifyRequest, reply: FastifyReply): string {
    const known = cookiesOf(req)[cookies.names.form]
    const nonce = known && /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url')
    reply.header('set-cookie', cookies.form(nonce))
    return seal(nonce)
  }
  function isOurForm(req: FastifyRequest): boolean {
    cookies.requireOwnOrigin({ headers: req.headers, origin: req.headers.origin, host: req.host })
    const [given, expected] = [Buffer.from(valueOf(req.body, 'form')), Buffer.from(seal(cookiesOf(req)[cookies.names.form] ?? ''))]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  /** Runs what a form asks for; a refusal shows the form again with the reason, under the refusal's own status. */
  async function answer(req: FastifyRequest, reply: FastifyReply, again: (fault: Fault, status: number) => unknown, work: () => Promise<unknown>, { form = true }: { form?: boolean } = {}) {
    try {
      if (form && !isOurForm(req)) return await again({ message: stale }, 403)
      await accounts.limitAddress(`page:${req.routeOptions.url}`, req.ip)
      return await work()
    } catch (error) {
      const { code, detail, errors, headers } = judge(error as Error)
      const { status, title } = codes[code]
      if (status >= 500 && code !== 'unavailable') throw error
      if (headers) reply.headers(headers)
      const [field] = errors ?? []
      const message = code === 'auth.refused' ? (detail ?? title).replace(codes['auth.refused'].cure, 'Address or password is wrong.') : field ? `The ${field.path.slice(1)} ${field.message}.` : code === 'rate.limited' && detail ? sentence(detail) : `${title}. ${sentence(detail ?? codes[code].cure)}`
      return again({ message, field: code === 'auth.code_refused' ? 'code' : field?.path.slice(1), code }, status)
    }
  }
  const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

  /** Ends what a sign-in ends with: cookies, and back to where one wanted to go. */
  async function letIn(req: FastifyRequest, reply: FastifyReply, next: string, login: Entered) {
    const before = await accounts.findCookieSession(req.headers.cookie ?? '')
    if (before) await accounts.endSession({ actor: { type: 'user', id: before.user }, request: req.id }, before.user, before.session) // one session a browser
    // the console's first call finds a refresh cookie of this sign-in, not one of before
    const tenant = await accounts.chooseTenant(login.user, await front.tenantAt(req.host), login.session).catch(async (error: unknown) => {
      await accounts.endSession({ actor: { type: 'user', id: login.user }, request: req.id }, login.user, login.session) // no pair, no session
      throw error
    })
    const { pair } = await accounts.open(req.id, login.session, login.user, tenant)
    reply.header('set-cookie', [...cookies.refresh(pair.refreshToken), ...login.cookies])
    keepDevice(req, reply, login.device ?? (await accounts.deviceOf(login.session, callerOf(req).device)))
    return go(reply, next)
  }
  /** Who is signed in already came to do something to their account. */
  const failed = (req: FastifyRequest, reply: FastifyReply, fault: Fault, status: number) => {
    const body = html`<p class="banner" role="alert">${fault.message}</p>`
    if (cookiesOf(req)[cookies.names.here]) return show(reply, { title: 'That did not work', body, foot: html`<a href="/account">Back to your account</a>` }, status)
    return show(reply, { title: 'Sign-in did not work', body, foot: html`<a href="/login">Back to sign in</a>` }, status)
  }
  /** Runs what needs no form of ours; a refusal is a page with the reason. */
  const guarded = (req: FastifyRequest, reply: FastifyReply, work: () => Promise<unknown>) => answer(req, reply, (fault, status) => failed(req, reply, fault, status), work, { form: false })
  /** After a form, whose answer may lead to no other host: a page that goes on by itself. */
  const leave = (reply: FastifyReply, to: string) =>
    show(reply, { title: 'One moment', lead: `Going on to ${new URL(to, publicUrl).host}.`, refresh: to, body: html`<p class="hint">If nothing happens: <a href="${to}">continue</a>.</p>` })
  const codePage = (req: FastifyRequest, reply: FastifyReply, next: string, challenge: string, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Second step', lead: 'Type the code your authenticator app shows, or one of your recovery codes.', foot: html`<a href="/login">Begin again</a>`,
      body: formOf({ action: '/login/code', verb: 'Continue', hidden: { form: formToken(req, reply), next, challenge }, fault, fields: [{ name: 'code', label: 'Code', type: 'text', complete: 'one-time-code' }] }),
    }, status)
  /** Tells the pages of the tenants' doors, which are opened later. */
  const meet = (doors: Front): void => void (front = doors)
  return { meet, show, go, leave, formToken, answer, guarded, failed, codePage, letIn, callerOf, keepDevice, tenantAt, brandOf, doorOf, placeAt, requireDoor, boundAt, valueOf, cookiesOf }
}
