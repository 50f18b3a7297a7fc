// Verbs and who may do them: one table of permission -> least tenant role, filled by the modules. Rules about rows are SQL and policies.
import type { Who } from './db.ts'
import { refuse } from './errors.ts'
import type { Module } from './module.ts'
import { roleReaches, type TenantRole } from './schema.ts'

export type PermissionTable = ReadonlyMap<string, TenantRole>

export function createPermissions(modules: readonly Module[]): PermissionTable {
  const table = new Map<string, TenantRole>()
  for (const { name, permissions = {} } of modules)
    for (const [permission, least] of Object.entries(permissions)) {
      if (table.has(permission)) throw new Error(`permission ${permission} of ${name} exists already`)
      table.set(permission, least)
    }
  return table
}

/** 403 with the role that may. */
export function requirePermission(table: PermissionTable, who: Pick<Who, 'role'>, permission: string): void {
  const least = table.get(permission)
  if (!least) throw new Error(`permission ${permission} is not declared by any module`)
  if (!roleReaches(who.role, least)) refuse('permission.denied', `this needs the role ${least} in the tenant; yours is ${who.role ?? 'none'}`)
}
