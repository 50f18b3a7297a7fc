// What a token was given for (RFC 6749, 3.3). A person's own session carries no scopes and may do all that its person may; every other token, of the
// OAuth server or a key, opens only the operations whose scope it names. Scopes are not nested: `admin` does not read, `write` does not read.
import type { Who } from './db.ts'
import { refuse } from './errors.ts'
import type { PermissionTable } from './permissions.ts'
import type { Method, Operation } from './route.ts'
import { roleReaches } from './schema.ts'

export const scopes = ['read', 'write', 'profile', 'admin'] as const
export type Scope = (typeof scopes)[number]
/** `session`: no scope opens it, only a person's own sign-in: passwords, sessions, the account's end, other tokens. */
export type OperationScope = Scope | 'session'
type Declared = Pick<Operation, 'access' | 'permission' | 'scope'> & { method: Method }

/** The scope of an operation: what it declares, else by this rule. Operators' operations and those that need the role admin or owner: `admin`.
    A person's own matters (access `person`): `profile`. What is left: GET is `read`, every other method `write`. Public ones have none. */
export function scopeOf({ access, permission, scope, method }: Declared, table: PermissionTable): OperationScope | undefined {
  if (access === 'public') return undefined
  if (scope) return scope
  if (access === 'operator') return 'admin'
  if (access === 'person') return 'profile'
  if (permission && roleReaches(table.get(permission), 'admin')) return 'admin'
  return method === 'GET' ? 'read' : 'write'
}

/** Whether a token opens it: by the scope itself, or by a custom scope that stands for the operation's permission. */
export const opens = ({ scopes: given, permissions }: Pick<Who, 'scopes' | 'permissions'>, needed: OperationScope, permission?: string): boolean =>
  given === undefined || given.includes(needed) || (permission !== undefined && needed !== 'session' && permissions?.includes(permission) === true)

/** 403 with the scope that is missing (RFC 6750, 3.1). */
export function requireScope(who: Pick<Who, 'scopes' | 'permissions'>, needed: OperationScope, permission?: string): void {
  if (opens(who, needed, permission)) return
  if (needed === 'session') refuse('scope.denied', 'no scope opens this: sign in as the person', { headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } })
  refuse('scope.denied', `this needs the scope ${needed}; the token has ${who.scopes!.join(' ') || 'none'}`, { headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${needed}"` } })
}
