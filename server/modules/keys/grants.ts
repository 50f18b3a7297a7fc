// What scopes give a key: a role in its tenant, never above that of whoever answers for it, and the permissions of the tenant's own scopes.
import { refuseField } from '../../kernel/errors.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { roleReaches, type TenantRole } from '../../kernel/schema.ts'
import { scopes as wellKnown } from '../../kernel/scopes.ts'

/** A tenant's own scopes: name -> the permissions it stands for. */
export type OwnScopes = (tenant: string) => ReadonlyMap<string, readonly string[]> | Promise<ReadonlyMap<string, readonly string[]>>
const isWellKnown = (scope: string) => (wellKnown as readonly string[]).includes(scope)
const higher = (a: TenantRole, b: TenantRole) => (roleReaches(a, b) ? a : b)

/** read gives viewer, write member, admin admin; an own scope as much as its permissions need. A key is never an owner. */
export function roleOf(scopes: readonly string[], permissions: readonly string[], table: PermissionTable): TenantRole {
  const asked = scopes.map((scope): TenantRole => (scope === 'admin' ? 'admin' : scope === 'write' ? 'member' : 'viewer'))
  const needed = permissions.flatMap((permission) => table.get(permission) ?? [])
  const role = [...asked, ...needed].reduce(higher, 'viewer')
  return role === 'owner' ? 'admin' : role
}
export const lower = (a: TenantRole, b: TenantRole): TenantRole => (roleReaches(a, b) ? b : a)

export const permissionsOf = (scopes: readonly string[], own: ReadonlyMap<string, readonly string[]>): string[] => [...new Set(scopes.flatMap((scope) => own.get(scope) ?? []))]
export const hasOwn = (scopes: readonly string[]): boolean => scopes.some((scope) => !isWellKnown(scope))

/** 422 for a scope that means nothing here; 403 for one that the asking token has not itself. */
export function requireScopes(wanted: readonly string[], own: ReadonlyMap<string, readonly string[]>, askers: readonly string[] | undefined): void {
  for (const [i, scope] of wanted.entries()) {
    if (!isWellKnown(scope) && !own.has(scope)) refuseField(`/scopes/${i}`, `${scope} is no scope here: ${[...wellKnown, ...own.keys()].join(', ')}`)
    if (askers && !askers.includes(scope)) refuseField(`/scopes/${i}`, `the token that asks has no scope ${scope} itself, so it cannot give it`)
  }
}
