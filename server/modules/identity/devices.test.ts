import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, testApp } from '../../testing/app.ts'
import { deviceOf, wordsOf } from './devices.ts'

const firefox = (version: number) => `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`

test('a sign-in from a device that was not seen before is told by mail, once; the first device and a newer version are not', async (t) => {
  const app = await testApp(t)
  await app.register('Ada')
  const told = async () => (await app.settled(), (await app.mails()).filter((mail) => mail.subject === 'A new device signed in'))
  const signIn = (userAgent: string) => app.ok(undefined, 'POST', '/auth/login', { email: 'ada@example.test', password }, { 'user-agent': userAgent })
  await app.login('Ada')
  assert.deepEqual(await told(), [])
  await signIn(firefox(120))
  const [letter, ...more] = await told()
  assert.deepEqual([letter?.to, more.length], ['ada@example.test', 0])
  assert.match(letter!.text, /Firefox on Linux signed in to your account from the address 127\.0\.0\.1/)
  await signIn(firefox(121))
  await app.login('Ada')
  assert.equal((await told()).length, 1)
  assert.equal((await app.as(undefined, 'POST', '/auth/login', { email: 'ada@example.test', password: 'wrong' }, { 'user-agent': 'Mozilla/5.0 (iPhone) Safari/1' })).status, 401)
  assert.equal((await told()).length, 1, 'who does not get in is no device')
})

test('a device is its browser and system, without versions', () => {
  assert.deepEqual(deviceOf(firefox(1)), deviceOf(firefox(2)))
  assert.notDeepEqual(deviceOf('curl/8.0'), deviceOf(firefox(2)))
  assert.equal(wordsOf('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0'), 'Edge on Windows')
  assert.equal(wordsOf('curl/8.0'), 'An application on an unknown system')
})
