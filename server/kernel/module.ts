// What a module brings. app.ts lists the modules; nothing else knows them all.
import type { FastifyInstance } from 'fastify'
import type { Context, Tx } from './db.ts'
import type { EventDeclaration, EventName } from './events.ts'
import type { TokenKind } from './tokens.ts'
import type { EventRow } from './log.ts'
import type { JobHandler } from './jobs.ts'
import type { LetterBox } from './ports.ts'
import type { Reader } from './readers.ts'
import type { Described, Operation } from './route.ts'
import type { TenantRole } from './schema.ts'
import { marked } from './switches.ts'

/** The least tenant role for each permission the module's routes name. */
export type Permissions = Record<string, TenantRole>
/** Whether somebody may see what a scope governs. Asked for live frames and the log, with the same answer as the routes give. */
export type ScopeRule = (viewer: Context, id: string) => Promise<boolean>
/** What a tenant uses of something, told by the events that add to it and take from it. level: what stands now. day, month: what came in that time. */
export type Meter = {
  per: 'level' | 'day' | 'month'
  unit: 'count' | 'bytes'
  about: string
  added: readonly EventName[]
  removed?: readonly EventName[]
  /** the payload field that says how much; absent: each event is one */
  amount?: string
}
export type Module = {
  name: string
  about: string
  /** may be switched off for a tenant: its operations in tenants are 404 then, its topics refused, its tokens no good, its readers pass over the tenant's events, its jobs wait */
  optional?: { /** as people read it */ title: string; /** what a tenant has by it: a sentence for those who make plans */ gives: string }
  /** optional modules without which it is off too */
  needs?: readonly string[]
  /** Told after it was switched for a tenant, as gw_system and one at a time for the tenant, again where it was told already: holds what is under way, and lets it go on. */
  switched?(tx: Tx, tenant: string, on: boolean): Promise<unknown>
  /** what plans may limit */
  meters?: Record<string, Meter>
  routes?: readonly Operation[]
  /** operations that it mounts by hand: for the document */
  streams?: readonly Described[]
  readers?: readonly Reader[]
  jobs?: readonly JobHandler[]
  permissions?: Permissions
  events?: Record<string, EventDeclaration>
  /** Starts what runs beside requests. @param o `work`: whether this process works on what waits @returns the way to stop */
  open?(o: { work: boolean }): Promise<() => Promise<void>>
  /** sentences that whoever starts the product must read */
  notes?(): Promise<string[]>
  /** what is no operation: sockets, plain pages */
  mount?(app: FastifyInstance): void | Promise<void>
  /** takes the letters that come in; one module at most */
  letterBox?: LetterBox
  /** tokens of its own beside those of a sign-in, told apart by their form */
  tokens?: readonly TokenKind[]
  /** every event of the log, from every process, before any stream gets it: caches are dropped there */
  hear?(event: EventRow): void
  /** noun -> rule; the noun of payload field `projectId` is `project` */
  scopes?: Record<string, ScopeRule>
}
export const module = (brought: Module): Module => brought

/** All operations, each with the optional module it belongs to. */
export const operationsOf = (modules: readonly Module[]): Operation[] => marked(modules, (m) => m.routes)
