// What steps do outside of the house: requests through the egress guard, code in the sandbox, databases of connections.
import { hash } from 'node:crypto'
import { EgressFailed, EgressRefused } from '../../../kernel/egress-reach.ts'
import { HostUnavailable } from '../../../kernel/egress-tenants.ts'
import type { EgressAnswer } from '../../../kernel/egress.ts'
import type { Letter, Sandbox } from '../../../kernel/ports.ts'
import { SandboxError } from '../../../kernel/sandbox.ts'
import type { Json } from '../engine/port.ts'
import { StepFailure, type Step } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import type { OutgoingAnswer, OutgoingRequest, Services } from './services.ts'

/** What the module needs of connections; secrets never come out of it. */
export type Connections = {
  /** Signs the request in and sends it through the guard; what comes back has the connection's secrets masked. */
  request(step: Step, connectionId: string, request: OutgoingRequest): Promise<OutgoingAnswer>
  operation(step: Step, connectionId: string, name: string, input: Record<string, unknown>): Promise<OutgoingAnswer>
  /** By a mail server of the tenant's own; at least once, under the letter's key. */
  send(step: Step, connectionId: string, letter: Letter): Promise<void>
  query(step: Step, connectionId: string, sql: string, parameters: readonly Json[], maxRows: number): Promise<Json>
  test(step: Step, connectionId: string): Promise<{ ok: boolean; message: string }>
}

const final = (failure: StepFailure): StepFailure => Object.assign(failure, { retryable: false })
/** The guard's words as a step's failure. */
export function asStepFailure(error: unknown): never {
  if (error instanceof EgressRefused) throw final(new StepFailure('egress.refused', error.message))
  if (error instanceof HostUnavailable) throw new StepFailure('http.unavailable', error.message, { retryAfterMs: Math.max(0, error.retryAt - Date.now()) })
  if (error instanceof EgressFailed) throw new StepFailure('http.unavailable', error.message)
  throw error
}
export function addressOf(url: string, query: Record<string, string>): URL {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw final(new StepFailure('step.invalid', `"${url.slice(0, 100)}" is no http or https address`))
  const at = new URL(url)
  for (const [name, value] of Object.entries(query)) at.searchParams.set(name, value)
  return at
}
/** A text as it is, everything else as JSON. */
export function bodyOf(body: unknown): { body?: string; type?: string } {
  if (body === undefined || body === null) return {}
  return typeof body === 'string' ? { body, type: 'text/plain; charset=utf-8' } : { body: JSON.stringify(body), type: 'application/json' }
}
export function readAnswer({ status, headers, body }: Pick<EgressAnswer, 'status' | 'headers' | 'body'>): OutgoingAnswer {
  const text = body.toString('utf8')
  const isText = Buffer.compare(Buffer.from(text, 'utf8'), body) === 0
  let read: unknown = body.length === 0 ? null : isText ? text : { base64: body.toString('base64') }
  if (isText && /\bjson\b/i.test(headers.get('content-type') ?? '')) {
    try {
      read = JSON.parse(text)
    } catch {
      // says it is JSON and is not: a text
    }
  }
  return { status, headers: Object.fromEntries([...headers].filter(([name]) => name !== 'set-cookie').slice(0, 100)), body: read }
}

export function createOutside({ kernel, sandbox, connections }: Pick<Parts, 'kernel'> & { sandbox: Sandbox; connections: Connections }): Pick<Services, 'request' | 'operation' | 'query' | 'code' | 'testConnection'> {
  const ofConnection = (step: Step): [Connections, string] => {
    const { connectionId } = step.node
    if (!connectionId) throw final(new StepFailure('connection.missing', 'the node names no connection'))
    return [connections, connectionId]
  }
  return {
    async request(step, wanted) {
      try {
        if (step.node.connectionId) {
          const [module, id] = ofConnection(step)
          return await module.request(step, id, wanted)
        }
        const { body, type } = bodyOf(wanted.body)
        const named = new Set(Object.keys(wanted.headers).map((name) => name.toLowerCase()))
        const headers = { ...(type && !named.has('content-type') ? { 'content-type': type } : {}), ...(named.has('idempotency-key') || wanted.method === 'GET' ? {} : { 'idempotency-key': step.key }), ...wanted.headers }
        const who = await step.who()
        return readAnswer(await kernel.egress.fetch(addressOf(wanted.url, wanted.query), { method: wanted.method, headers, body, signal: step.signal, totalMs: 30_000, for: { tenant: step.run.tenantId, request: who.request, cause: who.cause } }))
      } catch (error) {
        return asStepFailure(error)
      }
    },
    async operation(step, name, input) {
      const [module, id] = ofConnection(step)
      return module.operation(step, id, name, input)
    },
    async query(step, sql, parameters, maxRows) {
      const [module, id] = ofConnection(step)
      return module.query(step, id, sql, parameters, maxRows)
    },
    async testConnection(step) {
      const [module, id] = ofConnection(step)
      return module.test(step, id)
    },
    async code(step, code, input, hosts) {
      const who = await step.who()
      try {
        const { value } = await sandbox.call({ tenant: step.run.tenantId, id: `code/${step.run.workflowId}/${step.node.id}/${hash('sha256', code).slice(0, 16)}`, source: await plainSource(code) }, input, {
          hosts, idempotencyKey: step.key, for: { tenant: step.run.tenantId, request: who.request, cause: who.cause },
        })
        return value
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error
        throw Object.assign(new StepFailure(error.retryable ? 'sandbox.busy' : `code.${error.code}`, error.message), error.retryable ? {} : { retryable: false })
      }
    },
  }
}

/** TypeScript without its types; what is no type but code of TypeScript's own (enum, namespace) is refused with its line. */
export async function plainSource(code: string): Promise<string> {
  const { stripTypeScriptTypes } = await import('node:module')
  const { emitWarning } = process
  process.emitWarning = () => {} // Node calls it experimental on every process's standard error; it is pinned with Node
  try {
    return stripTypeScriptTypes(code)
  } catch (error) {
    throw final(new StepFailure('code.invalid', `the code cannot be read: ${String((error as Error).message).slice(0, 300)}`))
  } finally {
    process.emitWarning = emitWarning
  }
}
