// The program of a run over a host that is made by hand: each case is a moment that neither the stand-in nor a Temporal server brings about on purpose.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { graph } from '../../../../testing/workflows.ts'
import type { CompiledNode } from '../compiled.ts'
import type { Json } from '../port.ts'
import type { Begun, Books, Host, Kept } from './books.ts'
import { runProgram } from './program.ts'

const kept = (state: 'pending' | 'done', output: Json = null): Kept => ({ state, output, error: null, attempt: 1, due: null, paused: false })
const unused = (): never => assert.fail('nothing asks for this here')

/** @param books what the run asks of our tables; parking ends the test's run @returns what it gave, or that it slept */
async function play(node: CompiledNode, woken: () => number, books: Partial<Books>): Promise<unknown> {
  let over = false
  const ended = Promise.withResolvers<unknown>()
  const begun = {
    steps: [], more: null, place: { tenant: 't', run: 'r', epoch: 1 }, facts: { id: 'r', tenantId: 't', defId: 'd', defVersion: 1, startedAt: 0, actor: { type: 'user', id: null }, causeId: null, depth: 0, parentRun: null },
    graph: graph([node]), input: null, request: null, status: 'running', cancel: false, pause: false, deadline: 1e9, seen: 0, inMemoryWaitMs: 0, stepsPerRun: 100, historyEvents: 1e6,
  } as Begun
  const host: Host = {
    now: () => 1, history: () => ({ events: 0, bytes: 0 }), step: unused, shielded: new AsyncLocalStorage<true>() as Host['shielded'],
    async until(holds) {
      while (!holds()) await (over ? new Promise(() => {}) : turn())
      return true
    },
    books: {
      begin: async () => begun, history: unused, look: unused, take: unused, child: unused, record: async (_, { state }) => kept(state as 'pending'),
      park: async () => (ended.resolve('it slept'), true), end: async (_, { output }) => (ended.resolve(output), true), ...books,
    },
  }
  void runProgram(host, { tenant: 't', run: 'r' }, woken).catch(ended.reject)
  const got = await ended.promise
  over = true
  return got
}

test('what comes while a run looks for it is looked at again, and not slept over: a signal, a child\'s end', async () => {
  for (const [node, name, missed, there] of [
    [{ id: 'w', kind: 'wait', signal: 'go' }, 'take', null, { output: { timedOut: false, payload: 7 } }],
    [{ id: 'c', kind: 'child', def: { id: 'd', version: 1 } }, 'child', kept('pending'), kept('done', 8)],
  ] as const) {
    let [woken, looks] = [0, 0]
    const told = Promise.withResolvers<void>()
    /** The first look finds nothing, and the news of what it just missed are read before it answers. */
    const look = async () => {
      if (++looks > 1) return there
      woken++
      await told.promise
      await turn()
      return missed
    }
    const output = await play(node, () => woken, { [name]: look, look: async () => (told.resolve(), { status: 'running', cancel: false, pause: false, seen: 1 }) })
    assert.deepEqual([output, looks], [{ [node.id]: name === 'take' ? there.output : 8 }, 2])
  }
})
