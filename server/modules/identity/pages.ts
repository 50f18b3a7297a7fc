// Sign in, sign out, forgotten password, new password, confirmed address: pages that need no script, for browsers and for the console, which
// comes back here when its session has ended. A mail's link only opens a page with a button: programs that follow links must not use them up.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, refuse } from '../../kernel/errors.ts'
import type { Identity } from './identity.ts'
import { localPath, type Fault, type Values } from './page-forms.ts'
import { formOf, html, stylePath, type Field } from './page-html.ts'
import { passkeyScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import { minLength } from './passwords.ts'
import { addPasskeyPages, givenIn } from './passkey-pages.ts'

/** Registers the pages and their stylesheet. */
export async function addPages(app: FastifyInstance, identity: Identity & { registration: string }): Promise<void> {
  const { accounts, people, passkeys, cookies, forms, handOver, offers, registration } = identity
  const { show, go, formToken, answer, guarded, codePage, letIn, callerOf, keepDevice, tenantAt, doorOf, placeAt, valueOf, cookiesOf } = forms
  const email = (value = ''): Field => ({ name: 'email', label: 'Email', type: 'email', complete: 'username', value })
  const newPassword: Field = { name: 'password', label: 'New password', type: 'password', complete: 'new-password', hint: `At least ${minLength} characters. A few words in a row are easy to keep in mind.` }
  const loginPage = async (req: FastifyRequest, reply: FastifyReply, next: string, { fault, address = '', notice }: { fault?: Fault; address?: string; notice?: string | undefined } = {}, status = 200) => {
    const token = formToken(req, reply)
    const atHome = (await doorOf(req.host)) === null
    const place = await placeAt(req.host, cookiesOf(req)).catch(() => undefined) // a team that is closed: nobody proves themselves at its door
    const here = place !== undefined && !passkeys.isElsewhere(place)
    const withNext = next === '/' ? '' : `?next=${encodeURIComponent(next)}`
    const others = [...(place && !here ? [{ href: '/login/passkey/leave', label: 'Sign in with a passkey' }] : []), ...offers]
    return show(reply, {
      title: 'Sign in',
      body: html`${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}${formOf({
        action: '/login', verb: 'Sign in', hidden: { form: token, next }, fault,
        fields: [email(address), { name: 'password', label: 'Password', type: 'password', complete: 'current-password', focus: address !== '' && !fault?.field, aside: html`<a href="/forgot">Forgot it?</a>` }],
      })}
${fault?.code === 'rate.limited' && html`<nav class="offers" aria-label="While others try"><a class="quiet" href="/forgot">Set a new password by mail</a></nav>`}
${here && html`<form method="post" action="/login/passkey" id="passkey" class="other" hidden>
<input type="hidden" name="form" value="${token}"><input type="hidden" name="next" value="${next}"><input type="hidden" name="credential" value="">
<button type="submit" class="quiet">Sign in with a passkey</button>
<p class="fault" id="passkey-fault" role="alert" hidden></p>
</form>`}
${others.length > 0 && html`<nav class="offers" aria-label="Other ways to sign in">${others.map(({ href, label }) => html`<a class="quiet" href="${href}${withNext}">${label}</a>`)}</nav>`}`,
      ...(here ? { script: passkeyScript } : {}),
      ...(registration === 'open' && atHome ? { foot: html`New here? <a href="/signup">Create an account</a>` } : {}),
    }, status)
  }
  const forgotPage = (req: FastifyRequest, reply: FastifyReply, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Forgotten password', lead: 'A link to choose a new one comes by mail. It works also while others try passwords for your address.', foot: html`<a href="/login">Back to sign in</a>`,
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
      if (await accounts.findCookieSession(req.headers.cookie ?? '')) return go(reply.header('set-cookie', cookies.here()), next)
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
        const given = givenIn(req.body) ?? refuse('auth.passkey_refused')
        return letIn(req, reply, next, await passkeys.signIn(callerOf(req), given, await placeAt(req.host, cookiesOf(req))))
      })
    })
    addPasskeyPages(pages, identity)
    pages.get('/login/finish', (req, reply) => guarded(req, reply, () => handOver.arrive(req, reply)))
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
      await people.forgotPassword(req.id, address, await tenantAt(req.host))
      return show(reply, { title: 'Look into your mail', lead: 'If there is an account with this address, a link to a new password is on its way. It works for an hour. After ten within the hour no further one is sent: each of those works.', foot: html`<a href="/login">Back to sign in</a>` })
    }))
    pages.get('/reset', (req, reply) => resetPage(req, reply, valueOf(req.query, 'token')))
    pages.post('/reset', (req, reply) => {
      const token = valueOf(req.body, 'token')
      return answer(req, reply, (fault, status) => resetPage(req, reply, token, fault, status), async () => {
        keepDevice(req, reply, await people.resetPassword(req.id, token, valueOf(req.body, 'password')))
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
