// What a module brings. app.ts lists the modules; nothing else knows them all.
import type { FastifyInstance } from 'fastify'
import type { Context } from './db.ts'
import type { EventDeclaration } from './events.ts'
import type { TokenKind } from './tokens.ts'
import type { EventRow } from './log.ts'
import type { JobHandler } from './jobs.ts'
import type { Reader } from './readers.ts'
import type { Described, Operation } from './route.ts'
import type { TenantRole } from './schema.ts'

/** The least tenant role for each permission the module's routes name. */
export type Permissions = Record<string, TenantRole>
/** Whether somebody may see what a scope governs. Asked for live frames and the log, with the same answer as the routes give. */
export type ScopeRule = (viewer: Context, id: string) => Promise<boolean>
export type Module = {
  name: string
  about: string
  routes?: readonly Operation[]
  /** operations that it mounts by hand: for the document */
  streams?: readonly Described[]
  readers?: readonly Reader[]
  jobs?: readonly JobHandler[]
  permissions?: Permissions
  events?: Record<string, EventDeclaration>
  /** Starts what runs beside requests. @param o `work`: whether this process works on what waits @returns the way to stop */
  open?(o: { work: boolean }): () => Promise<void>
  /** what is no operation: sockets, plain pages */
  mount?(app: FastifyInstance): void | Promise<void>
  /** tokens of its own beside those of a sign-in, told apart by their form */
  tokens?: readonly TokenKind[]
  /** every event of the log, from every process, before any stream gets it: caches are dropped there */
  hear?(event: EventRow): void
  /** noun -> rule; the noun of payload field `projectId` is `project` */
  scopes?: Record<string, ScopeRule>
}
export const module = (brought: Module): Module => brought
