import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { createMetrics } from './metrics.ts'
import { addProbes } from './probes.ts'

test('what is missing is 503; what works with less is told and answered with 200', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const state = { missing: [] as string[], degraded: [] as string[] }
  addProbes(app, {
    version: '1', startedAt: Date.now(), metrics: createMetrics(), metricsToken: undefined, doorkeeper: { authenticate: async () => undefined },
    notReady: async () => state.missing, degraded: () => state.degraded, details: async () => ({ secret: true }), refresh: async () => {},
  })
  const ask = async (url: string) => {
    const answer = await app.inject(url)
    return [answer.statusCode, answer.json()]
  }
  assert.deepEqual(await ask('/ready'), [200, { status: 'ready', missing: [], degraded: [] }])
  state.degraded = ['bus']
  assert.deepEqual(await ask('/ready'), [200, { status: 'ready', missing: [], degraded: ['bus'] }])
  const [, status] = await ask('/status')
  assert.deepEqual([status.status, 'secret' in status], ['degraded', false], 'strangers hear no details')
  state.missing = ['database']
  assert.deepEqual(await ask('/ready'), [503, { status: 'not ready', missing: ['database'], degraded: ['bus'] }])
})
