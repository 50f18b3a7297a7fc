// What the system is made of, without running it: for the documents made from the code and for tests that need the whole list.
import { createModules, eventGroups, type Parts } from './app.ts'
import type { EventDeclaration } from './kernel/events.ts'
import { operationsOf, type Module } from './kernel/module.ts'
import { createPermissions, type PermissionTable } from './kernel/permissions.ts'
import type { Operation } from './kernel/route.ts'

export type AppDescription = { modules: readonly Module[]; operations: readonly Operation[]; permissions: PermissionTable; events: readonly Record<string, EventDeclaration>[] }

/** All modules over parts that answer anything and do nothing: to be read, never to be called. */
export function describeApp(): AppDescription {
  const modules = createModules(standIn() as Parts)
  return { modules, operations: operationsOf(modules), permissions: createPermissions(modules), events: eventGroups }
}

/** Every property and every call gives another stand-in; no promise, so that awaiting one ends. */
function standIn(): unknown {
  return new Proxy(() => {}, {
    get: (_target, name) => (name === 'then' ? undefined : name === Symbol.toPrimitive ? () => '' : name === Symbol.iterator ? () => [][Symbol.iterator]() : standIn()),
    apply: standIn,
  })
}
