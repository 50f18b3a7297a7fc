// A backup taken by its command beside a server that many write to, restored by its command into another folder: what was acknowledged before it is
// there, nobody is signed in, nothing that was queued goes out, and who followed live is told to load again (S2.22).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { epochOf, parsePosition } from '../kernel/log.ts'
import { listen } from '../testing/listen.ts'
import { Product, setupToken, startProduct, verb } from '../testing/product.ts'
import { pause, type Person } from '../testing/world.ts'

const password = 'herons under a tin roof 58'

test('a backup under load, restored elsewhere, has every write acknowledged before it, ends sessions and holds what was queued', async (t) => {
  const SECRET_KEY = randomBytes(32).toString('base64')
  const env = { SECRET_KEY, PUBLIC_URL: 'http://house.test' } // the same issuer, so that tokens of before are refused for one reason alone
  const product = await startProduct(t, env)
  const made = await product.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password, name: 'Ann', tenantName: 'House', setupToken } })
  const ann: Person = { name: 'Ann', email: 'ann@example.test', password, id: made.user.id, tenant: made.tenant.id, access: made.accessToken, refresh: made.refreshToken, since: Date.now() }
  const token = ann.access
  const { id: projectId } = await product.ok('POST', '/projects', { token, body: { key: 'SAFE', name: 'Safe' } })
  const acknowledged: string[] = []
  let writing = true
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let n = 0; writing; n++) acknowledged.push((await product.ok('POST', '/tasks', { token, body: { projectId, title: `task ${writer}-${n}` } })).id)
  })
  while (acknowledged.length < 100) await pause(10)
  const before = acknowledged.slice()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-backup-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'house.backup')
  const taken = await verb(['backup', file], { DATA_DIR: product.dataDir, SECRET_KEY })
  const meanwhile = acknowledged.length - before.length
  writing = false
  await Promise.all(writers)
  assert.deepEqual([taken.code, taken.said.includes('sealed with the platform key')], [0, true], taken.said)
  assert.ok(meanwhile > 0, 'nobody wrote while it was taken')
  t.diagnostic(`${before.length} writes before, ${meanwhile} while it was taken`)
  const heard = await listen({ product }, ann, ['tenant'], 'websocket')
  const { cursor } = heard.frames.at(-1) as { cursor: string }
  heard.close()

  const elsewhere = path.join(folder, 'restored')
  const refused = await verb(['restore', file], { DATA_DIR: product.dataDir, SECRET_KEY })
  assert.equal(refused.code, 1)
  assert.match(refused.said, /already in use by process \d+/)
  const other = await verb(['restore', file], { DATA_DIR: elsewhere, SECRET_KEY: randomBytes(32).toString('base64') })
  assert.equal(other.code, 1)
  assert.match(other.said, /belongs to another platform key/)
  const done = await verb(['restore', file], { DATA_DIR: elsewhere, SECRET_KEY })
  assert.equal(done.code, 0, done.said)

  const again = new Product(elsewhere, env)
  t.after(() => again.remove())
  await again.start()
  assert.match(again.said, /restored from a backup of .*: mails, jobs and triggers are held/)
  assert.deepEqual([(await again.call('GET', '/projects', { token })).status, (await again.call('POST', '/auth/refresh', { body: { refreshToken: ann.refresh } })).status], [401, 401], 'sessions of before still hold')
  const back = await again.ok('POST', '/auth/login', { body: { email: ann.email, password } })
  const found = new Set<string>()
  for (let after = ''; ; ) {
    const page = await again.ok('GET', `/tasks?projectId=${projectId}&limit=200${after && `&after=${encodeURIComponent(after)}`}`, { token: back.accessToken })
    for (const { id } of page.items) found.add(id)
    if (!(after = page.next ?? '')) break
  }
  assert.deepEqual(before.filter((id) => !found.has(id)), [], 'acknowledged before the backup, and lost')
  assert.deepEqual([...found].filter((id) => !acknowledged.includes(id)), [], 'never acknowledged as such, and there')
  const follower = await listen({ product: again }, { ...ann, access: back.accessToken }, ['tenant'], 'websocket', cursor)
  assert.ok(follower.frames.some(({ type }) => type === 'resync'), JSON.stringify(follower.frames))
  const epochs = [cursor, follower.frames.at(-1)!.cursor!].map((one) => epochOf(parsePosition(one)!.pos))
  assert.ok(epochs[1]! > epochs[0]!, `positions are given out again: epochs ${epochs.join(', ')}`)
  follower.close()
  assert.ok((await again.ok('GET', '/installation', { token: back.accessToken })).heldSince, 'nothing is held')
  await again.ok('POST', '/tasks', { token: back.accessToken, body: { projectId, title: 'and on it goes' } })
  assert.equal((await again.ok('POST', '/installation/release', { token: back.accessToken })).heldSince, null)
})
