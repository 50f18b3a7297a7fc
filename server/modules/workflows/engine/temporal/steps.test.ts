import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../store.ts'
import type { StepAsked } from './books.ts'
import { createSteps } from './steps.ts'

const run = (id: string): StepAsked => ({
  place: { tenant: 't', run: id, epoch: 1 }, facts: {} as StepAsked['facts'], key: 'a', attempt: 1, redo: 0, notes: [],
  call: { node: 'a', action: 'hold', needs: {}, input: null, timeoutMs: 60_000, retry: { max: 1, baseMs: 1, factor: 1, capMs: 1 } } as unknown as StepAsked['call'],
})
const calling = () => ({ tries: 1, stopped: new AbortController().signal, closing: new AbortController().signal })

test('a step that begins while the news of others are read is not stopped by them; one whose run is gone is', async () => {
  const answer = Promise.withResolvers<unknown[][]>()
  const store = { flush: () => answer.promise } as unknown as Store
  const stopped: string[] = []
  const going = Promise.withResolvers<void>()
  const steps = createSteps({
    store,
    run: (_, at) => new Promise((resolve, reject) => {
      void going.promise.then(() => resolve('done'))
      at.signal.addEventListener('abort', () => (stopped.push(at.run.id), reject(new Error('stopped'))))
    }),
    write: async (_, { state, attempt }) => ({ state, attempt, output: 'done', error: null, due: null, paused: false }) as never,
  })
  const named = (id: string) => ({ ...run(id), facts: { id } as StepAsked['facts'] })
  const gone = steps.perform(named('gone'), calling())
  const looking = steps.look(false)
  const late = steps.perform(named('late'), calling())
  answer.resolve([[]]) // what was read before the late step began knows neither run
  await looking
  assert.deepEqual(await gone, { state: 'stopped' })
  assert.deepEqual([stopped, steps.held()], [['gone'], 1])
  going.resolve()
  assert.equal((await late).state, 'done')
})
