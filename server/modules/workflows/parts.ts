// What the module is made of, handed over once by app.ts. Parts that other modules bring are asked for when they are needed.
import type { Doorkeeper } from '../../kernel/http.ts'
import type { Invoker } from '../../kernel/invoke.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ScopeRule } from '../../kernel/module.ts'
import type { Catalogue } from './nodes/catalogue.ts'
import type { Judge } from './definitions/validate.ts'
import type { Engine } from './engine/engine.ts'
import type { Room } from './runs/room.ts'

export type WorkflowLimits = { depth: number; runsPerTenant: number; stepsPerRun: number; runDays: number; inputChars: number; inboxDays: number; retentionDays: number; /** of a tenant, that are not over */ openRuns: number }
export type Parts = {
  kernel: Kernel
  doorkeeper: Pick<Doorkeeper, 'roleIn'>
  /** the rules of what governs an event, of all modules */
  scopes(): Readonly<Record<string, ScopeRule>>
  invoker(): Invoker
  catalogue(): Catalogue
  judge(): Judge
  engine(): Engine
  limits: WorkflowLimits
  room: Room
  /** of the addresses of email triggers */
  mailDomain?: string | undefined
}
