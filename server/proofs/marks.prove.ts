// What stands for somebody, and who they are, is in no line that the server prints, in no event and, as it is used, in no row: everything an identity
// can hold is made once by HTTP with a mark in it, used, misused and ended, at the most talkative level.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeAt, stepAt } from '../modules/identity/totp.ts'
import { oidcProvider } from '../testing/identity-provider.ts'
import { assertNone, connect, setupToken, startProduct } from '../testing/product.ts'

const mark = 'Quokka'
const people = { email: `${mark.toLowerCase()}-ada@example.test`, name: `${mark} Lovelace`, password: `${mark} under a tin roof 58` }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

test('no secret, code, token or clear address is in the lines of the server, in events, or as it is used in rows', async (t) => {
  const idp = await oidcProvider(t, { clientSecret: `${mark}-of-the-provider` })
  const product = await startProduct(t, { LOG_LEVEL: 'debug', EGRESS_ALLOW: '127.0.0.1' })
  const sql = await connect(t, (await product.attach()).superuser())
  /** What must be nowhere, by what it is. */
  const secrets = new Map<string, string>([['the password', people.password], ['the set-up token', setupToken]])
  const keep = <T>(what: string, secret: T): T => (secrets.set(what, String(secret)), secret)
  const ask = (method: string, at: string, body?: unknown, token?: string) => product.call(method, at, { ...(body === undefined ? {} : { body }), ...(token ? { token } : {}) })
  const ok = (method: string, at: string, body?: unknown, token = ada.accessToken as string) => product.ok(method, at, { token, ...(body === undefined ? {} : { body }) })
  const post = async (at: string, fields: Record<string, string>, authorization?: string) => {
    const answer = await fetch(product.url + at, { method: 'POST', headers: { ...form, ...(authorization ? { authorization } : {}) }, body: new URLSearchParams(fields), redirect: 'manual' })
    return (await answer.json().catch(() => ({}))) as Record<string, string>
  }
  const mailTo = async (subject: string) => {
    for (;;) {
      const found = (await ok('GET', '/outbox')).items.find((one: { subject: string | null; status: string }) => one.subject === subject && one.status === 'kept')
      if (found) return String((await ok('POST', `/outbox/${found.id}/reveal`)).text)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }

  let ada = await product.ok('POST', '/auth/register', { body: { ...people, tenantName: 'Lighthouse', setupToken } })
  const tenant = ada.tenant.id as string
  for (const what of ['accessToken', 'refreshToken', 'deviceToken']) keep(`${what} of the registration`, ada[what])
  // wrong ones are secrets too: they are often the right one of another account, or mistyped
  await ask('POST', '/auth/login', { email: people.email, password: keep('a wrong password', `${mark}-mistyped-9`) })
  await ask('POST', '/auth/login', { email: people.email, password: people.password, deviceToken: keep('an invented device', `${mark}${'A'.repeat(16)}.${'B'.repeat(43)}`) })
  await ask('POST', '/auth/login', { email: people.email, [`${people.password}`]: 1 })
  await ask('POST', '/auth/refresh', { refreshToken: keep('an invented refresh token', `${mark}-refresh`) })
  await ask('GET', '/users/me', undefined, keep('an invented access token', `${mark}.access.token`))
  const next = await product.ok('POST', '/auth/refresh', { body: { refreshToken: ada.refreshToken } })
  keep('the next refresh token', next.refreshToken)

  await ask('POST', '/auth/forgot-password', { email: people.email })
  const reset = keep('the link to a new password', /token=([\w-]+)/.exec(await mailTo('Choose a new password'))![1]!)
  const password = keep('the new password', `${mark} on the quay at night 7`)
  await product.ok('POST', '/auth/reset-password', { body: { token: reset, password } })
  ada = await product.ok('POST', '/auth/login', { body: { email: people.email, password } })
  keep('the access token', ada.accessToken)
  const { secret } = await ok('POST', '/users/me/totp')
  keep('the secret of the app', secret)
  const { recoveryCodes } = await ok('POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  for (const [n, code] of (recoveryCodes as string[]).entries()) keep(`recovery code ${n}`, code)
  const half = await ask('POST', '/auth/login', { email: people.email, password })
  keep('the challenge', half.body.challenge)
  await product.ok('POST', '/auth/login/code', { body: { challenge: half.body.challenge, code: recoveryCodes[0] } })

  // machines
  const { key } = await ok('POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write'] })
  const { key: above } = await ok('POST', '/service-keys', { name: 'Monitor', scopes: ['read', 'admin'] })
  await ok('GET', '/projects', undefined, keep('the API key', key))
  await ok('GET', '/tenants?all=true', undefined, keep('the service key', above))
  const client = await ok('POST', '/oauth-clients', { name: 'Worker', grantTypes: ['client_credentials', 'password', 'refresh_token'], scopes: ['read', 'offline_access'] })
  const basic = `Basic ${Buffer.from(`${client.clientId}:${keep('the client\'s secret', client.clientSecret)}`).toString('base64')}`
  keep('the client\'s header', basic.slice(6))
  const issuer = `/t/${tenant}/oauth`
  const own = await post(`${issuer}/token`, { grant_type: 'client_credentials', scope: 'read' }, basic)
  await ok('GET', '/projects', undefined, keep('the client\'s token', own.access_token!))
  await post(`${issuer}/token`, { grant_type: 'password', username: people.email, password: keep('a wrong password at the issuer', `${mark}-at-the-issuer`) }, basic)
  await post(`${issuer}/introspect`, { token: own.access_token! }, basic)
  await post(`${issuer}/revoke`, { token: own.access_token! }, basic)
  await post(`${issuer}/token`, { grant_type: 'authorization_code', code: keep('an invented code', `${mark}-code`), redirect_uri: 'https://x.test', code_verifier: keep('a verifier', mark.repeat(9)) }, basic)
  const { token: initial } = await ok('POST', '/oauth-clients/initial-access-tokens', {})
  const registered = await fetch(`${product.url}${issuer}/register`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${keep('the initial access token', initial)}` }, body: JSON.stringify({ client_name: 'Self-made', redirect_uris: ['https://client.test/callback'], scope: 'openid read' }) })
  const made = (await registered.json()) as Record<string, string>
  assert.equal(registered.status, 201, JSON.stringify(made))
  keep('the registered secret', made.client_secret)
  keep('the registration token', made.registration_access_token)

  // who comes from elsewhere
  const { url: invitation } = await ok('POST', '/invitations', { email: `${mark.toLowerCase()}-mia@example.test`, role: 'member' })
  keep('the invitation', new URL(invitation).hash.slice('#token='.length))
  await ask('POST', '/invitations/preview', { token: new URL(invitation).hash.slice('#token='.length) })
  const { url: ticket } = await ok('POST', '/sso-tickets', {})
  keep('the set-up link', new URL(ticket).searchParams.get('ticket'))
  await fetch(product.url + new URL(ticket).pathname + new URL(ticket).search)
  await ok('POST', '/sso-providers', { protocol: 'oidc', name: 'Acme', oidc: { issuer: idp.issuer, clientId: 'groundwork', clientSecret: keep('the provider\'s secret', `${mark}-of-the-provider`) } })
  await sql.query(`insert into domains (tenant_id, id, name, token, status, verified_at, checked_at) values ($1, gen_random_uuid(), 'acme.test', 'x', 'verified', now(), now())`, [tenant])
  const { token: scim } = await ok('POST', '/scim-tokens', { name: 'Directory' })
  const provisioned = await fetch(`${product.url}/scim/v2/Users`, { method: 'POST', headers: { authorization: `Bearer ${keep('the directory\'s token', scim)}`, 'content-type': 'application/scim+json' }, body: JSON.stringify({ userName: `${mark.toLowerCase()}-bob@acme.test`, displayName: `${mark} Bob`, active: true }) })
  assert.equal(provisioned.status, 201)
  const { id: bob } = (await product.ok('GET', '/users?q=bob', { token: above })).items[0]
  const acting = await ok('POST', '/impersonations', { userId: bob, tenantId: tenant, reason: 'The marks' })
  await ok('GET', '/projects', undefined, keep('the token of acting for somebody', acting.accessToken))
  await fetch(`${product.url}/login?next=/${mark}&token=${keep('a token in an address', `${mark}-in-the-address`)}`)
  await fetch(`${product.url}/hooks/${keep('the address of a webhook', `${mark}-hook`)}`, { method: 'POST' })
  await ok('POST', '/auth/logout')
  await new Promise((resolve) => setTimeout(resolve, 1500)) // what is told late: uses of keys, calls, mails

  const faults: string[] = []
  const lines = product.said
  assert.ok(lines.split('\n').length > 50, 'nothing was printed, so nothing is proven')
  const { rows } = await sql.query<{ name: string; text: string }>('select name, events::text as text from events')
  assert.ok(rows.length > 40)
  const clear = [people.email, people.name, `${mark.toLowerCase()}-mia@example.test`, `${mark.toLowerCase()}-bob@acme.test`, `${mark} Bob`]
  for (const [what, text] of [...secrets, ...clear.map((one) => ['clear', one] as const)]) {
    const line = lines.split('\n').find((one) => one.includes(text) && !one.includes('/setup#token=')) // the link to the first account is printed for whoever started it
    if (line) faults.push(`${what} is printed: ${line.slice(0, 400)}`)
    const event = rows.find((row) => row.text.includes(text) || row.text.includes(Buffer.from(text).toString('hex')))
    if (event) faults.push(`${what} stands in ${event.name}: ${event.text.slice(0, 300)}`)
  }
  // every column of every table, the people's own row and the outbox (sealed) as they are: a secret is a hash or sealed wherever it is kept
  const { rows: tables } = await sql.query<{ name: string }>(`select c.oid::regclass::text as name from pg_class c where c.relnamespace in ('public'::regnamespace, 'identity'::regnamespace, 'oauth'::regnamespace) and c.relkind = 'r'`)
  for (const { name } of tables) {
    const { rows: texts } = await sql.query<{ text: string }>(`select x::text as text from ${name} x limit 5000`)
    for (const [what, secret] of secrets) {
      const hex = Buffer.from(secret).toString('hex')
      if (texts.some(({ text }) => text.includes(secret) || text.includes(hex))) faults.push(`${what} stands in a row of ${name}`)
    }
  }
  assertNone(faults)
  t.diagnostic(`${secrets.size} secrets, ${rows.length} events, ${lines.split('\n').length} lines, ${tables.length} tables`)
})
