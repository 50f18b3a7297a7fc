// Whoever guesses or floods is counted by the address of the connection, or by the one a trusted proxy adds; nothing else that a request says changes
// whose turn it takes: no header gives a fresh count, and none takes from somebody else's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp, type TestApp } from '../../testing/app.ts'

type Door = { name: string; max: number; windowMs: number; url: string; type?: string; payload?: string }
const minute = 60_000
const json = '{}' // refused by name before anything is done, but after the turn is taken
const doors: readonly Door[] = [
  { name: 'login', max: 240, windowMs: minute, url: '/api/v1/auth/login' },
  { name: 'register', max: 300, windowMs: 10 * minute, url: '/api/v1/auth/register' },
  { name: 'forgotten password', max: 30, windowMs: 10 * minute, url: '/api/v1/auth/forgot-password' },
  { name: 'reset', max: 60, windowMs: minute, url: '/api/v1/auth/reset-password' },
  { name: 'token', max: 600, windowMs: minute, url: '/t/{tenant}/oauth/token', type: 'application/x-www-form-urlencoded', payload: 'grant_type=client_credentials&client_id=nobody&client_secret=guess' },
]
const guesser = '203.0.113.7'
const victim = '198.51.100.9'
let n = 0
/** Every header that some proxy or framework believes; another word in each request, the victim's address in every second. */
const inventions = (tenant: string): Record<string, string>[] => {
  const address = () => (n++ % 2 ? victim : `192.0.2.${n % 250}`)
  return [
    {}, { 'x-forwarded-for': address() }, { 'x-forwarded-for': `${address()}, 10.0.0.1, 127.0.0.1` }, { 'x-forwarded-for': `::ffff:${victim}` }, { 'x-real-ip': address() }, { forwarded: `for=${address()};proto=https` }, { 'x-client-ip': address() },
    { 'cf-connecting-ip': address() }, { 'true-client-ip': address() }, { 'x-cluster-client-ip': address() }, { 'fly-client-ip': address() }, { via: `1.1 ${address()}` }, { 'x-forwarded-host': `h${n}.example.test` }, { host: `h${n++}.example.test` },
    { 'org-id': tenant }, { 'user-agent': `agent ${n++}` }, { 'x-request-id': `invented-${n++}` }, { authorization: `Bearer invented${n++}` }, { cookie: `groundwork_refresh=${n++}; groundwork.session_token=${n++}` }, { 'x-gw-path-tenant': `t${n++}` },
  ]
}
const isLimited = ({ statusCode, body }: { statusCode: number; body: string }) => statusCode === 429 && /rate\.limited|temporarily_unavailable/.test(body)

/** A window slides: what was taken comes back with time. */
const mostIn = ({ max, windowMs }: Pick<Door, 'max' | 'windowMs'>, since: number) => max + Math.ceil((max * (performance.now() - since)) / windowMs) + 1

/** @param from the address of the connection @param behind what a trusted proxy there adds of the real one */
const asker = (app: TestApp, tenant: string) => (door: Door, from: string, headers: Record<string, string>, behind?: string) => {
  const forwarded = behind ? { 'x-forwarded-for': [headers['x-forwarded-for'], behind].filter(Boolean).join(', ') } : {}
  return app.http.inject({ method: 'POST', url: door.url.replace('{tenant}', tenant), remoteAddress: from, headers: { 'content-type': door.type ?? 'application/json', ...headers, ...forwarded }, payload: door.payload ?? json })
}

for (const proxied of [false, true]) {
  test(`${proxied ? 'behind a trusted proxy' : 'without one'} no invented header escapes the limits of login, register, reset and token, nor spends another's`, async (t) => {
    const app = await testApp(t, { settings: { RATE_LIMITS: 'on', ...(proxied ? { TRUST_PROXY: '10.0.0.0/8' } : {}) } })
    const { tenant } = await app.register('Operator')
    const ask = asker(app, tenant!.id)
    const reach = (door: Door, address: string, headers: Record<string, string>) => (proxied ? ask(door, '10.0.0.5', headers, address) : ask(door, address, headers))
    for (const door of doors) {
      const [since, all] = [performance.now(), [] as Awaited<ReturnType<typeof reach>>[]]
      for (let rounds = 5; rounds && all.length < 3 * door.max + 200; all.some(isLimited) && rounds--) all.push(...(await Promise.all(inventions(tenant!.id).map((headers) => reach(door, guesser, headers)))))
      const answered = all.filter((one) => !isLimited(one)).length
      assert.ok(answered >= door.max && answered <= mostIn(door, since), `${door.name} let ${answered} through`)
      assert.ok(all.every(({ statusCode }) => statusCode < 500), `${door.name}: ${all.map((one) => one.statusCode).join(' ')}`)
      assert.ok(all.filter(isLimited).every(({ headers }) => Number(headers['retry-after']) > 0), door.name)
      for (const other of [victim, '192.0.2.8']) assert.equal(isLimited(await reach(door, other, {})), false, `${door.name}: ${other} was made to pay`)
      // past the proxy, or without any, what the connection says of itself counts
      if (proxied) assert.equal(isLimited(await ask(door, victim, { 'x-forwarded-for': guesser })), false, `${door.name}: a connection that is no proxy spoke for another`)
    }
  })
}

test('guesses at one account are counted wherever they come from, and each of another account apart', async (t) => {
  const app = await testApp(t, { settings: { RATE_LIMITS: 'on', TRUST_PROXY: '10.0.0.0/8' } })
  await app.register('Operator')
  const guess = async (email: string, at: number, way: 'login' | 'page') => {
    const headers = { 'x-forwarded-for': `192.0.2.${at}`, 'user-agent': `agent ${at}`, 'org-id': `t${at}` }
    const answer = await app.http.inject({ method: 'POST', url: '/api/v1/auth/login', remoteAddress: '10.0.0.5', headers: { 'content-type': 'application/json', ...(way === 'page' ? { ...headers, 'org-id': '' } : { 'x-forwarded-for': headers['x-forwarded-for'] }) }, payload: JSON.stringify({ email, password: 'not the password' }) })
    return answer.statusCode
  }
  const statuses: number[] = []
  const since = performance.now()
  for (let at = 0; at < 40; at++) statuses.push(await guess(at % 3 ? 'operator@example.test' : 'OPERATOR@example.test', at, at % 2 ? 'login' : 'page'))
  const answered = statuses.filter((status) => status === 401).length
  assert.ok(answered >= 30 && answered <= mostIn({ max: 30, windowMs: 10 * minute }, since) && statuses.every((status) => [401, 429].includes(status)), statuses.join(' '))
  assert.equal(await guess('somebody-else@example.test', 99, 'login'), 401)
})

test('an IPv6 line is counted by its /64: its other addresses give no fresh count', async (t) => {
  const app = await testApp(t, { settings: { RATE_LIMITS: 'on' } })
  const { tenant } = await app.register('Operator')
  const ask = asker(app, tenant!.id)
  for (const door of doors.filter(({ max }) => max < 100)) {
    const since = performance.now()
    const answers = await Promise.all(Array.from({ length: door.max + 20 }, (_, i) => ask(door, `2001:db8:5:6:${i.toString(16)}::${i}`, {})))
    const answered = answers.filter((one) => !isLimited(one)).length
    assert.ok(answered >= door.max && answered <= mostIn(door, since), `${door.name} let ${answered} through`)
    assert.equal(isLimited(await ask(door, '2001:db8:5:7::1', {})), false, door.name)
  }
})
