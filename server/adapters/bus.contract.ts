// What every Bus adapter promises, run on each of them: alone, and as two processes that share what they share.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../kernel/ids.ts'
import type { Bus } from '../kernel/ports.ts'

export type BusPair = { one: Bus; /** the bus of another process, where there may be one */ two?: Bus }
type Options = { skip?: string | false; open: (t: TestContext) => Promise<BusPair>; /** most that two processes may take together of a limit of 20 */ overshoot: number }

/** The runner's own time limit ends what never comes true. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
const minute = 60_000

/** `open` gives fresh buses to each test; the contract closes them. */
export function busContract(name: string, { skip, open, overshoot }: Options): void {
  const contract = (what: string, check: (pair: BusPair) => Promise<void>) =>
    test(`${name}: ${what}`, { skip: skip ?? false }, async (t) => {
      const pair = await open(t)
      t.after(() => Promise.all([pair.one.close(), pair.two?.close()]))
      await check(pair)
    })

  contract('a hint is heard by all who listen to its channel in every process, until they leave', async ({ one, two = one }) => {
    const heard: string[] = []
    const leave = [one.subscribe('tasks', (m) => m && heard.push(`a ${m}`)), one.subscribe('tasks', (m) => m && heard.push(`b ${m}`)), two.subscribe('tasks', (m) => m && heard.push(`c ${m}`))]
    two.subscribe('other', () => heard.push('wrong channel'))
    await until(() => (one.publish('tasks', '1'), heard.filter((h) => h.startsWith('c')).length > 0))
    await until(() => ['a 1', 'b 1', 'c 1'].every((h) => heard.includes(h)))
    leave[0]!()
    heard.length = 0
    two.publish('tasks', '2')
    await until(() => heard.includes('b 2') && heard.includes('c 2'))
    assert.ok(!heard.includes('a 2') && !heard.includes('wrong channel'))
  })

  contract('a publisher is not interrupted by those who listen to it', async ({ one }) => {
    let heard = false
    one.subscribe('c', () => (heard = true))
    one.publish('c', 'x')
    assert.equal(heard, false)
    await until(() => heard)
  })

  contract('a burst loses none of its different hints, and any text arrives as it was', async ({ one, two = one }) => {
    const heard = new Set<string>()
    two.subscribe('burst', (message) => heard.add(message))
    await until(() => (one.publish('burst', 'open'), heard.has('open')))
    const odd = ['', ' ', "it's \"quoted\"", 'zero \0 byte', 'é 漢 🚢', '\ud800 lone', 'line\nbreak', '\\u0000', 'x'.repeat(5_000), 'é'.repeat(2_500)]
    const wanted = [...odd, ...Array.from({ length: 2_000 }, (_, n) => `message ${n}`)]
    for (const message of wanted) one.publish('burst', message)
    await until(() => wanted.every((message) => heard.has(message)))
  })

  contract('a hint too long to travel everywhere is refused everywhere', async ({ one }) => {
    assert.throws(() => one.publish('c', 'x'.repeat(7_000)), /at most 6000/)
    assert.throws(() => one.publish('c', '漢'.repeat(2_100)), RangeError)
  })

  contract('a listener that throws harms no other', async ({ one, two = one }) => {
    let heard = 0
    for (const bus of [one, two]) {
      bus.subscribe('c', () => {
        throw new Error('a fault of the listener')
      })
      bus.subscribe('c', (message) => message && heard++)
    }
    await until(() => (one.publish('c', 'x'), heard > 3))
  })

  contract('a limit lets exactly its number pass, in costs, per key', async ({ one }) => {
    const [key, other, limit] = [newId(), newId(), { max: 5, windowMs: minute }]
    const taken = [await one.take(key, limit), await one.take(key, limit, 3), await one.take(key, limit, 2), await one.take(key, limit), await one.take(key, limit)]
    assert.deepEqual(taken.map(({ allowed, remaining }) => [allowed, remaining]), [[true, 4], [true, 1], [false, 1], [true, 0], [false, 0]])
    for (const { resetMs } of taken) assert.ok(Number.isInteger(resetMs) && resetMs > 0 && resetMs <= 2 * minute, String(resetMs))
    assert.equal((await one.take(other, limit)).allowed, true)
    assert.equal((await one.take(key, { max: 1, windowMs: 2 * minute })).allowed, true)
    const many = await Promise.all(Array.from({ length: 100 }, () => one.take(`${key} many`, { max: 30, windowMs: minute })))
    assert.equal(many.filter(({ allowed }) => allowed).length, 30)
  })

  contract('after resetMs a refused one may pass, and before it none did', async ({ one }) => {
    const [key, limit] = [newId(), { max: 3, windowMs: 400 }]
    for (let i = 0; i < 3; i++) await one.take(key, limit)
    for (;;) {
      const refused = await one.take(key, limit)
      if (refused.allowed) continue
      await new Promise((resolve) => setTimeout(resolve, refused.resetMs + 5))
      assert.equal((await one.take(key, limit)).allowed, true)
      return
    }
  })

  contract('two processes share a limit', async ({ one, two }) => {
    if (!two) return
    const [key, limit] = [newId(), { max: 20, windowMs: minute }]
    await until(async () => (await two.take(`${key} warm`, limit), await one.take(`${key} warm`, limit)).allowed === false) // they know of each other
    let allowed = 0
    for (let round = 0; round < 40; round++) {
      for (const bus of [one, two]) if ((await bus.take(key, limit)).allowed) allowed++
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.ok(allowed >= 20 && allowed <= overshoot, `${allowed} of 20`)
    await until(async () => !(await one.take(key, limit)).allowed && !(await two.take(key, limit)).allowed)
  })

  contract('the cache keeps a value for its time, and forgets it when told', async ({ one }) => {
    const key = newId()
    assert.equal(await one.get(key), null)
    await one.set(key, 'é 🚢', minute)
    assert.equal(await one.get(key), 'é 🚢')
    await one.set(key, '', minute)
    assert.equal(await one.get(key), '')
    await one.drop(key)
    assert.equal(await one.get(key), null)
    await one.set(key, 'brief', 20)
    await until(async () => (await one.get(key)) === null)
  })

  contract('no process keeps a value that another replaced or dropped', async ({ one, two = one }) => {
    const key = newId()
    await two.set(key, 'old', minute)
    await until(async () => (await one.set(key, 'new', minute), await two.get(key)) !== 'old')
    await one.set(key, 'new', minute)
    await two.set(key, 'newest', minute)
    await one.drop(key)
    await until(async () => (await one.get(key)) === null && (await two.get(key)) === null)
  })

  contract('closed, it is silent and may be closed again', async ({ one }) => {
    let heard = 0
    one.subscribe('c', () => heard++)
    await one.close()
    one.publish('c', 'x')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await one.close()
    assert.equal(heard, 0)
  })
}
