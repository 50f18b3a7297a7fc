// What steps may use of the house. Each is bound to the rights of the run that asks.
import type { Json } from '../engine/port.ts'
import type { Called } from '../../../kernel/invoke.ts'
import type { Asked } from '../nodes/actions.ts'
import type { Step } from '../nodes/node.ts'

export type Found = { id: string; email: string; name: string }
export type OutgoingRequest = { method: string; url: string; query: Record<string, string>; headers: Record<string, string>; body: unknown }
export type OutgoingAnswer = { status: number; headers: Record<string, string>; body: unknown }

export type Services = {
  /** An operation of our own API, once for the step. @param omit fields of the answer that are not kept */
  call(step: Step, operation: string, call: Called, omit: readonly string[]): Promise<Json>
  /** Through the egress guard, signed in by the node's connection if it has one; the answer's secrets are masked. */
  request(step: Step, wanted: OutgoingRequest): Promise<OutgoingAnswer>
  /** An operation of the service that the node's connection is to. */
  operation(step: Step, name: string, input: Record<string, unknown>): Promise<OutgoingAnswer>
  query(step: Step, sql: string, parameters: readonly Json[], maxRows: number): Promise<Json>
  code(step: Step, code: string, input: Json, hosts: readonly string[]): Promise<Json>
  mail(step: Step, to: readonly { address: string; person: string | null }[], subject: string, text: string): Promise<Json>
  people: {
    /** Members by id or address, by what was asked for in small letters. @throws StepFailure naming those that are none */
    find(step: Step, wanted: readonly string[]): Promise<Map<string, Found>>
    /** @returns how many were told */
    tell(step: Step, what: { people: readonly string[]; role?: string; message: string }): Promise<number>
  }
  /** Opens an approval and tells those who may decide. */
  ask(step: Step, asked: Asked): Promise<Json>
  /** Notes that the run waits for an event about a subject. */
  listen(step: Step, event: string, subject: string): Promise<Json>
  testConnection(step: Step): Promise<{ ok: boolean; message: string }>
}
