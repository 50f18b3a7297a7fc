// What every Sandbox adapter promises: code runs, within its bounds, and nothing gets out.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { openEgress, type Egress } from '../kernel/egress.ts'
import type { GuestCall, Json, Sandbox } from '../kernel/ports.ts'
import { expressionModule, SandboxError } from '../kernel/sandbox.ts'
import { hostileFunctions, type Where } from '../testing/hostile-functions.ts'

type Open = (t: TestContext, egress: Egress) => Sandbox

async function listen(t: TestContext, host: string, port: number, answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve))
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))))
  return (server.address() as AddressInfo).port
}
/** 127.0.0.9 plays the public internet as public.test; every other name leads to the inside, where a canary listens. */
async function stage(t: TestContext, open: Open) {
  const reached: string[] = []
  const trap: RequestListener = (req, res) => (reached.push(req.url!), res.end('CANARY'))
  const canaryPort = await listen(t, '0.0.0.0', 0, trap)
  await listen(t, '::1', canaryPort, trap)
  const seen: { method: string; headers: Record<string, unknown>; body: string }[] = []
  const publicPort = await listen(t, '127.0.0.9', 0, async (req, res) => {
    if (req.url === '/redirect') return res.writeHead(302, { location: `http://127.0.0.1:${canaryPort}/redirected` }).end()
    if (req.url === '/wait') return void setTimeout(() => res.end('late'), 400)
    if (req.url === '/bytes') return res.end(Buffer.from([255, 0, 1]))
    let body = ''
    for await (const part of req) body += String(part)
    seen.push({ method: req.method!, headers: req.headers, body })
    res.writeHead(200, { 'x-echo': String(req.headers.authorization ?? ''), 'content-type': 'application/json' }).end(JSON.stringify({ auth: req.headers.authorization ?? null, body }))
  })
  const egress = openEgress({ allow: ['127.0.0.9'], resolve: async (host) => [{ address: host === 'public.test' ? '127.0.0.9' : '127.0.0.1', family: 4 }] })
  t.after(() => egress.close())
  const sandbox = open(t, egress)
  t.after(() => sandbox.close())
  const call = (source: string, input: Json = { n: 1 }, more: GuestCall = {}, id = 'f', tenant = 't') => sandbox.call({ tenant, id, source }, input, more)
  const fails = (source: string, more: GuestCall = {}) => call(source, null, more).then(({ value }) => assert.fail(`returned ${JSON.stringify(value)}`), (error: unknown) => (assert.ok(error instanceof SandboxError, String(error)), error))
  return { sandbox, call, fails, reached, seen, canaryPort, publicPort, at: (p: string) => `http://public.test:${publicPort}${p}`, hosts: [`public.test:${publicPort}`] }
}

export function sandboxContract(name: string, open: Open): void {
  const contract = (what: string, check: (t: TestContext) => Promise<void>) => test(`${name}: ${what}`, check)

  contract('a function takes JSON and gives JSON, with the web\'s usual words at hand', async (t) => {
    const { call } = await stage(t, open)
    const { value, log } = await call(`export default async (input, ctx) => {
      console.log('hello', { a: 1 }); ctx.log(new Error('oops').message)
      const url = new URL('https://x.test/p?a=1'); url.searchParams.append('b', 'ü 2'); url.searchParams.delete('a')
      await new Promise((done) => setTimeout(done, 1)); clearTimeout(setTimeout(() => console.log('never'), 2)); await new Promise((done) => setTimeout(done, 5))
      const hash = [...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('a')))].slice(0, 2)
      return { sum: input.n + 1, href: url.href, query: url.searchParams.get('b'), copy: structuredClone({ d: [1] }), hash, nothing: undefined, key: ctx.idempotencyKey, utc: new Date(0).getTimezoneOffset() }
    }`, { n: 41 }, { idempotencyKey: 'run.step' })
    assert.deepEqual(value, { sum: 42, href: 'https://x.test/p?b=%C3%BC+2', query: 'ü 2', copy: { d: [1] }, hash: [202, 151], key: 'run.step', utc: 0 })
    assert.deepEqual(log, ['hello {"a":1}', 'oops'])
  })

  contract('texts of every kind pass both ways unharmed', async (t) => {
    const { call } = await stage(t, open)
    const given = { nul: 'a\0b', lone: '\ud800x', line: '\u2028\n"\\', emoji: '🚢', '__proto__x': 1, deep: [[[[null]]]], n: -0.5e-7, long: 'é'.repeat(100_000) }
    assert.deepEqual((await call('export default (input) => input', given)).value, given)
    const own = JSON.parse('{"__proto__":{"polluted":1},"constructor":2}') as Json
    assert.equal(JSON.stringify((await call('export default (input) => input', own)).value), JSON.stringify(own))
    assert.equal(({} as { polluted?: number }).polluted, undefined)
  })

  contract('what fails says why, and keeps what it logged', async (t) => {
    const { fails } = await stage(t, open)
    const table: [string, string, RegExp][] = [
      ['export default () => { console.log("before"); throw new TypeError("no such thing") }', 'threw', /^no such thing$/], ['export default () => null.x', 'threw', /null/], ['export default async () => { throw "text" }', 'threw', /^text$/],
      ['export default 5', 'invalid', /default export/], ['export default (', 'threw', /./], ['import fs from "node:fs"; export default () => 1', 'threw', /./], ['throw new Error("at load")', 'threw', /at load/],
      ['for (;;) {}', 'deadline', /interrupted/], ['export default () => { for (;;) {} }', 'deadline', /longer than 1000 ms/], ['export default async () => { await new Promise(() => {}) }', 'threw', /never settles/],
      ['export default () => "x".repeat(4_000_001)', 'too_large', /larger/], ['export default () => { let a = []; for (let i = 0; i < 600; i++) a = [a]; return a }', 'too_large', /deeper/],
      ['export default () => { const f = () => f() + 1; return f() }', 'stack', /call stack/], ['export default () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) }', 'memory', /memory/],
    ]
    for (const [source, code, words] of table) {
      const error = await fails(source)
      assert.deepEqual([error.code, error.retryable], [code, false], `${source}: ${error.message}`)
      assert.match(error.message, words)
      if (source.includes('before')) assert.deepEqual(error.log, ['before'])
    }
  })

  contract('its fetch reaches the hosts it was given and no other, a hundred times at most', async (t) => {
    const { call, fails, at, hosts, reached, canaryPort } = await stage(t, open)
    const ask = (url: string) => `export default async () => { const r = await fetch(${JSON.stringify(url)}, { method: 'POST', headers: { a: 'b' }, body: new URLSearchParams({ q: 'x y' }) }); return [r.status, r.ok, r.headers.get('content-type'), await r.json()] }`
    assert.deepEqual((await call(ask(at('/')), null, { hosts })).value, [200, true, 'application/json', { auth: null, body: 'q=x+y' }])
    assert.match((await fails(ask(at('/')))).message, /not among the hosts/)
    assert.match((await fails(ask(at('/')), { hosts: ['other.test'] })).message, /not among the hosts/)
    assert.match((await fails(ask(`http://localhost:${canaryPort}/`), { hosts: [`localhost:${canaryPort}`] })).message, /not public/)
    assert.match((await fails(ask('ftp://public.test/'), { hosts })).message, /only http/)
    assert.deepEqual((await call(`export default async () => [...new Uint8Array(await (await fetch(${JSON.stringify(at('/bytes'))})).arrayBuffer())]`, null, { hosts })).value, [255, 0, 1])
    const many = await fails(`export default async () => { for (let i = 0; i < 101; i++) await fetch(${JSON.stringify(at('/'))}) }`, { hosts, deadlineMs: 5000 })
    assert.match(many.message, /more than 100 requests/)
    assert.deepEqual(reached, [])
  })

  contract('a secret is put in on the way out: the code never has it, and an echo of it is masked', async (t) => {
    const { call, at, hosts, seen } = await stage(t, open)
    const { value, log } = await call(`export default async (input, ctx) => {
      const r = await fetch(${JSON.stringify(at('/'))}, { method: 'POST', headers: { authorization: 'Bearer ' + ctx.secret('token') }, body: ctx.secret('token') })
      console.log(ctx.secret('token')); return [await r.text(), r.headers.get('x-echo')]
    }`, null, { hosts, secrets: { token: 'hush-4711' }, idempotencyKey: 'k' })
    assert.deepEqual([seen[0]!.headers.authorization, seen[0]!.headers['idempotency-key'], seen[0]!.body], ['Bearer hush-4711', 'k/1', '{{secret.token}}'])
    assert.ok(!JSON.stringify([value, log]).includes('4711') && JSON.stringify(value).includes('Bearer ***'))
  })

  contract('waiting for a slow host does not count as running, and ends with the call\'s own limit', async (t) => {
    const { call, fails, at, hosts } = await stage(t, open)
    const slow = `export default async () => (await fetch(${JSON.stringify(at('/wait'))})).text()`
    assert.equal((await call(slow, null, { hosts, deadlineMs: 200 })).value, 'late')
    assert.equal((await fails(slow, { hosts, wallMs: 100 })).code, 'deadline')
  })

  contract('a rehearsal answers in place of the outside', async (t) => {
    const { call } = await stage(t, open)
    const asked: string[] = []
    const { value } = await call('export default async () => (await fetch("https://shop.test/x", { method: "DELETE" })).status', null, { fetch: async ({ method, url }) => (asked.push(`${method} ${url}`), { status: 204, headers: [], body: Buffer.alloc(0) }) })
    assert.deepEqual([value, asked], [204, ['DELETE https://shop.test/x']])
  })

  contract('a log has 64 KiB, whatever is written to it', async (t) => {
    const { call } = await stage(t, open)
    const { log } = await call('export default () => { for (let i = 0; i < 50_000; i++) console.log("x".repeat(100)) }', null, { deadlineMs: 5000 })
    assert.ok(log.join('').length > 50_000 && log.join('').length < 70_000, String(log.join('').length))
    assert.match(log.at(-1)!, /the log is full$/)
  })

  contract('calls at once, of one tenant and of many, are each answered with their own', async (t) => {
    const { call } = await stage(t, open)
    const source = 'let n = 0; export default async (input) => { n++; await new Promise((done) => setTimeout(done, 5)); return [input, n > 0] }'
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => call(source, i, {}, `f${i % 3}`, `t${i % 5}`)))
    assert.deepEqual(answers.map(({ value }) => value), answers.map((_, i) => [i, true]))
  })

  contract('what one leaves behind, no other tenant, function or version finds', async (t) => {
    const { call } = await stage(t, open)
    const source = 'export default () => { const found = globalThis.left ?? null; globalThis.left = 1; return found }'
    await call(source)
    for (const [id, tenant, text] of [['f', 'other', source], ['g', 't', source], ['f', 't', `${source} `]] as const) assert.equal((await call(text, null, {}, id, tenant)).value, null)
  })

  contract('expressions of a workflow are one call; a fault names which', async (t) => {
    const { sandbox } = await stage(t, open)
    const source = expressionModule(['trigger.total * 2', 'nodes.fetch?.output.items.map(({ sku }) => sku) // all', '({ a: now })', 'trigger.missing.x', '/^(a+)+$/.test("a".repeat(38) + "!")', 'undefined'], ['trigger', 'nodes', 'now'])
    const guest = { tenant: 't', id: 'w1', source }
    assert.deepEqual(await sandbox.evaluate(guest, [0, 1, 2, 5], { trigger: { total: 21 }, nodes: { fetch: { output: { items: [{ sku: 'a' }] } } }, now: 'then' }), [42, ['a'], { a: 'then' }, null])
    await assert.rejects(sandbox.evaluate(guest, [3], { trigger: {}, nodes: {} }), { code: 'threw', message: /^expression 3: / })
    await assert.rejects(sandbox.evaluate(guest, [4], {}), { code: 'deadline' })
    assert.deepEqual(await sandbox.evaluate(guest, [0], { trigger: { total: 1 } }), [2])
  })
  const bombs = ['"x".repeat(5e8)', '[...Array(1e9)]', 'Array.from({ length: 1e9 }, (_, i) => i)', '((f) => f(f))((f) => f(f))', '2n ** 100000000n', '"ab".repeat(1e6).split("").map((a) => "b".repeat(1e4)).sort()', 'JSON.stringify(Array(1e5).fill("x".repeat(1e5)))']
  contract('expressions that explode end within their bounds', async (t) => {
    const { sandbox } = await stage(t, open)
    for (const bomb of bombs) {
      await assert.rejects(sandbox.evaluate({ tenant: 't', id: bomb, source: expressionModule([bomb], []) }, [0], {}), (error) => error instanceof SandboxError && error.code !== 'lost', bomb)
      assert.deepEqual(await sandbox.evaluate({ tenant: 'u', id: 'near', source: expressionModule(['1 + 1'], []) }, [0], {}), [2])
    }
  })

  contract('46 hostile functions are contained: nothing leaks, nothing inside is reached, the neighbour answers, the host stays awake', async (t) => {
    const { sandbox, reached, canaryPort, publicPort } = await stage(t, open)
    const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const where: Where = { canaryPort, publicPort, secretFile: path.join(folder, 'secret'), droppedFile: path.join(folder, 'dropped') }
    writeFileSync(where.secretFile, 'TOPSECRET_FILE')
    const hosts = [canaryPort, publicPort].flatMap((port) => ['127.0.0.1', 'localhost', '[::1]', '[::ffff:7f00:1]', '0.0.0.0', 'rebind.test', 'public.test', '127.0.0.1'].map((host) => `${host.replace(/[[\]]/g, '')}:${port}`)).filter((rule) => !rule.includes('::'))
    const source = 'export default (i) => ({ hi: [1, 2].map((x) => x + i.n), bad: ({}).polluted ?? globalThis.stolen ?? null })'
    const neighbour = () => sandbox.call({ tenant: 'near', id: 'n', source }, { n: 5 }, { deadlineMs: 3000 }).then(({ value }) => JSON.stringify(value))
    const run = (name: string, code: string, n: number) => sandbox.call({ tenant: 'bad', id: name, source: code }, { n }, { hosts }).then(({ value }) => `returned ${JSON.stringify(value)}`, (error: SandboxError) => `${error.code}: ${error.message}`)
    await neighbour()
    let late = 0
    let last = performance.now()
    const clock = setInterval(() => {
      late = Math.max(late, performance.now() - last - 20)
      last = performance.now()
    }, 20)
    t.after(() => clearInterval(clock))
    const all = Object.entries(hostileFunctions(where))
    assert.ok(all.length >= 46, `only ${all.length} functions`)
    const faults: string[] = []
    for (const [name, [must, code]] of all) {
      reached.length = 0
      let end = await run(name, code, 1)
      if (name === 'state_leak') end += ` then ${await run(name, code, 2)}`
      let near = await neighbour().catch((error: SandboxError) => error.code)
      if (near === 'lost') near = await neighbour() // its process was ended because of another: the engine repeats such a call
      if (!must.test(end)) faults.push(`${name} ended otherwise: ${end.slice(0, 200)}`)
      if (/TOPSECRET|ESCAPED/.test(end)) faults.push(`${name} got a secret`)
      if (reached.length) faults.push(`${name} reached the inside: ${reached}`)
      if (existsSync(where.droppedFile)) faults.push(`${name} wrote a file`)
      if (near !== '{"hi":[6,7],"bad":null}') faults.push(`after ${name} the neighbour said ${near}`)
    }
    assert.deepEqual(faults, [])
    t.diagnostic(`the host was late by ${Math.round(late)} ms at most`)
  })
}
