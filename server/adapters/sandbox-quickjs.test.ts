import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import type { Egress } from '../kernel/egress.ts'
import { silent } from '../kernel/log-lines.ts'
import type { GuestCall, Json } from '../kernel/ports.ts'
import { SandboxError } from '../kernel/sandbox.ts'
import { openQuickJs, type QuickJsOptions } from './sandbox-quickjs.ts'
import { programs, readLine, startChild, Unloaded } from './sandbox/process.ts'
import { sandboxContract } from './sandbox.contract.ts'

sandboxContract('quickjs', (_, egress) => openQuickJs({ egress, log: silent }))

const nowhere: Pick<Egress, 'fetch'> = { fetch: () => Promise.reject(new Error('nothing leaves')) }
function stage(t: TestContext, more: Partial<QuickJsOptions> = {}) {
  const sandbox = openQuickJs({ egress: nowhere, log: silent, ...more })
  t.after(() => sandbox.close())
  const call = (source: string, input: Json = null, o: GuestCall & { tenant?: string } = {}) => sandbox.call({ tenant: o.tenant ?? 't', id: 'f', source }, input, o)
  const why = (answer: Promise<unknown>) => answer.then(() => assert.fail('it answered'), (error: unknown) => error as SandboxError)
  return { sandbox, call, why }
}
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('nothing runs before it is needed; what nobody needs goes; the end takes all with it', async (t) => {
  const { sandbox, call, why } = stage(t, { idleMs: 50 })
  assert.deepEqual(sandbox.children(), [])
  await call('export default () => 1')
  const [first] = sandbox.children()
  await until(() => !isAlive(first!.pid))
  assert.equal((await call('export default () => 2')).value, 2)
  const [second] = sandbox.children()
  await sandbox.close()
  assert.ok(!isAlive(second!.pid))
  assert.equal((await why(call('export default () => 1'))).code, 'busy')
})

test('a child that is killed in the middle of a call fails it as one that may be made again, and then it works', async (t) => {
  const { sandbox, call, why } = stage(t)
  let asked = 0
  const source = 'export default async () => (await fetch("https://x.test/")).status'
  const fetch = () => (asked++, asked === 1 ? (process.kill(sandbox.children()[0]!.pid, 'SIGKILL'), new Promise<never>(() => {})) : Promise.resolve({ status: 200, headers: [] as [string, string][], body: Buffer.alloc(0) }))
  const error = await why(call(source, null, { fetch }))
  assert.deepEqual([error.code, error.retryable], ['lost', true])
  assert.equal((await call(source, null, { fetch })).value, 200)
})

test('a child that stands still is ended, and calls go on in another', async (t) => {
  const { sandbox, call, why } = stage(t)
  await call('export default () => 1')
  const [{ pid } = { pid: 0 }] = sandbox.children()
  process.kill(pid, 'SIGSTOP')
  const error = await why(call('export default () => 1', null, { deadlineMs: 50 }))
  assert.ok(error instanceof SandboxError && ['lost', 'deadline'].includes(error.code), error.message)
  await until(() => !isAlive(pid))
  assert.equal((await call('export default () => 3')).value, 3)
})

test('a child whose parent is gone ends, idle or looping', async (t) => {
  for (const busy of [false, true]) {
    const child = startChild(programs().at(-1)!)
    t.after(() => child.kill('test'))
    const load = { op: 'load' as const, guest: 'g', text: 'export default () => { for (;;) {} }', deadlineMs: 1000, wallMs: 1000 }
    await child.ask(load, [])
    const call = busy ? child.ask({ ...load, op: 'call', text: '{"input":null,"key":null}' }, []).catch((error: SandboxError) => error.code) : undefined
    child.hangUp()
    await child.ended
    assert.ok(!isAlive(child.pid!))
    if (call) assert.ok(['lost', 'deadline'].includes(String(await call)))
  }
})

test('one call at a time in a guest, and a tenant\'s loop does not end the calls of others', async (t) => {
  const { call } = stage(t, { children: 1 })
  let under = 0
  let most = 0
  const fetch = async () => {
    most = Math.max(most, ++under)
    await new Promise((resolve) => setTimeout(resolve, 10))
    under--
    return { status: 200, headers: [] as [string, string][], body: Buffer.alloc(0) }
  }
  const loop = call('export default () => { for (;;) {} }', null, { tenant: 'bad' }).catch((error: SandboxError) => error.code)
  const calls = Array.from({ length: 4 }, () => call('export default async () => (await fetch("https://x.test/")).status', null, { fetch }))
  assert.deepEqual((await Promise.all(calls)).map(({ value }) => value), [200, 200, 200, 200])
  assert.deepEqual([most, await loop], [1, 'deadline'])
})

test('a line of a child is one of ours or none at all, whatever it holds', () => {
  for (const good of ['["ready",0]', '["ping",3]', '["turn",1]', '["log",1,"x"]', '["done",1,"{}"]', '["failed",1,"threw","x"]', '["host",1,2,"{}"]']) assert.ok(readLine(good), good)
  const bad = ['', ' ', 'null', '1', '"x"', '{}', '[]', '[1]', '["done"]', '["done",1]', '["done","1","x"]', '["done",1,2]', '["done",1,"x","y"]', '["constructor",1]', '["__proto__"]', '["toString",1,"x"]', '["host",1,"2","x"]', '["ready"]', '["start"]', '[["done"],1,"x"]', 'undefined', '{"0":"done"}']
  for (const text of bad) assert.equal(readLine(text), undefined, text)
  for (let i = 0; i < 2000; i++) readLine(i % 2 ? randomBytes(i % 50).toString('latin1') : '["done",1,"x"]'.split('').toSpliced(i % 14, 1, String.fromCharCode(i % 300)).join(''))
})

/** A child that speaks as it likes, in place of ours. */
const impostor = (script: string) => ({ command: process.execPath, args: ['--eval', `process.stdin.once('data', () => { process.stdout.write('["ready",0]\\n'); ${script} })`] })
const asking = { op: 'call' as const, guest: 'g', text: '{}', deadlineMs: 100, wallMs: 100 }

test('a child that speaks nonsense, floods, answers for others or ends is ended itself, and its calls fail', async (t) => {
  const table: [string, RegExp][] = [
    [`process.stdout.write('nonsense\\n'); setInterval(() => {}, 1000)`, /protocol/], [`process.stdout.write('["done",1]\\n'); setInterval(() => {}, 1000)`, /protocol/],
    [`process.stdout.write('["done",99,"x"]\\n["failed",7,"threw","x"]\\n["host",50,1,"{}"]\\n["log",9,"x"]\\n["turn",5]\\n["ping",1e9]\\n'); setTimeout(() => process.exit(3), 50)`, /ended \(3\)/],
    [`const x = 'x'.repeat(1 << 20); const more = () => process.stdout.write(x, more); more()`, /without end/], [`process.exit(0)`, /ended \(0\)/],
    [`const a = []; setInterval(() => a.push(Buffer.alloc(20 << 20, 1)), 5)`, /memory|ended/],
  ]
  for (const [script, words] of table) {
    const child = startChild(impostor(script))
    t.after(() => child.kill('test'))
    await assert.rejects(child.ask(asking, []), words, script)
    await child.ended
    await assert.rejects(child.ask(asking, []), SandboxError)
  }
})

test('lines that are none of ours do not upset a child, or end it; it never answers what was not asked', async (t) => {
  const child = startChild(programs().at(-1)!)
  t.after(() => child.kill('test'))
  await assert.rejects(child.ask({ ...asking, guest: 'nobody' }, []), Unloaded)
  const seed = createHash('sha256').update('fuzz').digest()
  for (let i = 0; i < 300; i++) child.say([['call', 'load', 'host', 'ping', 'x', null][i % 6], seed[i % 32], seed.subarray(i % 20).toString('latin1'), i % 3 ? null : '{"input":1}', i])
  await Promise.race([child.ended, child.ask({ ...asking, op: 'load', text: 'export default () => 1', deadlineMs: 3000, wallMs: 3000 }, []).then(() => child.ask(asking, [])).then((json) => assert.equal(json, '1'), () => {})])
})
