// The way out (S4): nothing leads to the inside. 127.0.0.9 plays the public internet; a canary listens on every other address of this machine.
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createGzip } from 'node:zlib'
import { openEgress, type EgressAnswer, type EgressRequest } from './egress.ts'
import { EgressFailed, EgressRefused, type Resolve } from './egress-reach.ts'

async function listen(t: TestContext, host: string, port: number, answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve))
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))))
  return (server.address() as AddressInfo).port
}

/** @returns the guard, and what reached the inside by any way */
async function stage(t: TestContext, more: { allow?: string[] } = {}) {
  const inside: string[] = []
  const trap: RequestListener = (req, res) => (inside.push(`${req.headers.host}${req.url}`), res.end('CANARY'))
  const port = await listen(t, '0.0.0.0', 0, trap)
  await listen(t, '::1', port, trap)
  const seen: { url: string; method: string; headers: Record<string, unknown>; body: string }[] = []
  const outside = await listen(t, '127.0.0.9', 0, async (req, res) => {
    let body = ''
    for await (const part of req) body += String(part)
    seen.push({ url: req.url!, method: req.method!, headers: req.headers, body })
    const [, code, to] = /^\/to\/(\d+)\/(.*)$/.exec(req.url!) ?? []
    if (to) return res.writeHead(Number(code), { location: decodeURIComponent(to) }).end()
    if (req.url === '/slow') return res.writeHead(200).write('a')
    if (req.url === '/cut') return (res.writeHead(200, { 'content-length': '10' }).write('a'), res.socket!.destroy())
    if (req.url === '/bomb') {
      res.writeHead(200, { 'content-encoding': 'gzip' })
      const gz = createGzip()
      gz.on('error', () => {}).pipe(res).on('error', () => {})
      const zeros = Buffer.alloc(1 << 20)
      const write = (n: number): void => void (n ? gz.write(zeros, (error) => !error && !res.destroyed && write(n - 1)) : gz.end())
      return write(2000)
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method: req.method, headers: req.headers, body }))
  })
  const asked: string[] = []
  let flips = 0
  const resolve: Resolve = async (host) => {
    asked.push(host)
    const give = (...list: string[]) => list.map((address) => ({ address, family: net.isIP(address) }))
    if (/^pub\d?\.test$/.test(host)) return give('127.0.0.9')
    if (host === 'flip.test') return give(flips++ === 0 ? '127.0.0.9' : '127.0.0.1')
    if (host === 'mixed.test') return give('127.0.0.9', '127.0.0.1')
    if (host === 'v6.test') return give('::1')
    if (host === 'mapped.test') return give('::ffff:127.0.0.1')
    if (host === 'empty.test') return []
    if (host === 'nobody.test') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    return give('127.0.0.1')
  }
  const egress = openEgress({ allow: ['127.0.0.9/32', ...(more.allow ?? [])], resolve })
  t.after(() => egress.close())
  const at = (path: string, host = 'pub.test') => `http://${host}:${outside}${path}`
  const read = async (path: string, request?: EgressRequest) => JSON.parse(String((await egress.fetch(at(path), request)).body)) as { method: string; headers: Record<string, string>; body: string }
  return { egress, inside, seen, port, outside, at, read, asked }
}
const failure = (answer: Promise<EgressAnswer | net.Socket>) => answer.then(() => assert.fail('it was let through'), (error: unknown) => error as EgressRefused & EgressFailed)

test('none of 36 hostile addresses is let through, and none is even tried', async (t) => {
  const { egress, inside, port, outside, at } = await stage(t)
  const hosts = [
    '127.0.0.1', 'localhost', 'LOCALHOST.', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '127.0.0.2', '0.0.0.0', '0',
    '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[0:0:0:0:0:0:0:1]', '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]', '[fe80::1]', '[fd00:ec2::254]', '10.0.0.1', '192.168.1.1', '①②⑦.⓪.⓪.①',
    'rebind.test', 'mixed.test', 'v6.test', 'mapped.test', 'user:pw@pub.test', '127.0.0.1%2f@pub.test',
  ].map((host) => `http://${host}:${port}/`)
  const hostile = [
    ...hosts, 'http://169.254.169.254/latest/meta-data/', 'http://100.100.100.200/', 'file:///etc/passwd',
    at(`/to/302/${encodeURIComponent(`http://127.0.0.1:${port}/secret`)}`), at(`/to/307/${encodeURIComponent('http://169.254.169.254/latest/')}`),
    at(`/to/302/${encodeURIComponent(`http://rebind.test:${port}/`)}`), at(`/to/302/${encodeURIComponent('gopher://pub.test/')}`),
  ]
  assert.equal(hostile.length, 36)
  for (const url of hostile) {
    const error = await failure(egress.fetch(url))
    assert.ok(error instanceof EgressRefused, `${url}: ${error}`) // refused, not failed: nothing was tried
    assert.ok(!/127\.0\.0\.1,|::1,/.test(error.message))
  }
  assert.deepEqual(inside, [])
  assert.ok(outside !== port)
})

test('the canary does hear what reaches the inside', async (t) => {
  const { egress, inside, port } = await stage(t, { allow: ['127.0.0.1'] })
  await egress.fetch(`http://127.0.0.1:${port}/x`)
  assert.equal(inside.length, 1)
})

test('a name that changes its answer is judged at every connection', async (t) => {
  const { egress, inside, outside, port } = await stage(t)
  assert.equal((await egress.fetch(`http://flip.test:${outside}/`)).status, 200)
  assert.ok((await failure(egress.fetch(`http://flip.test:${port}/`))) instanceof EgressRefused)
  assert.deepEqual(inside, [])
})

test('a refusal names no address of the inside, since the tenant reads it', async (t) => {
  const { egress, port } = await stage(t)
  assert.equal((await failure(egress.fetch(`http://rebind.test:${port}/`))).message, 'rebind.test resolves to an address that is not public')
})

test('a redirect to another origin takes no secret along, whatever its header is called', async (t) => {
  const { read, at, outside } = await stage(t)
  const headers = { authorization: 'Bearer s', cookie: 'a=b', 'x-api-key': 'k', 'x-shop-token': 's', accept: 'text/x', 'content-type': 'text/plain' }
  const there = await read(`/to/307/${encodeURIComponent(`http://pub2.test:${outside}/echo`)}`, { headers, method: 'POST', body: 'text' })
  for (const name of ['authorization', 'cookie', 'x-api-key', 'x-shop-token']) assert.equal(there.headers[name], undefined, name)
  assert.deepEqual([there.headers.accept, there.method, there.body], ['text/x', 'POST', 'text'])
  const same = await read(`/to/307/${encodeURIComponent(at('/echo'))}`, { headers })
  assert.deepEqual([same.headers.authorization, same.headers['x-shop-token']], ['Bearer s', 's'])
})

test('303 and a POST that is 301 or 302 go on as GET without the body; 308 keeps both', async (t) => {
  const { read, at } = await stage(t)
  for (const code of [301, 302, 303, 307, 308]) {
    const { method, body } = await read(`/to/${code}/${encodeURIComponent(at('/echo'))}`, { method: 'POST', body: 'b', headers: { 'content-type': 'text/plain' } })
    assert.deepEqual([method, body], code < 304 ? ['GET', ''] : ['POST', 'b'], String(code))
  }
})

test('redirects end: after five, at a step down to http, and where the caller wants to see them', async (t) => {
  const { egress, at } = await stage(t)
  let path = '/echo'
  for (let n = 0; n < 6; n++) path = `/to/302/${encodeURIComponent(at(path))}`
  assert.match((await failure(egress.fetch(at(path)))).message, /redirects/)
  const answer = await egress.fetch(at(`/to/302/${encodeURIComponent('http://127.0.0.1/')}`), { redirect: 'manual' })
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, 'http://127.0.0.1/'])
})

test('the host that was judged is the host that is named: headers of the connection are not taken', async (t) => {
  const { read, outside } = await stage(t)
  const { headers } = await read('/echo', { headers: { host: 'internal.test', connection: 'upgrade', 'transfer-encoding': 'identity', 'x-mine': '1' } })
  assert.deepEqual([headers.host, headers['x-mine']], [`pub.test:${outside}`, '1'])
})

test('only the hosts of the rules are reached, at the first hop and after a redirect', async (t) => {
  const { egress, at, outside, seen } = await stage(t)
  assert.equal((await egress.fetch(at('/'), { hosts: [`pub.test:${outside}`] })).status, 200)
  assert.equal((await egress.fetch(at('/'), { hosts: [`*.test:${outside}`] })).status, 200)
  for (const rule of ['pub.test', `*.pub.test:${outside}`, 'other.test', `ub.test:${outside}`, `pub.test:${outside}1`]) assert.ok((await failure(egress.fetch(at('/'), { hosts: [rule] }))) instanceof EgressRefused, rule)
  const away = at(`/to/302/${encodeURIComponent(at('/away', 'pub2.test'))}`)
  assert.ok((await failure(egress.fetch(away, { hosts: [`pub.test:${outside}`] }))) instanceof EgressRefused)
  assert.ok(!seen.some(({ url }) => url === '/away'))
})

test('a compressed bomb of 2 GB is refused at the byte cap; what it cost is a few megabytes', async (t) => {
  const { egress, at } = await stage(t)
  const before = process.memoryUsage.rss()
  assert.match((await failure(egress.fetch(at('/bomb'), { maxBytes: 2e6 }))).message, /larger than 2000000 bytes/)
  assert.ok(process.memoryUsage.rss() - before < 200e6)
})

test('what is slow, cut off, refused or unknown is a failure that names the host, not a refusal', async (t) => {
  const { egress, at } = await stage(t)
  const table: [() => Promise<EgressAnswer>, string][] = [
    [() => egress.fetch(at('/slow'), { totalMs: 100 }), 'TIMEOUT'], [() => egress.fetch(at('/cut')), 'UND_ERR_SOCKET'], [() => egress.fetch('http://127.0.0.9:2/'), 'ECONNREFUSED'],
    [() => egress.fetch('http://nobody.test/'), 'ENOTFOUND'], [() => egress.fetch('http://empty.test/'), 'ENOTFOUND'],
  ]
  for (const [ask, code] of table) {
    const error = await failure(ask())
    assert.ok(error instanceof EgressFailed, String(error))
    assert.deepEqual([error.code, error.message.includes(error.host)], [code, true])
  }
  assert.match((await failure(egress.fetch('http://pub.test:25/'))).message, /another protocol/)
  const ended = new AbortController()
  ended.abort(new Error('mine'))
  assert.equal((await failure(egress.fetch(at('/slow'), { signal: ended.signal }))).message, 'mine')
})

test('an address from a setting may be private; its redirect may not, and its kept connection serves nobody else', async (t) => {
  const { egress, inside, port } = await stage(t)
  assert.equal(String((await egress.fetch(`http://127.0.0.1:${port}/hook`, { fromSetting: true })).body), 'CANARY')
  assert.ok((await failure(egress.fetch(`http://127.0.0.1:${port}/steal`))) instanceof EgressRefused)
  assert.ok((await failure(egress.fetch(`http://rebind.test:${port}/steal`))) instanceof EgressRefused)
  assert.equal(inside.length, 1)
})

test('EGRESS_ALLOW opens networks, addresses and names, each with its port or all; what it cannot read it says', async (t) => {
  const { port } = await stage(t)
  const reaches = async (allow: string[], url: string) => {
    const egress = openEgress({ allow, resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    t.after(() => egress.close())
    return egress.fetch(url).then(() => true, (error) => (assert.ok(error instanceof EgressRefused), false))
  }
  for (const allow of ['127.0.0.0/8', '127.0.0.1', `127.0.0.1:${port}`]) assert.ok(await reaches([allow], `http://127.0.0.1:${port}/`), allow)
  for (const allow of ['models.test', `models.test:${port}`]) assert.ok(await reaches([allow], `http://models.test:${port}/`), allow)
  for (const allow of ['10.0.0.0/8', '127.0.0.2', '127.0.0.1:1', 'models.test:1', 'test', '::1']) assert.ok(!(await reaches([allow], `http://models.test:${port}/`)), allow)
  for (const bad of ['0.0.0.0/0', '::/0', '10.0.0.0/40', 'http://x', 'a b', '', 'x:0', 'x:99999', '/run/x']) assert.throws(() => openEgress({ allow: [bad] }), /EGRESS_ALLOW/, bad)
})

test('with the standard\'s face: a body streams in, the cap holds, a redirect the caller handles is handed over', async (t) => {
  const { egress, at } = await stage(t)
  const fetch = egress.fetchAs({ maxBytes: 1000 })
  const answer = await fetch(at('/echo'), { method: 'POST', body: new URLSearchParams({ a: 'b c' }), headers: { 'x-a': '1' } })
  const { headers, body } = (await answer.json()) as { headers: Record<string, string>; body: string }
  assert.deepEqual([answer.status, answer.url, body, headers['x-a'], headers['content-type']?.split(';')[0]], [200, at('/echo'), 'a=b+c', '1', 'application/x-www-form-urlencoded'])
  await assert.rejects((await fetch(at('/bomb'))).text(), /larger than 1000/)
  assert.equal((await fetch(at('/to/302/x'), { redirect: 'manual' })).status, 302)
  await assert.rejects(fetch('http://127.0.0.1:1/'), EgressRefused)
})

test('drivers dial by the same rules; a Unix socket, a list of hosts or a flag is no host', async (t) => {
  const { egress, inside, outside, port } = await stage(t)
  const socket = await egress.dial({ host: 'pub.test', port: outside })
  t.after(() => socket.destroy())
  socket.end('GET / HTTP/1.0\r\n\r\n')
  const [first] = await socket.take(1).toArray()
  assert.match(String(first), /^HTTP\/1\.1 200/)
  const bad = ['127.0.0.1', 'localhost', '::1', '[::1]', '0x7f.1', '①②⑦.⓪.⓪.①', 'mixed.test', '/var/run/postgresql', '/run/x.sock', '@abstract', 'a.test,b.test', '', ' ', 'a b', 'a\0b', 'a?host=/x', 'fe80::1%eth0', '-x', 'a/b', 'user@pub.test']
  for (const host of bad) assert.ok((await failure(egress.dial({ host, port }))) instanceof EgressRefused, host)
  for (const p of [0, -1, 65536, 1.5, NaN]) assert.ok((await failure(egress.dial({ host: 'pub.test', port: p }))) instanceof EgressRefused, String(p))
  assert.equal((await failure(egress.dial({ host: '127.0.0.9', port: 1 }))).code, 'ECONNREFUSED')
  assert.equal((await failure(egress.dial({ host: 'nobody.test', port: 1 }))).code, 'ENOTFOUND')
  assert.deepEqual(inside, [])
})
