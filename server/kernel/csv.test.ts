import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvOf, wantsCsv } from './csv.ts'

test('cells that a spreadsheet would run are quoted, numbers are not', () => {
  assert.equal(csvOf(['a', 'b'], [['=1+1', -3], ['+x', '-y'], ['@z', null], ['\tq', true], ['a,"b"\nc', 'plain']]), 'a,b\r\n\'=1+1,-3\r\n\'+x,\'-y\r\n\'@z,\r\n\'\tq,true\r\n"a,""b""\nc",plain\r\n')
})

test('CSV is answered to those who ask for it, JSON to all others', () => {
  for (const accept of ['text/csv', 'text/csv, application/json;q=0.5', 'TEXT/CSV;q=0.9,*/*;q=0.1']) assert.equal(wantsCsv(accept), true, accept)
  for (const accept of ['', '*/*', 'application/json', 'application/json, text/csv', 'text/csv;q=0', 'text/html']) assert.equal(wantsCsv(accept), false, accept)
})
