import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { testApp } from '../testing/app.ts'
import { begin, draw, manual, publish } from '../testing/drawn.ts'
import { runAs } from '../testing/kernel.ts'
import { newId } from './ids.ts'

type Told = { where: string; operation: string; requestId: string | null; message: string; stack: string }
/** Who listens for defects. */
async function tracker(t: TestContext): Promise<{ url: string; told: Told[]; next(): Promise<Told> }> {
  const told: Told[] = []
  const server = createServer((req: IncomingMessage, res) => {
    let text = ''
    req.on('data', (bytes) => (text += String(bytes))).on('end', () => {
      told.push(JSON.parse(text) as Told)
      res.end()
      server.emit('told')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  let taken = 0
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/defects`, told,
    async next() {
      while (told.length <= taken) await once(server, 'told')
      return told[taken++]!
    },
  }
}

test('a defect of a request and a job that failed for good are counted and told; what passes by itself is neither (S0.15)', async (t) => {
  const defects = await tracker(t)
  const app = await testApp(t, { settings: { ERROR_HOOK_URL: defects.url } })
  const ada = await app.register('Ada')
  const count = async (where: string) => Number(new RegExp(`^groundwork_errors_total\\{where="${where}"\\} (\\d+)$`, 'm').exec(String((await app.as(undefined, 'GET', '/metrics')).body))?.[1] ?? 0)

  await runAs(app.database, 'owner', 'alter table notifications rename to elsewhere')
  const answer = await app.as(ada, 'GET', '/notifications', undefined, { 'x-request-id': 'the-broken-one' })
  assert.deepEqual([answer.status, answer.body.code, answer.body.detail], [500, 'internal', undefined])
  const first = await defects.next()
  assert.deepEqual([first.where, first.operation, first.requestId], ['http', 'notifications.list', 'the-broken-one'])
  assert.match(first.message, /relation "notifications" does not exist/)
  assert.match(first.stack, /\n {4}at /)
  assert.equal(await count('http'), 1)

  const job = (most: number) => app.query(`insert into jobs (tenant_id, id, name, run_at, max_attempts, request_id) values ('00000000-0000-0000-0000-000000000000', $1, 'notifications.due', now(), $2, 'the-job')`, [newId(), most])
  await job(1)
  app.kernel.bell.ring()
  const second = await defects.next()
  assert.deepEqual([second.where, second.operation, second.requestId, await count('jobs')], ['jobs', 'notifications.due', 'the-job', 1])
  await job(2) // it will be tried again: that is no defect yet
  app.kernel.bell.ring()
  while (!(await app.query(`select from jobs where name = 'notifications.due' and max_attempts = 2 and attempts = 1 and status = 'ready'`)).length) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(await count('jobs'), 1)
  await app.query(`delete from jobs where name = 'notifications.due' and max_attempts = 2`)
  await runAs(app.database, 'owner', 'alter table elsewhere rename to notifications')

  // tables are held by somebody: trouble of the moment, answered as such, also where an engine of workflows asks
  const workflow = await publish(app, ada, draw([manual]))
  const { id: run } = await begin(app, ada, workflow, { word: 'long enough to be sealed' })
  await app.settled()
  const holder = new pg.Client(app.database.connection('owner'))
  await holder.connect()
  t.after(() => holder.end())
  await holder.query('begin; lock table projects, run_blobs in access exclusive mode')
  for (const held of await Promise.all(['/projects', `/runs/${run}`].map((at) => app.as(ada, 'GET', at)))) assert.deepEqual([held.status, held.body.code, held.headers['retry-after']], [503, 'unavailable', '1'])
  await holder.query('rollback')
  assert.deepEqual((await app.ok(ada, 'GET', `/runs/${run}`)).input, { word: 'long enough to be sealed' })
  assert.deepEqual([await count('http'), defects.told.length], [1, 2])
})
