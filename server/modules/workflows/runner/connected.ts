// The connections module as steps use it: by the rights of the run, with its failures as a step's.
import { Problem } from '../../../kernel/errors.ts'
import { ConnectionError, type Desk, type OpenConnection } from '../../connections/api.ts'
import type { Json } from '../engine/port.ts'
import { StepFailure, type Step } from '../nodes/node.ts'
import { asStepFailure, type Connections } from './outside.ts'

type Speaking<S extends OpenConnection['speaks']> = Extract<OpenConnection, { speaks: S }>

/** @param desk of the connections module */
export function connectionsBy(desk: Desk): Connections {
  async function open(step: Step, id: string): Promise<OpenConnection> {
    return desk.open(await step.context(), id)
  }
  async function speaking<S extends OpenConnection['speaks']>(step: Step, id: string, wanted: S): Promise<Speaking<S>> {
    const opened = await open(step, id)
    if (opened.speaks !== wanted) throw final(new StepFailure('connection.wrong_kind', `${opened.name} is a ${opened.type} connection, which cannot do this`))
    return opened as Speaking<S>
  }
  return {
    request: (step, id, { method, url, query, headers, body }) => asSteps(async () => {
      const named = Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')
      const opened = await speaking(step, id, 'http')
      return opened.request({ method, url, query, headers: { ...(named || method === 'GET' ? {} : { 'idempotency-key': step.key }), ...headers }, body, totalMs: 30_000, signal: step.signal })
    }),
    operation: (step, id, name, input) => asSteps(async () => (await speaking(step, id, 'http')).operation(name, input)),
    send: (step, id, letter) => asSteps(async () => (await speaking(step, id, 'smtp')).send(letter)),
    query: (step, id, sql, parameters, maxRows) => asSteps(async () => (await (await speaking(step, id, 'database')).query(sql, parameters, maxRows)) as unknown as Json),
    test: (step, id) => asSteps(async () => (await open(step, id)).test()),
  }
}

const final = (failure: StepFailure): StepFailure => Object.assign(failure, { retryable: false })
async function asSteps<R>(body: () => Promise<R>): Promise<R> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof Problem) throw final(new StepFailure(error.code, error.message))
    if (error instanceof ConnectionError) throw error.code === 'failed' ? new StepFailure('connection.failed', error.message) : final(new StepFailure(`connection.${error.code}`, error.message))
    return asStepFailure(error)
  }
}
