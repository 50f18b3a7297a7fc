import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswords } from './hashing.ts'

test('a password verifies against its hash, which is argon2id with the stated parameters', async () => {
  const passwords = createPasswords()
  const hashed = await passwords.hash('tulips')
  assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.deepEqual([await passwords.verify(hashed, 'tulips'), await passwords.verify(hashed, 'Tulips')], [true, false])
})

test('more than the line holds are turned away with 503, and the line empties', async () => {
  const passwords = createPasswords({ atOnce: 1, waiting: 2 })
  const all = await Promise.allSettled([1, 2, 3, 4, 5].map(() => passwords.hash('x')))
  assert.deepEqual(all.map((a) => (a.status === 'fulfilled' ? 'hashed' : a.reason.code)), ['hashed', 'hashed', 'hashed', 'unavailable', 'unavailable'])
  assert.ok(await passwords.hash('x'))
})
