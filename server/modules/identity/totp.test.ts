// Against the test vectors of the specification.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32, codeAt, newTotpSecret, otpauthUri, stepAt, stepOfCode } from './totp.ts'

const secret = base32(Buffer.from('12345678901234567890'))

test('codes are those of RFC 6238, appendix B', () => {
  // the appendix prints eight digits; six are their end
  for (const [seconds, code] of [[59, '94287082'], [1111111109, '07081804'], [1111111111, '14050471'], [1234567890, '89005924'], [2000000000, '69279037'], [20000000000, '65353130']] as const)
    assert.equal(codeAt(secret, stepAt(seconds * 1000)), code.slice(-6))
})

test('a code is taken one step early or late, with spaces, and not two steps away', () => {
  const now = 1_700_000_000_000
  for (const drift of [-1, 0, 1]) assert.equal(stepOfCode(secret, codeAt(secret, stepAt(now) + drift), now), stepAt(now) + drift)
  for (const drift of [-2, 2]) assert.equal(stepOfCode(secret, codeAt(secret, stepAt(now) + drift), now), undefined)
  const code = codeAt(secret, stepAt(now))
  assert.equal(stepOfCode(secret, `${code.slice(0, 3)} ${code.slice(3)}`, now), stepAt(now))
  for (const bad of ['', '12345', '1234567', 'abcdef', '００００００']) assert.equal(stepOfCode(secret, bad, now), undefined)
})

test('a secret has 160 bits, and its address says what an app must know', () => {
  assert.match(newTotpSecret(), /^[A-Z2-7]{32}$/)
  assert.notEqual(newTotpSecret(), newTotpSecret())
  assert.equal(otpauthUri('ABC', 'mia@example.test', 'Ground work'), 'otpauth://totp/Ground%20work:mia%40example.test?secret=ABC&issuer=Ground%20work&algorithm=SHA1&digits=6&period=30')
})
