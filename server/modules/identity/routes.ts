// /auth and /users: one call each. Nobody need be signed in for most of /auth, so those count per client address.
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { Answer, del, get, patch, post, routes, type Operation, type RequestFacts } from '../../kernel/route.ts'
import { ById, Page, Strict, Type } from '../../kernel/schema.ts'
import type { SignedIn as Login } from './accounts.ts'
import type { Identity } from './identity.ts'
import { sendHome } from './passkey-pages.ts'
import * as s from './schema.ts'

const minute = 60_000
const perAddress = (name: string, max: number, windowMs = minute) => ({ name, limit: { max, windowMs }, by: 'address' }) as const
const accepted = () => ({ status: 'accepted' as const })

export function identityRoutes({ accounts, people, passkeys, cookies, devices, forms, handOver, legs, publicUrl }: Identity): Operation[] {
  /** Whose door a page was served at: its sign-in leads to that tenant. */
  const doorOf = (request: RequestFacts) => forms.tenantAt(request.host)
  const placeOf = (request: RequestFacts) => forms.placeAt(request.host, request.cookies)
  const deviceOf = (request: RequestFacts) => request.cookies[cookies.names.device]
  const from = (ctx: Context, request: RequestFacts, device = deviceOf(request)) => ({ request: ctx.request, ip: request.ip, userAgent: request.userAgent, device })
  const keepDevice = (device: string | undefined, request: RequestFacts) => (device ? [cookies.device(devices.join(device, devices.read(deviceOf(request))))] : [])
  /** Pages of ours keep the refresh token and the device's in cookies; everybody else gets them in the body. */
  const answer = (login: Login, request: RequestFacts, { status = 200, byCookie = cookies.isOwnPage(request) } = {}) => {
    const { pair, user, tenant, device } = login
    const body: s.SignedInBody = { user, tenant, accessToken: pair.accessToken, refreshToken: byCookie ? null : pair.refreshToken, tokenType: 'Bearer', expiresIn: pair.expiresIn, ...(device ? { deviceToken: byCookie ? null : device } : {}) }
    return new Answer(body, { status, headers: byCookie ? { 'set-cookie': [...cookies.refresh(pair.refreshToken), ...keepDevice(device, request)] } : {} })
  }
  const selfOf = (ctx: Context) => (ctx.actor.type === 'user' && ctx.actor.id) || refuse('permission.denied', 'only a person has an account')

  /** Sends the person's browser home for a passkey, and marks it, so that no other fetches what comes of it. */
  const home = async (ctx: Context, request: RequestFacts, next: string | undefined, wish: { purpose: 'prove' } | { purpose: 'add'; name: string }) => {
    const { browser, cookie } = handOver.mark()
    const own = { person: selfOf(ctx), session: ctx.session ?? refuse('auth.token_refused') }
    const url = await sendHome({ legs, forms, publicUrl }, ctx.request, { browser, door: await forms.doorOf(request.host) }, next ?? '/', { ...wish, ...own })
    return new Answer({ url }, { headers: { 'set-cookie': [cookie] } })
  }

  const auth = routes('auth', {
    register: post('/auth/register', {
      access: 'public', summary: 'Make an account', body: s.Register, example: { email: 'ada@example.com', password: 'three herons on a wet roof', name: 'Ada Lovelace', tenantName: 'Lighthouse' }, returns: s.SignedIn, status: 201, limit: perAddress('register', 300, 10 * minute),
      description: 'The first account needs `setupToken` and becomes operator and owner of a first tenant. With REQUIRE_VERIFIED_EMAIL the answer is always 202 without tokens.',
      problems: ['setup.token_required', 'auth.email_taken', 'auth.registration_closed'],
      handle: async (ctx, { body, request }) => {
        const login = await accounts.register(from(ctx, request), body)
        return login ? answer(login, request, { status: 201 }) : new Answer(accepted(), { status: 202 })
      },
    }),
    login: post('/auth/login', {
      access: 'public', summary: 'Sign in with address and password', body: s.Login, example: { email: 'ada@example.com', password: 'three herons on a wet roof' }, returns: s.SignedIn, limit: perAddress('login', 240),
      description: 'Without `tenant`: the last one used, else the only one, else none. With a second factor the answer is 401 `auth.code_required`; go on with `challenge`, or send `code` at once.', problems: ['auth.refused', 'auth.code_required', 'auth.verification_required', 'tenant.not_found'],
      handle: async (ctx, { body, request }) => answer(await accounts.login(from(ctx, request, body.deviceToken), body), request),
    }),
    loginCode: post('/auth/login/code', {
      access: 'public', summary: 'The second step of signing in', description: '`challenge` comes with the 401 `auth.code_required` of the login. A code works once, a recovery code too.', body: s.LoginCode, example: { challenge: 'the challenge of the 401 before', code: '492039' }, returns: s.SignedIn, limit: perAddress('login', 240),
      problems: ['auth.code_refused', 'auth.challenge_refused', 'tenant.not_found'],
      handle: async (ctx, { body, request }) => answer(await accounts.enter(from(ctx, request), await accounts.answerChallenge(from(ctx, request, body.deviceToken), body.challenge, body.code), body.tenant), request),
    }),
    passkeyOptions: post('/auth/passkey/options', { access: 'public', summary: 'A challenge for signing in with a passkey', returns: s.PasskeyChallenge, limit: perAddress('passkey', 120), problems: ['tenant.suspended'],
      description: '`elsewhere: true`: a browser would refuse the gesture at this address; go on by a page at PUBLIC_URL (`/login/passkey/leave`, POST /auth/step-up/elsewhere).',
      handle: async (ctx, { request }) => {
        const place = await placeOf(request)
        return { ...(await passkeys.beginSignIn(ctx.request, place)), ...(passkeys.isElsewhere(place) ? { elsewhere: true } : {}) }
      },
    }),
    passkey: post('/auth/passkey', {
      access: 'public', summary: 'Sign in with a passkey', description: 'Counts as both factors.', body: s.PasskeySignIn, returns: s.SignedIn, limit: perAddress('login', 240), problems: ['auth.passkey_refused', 'tenant.not_found'],
      handle: async (ctx, { body, request }) => answer(await accounts.enter(from(ctx, request), await passkeys.signIn(from(ctx, request), body.credential, await placeOf(request)), body.tenant), request),
    }),
    stepUp: post('/auth/step-up', {
      access: 'person', scope: 'session', idempotency: 'none', summary: 'Prove that it is me', description: 'For verbs that answer 403 `auth.step_up_required`. With an authenticator app: a code of it, or a recovery code; else the password; or a passkey. Good for 15 minutes in this session.', body: s.StepUp,
      problems: ['auth.code_refused', 'auth.password_wrong', 'auth.passkey_refused'], handle: async (ctx, { body, request }) => (body.passkey ? passkeys.prove(ctx, body.passkey, await placeOf(request)) : accounts.stepUp(ctx, body)),
    }),
    stepUpElsewhere: post('/auth/step-up/elsewhere', {
      access: 'person', scope: 'session', idempotency: 'none', summary: 'Prove myself with a passkey at PUBLIC_URL', description: 'For pages at addresses where a browser refuses the gesture. Open `url` in this browser within 10 minutes; it comes back to `next`, where the session is proven anew.',
      body: s.Elsewhere, example: { next: '/account' }, returns: s.ElsewhereUrl, problems: ['tenant.suspended'], handle: (ctx, { body, request }) => home(ctx, request, body?.next, { purpose: 'prove' }),
    }),
    session: post('/auth/session', {
      access: 'public', summary: 'A pair for the login page\'s session', returns: s.SignedIn, limit: perAddress('session', 240), problems: ['auth.origin_refused', 'auth.required'],
      handle: async (ctx, { request }) => {
        cookies.requireOwnOrigin(request)
        const found = await accounts.findCookieSession(String(request.headers.cookie ?? ''))
        if (!found) refuse('auth.required', 'there is no session in this browser: sign in')
        return answer(await accounts.open(ctx.request, found.session, found.user, await accounts.chooseTenant(found.user, await doorOf(request), found.session)), request, { byCookie: true })
      },
    }),
    refresh: post('/auth/refresh', {
      access: 'public', summary: 'A new pair for a refresh token', body: s.Refresh, returns: s.SignedIn, limit: perAddress('refresh', 1200), problems: ['auth.refresh_refused', 'auth.refresh_raced'],
      description: 'Each refresh token works once. Used again within 2 s: 409, go on with the pair the other call got. Used later: 401, and the whole chain ends. Without body the browser\'s cookie is taken.',
      handle: async (ctx, { body, request }) => {
        const given = body?.refreshToken
        if (given !== undefined) return answer(await accounts.refresh(ctx.request, given), request, { byCookie: false })
        cookies.requireOwnOrigin(request)
        const kept = request.cookies[cookies.names.refresh]
        if (!kept) refuse('auth.refresh_refused', 'send refreshToken, or sign in')
        return answer(await accounts.refresh(ctx.request, kept), request, { byCookie: true })
      },
    }),
    switch: post('/auth/switch', {
      access: 'person', scope: 'session', idempotency: 'none', summary: 'A pair for another of my tenants', body: s.Switch, example: { tenant: 'lighthouse' }, returns: s.SignedIn, problems: ['tenant.not_found'],
      handle: async (ctx, { body, request }) => {
        const session = ctx.session ?? refuse('auth.token_refused')
        return answer(await accounts.open(ctx.request, session, selfOf(ctx), await accounts.chooseTenant(selfOf(ctx), body.tenant, session)), request)
      },
    }),
    logout: post('/auth/logout', {
      access: 'person', scope: 'session', idempotency: 'none', summary: 'End this session',
      handle: async (ctx) => {
        if (ctx.session) await accounts.endSession(ctx, selfOf(ctx), ctx.session)
        return new Answer(undefined, { status: 204, headers: { 'set-cookie': cookies.cleared() } })
      },
    }),
    verifyEmail: post('/auth/verify-email', {
      access: 'public', summary: 'Follow the link that proves an address', body: s.FollowLink, example: { token: 'the token of the link in the mail' }, limit: perAddress('links', 60), problems: ['auth.link_refused'],
      handle: (ctx, { body }) => people.verifyEmail(ctx.request, body.token),
    }),
    resendVerification: post('/auth/resend-verification', {
      access: 'public', summary: 'Send the verification mail again', body: s.AskMail, example: { email: 'ada@example.com' }, returns: s.Accepted, status: 202, limit: perAddress('mails', 30, 10 * minute),
      handle: async (ctx, { body, request }) => (await people.resendVerification(ctx.request, body.email, await doorOf(request)), accepted()),
    }),
    forgotPassword: post('/auth/forgot-password', {
      access: 'public', summary: 'Send a link to a new password', body: s.AskMail, example: { email: 'ada@example.com' }, returns: s.Accepted, status: 202, limit: perAddress('mails', 30, 10 * minute),
      handle: async (ctx, { body, request }) => (await people.forgotPassword(ctx.request, body.email, await doorOf(request)), accepted()),
    }),
    resetPassword: post('/auth/reset-password', {
      access: 'public', summary: 'Set a new password by the link in a mail', body: s.Reset, example: { token: 'the token of the link in the mail', password: 'nine otters under the pier' }, limit: perAddress('links', 60), problems: ['auth.link_refused'],
      description: 'The device is known for the account from now on: `Groundwork-Device-Token` is its `deviceToken` for the next sign-in; browsers keep it in a cookie.',
      handle: async (ctx, { body, request }) => {
        const device = await people.resetPassword(ctx.request, body.token, body.password)
        return new Answer(undefined, { status: 204, headers: cookies.isOwnPage(request) ? { 'set-cookie': keepDevice(device, request) } : { 'groundwork-device-token': device } })
      },
    }),
    listSessions: get('/auth/sessions', {
      access: 'person', scope: 'session', summary: 'Where I am signed in', returns: s.SessionList, handle: async (ctx) => ({ items: await people.listSessions(ctx), next: null }),
    }),
    endSession: del('/auth/sessions/:id', {
      access: 'person', scope: 'session', summary: 'Sign one of my devices out', params: ById, problems: ['session.not_found'], handle: (ctx, { params }) => people.endSession(ctx, params.id),
    }),
  })

  const keys = routes('passkeys', {
    list: get('/users/me/passkeys', { access: 'person', scope: 'session', summary: 'My passkeys', returns: s.PasskeyList, handle: async (ctx) => ({ items: await passkeys.list(ctx), next: null }) }),
    options: post('/users/me/passkeys/options', {
      access: 'person', scope: 'session', fresh: true, idempotency: 'none', summary: 'A challenge for making a passkey', description: '`elsewhere: true`: a browser would refuse to make one at this address; go on by POST /users/me/passkeys/elsewhere.', returns: s.PasskeyChallenge, problems: ['tenant.suspended'],
      handle: async (ctx, { request }) => {
        const place = await placeOf(request)
        return { ...(await passkeys.beginRegistration(ctx, place)), ...(passkeys.isElsewhere(place) ? { elsewhere: true } : {}) }
      },
    }),
    create: post('/users/me/passkeys', {
      access: 'person', scope: 'session', idempotency: 'outside', status: 201, summary: 'Keep a passkey', description: 'With what the browser made of POST /users/me/passkeys/options.', body: s.NewPasskey, returns: s.Passkey,
      handle: async (ctx, { body, request }) => passkeys.register(ctx, body.name, body.credential, await placeOf(request)),
    }),
    elsewhere: post('/users/me/passkeys/elsewhere', {
      access: 'person', scope: 'session', fresh: true, idempotency: 'none', summary: 'Make a passkey at PUBLIC_URL', description: 'For pages at addresses where a browser refuses to make one. Open `url` in this browser within 10 minutes; it comes back to `next`, and the passkey is kept.',
      body: s.NewPasskeyElsewhere, example: { name: 'Laptop', next: '/account' }, returns: s.ElsewhereUrl, problems: ['tenant.suspended'], handle: (ctx, { body, request }) => home(ctx, request, body.next, { purpose: 'add', name: body.name }),
    }),
    delete: del('/users/me/passkeys/:id', { access: 'person', scope: 'session', fresh: true, summary: 'Remove a passkey', params: ById, problems: ['passkey.not_found'], handle: (ctx, { params }) => passkeys.remove(ctx, params.id) }),
  })

  const users = routes('users', {
    me: get('/users/me', { access: 'person', summary: 'My account', returns: s.User, handle: (ctx) => people.find(selfOf(ctx)) }),
    changeMe: patch('/users/me', {
      access: 'person', credentials: true, summary: 'Change my name, picture or password', description: 'A new password needs the current one and signs all other devices out.', body: s.ChangeMe, example: { name: 'Ada King' }, returns: s.User, ifMatch: true,
      problems: ['auth.password_wrong'],
      handle: async (ctx, { body, ifMatch, request }) => {
        const user = await people.change(ctx, body, ifMatch)
        const renewed = body.password !== undefined && ctx.session && cookies.isOwnPage(request) ? await accounts.deviceOf(ctx.session, deviceOf(request)) : undefined // the former one ended with the former password
        return new Answer(user, renewed ? { headers: { 'set-cookie': keepDevice(renewed, request) } } : {})
      },
    }),
    deleteMe: del('/users/me', {
      access: 'person', scope: 'session', fresh: true, summary: 'Delete my account', problems: ['user.sole_owner'],
      handle: async (ctx) => {
        await people.remove(ctx)
        return new Answer(undefined, { status: 204, headers: { 'set-cookie': cookies.cleared() } })
      },
    }),
    changeEmail: post('/users/me/email', {
      access: 'person', scope: 'session', fresh: true, idempotency: 'outside', summary: 'Change my address', description: 'A link goes to the new address, a word to the old one; the address changes when the link is followed.',
      body: s.ChangeEmail, example: { email: 'ada.king@example.com', password: 'three herons on a wet roof' }, returns: s.Accepted, status: 202, problems: ['auth.password_wrong'],
      handle: async (ctx, { body }) => (await people.changeEmail(ctx, body.email, body.password), accepted()),
    }),
    export: get('/users/me/export', { access: 'person', scope: 'session', summary: 'Everything kept about me', returns: s.Export, limit: { name: 'export', limit: { max: 20, windowMs: 60 * minute } }, handle: (ctx) => people.export(ctx) as never }),
    preferences: get('/users/me/preferences', { access: 'person', summary: 'My preferences', returns: s.Preferences, handle: (ctx) => people.preferences(ctx) }),
    changePreferences: patch('/users/me/preferences', {
      access: 'person', summary: 'Change my preferences', body: s.ChangePreferences, example: { locale: 'en-GB', timeZone: 'Europe/London', notifications: { assigned: { mail: true } } }, returns: s.Preferences, ifMatch: true, handle: (ctx, { body, ifMatch }) => people.changePreferences(ctx, body, ifMatch),
    }),
    list: get('/users', {
      access: 'operator', summary: 'All people, newest first', returns: s.ManagedUserList,
      query: Strict({ ...Page, q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'part of a name or address' })), role: Type.Optional(Type.Enum(['operator', 'user'])), status: Type.Optional(Type.Enum(['active', 'banned'])) }),
      handle: (ctx, { query }) => people.list(ctx, query),
    }),
    manage: patch('/users/:id', {
      access: 'operator', summary: 'Make an operator, close or open an account', description: 'A ban ends the person\'s sessions at once.', params: ById, body: s.ManageUser, example: { status: 'banned' }, returns: s.ManagedUser, ifMatch: true, problems: ['user.not_found', 'state.conflict'],
      handle: (ctx, { params, body, ifMatch }) => people.manage(ctx, params.id, body, ifMatch),
    }),
  })
  return [...auth, ...users, ...keys]
}
