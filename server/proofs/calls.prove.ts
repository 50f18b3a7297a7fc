// Calls write nothing themselves: each process counts them and tells the log once in ten seconds. Two processes stop within one block of the day's
// limit; a larger plan lifts it at once; kill -9 loses at most what was not told yet, in the tenant's favour, and what was told adds up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from '../testing/pair.ts'
import { setupToken, type Product } from '../testing/product.ts'
import { pause } from '../testing/world.ts'

const limit = 1000
const block = limit / 100
const tellMs = 10_000
const slackMs = 3000 // a busy machine tells a little later

test('calls of a day: two processes stop within one block, and kill -9 costs ten seconds of counting at most (X8)', async (t) => {
  const { near, far, sql } = await startPair(t)
  const password = 'herons under a tin roof 58'
  const register = (name: string, more: object) => near.ok('POST', '/auth/register', { body: { email: `${name}@example.test`, password, name, ...more } })
  const ops = (await register('ops', { setupToken })).accessToken
  const { accessToken: token, tenant } = await register('ada', { tenantName: 'Lighthouse' })
  const allow = (calls: number | null) => near.ok('PATCH', `/tenants/${tenant.id}`, { token: ops, body: { limits: { calls } } })
  const call = (at: Product) => at.call('GET', '/projects?limit=1', { token })
  const told = async () => {
    const { rows: [row] } = await sql.query<{ counted: number; kept: number }>(`select
      (select coalesce(sum((data ->> 'count')::int), 0)::int from events where tenant_id = $1 and name = 'usage.counted') as counted,
      (select coalesce(sum(used), 0)::int from usage_calls where tenant_id = $1) as kept`, [tenant.id])
    assert.equal(row!.kept, row!.counted, 'the counters are the sum of their events')
    return row!.counted
  }

  await allow(limit)
  let answered = 0
  const refusals = await Promise.all([near, far].map(async (at) => {
    for (;;) {
      const answer = await call(at)
      if (answer.status !== 200) return answer
      answered++
    }
  }))
  assert.ok(answered <= limit && answered > limit - 3 * block, `${answered} calls were answered`) // what signing up took is among them
  const midnight = new Date(Math.floor(Date.now() / 86_400_000 + 1) * 86_400_000)
  for (const { status, body, headers } of refusals) {
    assert.deepEqual([status, body.code, body.limit, Date.parse(body.resetsAt)], [429, 'plan.calls_exhausted', limit, midnight.getTime()])
    assert.ok(Math.abs(Number(headers.get('retry-after')) - (midnight.getTime() - Date.now()) / 1000) < 60)
  }
  await allow(null)
  const lifted = performance.now()
  for (const at of [near, far]) while ((await call(at)).status !== 200) assert.ok(performance.now() - lifted < 2000, 'a larger plan does not lift the limit within two seconds')

  // from here on one process alone answers, until it is killed
  while ((await told()) < answered) await pause(200)
  const before = await told()
  const times: number[] = []
  for (const until = Date.now() + 1.6 * tellMs; Date.now() < until; await pause(5)) {
    assert.equal((await call(near)).status, 200)
    times.push(Date.now())
  }
  const killed = Date.now()
  await near.kill()
  const counted = (await told()) - before
  const settled = times.filter((at) => at < killed - tellMs - slackMs).length
  t.diagnostic(`${answered} of ${limit} calls were answered by two processes; of ${times.length} calls before the kill ${counted} were told, at least ${settled} had to be`)
  assert.ok(counted >= settled && counted <= times.length + 4, `${counted} of ${times.length} calls are in the log; ${settled} were older than ten seconds`)
  assert.ok(settled > 0, 'the kill came too early to prove anything')

  // the reader of the other process sums up the same, and the tenant goes on there
  for (;;) {
    const { rows: [row] } = await sql.query<{ added: number }>(`select coalesce(sum(added), 0)::int as added from usage_days where tenant_id = $1 and meter = 'calls'`, [tenant.id])
    if (row!.added === (await told())) break
    await pause(100)
  }
  assert.equal((await call(far)).status, 200)
})
