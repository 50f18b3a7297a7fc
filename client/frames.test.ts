import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFrame, SubjectOrder } from './frames.ts'
import { createSplitter } from './sse.ts'

test('an older event of a subject is dropped, whatever other subjects do', () => {
  const order = new SubjectOrder()
  const event = (id: string, seq: number) => ({ subject: { type: 'task', id }, seq })
  assert.deepEqual([event('a', 5), event('b', 2), event('a', 4), event('a', 5), event('a', 6), event('b', 3)].map((e) => order.isNew(e)), [true, true, false, false, true, true])
  order.clear()
  assert.ok(order.isNew(event('a', 1)))
})

test('only so many subjects are remembered, the longest unseen goes first', () => {
  const order = new SubjectOrder(2)
  const event = (id: string) => ({ subject: { type: 'task', id }, seq: 1 })
  for (const id of ['a', 'b', 'c']) order.isNew(event(id))
  assert.deepEqual(['c', 'a'].map((id) => order.isNew(event(id))), [false, true])
})

test('what is no frame is not taken for one, and unknown kinds with a cursor pass', () => {
  for (const text of ['', 'null', '[]', '{}', '{"type":"event"}', '{"type":"ready","cursor":1}']) assert.equal(readFrame(text), undefined, text)
  assert.deepEqual(readFrame('{"type":"new","cursor":"c"}'), { type: 'new', cursor: 'c' })
})

test('an event stream is read whole however it is cut', () => {
  const stream = ': hi\r\n\r\nid: 1\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:x\n\nevent: y\n\rdata: z\r\r'
  for (let size = 1; size <= stream.length; size++) {
    const got: string[] = []
    const split = createSplitter((data) => got.push(data))
    for (let at = 0; at < stream.length; at += size) split(stream.slice(at, at + size))
    split('\n')
    assert.deepEqual(got, ['{"a":\n1}', 'x', 'z'], `in pieces of ${size}`)
  }
})
