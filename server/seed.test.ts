import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kernel } from './kernel/kernel.ts'
import { planBeats } from './seed-beats.ts'
import { seedDemo } from './seed.ts'
import { testApp, type TestApp } from './testing/app.ts'

const logins = (lines: readonly string[]) => lines.flatMap((line) => [...line.matchAll(/^ +(\S+@\S+) +(\S+) /g)].map(([, email, password]) => ({ email: email!, password: password! })))
const counts = async (app: TestApp) => Object.fromEntries((await app.query<{ name: string; n: number }>(`select name, count(*)::int as n from events where request_id like 'seed%' group by name`)).map(({ name, n }) => [name, n]))
const sign = (app: TestApp, { email, password }: { email: string; password: string }) => app.login(email, { password })

test('the demo tenant tells its story through the API to each of its people', async (t) => {
  const app = await testApp(t)
  const lines = await seedDemo(app.kernel)
  const [ada, grace, linus] = await Promise.all(logins(lines).map((login) => sign(app, login)))
  assert.deepEqual([ada!.tenant!.role, grace!.tenant!.role, linus!.tenant!.role], ['owner', 'admin', 'member'])
  assert.equal(ada!.tenant!.name, 'Lighthouse')
  const projects = (await app.ok(linus, 'GET', '/projects')).items as { id: string; key: string; progress: { total: number; done: number }; createdAt: string; columns: { id: string; wipLimit: number | null }[] }[]
  assert.deepEqual(projects.map(({ key }) => key).sort(), ['LAMP', 'VISIT'])
  for (const { id, progress, columns, createdAt } of projects) {
    const { items } = await app.ok(linus, 'GET', `/tasks?projectId=${id}&limit=200`) as { items: { status: string; createdAt: string; updatedAt: string }[] }
    assert.ok(progress.total >= 10 && progress.done >= 4 && items.length === progress.total, JSON.stringify(progress))
    for (const column of columns) if (column.wipLimit) assert.ok(items.filter(({ status }) => status === column.id).length <= column.wipLimit, `${column.id} is over its limit`)
    assert.ok(Date.now() - Date.parse(createdAt) > 20 * 86_400_000)
    assert.ok(items.every((task) => task.createdAt <= task.updatedAt && Date.parse(task.updatedAt) <= Date.now()))
  }
  const [lamp] = projects.filter(({ key }) => key === 'LAMP')
  const mine = await app.ok(linus, 'GET', '/tasks?assigneeId=me')
  assert.ok(mine.items.length > 5)
  const found = await app.ok(ada, 'GET', '/search?q=fresnel')
  assert.equal(found.items.length, 1)
  const { items: said } = await app.ok(ada, 'GET', `/tasks/${found.items[0].id}/comments`)
  assert.ok(said.length >= 2 && said.some((comment: { mentions: string[] }) => comment.mentions.includes(ada!.user.id)))
  // it goes on from here like any other tenant
  const next = await app.ok(linus, 'POST', '/tasks', { projectId: lamp!.id, title: 'One more' })
  assert.match(next.ref, /^LAMP-\d+$/)
  await app.ok(linus, 'PATCH', `/tasks/${next.id}/move`, { status: 'next' })
})

test('what happened lies in the past, in order, and its personal words are sealed', async (t) => {
  const app = await testApp(t)
  await seedDemo(app.kernel)
  const events = await app.query<{ name: string; at: Date; data: object; secret: Buffer | null }>(`select name, at, data, secret from events where request_id like 'seed-%' order by pos, seq`)
  const times = events.map(({ at }) => new Date(at).getTime())
  assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]!), 'in the order of the log')
  assert.ok(times.at(-1)! < Date.now() && Date.now() - times[0]! > 27 * 86_400_000)
  assert.ok(events.filter(({ name }) => name === 'comment.added').every(({ secret, data }) => secret && !('text' in data)))
})

test('each of them was told in time: old news are read, and the reader that follows the log tells nobody twice', async (t) => {
  const app = await testApp(t)
  const lines = await seedDemo(app.kernel)
  await app.settled()
  for (const login of logins(lines)) {
    const person = await sign(app, login)
    const { items } = await app.ok(person, 'GET', '/notifications?limit=200') as { items: { readAt: string | null; createdAt: string; kind: string }[] }
    const unread = items.filter(({ readAt }) => !readAt)
    assert.ok(items.length > 20 && unread.length > 0 && unread.length < 12, `${person.user.name}: ${unread.length} of ${items.length} unread`)
    assert.ok(items.every(({ createdAt }, i) => i === 0 || createdAt <= items[i - 1]!.createdAt), 'newest first')
    // but for what is due now, which the clock tells
    assert.ok(items.filter(({ kind, createdAt }) => kind !== 'due' && Date.now() - Date.parse(createdAt) < 60_000).length <= 1)
  }
  const said = await app.mails()
  assert.deepEqual(said.filter(({ to }) => to.endsWith('@lighthouse.example')), [], 'nobody lives at these addresses')
})

test('a second run adds nothing and prints the same logins; two at once add one story', async (t) => {
  const app = await testApp(t)
  const [first, second] = await Promise.all([seedDemo(app.kernel), seedDemo(app.kernel)])
  const before = await counts(app)
  assert.deepEqual(logins(first), logins(second))
  assert.deepEqual(logins(await seedDemo(app.kernel)), logins(first))
  assert.deepEqual(await counts(app), before)
  assert.equal((await app.query(`select from identity.organization where name = 'Lighthouse'`)).length, 1)
})

test('a seed that was ended half way is gone on with, each beat once', async (t) => {
  const app = await testApp(t)
  let left = 40
  const failing = { ...app.kernel, system: new Proxy(app.kernel.system, { get: (db, name) => {
    if (name === 'context' && left-- <= 0) throw new Error('the power is out')
    const value = Reflect.get(db, name, db) as unknown
    return typeof value === 'function' ? value.bind(db) : value
  } }) } as Kernel
  await assert.rejects(seedDemo(failing), /the power is out/)
  const half = Object.values(await counts(app)).reduce((sum, n) => sum + n, 0)
  await seedDemo(app.kernel)
  const beats = (await app.query<{ request_id: string }>(`select request_id from events where request_id like 'seed-%'`)).map((row) => row.request_id)
  assert.ok(half > 30 && half < beats.length, `${half} of ${beats.length}`)
  assert.equal(new Set(beats).size, beats.length)
  assert.equal(beats.length, planBeats({ tenant: '', begun: Date.now(), people: { ada: '', grace: '', linus: '' } }).length)
})

test('the installation stays unclaimed: the first real account still needs the set-up token', async (t) => {
  const app = await testApp(t)
  await seedDemo(app.kernel)
  assert.equal((await app.as(undefined, 'POST', '/auth/register', { email: 'eve@example.test', password: 'tulips-under-glass 41', name: 'Eve' })).body.code, 'setup.token_required')
  assert.equal((await app.register('Operator')).user.role, 'operator')
})

test('a tenant of somebody else that is called the same is left alone', async (t) => {
  const app = await testApp(t)
  const mia = await app.register('Mia', { tenantName: 'Lighthouse' })
  await seedDemo(app.kernel)
  assert.deepEqual((await app.ok(mia, 'GET', '/members')).items.length, 1)
  assert.deepEqual((await app.ok(mia, 'GET', '/projects')).items, [])
})
