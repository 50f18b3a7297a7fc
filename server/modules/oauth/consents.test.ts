// What people allowed applications, seen and taken back by the tenant's administrators.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { password, testApp, type Signed } from '../../testing/app.ts'

async function house(t: TestContext) {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = async (owner: Signed, name: string) => app.ok(owner, 'POST', '/oauth-clients', { name, grantTypes: ['password', 'refresh_token'], scopes: ['read', 'write', 'offline_access'] })
  /** A grant without a browser: it asks for consent as the others do, by the password typed. */
  const token = async (client: { clientId: string; clientSecret: string }, tenant: string, form: Record<string, string>) => {
    const answer = await app.http.inject({ method: 'POST', url: `/t/${tenant}/oauth/token`, headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}` }, payload: new URLSearchParams(form).toString() })
    return { status: answer.statusCode, body: answer.json() }
  }
  const allow = async (client: { clientId: string; clientSecret: string }, person: Signed, scope = 'read') => {
    const { status, body } = await token(client, person.tenant!.id, { grant_type: 'password', username: person.user.email, password, scope })
    assert.equal(status, 200, JSON.stringify(body))
    return body as { access_token: string; refresh_token: string }
  }
  return { app, ada, made, token, allow }
}

test('administrators see who allowed what to which application, and take it back: tokens end, the log tells, nobody else\'s go (S2.4, S4.6)', async (t) => {
  const { app, ada, made, token, allow } = await house(t)
  const beside = await testApp(t, { beside: app })
  const [reports, notes] = [await made(ada, 'Reports'), await made(ada, 'Notes')]
  const [mia, ben] = [await app.member(ada, 'member', 'Mia'), await app.member(ada, 'viewer', 'Ben')]
  const given = await allow(reports, mia, 'read write')
  const others = [await allow(notes, mia), await allow(reports, ben)]
  const works = async (one: typeof app, access: string) => (await one.as(access, 'GET', '/projects')).status
  for (const one of [app, beside]) for (const { access_token } of [given, ...others]) assert.equal(await works(one, access_token), 200)

  const all = await app.ok(ada, 'GET', '/oauth-consents')
  assert.deepEqual(all.items.map((c: any) => [c.clientName, c.userName, c.email, c.scopes]), [['Reports', 'Ben', 'ben@example.test', ['read']], ['Notes', 'Mia', 'mia@example.test', ['read']], ['Reports', 'Mia', 'mia@example.test', ['read', 'write']]])
  const shown = async (query: string) => (await app.ok(ada, 'GET', `/oauth-consents?${query}`)).items.map((c: any) => `${c.clientName} ${c.userName}`)
  assert.deepEqual([await shown(`clientId=${notes.id}`), await shown(`userId=${ben.user.id}`)], [['Notes Mia'], ['Reports Ben']])
  const [first, second] = [await app.ok(ada, 'GET', '/oauth-consents?limit=2'), await app.ok(ada, 'GET', `/oauth-consents?limit=2&after=${(await app.ok(ada, 'GET', '/oauth-consents?limit=2')).next}`)]
  assert.deepEqual([...first.items, ...second.items], all.items)

  assert.equal((await app.as(mia, 'DELETE', `/oauth-consents/${reports.id}/${mia.user.id}`)).status, 403)
  await app.ok(ada, 'DELETE', `/oauth-consents/${reports.id}/${mia.user.id}`)
  for (const one of [app, beside]) {
    const since = performance.now()
    while ((await works(one, given.access_token)) !== 401) assert.ok(performance.now() - since < 20_000, 'the token still works')
  }
  assert.deepEqual([(await token(reports, ada.tenant!.id, { grant_type: 'refresh_token', refresh_token: given.refresh_token })).body.error, (await app.ok(mia, 'GET', '/connected-apps')).items.length], ['invalid_grant', 1])
  for (const { access_token } of others) assert.equal(await works(app, access_token), 200, 'what others allowed, or to others, goes on')
  assert.equal((await app.as(ada, 'DELETE', `/oauth-consents/${reports.id}/${mia.user.id}`)).body.code, 'oauth_consent.not_found')
  const [told] = await app.query<{ tenant_id: string; subject_id: string; person_id: string; actor_id: string; data: object }>(`select tenant_id, subject_id, person_id, actor_id, data from events where name = 'oauth-consent.revoked'`)
  assert.deepEqual(told, { tenant_id: ada.tenant!.id, subject_id: reports.id, person_id: mia.user.id, actor_id: ada.user.id, data: { clientId: reports.id, scopes: ['read', 'write'] } })
  assert.equal(await works(app, (await allow(reports, mia)).access_token), 200, 'it may be allowed again')
})

test('the consents of another tenant are neither seen nor taken back, and members see none (S2.6)', async (t) => {
  const { app, ada, made, allow } = await house(t)
  const eve = await app.register('Eve')
  const client = await made(ada, 'Reports')
  const { access_token } = await allow(client, ada)
  assert.deepEqual((await app.ok(eve, 'GET', '/oauth-consents')).items, [])
  assert.deepEqual((await app.ok(eve, 'GET', `/oauth-consents?clientId=${client.id}&userId=${ada.user.id}`)).items, [])
  assert.equal((await app.as(eve, 'DELETE', `/oauth-consents/${client.id}/${ada.user.id}`)).status, 404)
  assert.equal((await app.as(access_token, 'GET', '/projects')).status, 200)
  for (const role of ['viewer', 'member'] as const) assert.equal((await app.as(await app.member(ada, role), 'GET', '/oauth-consents')).status, 403, role)
})
