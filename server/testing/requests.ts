// A good request to every operation: path parameters are filled by what makes such a thing, bodies by their schema, and this table says the rest.
// An operation that none of it fits makes the proofs fail: give it a line here.
import { codeAt, stepAt } from '../modules/identity/totp.ts'
import { createAuthenticator } from './authenticator.ts'
import type { Operation, Request } from './operations.ts'
import { exampleOf } from './operations.ts'
import { fail } from './product.ts'
import { makeApproval, makeHook, makeMovable, makeReceived, makeRun, makeTest, makeWorkflow, publishWorkflow } from './drawn-workflows.ts'
import type { Person, Side, Thing, World } from './world.ts'

/** Whose request it is: made on things of `side`, to be sent by `by`; `project`: where its tasks lie. */
export type Case = { world: World; side: Side; by: Person; project: Thing | undefined }
/** `own`: concerns nothing but the caller's own account or session, so it is sent by a person made for it. */
export type Prepared = Request & { own?: Person }
type Fill = Partial<Prepared>

const password = 'herons under a tin roof 58'
const roleOf = ({ side, by }: Case) => ([side.owner, side.admin, side.member, side.viewer].indexOf(by) === 3 ? 'viewer' : by === side.member ? 'member' : by === side.admin ? 'admin' : by === side.owner ? 'owner' : 'member') as 'owner'
/** Somebody like the caller, who may come to an end. */
const like = async (c: Case): Promise<Person> => (c.by.tenant === null ? c.world.person() : c.world.member(c.side, roleOf(c)))
const lonely = (c: Case): Promise<Person> => c.world.person()
const ownTenant = async (c: Case): Promise<Thing> => c.world.ok(c.by, 'POST', '/tenants', { body: { name: `${c.side.mark} second ${c.world.word()}` } })
const aTask = (c: Case, more: object = {}) => c.world.task(c.side, c.project ?? c.side.open, more)
async function ssoProvider({ world, side }: Case, saml = false): Promise<string> {
  const { rows: [made] } = await world.sql.query(`insert into sso_providers (tenant_id, id, protocol, name, config) values ($1, uuid7(), $2, $3, $4) returning id`,
    [side.id, saml ? 'saml' : 'oidc', `${side.mark} provider`, saml ? { entityId: 'https://idp.example.com', ssoUrl: 'https://idp.example.com/sso', certificates: [] } : { issuer: 'https://id.example.com', clientId: 'x', scopes: ['openid'] }])
  return made.id as string
}
async function withTotp({ world }: Case, own: Person): Promise<{ own: Person; secret: string }> {
  const { secret } = await world.ok(own, 'POST', '/users/me/totp')
  await world.ok(own, 'POST', '/users/me/totp/confirm', { body: { code: codeAt(secret, stepAt(Date.now()) - 1) } })
  return { own, secret }
}
async function withPasskey({ world }: Case, own: Person) {
  const device = createAuthenticator(world.product.url)
  const credential = device.create(await world.ok(own, 'POST', '/users/me/passkeys/options'))
  const { id } = await world.ok(own, 'POST', '/users/me/passkeys', { body: { name: 'Laptop', credential } })
  return { own, device, id: id as string }
}
const text = (c: Case) => `${c.world.markOf(c.side, c.project)} ${c.world.word()}`
const columnOf = (project: Thing, at = 1): string => project.columns[Math.min(at, project.columns.length - 1)].id

const planOf = async (c: Case): Promise<string> => (await c.world.ok(c.world.ops, 'POST', '/plans', { body: { name: c.world.word('p'), title: 'Team' } })).id
/** What a path parameter stands for, by what stands before it. */
const things: [RegExp, (c: Case) => Promise<Record<string, string>>][] = [
  [/\/projects\/\{id\}\/members\/\{userId\}/, async (c) => {
    const project = c.project ?? c.side.open!
    const who = await c.world.member(c.side, 'member')
    await c.world.ok(c.side.owner, 'PUT', `/projects/${project.id}/members/${who.id}`, { body: { role: 'viewer' } })
    return { id: project.id, userId: who.id }
  }],
  [/\/projects\/\{id\}/, async (c) => ({ id: (c.project ?? c.side.open!).id })],
  [/\/tasks\/\{id\}/, async (c) => ({ id: (await aTask(c)).id })],
  [/\/comments\/\{id\}/, async (c) => ({ id: (await c.world.comment(c.side, await aTask(c), c.by.tenant === c.side.id && c.by !== c.side.viewer ? undefined : c.side.owner)).id })],
  [/\/members\/\{userId\}/, async (c) => ({ userId: (await c.world.member(c.side, 'member')).id })],
  [/\/invitations\/\{id\}/, async (c) => ({ id: (await c.world.invitation(c.side)).id })],
  [/\/plans\/\{id\}/, async (c) => ({ id: await planOf(c) })],
  [/\/domains\/\{id\}/, async (c) => ({ id: (await c.world.ok(c.side.owner, 'POST', '/domains', { body: { name: `${c.world.word(c.side.mark)}.example` } })).id })],
  [/\/tenants\/\{id\}/, async (c) => ({ id: c.side.id })],
  [/\/tenant-issuers\/\{id\}/, async (c) => ({ id: (await c.world.issuer(c.side.owner, '/tenant-issuers', c.side.mark)).id })],
  [/\/trusted-issuers\/\{id\}/, async (c) => ({ id: (await c.world.issuer(c.world.ops, '/trusted-issuers')).id })],
  [/\/api-keys\/\{id\}/, async (c) => ({ id: (await c.world.apiKey(c.side)).id })],
  [/\/service-keys\/\{id\}/, async (c) => ({ id: (await c.world.serviceKey()).id })],
  [/\/users\/\{id\}/, async (c) => ({ id: (await c.world.person()).id })],
  [/\/auth\/sessions\/\{id\}/, async (c) => {
    await c.world.product.ok('POST', '/auth/login', { body: { email: c.by.email, password } })
    const { items } = await c.world.ok(c.by, 'GET', '/auth/sessions')
    return { id: items.find((s: any) => !s.current).id }
  }],
  [/\/sso-providers\/\{id\}/, async (c) => ({ id: await ssoProvider(c) })],
  [/\/scim-tokens\/\{id\}/, async (c) => ({ id: (await c.world.ok(c.side.owner, 'POST', '/scim-tokens', { body: { name: `${c.side.mark} token` } })).id })],
  [/\/sso-tickets\/\{id\}/, async (c) => ({ id: (await c.world.ok(c.side.owner, 'POST', '/sso-tickets', { body: { note: `${c.side.mark} note` } })).id })],
  [/\/notifications\/\{id\}/, async (c) => ({ id: (await c.world.notification(c.side, c.by.tenant === c.side.id ? c.by : c.side.member, c.project ?? c.side.open)).id })],
  [/\/oauth-consents\/\{clientId\}/, async (c) => {
    const person = await c.world.member(c.side, 'member')
    return { clientId: (await aConsent(c, person)).id, userId: person.id }
  }],
  [/\/oauth-clients\/\{id\}/, async (c) => ({ id: (await aClient(c)).id })],
  [/\/scopes\/\{id\}/, async (c) => ({ id: (await c.world.ok(c.side.owner, 'POST', '/scopes', { body: scopeBody(c) })).id })],
  [/\/webhooks\/\{id\}\/deliveries\/\{deliveryId\}/, async (c) => {
    const { id } = await aWebhook(c)
    await c.world.ok(c.side.owner, 'PATCH', `/webhooks/${id}`, { body: { status: 'paused' } }) // else its tries change the row
    await c.world.ok(c.side.owner, 'POST', `/webhooks/${id}/ping`)
    await c.world.settled()
    return { id, deliveryId: (await c.world.ok(c.side.owner, 'GET', `/webhooks/${id}/deliveries`)).items[0].id }
  }],
  [/\/connections\/\{id\}\/authorize/, async (c) => ({ id: (await aConnectionConsent(c, c.side.owner)).id })],
  [/\/connections\/\{id\}/, async (c) => ({ id: (await c.world.ok(c.side.owner, 'POST', '/connections', { body: aConnection(c) })).id })],
  [/\/webhooks\/\{id\}/, async (c) => ({ id: (await aWebhook(c)).id })],
  [/\/workflows\/\{id\}\/(versions\/\{number\})/, async (c) => ({ id: (await publishWorkflow(c.world, c.side, c.by)).id, number: '1' })],
  [/\/workflows\/\{id\}\/triggers\/\{node\}/, async (c) => ({ id: (await makeHook(c.world, c.side, c.by)).workflow.id, node: 'hook' })],
  [/\/workflows\/\{id\}\/tests\/\{testId\}/, async (c) => {
    const { run, test } = await makeTest(c.world, c.side, c.by)
    return { id: run.workflowId, testId: test.id }
  }],
  [/\/workflows\/\{id\}\/(runs|activate|deactivate|triggers|inbox)/, async (c) => ({ id: (await publishWorkflow(c.world, c.side, c.by)).id })],
  [/\/workflows\/\{id\}/, async (c) => ({ id: (await makeWorkflow(c.world, c.side, c.by)).id })],
  [/\/runs\/\{id\}\/signals\/\{name\}/, async (c) => ({ id: (await makeRun(c.world, c.side, c.by)).id, name: 'other' })],
  [/\/runs\/\{id\}\/retry/, async (c) => ({ id: (await makeRun(c.world, c.side, c.by, 'failed')).id })],
  [/\/runs\/\{id\}\/resume/, async (c) => ({ id: (await makeRun(c.world, c.side, c.by, 'paused')).id })],
  [/\/runs\/\{id\}/, async (c) => ({ id: (await makeRun(c.world, c.side, c.by)).id })],
  [/\/approvals\/\{id\}/, async (c) => ({ id: (await makeApproval(c.world, c.side, c.by)).id })],
  [/\/inbox\/\{id\}/, async (c) => ({ id: (await makeReceived(c.world, c.side, c.by)).id })],
  [/\/templates\/\{id\}/, async () => ({ id: 'welcome-project' })],
  [/\/readers\/\{name\}/, async (c) => ({ name: (await c.world.ok(c.world.ops, 'GET', '/readers')).items[0].name })],
  [/\/jobs\/\{id\}/, async (c) => ({ id: await jobOf(c, 'failed') })],
  [/\/(outbox|mails)\/\{id\}/, async (c) => {
    await c.world.invitation(c.side)
    return { id: (await c.world.ok(c.world.ops, 'GET', '/outbox')).items[0].id }
  }],
]
const aClient = (c: Case): Promise<Thing> => c.world.ok(c.side.owner, 'POST', '/oauth-clients', { body: { name: text(c), redirectUris: ['https://client.example/callback'], scopes: ['openid', 'read'] } })
const scopeBody = (c: Case) => ({ name: `${c.world.word('s').toLowerCase().replaceAll(/[^a-z0-9]/g, '').slice(0, 20)}:write`, description: text(c), permissions: ['tasks.write'] })
/** A person allowed an application something. */
async function aConsent(c: Case, person: Person): Promise<Thing> {
  const tenant = person.tenant ?? c.side.id
  const client = await aClient(c)
  await c.world.sql.query(`insert into oauth_consents (tenant_id, person_id, client_id, scopes) select $1, $2, $3, '{read}' where exists (select from identity.member where "organizationId" = $1 and "userId" = $2)`, [tenant, person.id, client.id])
  return client
}
/** It leads inside, so nothing is ever sent. */
const aConnection = (c: Case) => ({ name: text(c), type: 'bearer', settings: { baseUrl: 'http://127.0.0.1:9/api' }, secrets: { token: `token-of-${c.side.mark}` } })
/** One that waits for consent, and a consent that `who` began. */
async function aConnectionConsent(c: Case, who: Person): Promise<{ id: string; state: string }> {
  const settings = { baseUrl: 'http://127.0.0.1:9/api', authorizeUrl: 'http://127.0.0.1:9/authorize', tokenUrl: 'http://127.0.0.1:9/token', clientId: c.side.mark }
  const { id } = await c.world.ok(c.side.owner, 'POST', '/connections', { body: { name: text(c), type: 'oauth', settings } })
  const { url } = await c.world.ok(who, 'POST', `/connections/${id}/authorize`)
  return { id, state: new URL(url).searchParams.get('state')! }
}
const aWebhook = (c: Case): Promise<Thing> => c.world.ok(c.side.owner, 'POST', '/webhooks', { body: { url: 'http://127.0.0.1:9/hook', events: ['project.deleted'], description: c.side.mark } })
async function jobOf({ world }: Case, status: string): Promise<string> {
  const { rows: [made] } = await world.sql.query(`insert into jobs (tenant_id, id, name, status, run_at) values ('00000000-0000-0000-0000-000000000000', uuid7(), 'proof.none', $1, now() + interval '1 day') returning id`, [status])
  return made.id
}

const table: Record<string, (c: Case) => Promise<Fill> | Fill> = {
  'auth.register': (c) => ({ body: { email: `${c.world.word()}@example.test`, password, name: text(c) } }),
  'auth.login': (c) => ({ body: { email: c.by.email, password } }),
  'auth.loginCode': async (c) => {
    const { own, secret } = await withTotp(c, await lonely(c))
    const half = await c.world.product.call('POST', '/auth/login', { body: { email: own.email, password } })
    return { body: { challenge: half.body.challenge, code: codeAt(secret, stepAt(Date.now())) } }
  },
  'auth.passkey': async (c) => {
    const { device } = await withPasskey(c, await lonely(c))
    return { body: { credential: device.get(await c.world.product.ok('POST', '/auth/passkey/options')) } }
  },
  'passkeys.options': async (c) => ({ own: await like(c) }),
  'passkeys.create': async (c) => {
    const own = await like(c)
    return { own, body: { name: 'Phone', credential: createAuthenticator(c.world.product.url).create(await c.world.ok(own, 'POST', '/users/me/passkeys/options')) } }
  },
  'passkeys.delete': async (c) => {
    const { own, id } = await withPasskey(c, await like(c))
    return { own, params: { id } }
  },
  'linkedAccounts.link': async (c) => ({ own: await like(c), body: { provider: 'github' } }),
  'linkedAccounts.unlink': async (c) => {
    const own = await like(c)
    await c.world.sql.query(`insert into identity."account" ("accountId", "providerId", "userId", "updatedAt") values ($1, 'github', $2, now())`, [c.world.word(), own.id])
    return { own, params: { provider: 'github' } }
  },
  'auth.stepUp': async (c) => ({ own: await like(c), body: { password } }),
  'users.beginTotp': async (c) => ({ own: await like(c) }),
  'users.confirmTotp': async (c) => {
    const own = await like(c)
    const { secret } = await c.world.ok(own, 'POST', '/users/me/totp')
    return { own, body: { code: codeAt(secret, stepAt(Date.now())) } }
  },
  'users.removeTotp': async (c) => ({ own: (await withTotp(c, await like(c))).own }),
  'users.makeRecoveryCodes': async (c) => ({ own: (await withTotp(c, await like(c))).own }),
  'ssoProviders.create': (c) => ({ body: { protocol: 'oidc', name: text(c), oidc: { issuer: 'https://id.example.com', clientId: 'groundwork', clientSecret: 'of the client' } } }),
  'ssoProviders.change': () => ({ body: { name: 'Renamed' } }),
  'ssoProviders.test': async (c) => ({ params: { id: await ssoProvider(c, true) } }),
  'ssoProviders.enable': async (c) => {
    const id = await ssoProvider(c)
    await c.world.sql.query('update sso_providers set tested_at = now() where id = $1', [id])
    await c.world.sql.query(`insert into domains (tenant_id, id, name, token, status, verified_at) values ($1, uuid7(), $2, 'x', 'verified', now())`, [c.side.id, `${c.world.word()}.example`])
    return { params: { id } }
  },
  'security.change': () => ({ body: { secondFactor: 'optional' } }),
  'auth.session': async (c) => ({ headers: { cookie: await cookieOf(c), 'sec-fetch-site': 'same-origin' } }),
  'auth.refresh': async (c) => ({ body: { refreshToken: (await lonely(c)).refresh } }),
  'auth.switch': (c) => ({ body: { tenant: c.side.id } }),
  'auth.logout': async (c) => ({ own: await lonely(c) }),
  'auth.verifyEmail': async (c) => {
    const who = await lonely(c)
    await c.world.product.ok('POST', '/auth/resend-verification', { body: { email: who.email } })
    return { body: { token: await c.world.linkFor(who.email) } }
  },
  'auth.resendVerification': async (c) => ({ body: { email: (await lonely(c)).email } }),
  'auth.forgotPassword': async (c) => ({ body: { email: (await lonely(c)).email } }),
  'auth.resetPassword': async (c) => {
    const { email, ...who } = await c.world.person()
    await c.world.sql.query(`update identity."user" set "emailVerified" = true where id = $1`, [who.id])
    await c.world.settled() // the letter that verifies is out
    await c.world.sql.query('delete from mails')
    await c.world.product.ok('POST', '/auth/forgot-password', { body: { email } })
    return { body: { token: await c.world.linkFor(email), password: `${password} again` } }
  },
  'users.changeMe': async (c) => ({ own: await like(c), body: { name: text(c) } }),
  'users.deleteMe': async (c) => ({ own: await lonely(c) }),
  'users.changeEmail': async (c) => ({ own: await like(c), body: { email: `${c.world.word()}@example.test`, password } }),
  'users.changePreferences': async (c) => ({ own: await like(c), body: { locale: 'de', timeZone: 'Europe/Berlin', notifications: { assigned: { mail: false } } } }),
  'users.manage': () => ({ body: { role: 'operator' } }),
  'tenants.create': (c) => ({ body: { name: `tenant of ${c.world.word()}`, slug: c.world.word('t') } }),
  'tenants.change': (c) => ({ body: { name: c.side.name } }),
  'tenants.delete': async (c) => (c.by === c.side.owner ? { params: { id: (await ownTenant(c)).id } } : {}),
  'tenants.restore': async (c) => {
    if (c.by !== c.side.owner) return {}
    const { id } = await ownTenant(c)
    await c.world.ok(c.by, 'DELETE', `/tenants/${id}`)
    return { params: { id } }
  },
  'tenants.transfer': async (c) => {
    if (c.by !== c.side.owner) return { body: { userId: c.side.admin.id } }
    const tenant = await ownTenant(c)
    return { params: { id: tenant.id }, body: { userId: (await c.world.member({ id: tenant.id, mark: c.side.mark }, 'admin')).id } }
  },
  'tenants.changeSettings': () => ({ body: { eventRetentionDays: 3650 } }),
  'domains.add': (c) => ({ body: { name: `${c.world.word(c.side.mark)}.example` } }),
  'domains.ask': async (c) => {
    const { id, name } = await c.world.ok(c.side.owner, 'POST', '/domains', { body: { name: `${c.world.word(c.side.mark)}.example` } })
    await c.world.sql.query(`update domains set status = 'verified' where id = $1`, [id]) // as if its record had been found
    return { query: { domain: name } }
  },
  'branding.change': (c) => ({ body: { name: `${c.side.mark} looks`, color: '#0f6472' } }),
  'branding.putLogo': () => ({ body: { data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' } }),
  'plans.create': (c) => ({ body: { name: c.world.word('p'), title: 'Team', limits: { users: 50, calls: null }, modules: { reports: false } } }),
  'plans.change': async (c) => ({ params: { id: await planOf(c) }, body: { title: 'Crew', limits: { projects: 9 } } }),
  'usage.events': () => ({ params: { meter: 'users' } }),
  'members.change': () => ({ body: { role: 'viewer' } }),
  'members.leave': async (c) => ({ own: c.by.tenant === c.side.id && c.by !== c.side.owner ? await like(c) : await c.world.member(c.side, 'owner') }),
  'invitations.create': (c) => ({ body: { email: `${c.world.word(c.side.mark)}@example.test`, role: 'viewer' } }),
  'invitations.preview': async (c) => ({ body: { token: (await c.world.invitation(c.side)).token } }),
  'invitations.accept': async (c) => {
    const own = await lonely(c)
    return { own, body: { token: (await c.world.invitation(c.side, own.email)).token } }
  },
  'apiKeys.create': (c) => ({ body: { name: text(c), scopes: ['read'] } }),
  'apiKeys.change': async (c) => ({ params: { id: (await c.world.apiKey(c.side)).id }, body: { name: text(c), addresses: ['192.0.2.0/24'] } }),
  'impersonations.start': (c) => ({ body: { userId: c.side.member.id, tenantId: c.side.id, reason: 'the proof asks', minutes: 5 } }),
  'impersonations.end': async (c) => ({ own: { ...(await c.world.impersonation(c.side)), tenant: c.side.id } }),
  'trustedIssuers.add': (c) => ({ body: { issuer: `https://${c.world.word()}.example.test`, audience: 'groundwork', mapping: { by: 'email' } } }),
  'trustedIssuers.change': async (c) => ({ params: { id: (await c.world.issuer(c.world.ops, '/trusted-issuers')).id }, body: { audience: c.world.word(), status: 'inactive' } }),
  'tenantIssuers.add': (c) => ({ body: { issuer: `https://${c.world.word(c.side.mark)}.example.test`, audience: 'groundwork', mapping: { by: 'email' } } }),
  'tenantIssuers.change': async (c) => ({ params: { id: (await c.world.issuer(c.side.owner, '/tenant-issuers', c.side.mark)).id }, body: { audience: text(c) } }),
  'serviceKeys.create': (c) => ({ body: { name: c.world.word(), scopes: ['admin'] } }),
  'serviceKeys.change': async (c) => ({ params: { id: (await c.world.serviceKey()).id }, body: { status: 'inactive' } }),
  'oauthClients.create': (c) => ({ body: { name: text(c), redirectUris: ['https://client.example/callback'], scopes: ['openid', 'read'] } }),
  'oauthClients.change': (c) => ({ body: { name: text(c) } }),
  'oauthClients.rotateSecret': () => ({ body: { overlapSeconds: 60 } }),
  'oauthClients.issueInitialAccessToken': () => ({ body: { expiresIn: 600, quota: 2 } }),
  'scopes.create': (c) => ({ body: scopeBody(c) }),
  'scopes.change': (c) => ({ body: { description: text(c) } }),
  'connectedApps.withdraw': async (c) => {
    const own = c.by.tenant === null ? await c.world.member(c.side, 'member') : await like(c)
    return { own, params: { clientId: (await aConsent(c, own)).id } }
  },
  'workflows.create': (c) => ({ body: { name: text(c), description: text(c), definition: { nodes: [{ id: 'start', primitive: 'trigger', type: 'manual', settings: {} }], edges: [] } } }),
  'workflows.diff': async (c) => ({ params: { id: (await publishWorkflow(c.world, c.side, c.by)).id }, query: { from: '1', to: 'draft' } }),
  'workflows.test': async (c) => ({ params: { id: (await makeWorkflow(c.world, c.side, c.by)).id }, body: { input: { text: text(c) } } }),
  'workflows.saveTest': async (c) => {
    const run = await makeRun(c.world, c.side, c.by, 'failed')
    return { params: { id: run.workflowId }, body: { runId: run.id, name: text(c) } }
  },
  'runs.move': async (c) => {
    const { run, version } = await makeMovable(c.world, c.side, c.by)
    return { params: { id: run.id }, body: { version } }
  },
  'templates.use': (c) => ({ own: c.by, params: { id: 'welcome-project' }, body: { parameters: { tasks: ['One'] } } }),
  'readers.rewind': () => ({ body: { events: 1 } }),
  'readers.replay': () => ({}),
  'connections.create': (c) => ({ body: aConnection(c) }),
  'connections.change': async (c) => ({ params: { id: (await c.world.ok(c.side.owner, 'POST', '/connections', { body: aConnection(c) })).id }, body: { name: text(c) } }),
  'connections.rotate': async (c) => ({ params: { id: (await c.world.ok(c.side.owner, 'POST', '/connections', { body: aConnection(c) })).id }, body: { secrets: { token: c.world.word() } } }),
  'connections.complete': async (c) => ({ body: { state: (await aConnectionConsent(c, c.by === c.side.admin ? c.side.admin : c.side.owner)).state, error: 'access_denied' } }),
  'webhooks.create': (c) => ({ body: { url: 'https://example.com/hook', events: ['project.deleted'], description: c.side.mark } }),
  'webhooks.change': (c) => ({ body: { description: text(c) } }),
  'projects.create': (c) => ({ body: { key: c.world.word('K').slice(0, 9).toUpperCase(), name: text(c), description: text(c), visibility: 'open', columns: [{ name: 'To do', category: 'todo' }, { id: 'done', name: 'Done', category: 'done', wipLimit: 3 }], wip: 'warn' } }),
  'tasks.create': (c) => ({ body: { projectId: (c.project ?? c.side.open!).id, title: text(c), description: text(c), labels: [c.world.markOf(c.side, c.project)], priority: 'high', fields: { customer: 'ACME' }, dueAt: '2030-01-02T03:04:05.000000Z', assigneeId: c.side.owner.id } }),
}

/** Rules for what is not in the table: changes of a thing say something new, references point into the same tenant. */
async function guess(op: Operation, c: Case, params: Record<string, string>): Promise<Fill> {
  const project = c.project ?? c.side.open
  const at = `${op.method} ${op.path.replace('/api/v1', '')}`
  const rules: Record<string, () => Promise<Fill> | Fill> = {
    'PATCH /workflows/{id}': () => ({ body: { name: text(c), description: text(c) } }),
    'POST /workflows/{id}/runs': () => ({ body: { input: { text: text(c) } } }),
    'POST /runs/{id}/signals/{name}': () => ({ body: { payload: { text: text(c) } } }),
    'PUT /workflows/{id}/triggers/{node}/secret': () => ({ body: { secret: 'a secret of the proofs' } }),
    'PATCH /projects/{id}': () => ({ body: { name: text(c), description: text(c) } }),
    'DELETE /projects/{id}': async () => ({ params: { id: (c.project ?? (await c.world.project(c.side))).id } }),
    'PUT /projects/{id}/members/{userId}': () => ({ body: { role: 'editor' } }),
    'PATCH /tasks/{id}': () => ({ body: { title: text(c), description: text(c), labels: ['one', c.world.markOf(c.side, c.project)], priority: 'low', dueAt: '2030-01-02T03:04:05.000000Z', assigneeId: c.side.owner.id } }),
    'PATCH /tasks/{id}/move': async () => ({ body: { status: columnOf(project!), before: (await aTask(c, { status: columnOf(project!) })).id } }),
    'POST /tasks/{id}/undo': async () => (await c.world.call(c.by, 'PATCH', `/tasks/${params.id}`, { body: { title: text(c) } }), {}), // of one's own last change
    'POST /tasks/{id}/comments': () => ({ body: { text: text(c) } }),
    'PATCH /comments/{id}': () => ({ body: { text: text(c) } }),
    'POST /tasks/bulk': async () => ({ body: { ids: [(await aTask(c)).id, (await aTask(c)).id], change: { priority: 'low' } } }),
    'GET /search': () => ({ query: { q: c.world.markOf(c.side, c.project) } }),
    'DELETE /tasks/{id}/watchers/me': async () => (await c.world.call(c.by, 'PUT', `/tasks/${params.id}/watchers/me`), {}), // who may not see the task cannot watch it
    'POST /jobs/{id}/cancel': async () => ({ params: { id: await jobOf(c, 'ready') } }),
  }
  return (await rules[at]?.()) ?? {}
}

/** A request that succeeds when somebody with the right sends it. Makes what it needs as the tenant's owner. */
export async function prepare(op: Operation, c: Case): Promise<Prepared> {
  const known = await table[op.id]?.(c)
  let params: Record<string, string> = known?.params ?? {}
  if (op.params.length && !known?.params) {
    const maker = things.find(([path]) => path.test(op.path)) ?? fail(`${op.id}: nothing makes what ${op.path} names; add it to server/testing/requests.ts`)
    params = await maker[1](c)
  }
  const fill: Fill = known ?? (await guess(op, c, params))
  const query: Record<string, string> = Object.fromEntries(op.query.filter((f) => f.required).map((f) => [f.name, referenceOf(f.name, c) ?? String(exampleOf(f.schema))]))
  const body = fill.body ?? op.example ?? (op.body && op.bodyRequired ? withReferences(exampleOf(op.body), c) : undefined)
  return { params: fill.params ?? params, query: { ...query, ...fill.query }, ...(body === undefined ? {} : { body }), ...(fill.headers ? { headers: fill.headers } : {}), ...(fill.own ? { own: fill.own } : {}) }
}

/** The id in the case's tenant that a field of this name asks for. */
export function referenceOf(name: string, { side, project }: Case): string | undefined {
  if (name === 'projectId') return (project ?? side.open)?.id
  if (name === 'tenant' || name === 'tenantId') return side.id
  return /^(user|person|assignee|actor|author)Id$/.test(name) ? side.owner.id : undefined
}
const withReferences = (value: unknown, c: Case): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, referenceOf(name, c) ?? inner])) : value

/** The session cookie that the login page leaves in a browser. */
async function cookieOf({ world, by }: Case): Promise<string> {
  const { url } = world.product
  const page = await fetch(`${url}/login`, { redirect: 'manual' })
  const form = await page.text()
  const taken = (answer: Response) => answer.headers.getSetCookie().map((line) => line.split(';')[0]!)
  const hidden = Object.fromEntries([...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [/name="([^"]*)"/.exec(input)?.[1] ?? '', /value="([^"]*)"/.exec(input)?.[1] ?? '']))
  const sent = await fetch(`${url}${/<form[^>]*action="([^"]+)"/.exec(form)?.[1] ?? '/login'}`, {
    method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url, cookie: taken(page).join('; ') },
    body: new URLSearchParams({ ...hidden, email: by.email, password }).toString(),
  })
  return [...taken(page), ...taken(sent)].join('; ')
}
