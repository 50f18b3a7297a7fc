// Which engine a run lives in is decided when it begins and stands in its row. With Temporal new runs begin there; those that began before go on
// in the embedded engine beside it, to their end.
import type { Kernel } from '../../../kernel/kernel.ts'
import { systemWho } from '../../../kernel/readers.ts'
import { openEngine } from './embedded.ts'
import type { Engine, EngineName, EngineOptions } from './engine.ts'
import { countByEngine } from './temporal/queries.ts'
import { loadSdk, temporalServer, type TemporalServer } from './temporal/sdk.ts'
import { openTemporal } from './temporal/temporal.ts'

/** @param temporal the server, if new runs shall begin there @throws a sentence with the line that installs what is missing */
export async function openEngines(o: EngineOptions & { kernel: Kernel }, temporal: TemporalServer | undefined): Promise<Engine> {
  if (!temporal) return openEngine(o)
  const sdk = o.work ? await loadSdk() : undefined
  const engine = openTemporal(o, { connect: sdk ? temporalServer(temporal, sdk, o.kernel) : () => Promise.reject(new Error('this process does not work on runs')) })
  const before = openEngine({ ...o, schedules: false })
  return {
    ...engine,
    held: () => engine.held() + before.held(),
    close: async () => void (await Promise.all([engine.close(), before.close()])),
  }
}

/** What whoever starts the product must know of runs that live elsewhere. */
export async function runsElsewhere(kernel: Pick<Kernel, 'system'>, current: EngineName): Promise<string[]> {
  const [rows] = await kernel.system.flush(systemWho('workflows'), countByEngine())
  const of = (name: EngineName) => rows.find(({ engine }) => engine === name)?.runs ?? 0
  const [there, here] = [of('temporal'), of('embedded')]
  if (current === 'embedded') return there ? [`${there === 1 ? '1 unfinished run of a workflow lives in Temporal and waits there' : `${there} unfinished runs of workflows live in Temporal and wait there`}: set TEMPORAL_ADDRESS to let them go on; new ones begin in the embedded engine`] : []
  return here ? [`${here === 1 ? '1 unfinished run of a workflow began in the embedded engine and goes on there' : `${here} unfinished runs of workflows began in the embedded engine and go on there`}; new ones begin in Temporal`] : []
}
