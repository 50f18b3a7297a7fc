// A process that works on runs of a database that another process runs, and tells of each step it begins.
import { attachEmbedded } from '../../server/adapters/database-embedded.ts'
import { openLocalBus } from '../../server/adapters/bus-local.ts'
import { silent } from '../../server/kernel/log-lines.ts'
import { openKernel } from '../../server/kernel/running.ts'
import { openEngine } from '../../server/modules/workflows/engine/embedded.ts'
import { runEvents } from '../../server/modules/workflows/engine/events.ts'
import { five, inFlight } from './engine.ts'

const database = await attachEmbedded({ dataDir: process.argv[2]! })
if (!database) throw new Error(`no database runs over ${process.argv[2]}`)
const kernel = openKernel({ database, bus: await openLocalBus(), platformKey: Buffer.alloc(32, 7), groups: [runEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })
openEngine({
  kernel, load: async () => five, work: true, limits: { runsPerTenant: inFlight },
  run: async (_call, at) => {
    process.send!(at.run.id)
    await new Promise((resolve) => at.signal.addEventListener('abort', resolve)) // until it is lost or killed
  },
})
process.once('disconnect', () => process.exit())
process.send!('ready')
