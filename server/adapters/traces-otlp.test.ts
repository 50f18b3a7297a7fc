import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openEgress } from '../kernel/egress.ts'
import { openOtlp, readTraceparent } from './traces-otlp.ts'

test('a span reaches the collector with the caller\'s trace, its times and its status', async (t) => {
  const got: { url: string | undefined; body: any }[] = []
  const collector = createServer(async (req, res) => {
    let text = ''
    for await (const part of req) text += String(part)
    got.push({ url: req.url, body: JSON.parse(text) })
    res.end('{}')
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  t.after(() => collector.close())
  const egress = openEgress()
  t.after(() => egress.close())
  const traces = openOtlp({ egress, endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`, service: 'groundwork', version: '1', everyMs: 60_000, log: () => assert.fail('sent at once') })
  traces.record({ name: 'tasks.move', startedAtMs: 1_795_267_200_000.25, ms: 12.5, status: 503, parent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', attributes: { 'request.id': 'r1' } })
  await traces.close()
  const [span] = got[0]!.body.resourceSpans[0].scopeSpans[0].spans
  assert.equal(got[0]!.url, '/v1/traces')
  assert.deepEqual([span.traceId, span.parentSpanId, span.name, span.status.code], ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', 'tasks.move', 2])
  assert.equal(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano), 12_500_000n)
  assert.ok(span.attributes.some((a: { key: string; value: { stringValue?: string } }) => a.key === 'request.id' && a.value.stringValue === 'r1'))
})

test('a collector that is away costs spans, not requests', async (t) => {
  const said: string[] = []
  const egress = openEgress()
  t.after(() => egress.close())
  const traces = openOtlp({ egress, endpoint: 'http://127.0.0.1:1', service: 'groundwork', version: '1', everyMs: 60_000, log: (message) => void said.push(message) })
  for (let i = 0; i < 2100; i++) traces.record({ name: 'x', startedAtMs: 0, ms: 1, status: 200, parent: undefined, attributes: {} })
  await traces.close()
  assert.equal(said.length, 1)
})

test('a traceparent that is none begins a trace of its own', () => {
  for (const header of [undefined, '', 'nonsense', '00-00000000000000000000000000000000-00f067aa0ba902b7-01', '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']) assert.equal(readTraceparent(header), undefined)
})
