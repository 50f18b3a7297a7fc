// Sign in, sign out, forgotten password, new password, confirmed address: pages that need no script, for browsers and for the console, which
// comes back here when its session has ended. A mail's link only opens a page with a button: programs that follow links must not use them up.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { judge } from '../../kernel/problems.ts'
import { codes, Problem, refuse } from '../../kernel/errors.ts'
import { pageHeaders, plainPolicy } from '../../kernel/site.ts'
import type { Identity } from './identity.ts'
import { formOf, html, pageOf, stylePath, type Field, type Page } from './page-html.ts'
import { passkeyScript, scriptPolicy } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import { minLength } from './passwords.ts'
import type { GivenCredential } from './passkeys.ts'
import type { Started } from './sign-in.ts'

type Values = Record<string, string>
type Fault = { message: string; field?: string | undefined; code?: string }
/** Only a path of ours: `//host`, `/\host` and schemes would leave for another site. */
export const localPath = (given: string | undefined): string => (given && /^\/(?![/\\])[^\s\\]*$/.test(given) && given.length < 2000 ? given : '/')
function credentialOf(text: string): GivenCredential | undefined {
  try {
    const given = JSON.parse(text) as GivenCredential | null
    return typeof given?.id === 'string' && typeof given.response?.clientDataJSON === 'string' ? given : undefined
  } catch {
    return undefined
  }
}
const stale = 'This page was open for too long. Try again.'

/** Registers the pages and their stylesheet. */
export async function addPages(app: FastifyInstance, { accounts, people, passkeys, cookies, secrets, registration }: Identity & { registration: string }): Promise<void> {
  const seal = (nonce: string) => createHmac('sha256', secrets.library).update(`form ${nonce}`).digest('base64url')
  const cookiesOf = (req: FastifyRequest): Values => Object.fromEntries((req.headers.cookie ?? '').split(/; */).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
  const callerOf = (req: FastifyRequest) => ({ request: req.id, ip: req.ip, userAgent: req.headers['user-agent'] ?? '' })
  const valueOf = (values: unknown, name: string): string => {
    const value = (values as Values | null)?.[name]
    return typeof value === 'string' ? value.slice(0, 4000) : ''
  }

  const show = (reply: FastifyReply, page: Page, status = 200) => pageHeaders(reply, plainPolicy() + (page.script === undefined ? '' : scriptPolicy)).header('cache-control', 'no-store').code(status).send(pageOf(page))
  const go = (reply: FastifyReply, to: string) => reply.header('cache-control', 'no-store').redirect(to, 303)
  /** The field every form of this browser carries: proves that the form came from a page of ours (besides `Origin` and SameSite). */
  function formToken(req: FastifyRequest, reply: FastifyReply): string {
    const known = cookiesOf(req)[cookies.names.form]
    const nonce = known && /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url')
    reply.header('set-cookie', cookies.form(nonce))
    return seal(nonce)
  }
  function isOurForm(req: FastifyRequest): boolean {
    cookies.requireOwnOrigin({ headers: req.headers, origin: req.headers.origin })
    const [given, expected] = [Buffer.from(valueOf(req.body, 'form')), Buffer.from(seal(cookiesOf(req)[cookies.names.form] ?? ''))]
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  /** Runs what a form asks for; a refusal shows the form again with the reason, under the refusal's own status. */
  async function answer(req: FastifyRequest, reply: FastifyReply, again: (fault: Fault, status: number) => unknown, work: () => Promise<unknown>) {
    try {
      if (!isOurForm(req)) return await again({ message: stale }, 403)
      await accounts.limitAddress(`page:${req.routeOptions.url}`, req.ip)
      return await work()
    } catch (error) {
      const { code, detail, errors, headers } = judge(error as Error)
      const { status, title } = codes[code]
      if (status >= 500 && code !== 'unavailable') throw error
      if (headers) reply.headers(headers)
      const [field] = errors ?? []
      const message = code === 'auth.refused' ? (detail ?? title).replace(codes['auth.refused'].cure, 'Address or password is wrong.') : field ? `The ${field.path.slice(1)} ${field.message}.` : `${title}. ${sentence(detail ?? codes[code].cure)}`
      return again({ message, field: code === 'auth.code_refused' ? 'code' : field?.path.slice(1), code }, status)
    }
  }
  const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

  const email = (value = ''): Field => ({ name: 'email', label: 'Email', type: 'email', complete: 'username', value })
  const newPassword: Field = { name: 'password', label: 'New password', type: 'password', complete: 'new-password', hint: `At least ${minLength} characters. A few words in a row are easy to keep in mind.` }
  const loginPage = (req: FastifyRequest, reply: FastifyReply, next: string, { fault, address = '', notice }: { fault?: Fault; address?: string; notice?: string | undefined } = {}, status = 200) => {
    const token = formToken(req, reply)
    return show(reply, {
      title: 'Sign in',
      body: html`${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}${formOf({
        action: '/login', verb: 'Sign in', hidden: { form: token, next }, fault,
        fields: [email(address), { name: 'password', label: 'Password', type: 'password', complete: 'current-password', focus: address !== '' && !fault?.field, aside: html`<a href="/forgot">Forgot it?</a>` }],
      })}
<form method="post" action="/login/passkey" id="passkey" class="other" hidden>
<input type="hidden" name="form" value="${token}"><input type="hidden" name="next" value="${next}"><input type="hidden" name="credential" value="">
<button type="submit" class="quiet">Sign in with a passkey</button>
<p class="fault" id="passkey-fault" role="alert" hidden></p>
</form>`,
      script: passkeyScript,
      ...(registration === 'open' ? { foot: html`New here? <a href="/signup">Create an account</a>` } : {}),
    }, status)
  }
  const codePage = (req: FastifyRequest, reply: FastifyReply, next: string, challenge: string, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Second step', lead: 'Type the code your authenticator app shows, or one of your recovery codes.', foot: html`<a href="/login">Begin again</a>`,
      body: formOf({ action: '/login/code', verb: 'Continue', hidden: { form: formToken(req, reply), next, challenge }, fault, fields: [{ name: 'code', label: 'Code', type: 'text', complete: 'one-time-code' }] }),
    }, status)
  /** Ends what a sign-in ends with: cookies, and back to where one wanted to go. */
  async function letIn(req: FastifyRequest, reply: FastifyReply, next: string, login: Started) {
    const before = await accounts.findCookieSession(req.headers.cookie ?? '')
    if (before) await accounts.endSession({ actor: { type: 'user', id: before.user }, request: req.id }, before.user, before.session) // one session a browser
    // the console's first call finds a refresh cookie of this sign-in, not one of before
    const { pair } = await accounts.open(req.id, login.session, login.user, await accounts.chooseTenant(login.user, undefined, login.session))
    reply.header('set-cookie', [cookies.refresh(pair.refreshToken), ...login.cookies])
    return go(reply, next)
  }
  const forgotPage = (req: FastifyRequest, reply: FastifyReply, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Forgotten password', lead: 'A link to choose a new one comes by mail.', foot: html`<a href="/login">Back to sign in</a>`,
      body: formOf({ action: '/forgot', verb: 'Send the link', hidden: { form: formToken(req, reply) }, fields: [email()], fault }),
    }, status)
  const resetPage = (req: FastifyRequest, reply: FastifyReply, token: string, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'New password', lead: 'All devices are signed out when it changes.', foot: html`<a href="/forgot">Ask for a new link</a>`,
      body: formOf({ action: '/reset', verb: 'Change password', hidden: { form: formToken(req, reply), token }, fields: [newPassword], fault }),
    }, status)
  const verifyPage = (req: FastifyRequest, reply: FastifyReply, token: string, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Confirm your address', lead: 'One step, so that nobody uses your address without you.', foot: html`<a href="/">Go on without</a>`,
      body: formOf({ action: '/verify', verb: 'Confirm', hidden: { form: formToken(req, reply), token }, fields: [], fault }),
    }, status)
  const logoutPage = (req: FastifyRequest, reply: FastifyReply, fault?: Fault, status = 200) =>
    show(reply, { title: 'Sign out', lead: 'This browser forgets you.', foot: html`<a href="/">Stay</a>`, body: formOf({ action: '/logout', verb: 'Sign out', hidden: { form: formToken(req, reply) }, fields: [], fault }) }, status)

  await app.register(async (pages) => {
    pages.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 16_384 }, (_req, text, done) => done(null, Object.fromEntries(new URLSearchParams(text as string))))
    pages.get(stylePath, (_req, reply) => reply.headers({ 'cache-control': 'public, max-age=31536000, immutable' }).type('text/css; charset=utf-8').send(pageStyle))

    pages.get('/login', async (req, reply) => {
      const next = localPath(valueOf(req.query, 'next'))
      if (await accounts.findCookieSession(req.headers.cookie ?? '')) return go(reply, next)
      const notices: Values = { out: 'You are signed out.', reset: 'The password is changed. Sign in with the new one.', verified: 'Your address is confirmed.' }
      return loginPage(req, reply, next, { notice: notices[valueOf(req.query, 'said')] })
    })
    pages.post('/login', (req, reply) => {
      const next = localPath(valueOf(req.body, 'next'))
      const address = valueOf(req.body, 'email')
      return answer(req, reply, (fault, status) => loginPage(req, reply, next, { fault, address }, status), async () => {
        try {
          return await letIn(req, reply, next, await accounts.signIn(callerOf(req), address, valueOf(req.body, 'password')))
        } catch (error) {
          if (error instanceof Problem && error.code === 'auth.code_required') return codePage(req, reply, next, String(error.more.extra!.challenge))
          throw error
        }
      })
    })
    pages.post('/login/code', (req, reply) => {
      const next = localPath(valueOf(req.body, 'next'))
      const challenge = valueOf(req.body, 'challenge')
      const again = (fault: Fault, status: number) => (status === 401 && fault.code === 'auth.challenge_refused' ? loginPage(req, reply, next, { fault }, status) : codePage(req, reply, next, challenge, fault, status))
      return answer(req, reply, again, async () => letIn(req, reply, next, await accounts.answerChallenge(callerOf(req), challenge, valueOf(req.body, 'code'))))
    })
    pages.post('/login/passkey', (req, reply) => {
      const next = localPath(valueOf(req.body, 'next'))
      return answer(req, reply, (fault, status) => loginPage(req, reply, next, { fault }, status), async () => {
        const given = credentialOf(valueOf(req.body, 'credential'))
        return letIn(req, reply, next, await passkeys.signIn(callerOf(req), given ?? refuse('auth.passkey_refused')))
      })
    })
    pages.get('/logout', (req, reply) => logoutPage(req, reply))
    pages.post('/logout', (req, reply) => answer(req, reply, (fault, status) => logoutPage(req, reply, fault, status), async () => {
      const found = await accounts.findCookieSession(req.headers.cookie ?? '')
      if (found) await accounts.endSession({ actor: { type: 'user', id: found.user }, request: req.id }, found.user, found.session)
      reply.header('set-cookie', cookies.cleared())
      return go(reply, '/login?said=out')
    }))
    pages.get('/forgot', (req, reply) => forgotPage(req, reply))
    pages.post('/forgot', (req, reply) => answer(req, reply, (fault, status) => forgotPage(req, reply, fault, status), async () => {
      const address = valueOf(req.body, 'email')
      if (!/^\S+@\S+$/.test(address)) return forgotPage(req, reply, { message: 'This is no mail address.', field: 'email' }, 422)
      await people.forgotPassword(req.id, address)
      return show(reply, { title: 'Look into your mail', lead: 'If there is an account with this address, a link to a new password is on its way. It works for an hour.', foot: html`<a href="/login">Back to sign in</a>` })
    }))
    pages.get('/reset', (req, reply) => resetPage(req, reply, valueOf(req.query, 'token')))
    pages.post('/reset', (req, reply) => {
      const token = valueOf(req.body, 'token')
      return answer(req, reply, (fault, status) => resetPage(req, reply, token, fault, status), async () => {
        await people.resetPassword(req.id, token, valueOf(req.body, 'password'))
        return go(reply, '/login?said=reset')
      })
    })
    pages.get('/verify', (req, reply) => verifyPage(req, reply, valueOf(req.query, 'token')))
    pages.post('/verify', (req, reply) => {
      const token = valueOf(req.body, 'token')
      return answer(req, reply, (fault, status) => verifyPage(req, reply, token, fault, status), async () => {
        await people.verifyEmail(req.id, token)
        return go(reply, '/login?said=verified')
      })
    })
  })
}
