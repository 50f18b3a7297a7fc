// A start that cannot be says so in one sentence with its cure, and nothing else: the real program, as whoever types `npm start` meets it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { afterwards } from '../testing/afterwards.ts'
import { listen } from '../testing/listen.ts'
import { connect, Product, setupToken, startProduct } from '../testing/product.ts'
import { pause } from '../testing/world.ts'

/** The one sentence that a start which fails leaves. */
async function refusal(dataDir: string, env: Record<string, string> = {}): Promise<string> {
  const product = new Product(dataDir, env)
  await assert.rejects(product.start(), /ended with code 1 instead of being ready/)
  assert.equal(product.said.trim().split('\n').length, 1, `more than one sentence:\n${product.said}`)
  return product.said.trim()
}
const mountable = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
const skip = mountable ? false : 'mounting needs root on Linux'

test('a second start, a taken port, an address of another machine, a file in place of the folder and newer data are one sentence with the cure', async (t) => {
  const first = await startProduct(t)
  const port = new URL(first.url).port
  const elsewhere = () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-faults-'))
    t.after(() => new Product(folder, {}).remove())
    return folder
  }
  assert.equal(await refusal(first.dataDir), `${first.dataDir} is already in use by process ${first.pid}, at http://localhost:${port}: use that one, stop it, or set another DATA_DIR`)
  const folder = elsewhere()
  assert.equal(await refusal(folder, { PORT: port }), `port ${port} is taken: set PORT to a free one, or PORT=0 for any`)
  for (const given of ['0', '8099']) assert.match(await refusal(folder, { HOST: '203.0.113.7', PORT: given }), /^203\.0\.113\.7 is no address of this machine: set HOST to 127\.0\.0\.1/)
  const file = path.join(elsewhere(), 'file')
  fs.writeFileSync(file, 'here already')
  assert.equal(await refusal(file), `${file} is no folder: set another DATA_DIR`)
  assert.match(await refusal(path.join(file, 'below')), /is no folder: set another DATA_DIR$/)

  const owner = await connect(t, (await first.attach()).superuser())
  await owner.query(`insert into migrations (number, name, hash) select max(number) + 1, 'of-tomorrow', 'x' from migrations`)
  await owner.end()
  assert.equal(await first.stop(), 'code 0')
  assert.match(await refusal(first.dataDir), /^the data is newer than this program \(migration \d+, known \d+\): start the newer version, or restore a backup made with this one$/)
})

test('a start beyond loopback without a mail server says what that means; SIGTERM in the middle of work ends with 0 and loses nothing acknowledged', async (t) => {
  const product = await startProduct(t, { HOST: '0.0.0.0', AWS_REGION: 'eu-north-1' })
  assert.match(product.said, /^SMTP_URL is not set and this listens beyond loopback: mails are only kept on the outbox page/m)
  assert.match(product.said, /^AWS_REGION is set and not used: /m)
  const { accessToken: token, user, tenant, refreshToken } = await product.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password: 'herons under a tin roof 58', name: 'Ann', setupToken } })
  const { id: projectId } = await product.ok('POST', '/projects', { token, body: { key: 'END', name: 'End' } })
  const who = { name: 'Ann', email: 'ann@example.test', password: '', id: user.id, tenant: tenant.id, access: token, refresh: refreshToken, since: Date.now() }
  const streams = await Promise.all((['websocket', 'sse'] as const).map((wire) => listen({ product }, who, ['tenant'], wire)))
  const acknowledged: string[] = []
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; ; n++) {
      const answer = await product.call('POST', '/tasks', { token, body: { projectId, title: `task ${writer}-${n}` } }).catch(() => undefined)
      if (answer?.status === 201) acknowledged.push(answer.body.id)
      else return
    }
  })
  while (acknowledged.length < 60) await pause(5)
  const since = performance.now()
  assert.equal(await product.stop(), 'code 0')
  t.diagnostic(`ended ${Math.round(performance.now() - since)} ms after SIGTERM, with ${acknowledged.length} writes behind it`)
  await Promise.all(writers)
  for (const stream of streams) while (stream.closed === undefined) await pause(5)
  assert.equal(streams[0]!.closed, 1001, 'sockets are sent elsewhere')
  await product.start()
  const sql = await connect(t, (await product.attach()).superuser())
  assert.deepEqual((await sql.query('select w.id from unnest($1::uuid[]) w (id) where not exists (select from tasks t where t.id = w.id)', [acknowledged])).rows, [])
})

test('a disk that is read-only is one sentence; one that fills up refuses writes, answers reads, says why, and goes on when there is room', { skip }, async (t) => {
  const disk = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-disk-'))
  fs.chmodSync(disk, 0o755)
  afterwards(t, () => fs.rmdirSync(disk))
  const mount = (...o: string[]) => assert.equal(spawnSync('mount', [...o, disk]).status, 0)
  mount('-t', 'tmpfs', '-o', 'size=400m', 'tmpfs')
  afterwards(t, () => spawnSync('umount', ['-l', disk]))
  const below = path.join(disk, 'not', 'there', 'yet')
  mount('-o', 'remount,ro')
  assert.equal(await refusal(below), `${below} lies on a read-only file system: make it writable, or set another DATA_DIR`)
  mount('-o', 'remount,rw')

  const product = new Product(path.join(disk, 'data'), {})
  afterwards(t, () => product.kill())
  await product.start()
  const { accessToken: token } = await product.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password: 'herons under a tin roof 58', name: 'Ann', setupToken } })
  const { id: projectId } = await product.ok('POST', '/projects', { token, body: { key: 'DISK', name: 'Disk' } })
  const filler = path.join(disk, 'filler')
  const fill = spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'])
  assert.match(String(fill.stderr), /No space left/)
  // what the database has kept for itself is used up first
  const write = () => product.call('POST', '/tasks', { token, body: { projectId, title: 'large', description: 'words of no weight '.repeat(500) } })
  let kept = 0
  let answer = await write()
  for (; answer.status === 201; answer = await write()) assert.ok(++kept < 20_000, 'the disk is not full')
  assert.deepEqual([answer.status, answer.body.code, answer.headers.has('retry-after')], [503, 'unavailable', true])
  assert.equal((await product.call('GET', `/projects/${projectId}`, { token })).status, 200)
  assert.match(product.said, /the database lacks room/)
  fs.rmSync(filler)
  for (let tries = 0; (answer = await write()).status !== 201; tries++) assert.ok(tries < 1000 && answer.status === 503, `it stays ${answer.status}: ${product.said}`)
  assert.equal(await product.stop(), 'code 0')
})
