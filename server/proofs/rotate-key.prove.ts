// Another platform key by its command: what was sealed before is read afterwards, whoever was signed in stays so, the former key opens nothing, and a
// command that was cut off comes to its end.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { createKeyRing } from '../kernel/keys.ts'
import { connect, setupToken, startProduct, verb } from '../testing/product.ts'

const password = 'herons under a tin roof 58'
const makeKey = () => randomBytes(32).toString('base64')

test('with another platform key all is read as before and nobody is signed out; the former one is refused', async (t) => {
  const product = await startProduct(t, { PUBLIC_URL: 'http://house.test' })
  const made = await product.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password, name: 'Ann', tenantName: 'House', setupToken } })
  let token = made.accessToken as string
  const project = await product.ok('POST', '/projects', { token, body: { key: 'SAFE', name: 'Safe' } })
  await product.ok('POST', '/tasks', { token, body: { projectId: project.id, title: 'a sealed title' } })
  const titles = async () => JSON.stringify(await product.ok('GET', '/activity', { token })).includes('a sealed title')
  const kids = async () => ((await (await fetch(`${product.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
  const signing = await kids()
  assert.equal(await titles(), true)
  const file = path.join(product.dataDir, 'keys', 'platform.key')
  const first = fs.readFileSync(file, 'utf8')

  const env = { DATA_DIR: product.dataDir, PUBLIC_URL: 'http://house.test' }
  const running = await verb(['rotate-key'], env)
  assert.deepEqual([running.code, running.said.trim().split('\n').length, /already in use by process \d+/.test(running.said)], [1, 1, true], running.said)
  assert.equal(fs.readFileSync(file, 'utf8'), first)

  assert.equal(await product.stop(), 'code 0')
  const done = await verb(['rotate-key'], env)
  assert.equal(done.code, 0, done.said)
  assert.match(done.said, /^\d+ keys are wrapped by the new one$/m)
  const second = fs.readFileSync(file, 'utf8')
  assert.notEqual(second, first)
  assert.equal(fs.statSync(file).mode & 0o777, 0o600)

  const former = await verb([], { ...env, SECRET_KEY: first.trim(), PORT: '0' })
  assert.deepEqual([former.code, former.said.trim().split('\n').length], [1, 1], former.said)
  assert.match(former.said, /SECRET_KEY is not the key of this database/)
  await product.start()
  assert.deepEqual(await kids(), signing, 'the keys that sign tokens are the same')
  assert.equal(await titles(), true, 'a token of before opens what was sealed before')
  token = (await product.ok('POST', '/auth/refresh', { body: { refreshToken: made.refreshToken } })).accessToken
  await product.ok('POST', '/auth/forgot-password', { body: { email: 'ann@example.test' } })
  const [told] = (await product.ok('GET', '/jobs?name=identity.letter', { token })).items
  assert.ok(told, 'a letter is queued, sealed under the key of today')

  // cut off after the keys were wrapped and before the file was exchanged: the same command again
  assert.equal(await product.stop(), 'code 0')
  const again = await verb(['rotate-key'], env)
  assert.equal(again.code, 0, again.said)
  fs.renameSync(file, `${file}.next`)
  fs.writeFileSync(file, second, { mode: 0o600 })
  assert.match((await verb([], { ...env, PORT: '0' })).said, /where rotate-key was cut off, run it again/)
  const ended = await verb(['rotate-key'], env)
  assert.deepEqual([ended.code, /wrapped by the new one already/.test(ended.said)], [0, true], ended.said)
  await product.start()
  assert.equal(await titles(), true)
  const sql = await connect(t, (await product.attach()).superuser())
  assert.deepEqual((await sql.query(`select count(*)::int as n from events where name = 'platform-key.replaced'`)).rows, [{ n: 2 }])
})

test('a key in SECRET_KEY is replaced by NEW_SECRET_KEY; what a version of before sealed under it directly comes along', async (t) => {
  const [SECRET_KEY, NEW_SECRET_KEY] = [makeKey(), makeKey()]
  const product = await startProduct(t, { SECRET_KEY, PUBLIC_URL: 'http://house.test' })
  const { accessToken: token } = await product.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password, name: 'Ann', setupToken } })
  const sql = await connect(t, (await product.attach()).superuser())
  const before = createKeyRing({ platformKey: Buffer.from(SECRET_KEY, 'base64'), store: { transact: () => Promise.reject(new Error('it asks nothing')) } })
  await sql.query(`update oauth.issuer_secret set sealed = $1 where name = 'cookies'`, [before.sealForPlatform(JSON.stringify(['cookies of before']), 'oauth.issuer_secret/sealed/cookies')])
  await sql.end()
  assert.equal(await product.stop(), 'code 0')
  const env = { DATA_DIR: product.dataDir, SECRET_KEY }
  assert.match((await verb(['rotate-key'], env)).said, /^NEW_SECRET_KEY is missing/)
  const done = await verb(['rotate-key'], { ...env, NEW_SECRET_KEY })
  assert.deepEqual([done.code, /start with SECRET_KEY set to it/.test(done.said)], [0, true], done.said)
  assert.equal((await verb(['rotate-key'], { ...env, NEW_SECRET_KEY })).code, 0, 'once more changes nothing')
  product.env.SECRET_KEY = NEW_SECRET_KEY
  await product.start()
  await product.ok('GET', '/users/me', { token })
  await product.ok('POST', '/auth/login', { body: { email: 'ann@example.test', password } })
})
