// Reads the configuration, chooses the adapters, starts, and drains on a signal. Verbs that need the data itself: seed, backup, restore, db, rotate-key, prove-isolation.
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { ConfigFault, loadEnvFile, readConfig } from './config.ts'

const root = path.resolve(import.meta.dirname, '..')
const [verb = 'start', ...args] = process.argv.slice(2).filter((a, i, all) => !(a === '--roles' || all[i - 1] === '--roles'))

try {
  loadEnvFile(root)
  const config = readConfig(undefined, process.argv.slice(2))
  enableCompileCache(path.join(path.resolve(config.DATA_DIR), 'cache', 'code'))
  const verbs = await import('./verbs.ts') // after the cache is on: it loads everything else
  if (verb === 'start') await verbs.start(config, root)
  else if (verb === 'seed') await verbs.seed(config)
  else if (verb === 'backup') await verbs.backup(config, args[0])
  else if (verb === 'restore') await verbs.restore(config, args[0])
  else if (verb === 'db' && args[0] === 'url') await verbs.databaseUrl(config)
  else if (verb === 'db') await verbs.look(config, args)
  else if (verb === 'rotate-key') await verbs.rotateKey(config)
  else if (verb === 'prove-isolation') await verbs.proveIsolation(config, args[0])
  else throw new Error(`unknown verb ${verb}: there are start, seed, backup [file], restore <file>, db, db query <sql>, db url, rotate-key, prove-isolation [url]`)
} catch (error) {
  // one sentence with its cure where we know it; a defect keeps its stack
  const known = error instanceof ConfigFault || ((error as Error).constructor !== TypeError && !(error as Error).stack?.includes('AssertionError'))
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`)
  process.exit(1)
}
