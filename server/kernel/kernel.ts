// What a module may be given: the parts of the running kernel. app.ts makes it, adapters stand behind its ports.
import type { Bell } from './bell.ts'
import type { Db } from './db.ts'
import type { Egress } from './egress.ts'
import type { EventRegistry } from './events.ts'
import type { KeyRing } from './keys.ts'
import type { Logger } from './log-lines.ts'
import type { OpenEvent } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Bus, Database, Sandbox } from './ports.ts'
import type { Switches } from './switches.ts'

export type Kernel = {
  database: Database
  /** requests: as gw_app, under row security */
  app: Db
  /** readers, jobs, operators: as gw_system */
  system: Db
  /** as gw_system too, for what is asked inside the transactions of readers and jobs: keys, what a tenant has. The same door would wait for itself, and refuses */
  aside: Db
  registry: EventRegistry
  keys: KeyRing
  bus: Bus
  /** the one way out; `for` names the tenant whose wish it is */
  egress: Egress
  /** where code of tenants runs; starts at its first use */
  sandbox: Sandbox
  /** rings for every committed change; hear() wakes at each */
  bell: Bell
  /** opens sealed values of an event for somebody who may see its subject */
  open: OpenEvent
  /** which optional modules are off for a tenant */
  switches: Switches
  log: Logger
  metrics: Metrics
  publicUrl: string
  version: string
}
