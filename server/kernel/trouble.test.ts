import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionLost, OutcomeUnknown } from './batch.ts'
import { judge } from './problems.ts'
import { isTrouble, tellError } from './trouble.ts'

const fromServer = (code: string, message: string) => Object.assign(new Error(message), { code, severity: 'ERROR' })

test('what passes by itself is told from defects, however it is wrapped', () => {
  const full = fromServer('53100', 'could not extend file "base/1/2": No space left on device')
  for (const error of [full, new Error('dropped', { cause: full }), new ConnectionLost('lost'), new OutcomeUnknown('in doubt', { cause: new ConnectionLost('lost') }), fromServer('55P03', 'canceling statement due to lock timeout'), fromServer('57P03', 'starting up')]) {
    assert.equal(isTrouble(error), true, error.message)
    assert.equal(judge(error).code, 'unavailable', error.message)
  }
  for (const error of [new TypeError('undefined is no function'), fromServer('42P01', 'no such table'), Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), Object.assign(new Error('550 no such mailbox'), { code: 550 }), undefined, null, 'text']) assert.equal(isTrouble(error), false, String(error))
  assert.equal(judge(new Error('wrapped', { cause: fromServer('42P01', 'no such table') })).code, 'internal')
})

test('trouble is one line with its cause, a defect keeps its stack', () => {
  const lost = new ConnectionLost('no connection', { cause: Object.assign(new Error('connect ECONNREFUSED /run/.s.PGSQL'), { code: 'ECONNREFUSED' }) })
  assert.match(tellError(lost), /^no connection: .*connect ECONNREFUSED/)
  assert.equal(tellError(fromServer('53200', 'out of memory\nDETAIL: much')), 'out of memory (53200)')
  const defect = new TypeError('undefined is no function')
  assert.equal(tellError(defect), defect.stack)
  assert.ok(!tellError(fromServer('53100', 'no room')).includes('\n') && !tellError(new ConnectionLost('lost', { cause: new Error('socket hang up') })).includes('\n'))
})
