// Another platform key: the keys that it wraps are wrapped anew in one transaction with the check value, everything else stays as it is sealed. Whatever
// is killed meanwhile, one of the two keys fits, and the same command again brings it to its end.
import fs from 'node:fs'
import { openBareKernel } from './app.ts'
import type { Config } from './config.ts'
import { WrongPlatformKey } from './kernel/keys.ts'
import type { Bus, Database } from './kernel/ports.ts'
import { platformId } from './kernel/ids.ts'
import { systemWho } from './kernel/readers.ts'
import { openIdentity } from './modules/identity/identity.ts'
import { keyFileOf, readKeyFile } from './platform-key.ts'

type Parts = { config: Config; database: Database; bus: Bus; old: Buffer }

/** @returns what to say to whoever asked @throws where something still works on the database, or no new key is named */
export async function replaceKey({ config, database, bus, old }: Parts): Promise<string[]> {
  const file = config.SECRET_KEY ? undefined : keyFileOf(config)
  const waiting = file && `${file}.next`
  if (!file && !config.NEW_SECRET_KEY) throw new Error('NEW_SECRET_KEY is missing: it takes the place of SECRET_KEY; make one with `openssl rand -base64 32`')
  if (waiting && config.NEW_SECRET_KEY && !fs.existsSync(waiting)) fs.writeFileSync(waiting, `${config.NEW_SECRET_KEY}\n`, { mode: 0o600, flush: true })
  const next = waiting ? readKeyFile(waiting) : Buffer.from(config.NEW_SECRET_KEY!, 'base64')
  const keys = await rewrap({ config, database, bus, old }, next)
  if (file && waiting) fs.renameSync(waiting, file)
  return [
    keys === undefined ? 'the keys were wrapped by the new one already' : `${keys} keys are wrapped by the new one`,
    file ? `it lies in ${file}: keep a copy of it apart from the data` : 'start with SECRET_KEY set to it, in every process',
    'backups of before need the former key: keep it as long as you keep them',
  ]
}

/** @returns how many keys; undefined: the new one fits already */
async function rewrap({ config, database, bus, old }: Parts, next: Buffer): Promise<number | undefined> {
  const open = (platformKey: Buffer) => openBareKernel({ config, database, bus, platformKey })
  const kernel = await open(old).catch(async (error: unknown) => {
    if (!(error instanceof WrongPlatformKey)) throw error
    await (await open(next)).close() // throws where neither fits
    return undefined
  })
  if (!kernel) return undefined
  try {
    const { rows: [others] } = await kernel.system.pool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = current_user and backend_start < clock_timestamp() - $1 * interval '1 second'`, [process.uptime()])
    if (others?.n) throw new Error('processes still work on this database: stop them all first, they know the former key alone')
    // what was sealed under the platform key itself, by a version of before, is sealed as it is today
    await (await openIdentity(kernel, { registration: 'open', requireVerifiedEmail: false, multiTenant: true, limits: false })).close()
    const keys = await kernel.keys.rewrap(next)
    await kernel.system.context(systemWho('rotate-key')).change('platform-key.replaced', { subject: platformId, data: { keys }, run: [] })
    return keys
  } finally {
    await kernel.close()
  }
}
