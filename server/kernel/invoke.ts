// Calling an operation in process, on behalf of somebody who sends no request (a workflow's step): the same permission, the same validation, the
// same handler as over HTTP. What the call runs in, and what makes it happen once, is the caller's.
import type { Context, Who } from './db.ts'
import { refuse } from './errors.ts'
import { requirePermission, type PermissionTable } from './permissions.ts'
import { Answer, type Input, type Operation, type RequestFacts } from './route.ts'
import { requireScope, scopeOf } from './scopes.ts'
import type { Switches } from './switches.ts'
import { createValidators, faultOf, findUnkeepable, type Validator } from './validation.ts'

export type Called = { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown }
/** A call that was judged. `run` does the work in the context given and gives the body of the answer. */
export type Call = { operation: Operation; run(ctx: Context): Promise<unknown> }
export type Invoker = ReturnType<typeof createInvoker>

const noRequest: RequestFacts = { ip: '', host: '', userAgent: 'groundwork', origin: undefined, cookies: {}, accept: 'application/json', headers: {} }

export function createInvoker({ operations, permissions, switches }: { operations: readonly Operation[]; permissions: PermissionTable; switches: Switches }) {
  const byId = new Map(operations.map((operation) => [operation.id, operation]))
  const validators = createValidators()
  const compiled = new Map<object, Validator>()
  const check = (schema: object | undefined, part: 'params' | 'query' | 'body', value: unknown) => {
    if (!schema) return
    const validator = compiled.get(schema) ?? validators.compile(schema, part)
    compiled.set(schema, validator)
    const bad = findUnkeepable(value)
    if (bad) refuse('request.invalid', `${part}${bad}: must not hold NUL or a lone surrogate`, { errors: [{ in: part, path: bad, message: 'must not hold NUL or a lone surrogate' }] })
    if (validator(value)) return
    const fault = faultOf(validator.errors![0]!, part)
    refuse('request.invalid', `${part}${fault.path}: ${fault.message}`, { errors: [fault] })
  }
  return {
    find: (id: string): Operation | undefined => byId.get(id),
    /** Judges a call as the server would. @throws permission.denied, request.invalid, not_found, module.off */
    async judge(who: Who, id: string, { params = {}, query = {}, body }: Called): Promise<Call> {
      const operation = byId.get(id) ?? refuse('not_found', `there is no operation ${id}`)
      if (operation.access === 'operator' || operation.access === 'public') refuse('permission.denied', `${id} is not open to workflows`)
      if (operation.feature !== undefined && !(await switches.isOn(who.tenant, operation.feature))) refuse('module.off', `${id} is not there: ${operation.feature} is switched off for this tenant`)
      if (operation.fresh) refuse('permission.denied', `${id} is a person's alone: it asks for a fresh proof of who they are`)
      if (operation.permission) requirePermission(permissions, who, operation.permission)
      const scope = scopeOf(operation, permissions)
      if (scope && who.scopes) requireScope(who, scope, operation.permission)
      // coercion and defaults write into what they judge: never into the caller's own
      const mine = structuredClone({ params, query, body })
      check(operation.params, 'params', mine.params)
      check(operation.query, 'query', mine.query)
      if (operation.body && (mine.body !== undefined || !('~optional' in operation.body))) check(operation.body, 'body', mine.body)
      const input = { ...mine, request: noRequest } as unknown as Input<never, never, never>
      return {
        operation,
        async run(ctx) {
          const result = await operation.handle(ctx, input)
          return (result instanceof Answer ? result.body : result) ?? null
        },
      }
    },
  }
}
