import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isId, newId } from './ids.ts'

test('ids are uuids of version 7, each once, and sort in the order of their making', () => {
  const ids = Array.from({ length: 20_000 }, newId) // several a millisecond: more than the counter holds, should they all fall into one
  assert.deepEqual(ids.filter((id) => !isId(id) || id[14] !== '7' || !'89ab'.includes(id[19]!)), [])
  assert.deepEqual(ids.toSorted(), ids)
  assert.equal(new Set(ids).size, ids.length)
})

test('an id tells when it was made', () => {
  const before = Date.now()
  const made = parseInt(newId().replace('-', '').slice(0, 12), 16)
  assert.ok(made >= before - 1 && made <= Date.now() + 1000, `${made} is not about ${before}`)
})
