// What main.ts can be asked to do: start, seed, backup, restore, db url, rotate-key, prove-isolation.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { flushCompileCache } from 'node:module'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { attachEmbedded, openEmbedded, readOwner, recordOwnerUrl, restoreEmbedded, type Embedded } from './adapters/database-embedded.ts'
import { openExternal } from './adapters/database-postgres.ts'
import { backup as takeBackup } from './adapters/embedded/backup.ts'
import { explain } from './adapters/embedded/cluster.ts'
import { clearRestored, readRestored } from './adapters/embedded/restore.ts'
import { openDns } from './adapters/dns-system.ts'
import { openOutbox } from './adapters/mail-outbox.ts'
import { openLocalBus } from './adapters/bus-local.ts'
import { openQuickJs } from './adapters/sandbox-quickjs.ts'
import { openApp, openBareKernel } from './app.ts'
import type { Config } from './config.ts'
import { openEgress, type Egress } from './kernel/egress.ts'
import { createLogger, type Logger } from './kernel/log-lines.ts'
import { listMigrations, migrate } from './kernel/migrate.ts'
import type { Bus, Database, Mail, OpenMailIn } from './kernel/ports.ts'
import { readPlatformKey } from './platform-key.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)
const warn = (line: string) => void process.stderr.write(`${line}\n`)

/** Starts and stays until a signal; ends the process. */
export async function start(config: Config, root: string): Promise<void> {
  const log = createLogger(config.LOG_LEVEL, config.LOG_FILE)
  for (const note of config.notes) warn(note)
  const platformKey = platformKeyOf(config)
  const { database, dataDir } = await openDatabase(config, platformKey, log)
  const opened: { stop(): Promise<void> }[] = [database]
  try {
    await migrateWithBackup(database, dataDir, platformKey)
    const bus = await openBus(config, database, log)
    opened.unshift({ stop: () => bus.close() })
    const egress = openEgress({ allow: config.EGRESS_ALLOW })
    opened.unshift({ stop: () => egress.close() })
    const mail = await openMail(config, egress)
    opened.unshift({ stop: () => mail.close() })
    const traces = config.OTEL_EXPORTER_OTLP_ENDPOINT ? (await import('./adapters/traces-otlp.ts')).openOtlp({ egress, endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, service: 'groundwork', version: versionOf(root), log: (message, error) => log.warn({ error: String(error) }, message) }) : undefined
    if (traces) opened.unshift({ stop: () => traces.close() })
    const setupToken = config.SETUP_TOKEN ?? randomBytes(24).toString('base64url')
    const restored = dataDir ? readRestored(dataDir) : undefined
    const app = await openApp({ config, database, bus, egress, openSandbox: (out) => openQuickJs({ egress: out, log }), mail, openMail: async (to) => (await import('./adapters/mail-smtp.ts')).openSmtpMail(to), dns: openDns(config.DNS_SERVERS), ...mailInOf(config, log), ...(traces ? { traces } : {}), platformKey, log, setupToken, consoleFolder: path.join(root, 'dist', 'console'), version: versionOf(root), restored: restored !== undefined })
    opened.unshift(app)
    if (restored && dataDir) clearRestored(dataDir)
    drainOnSignals(opened, log)
    database.lost.then((why) => {
      warn(`the database ended unasked (${why}): start again, nothing acknowledged is lost`)
      process.exit(1)
    }, () => {})
    const { address, publicUrl, mailPort } = await app.listen()
    if (dataDir) recordOwnerUrl(dataDir, publicUrl)
    say(`Groundwork ${versionOf(root)} runs at ${publicUrl}`)
    say(`  data       ${database.describe()}`)
    say(`  reference  ${publicUrl}/api/docs`)
    if (mailPort !== undefined) say(`  letters    port ${mailPort}, for addresses at ${config.MAIL_IN_DOMAIN}${config.SMTP_IN_TLS_CERT ? '' : ' (unencrypted: SMTP_IN_TLS_CERT is not set)'}`)
    if (await app.needsSetup()) {
      say(`  first account: open this link once to become operator and owner`)
      say(`  ${publicUrl}/setup#token=${setupToken}`)
    }
    for (const note of await app.notes()) warn(note)
    if (restored) warn(`restored from a backup of ${restored.taken}: mails, jobs and triggers are held until an operator releases them in the console (Jobs)`)
    if (!config.SMTP_URL && !/^(127\.|localhost$|::1$)/.test(config.HOST)) warn('SMTP_URL is not set and this listens beyond loopback: mails are only kept on the outbox page, links in them are for operators to hand on')
    flushCompileCache() // now, once: at the end it would hold up the exit, and a killed process would never write it
    collectGarbage()
    say(`ready ${address}`)
  } catch (error) {
    for (const part of opened) await part.stop().catch((e: unknown) => log.error({ error: String(e) }, 'could not stop'))
    throw error
  }
}

/** Loading all code grew V8's young generation to 128 MB, and an idle process collects nothing: once, some 20 ms, it gives back more than 100 MB. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc') // seen by the contexts that are made from here on: https://nodejs.org/api/v8.html#v8setflagsfromstringflags
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  collect()
}

/** Ends in the reverse order of the start. Each part bounds what it waits for, so that it takes less than five seconds; one that hangs does not keep the process beyond twenty. */
function drainOnSignals(opened: { stop(): Promise<void> }[], log: Logger): void {
  let draining = false
  const drain = (signal: string) => {
    if (draining) return
    draining = true
    log.info({ signal }, 'draining')
    setTimeout(() => {
      warn('draining took too long: ended')
      process.exit(1)
    }, 20_000).unref()
    void (async () => {
      for (const part of opened) await part.stop().catch((error: unknown) => log.error({ error: String(error) }, 'could not stop'))
      process.exit(0)
    })()
  }
  process.on('SIGTERM', () => drain('SIGTERM'))
  process.on('SIGINT', () => drain('SIGINT'))
}

async function openDatabase(config: Config, platformKey: Buffer, log: Logger): Promise<{ database: Database; dataDir?: string }> {
  const lines = (line: string) => log.info(line)
  if (config.DATABASE_URL) return { database: await openExternal({ url: config.DATABASE_URL, platformKey, log: lines }) }
  const database: Embedded = await openEmbedded({ dataDir: config.DATA_DIR, binDir: config.GROUNDWORK_PG_BIN, log: lines })
  return { database, dataDir: database.dataDir }
}

/** A start on older data takes a backup first, where the database is ours. */
async function migrateWithBackup(database: Database, dataDir: string | undefined, platformKey: Buffer): Promise<void> {
  await migrate(database.connection('owner'), listMigrations(), async (applied) => {
    if (!dataDir) return
    const file = backupFile(dataDir, `before-migration-${applied + 1}`)
    await takeBackup({ database, platformKey, file })
    say(`older data: backed up to ${file} before migrating`)
  })
}
function backupFile(dataDir: string, name = 'groundwork'): string {
  const folder = path.join(dataDir, 'backups')
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  return path.join(folder, `${name}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.backup`)
}

async function openBus(config: Config, database: Database, log: Logger): Promise<Bus> {
  const note = (message: string, error?: unknown) => log.warn({ error: error === undefined ? undefined : String(error) }, message)
  if (config.REDIS_URL) return (await import('./adapters/bus-redis.ts')).openRedisBus({ url: config.REDIS_URL, log: note })
  return openLocalBus({ ...(database.kind === 'postgres' ? { connection: database.connection('system') } : {}), log: note })
}
/** Without a mail server the outbox page keeps them. */
async function openMail(config: Config, egress: Egress): Promise<Mail> {
  return config.SMTP_URL ? (await import('./adapters/mail-smtp.ts')).openSmtpMail({ url: config.SMTP_URL, from: config.MAIL_FROM, dial: (to) => egress.dial({ ...to, fromSetting: true }) }) : openOutbox()
}

/** The receiver for email triggers; without SMTP_IN_PORT nothing listens. */
function mailInOf(config: Config, log: Logger): { openMailIn?: OpenMailIn } {
  const { SMTP_IN_PORT: port, MAIL_IN_DOMAIN: domain } = config
  if (port === undefined || domain === undefined) return {}
  const read = (name: 'SMTP_IN_TLS_CERT' | 'SMTP_IN_TLS_KEY'): string => {
    try {
      return fs.readFileSync(config[name]!, 'utf8')
    } catch (error) {
      throw new Error(`${name}=${config[name]} cannot be read: ${(error as Error).message}`)
    }
  }
  const tls = config.SMTP_IN_TLS_CERT === undefined ? undefined : { cert: read('SMTP_IN_TLS_CERT'), key: read('SMTP_IN_TLS_KEY') }
  return {
    openMailIn: async (box) => (await import('./adapters/mail-in-smtp.ts')).openSmtpReceiver({
      box, domain, port, host: config.SMTP_IN_HOST ?? config.HOST, maxBytes: config.SMTP_IN_MAX_KIB * 1024, ...(tls ? { tls } : {}), log: (message, error) => log.warn({ error: String(error) }, message),
    }),
  }
}

/** A full or read-only disk is met here first. */
function platformKeyOf(config: Config): Buffer {
  try {
    return readPlatformKey(config)
  } catch (error) {
    const dataDir = path.resolve(config.DATA_DIR)
    const found = error as NodeJS.ErrnoException
    const { code, message } = (found.code === 'ENOENT' ? refusalOf(dataDir) : undefined) ?? found
    throw explain(`${code} ${message}`, { dataDir }) ?? error
  }
}
/** Why nothing can be made in a folder: where it is not there yet, mkdir says ENOENT for whatever hinders it. */
function refusalOf(folder: string): NodeJS.ErrnoException | undefined {
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK)
  } catch (error) {
    const parent = path.dirname(folder)
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== folder ? refusalOf(parent) : (error as NodeJS.ErrnoException)
  }
}
const versionOf = (root: string): string => (JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version

/** A running server's data, else the data under its owner lock. */
async function withData<T>(config: Config, use: (database: Database, platformKey: Buffer, dataDir: string | undefined) => Promise<T>): Promise<T> {
  const platformKey = platformKeyOf(config)
  const beside = config.DATABASE_URL ? undefined : await attachEmbedded({ dataDir: config.DATA_DIR })
  const { database, dataDir } = beside ? { database: beside, dataDir: beside.dataDir } : await openDatabase(config, platformKey, createLogger(config.LOG_LEVEL, config.LOG_FILE))
  try {
    return await use(database, platformKey, dataDir)
  } finally {
    await database.stop()
  }
}

/** Fills the demo tenant, beside a running server or without one; a second run adds nothing. */
export async function seed(config: Config): Promise<void> {
  const { seedDemo } = await import('./seed.ts')
  await withData(config, async (database, platformKey) => {
    await migrate(database.connection('owner'))
    const bus = await openBus(config, database, createLogger('silent'))
    const kernel = await openBareKernel({ config, database, bus, platformKey })
    try {
      for (const line of await seedDemo(kernel)) say(line)
    } finally {
      await kernel.close()
      await bus.close()
    }
  })
}

/** Tries the running server with two throw-away tenants and prints the matrix (X9). Ends with 1 when anything is seen that must not be. */
export async function proveIsolation(config: Config, at?: string): Promise<void> {
  const { isolationText, proveIsolation: prove } = await import('./prove-isolation.ts')
  const running = config.DATABASE_URL ? undefined : readOwner(config.DATA_DIR)?.url
  const url = (at ?? running ?? config.PUBLIC_URL ?? `http://localhost:${config.PORT}`).replace(/\/$/, '')
  const egress = openEgress()
  if (!(await egress.fetch(`${url}/health`, { fromSetting: true }).then(({ status }) => status === 200, () => false))) throw new Error(`no server answers at ${url}: start it first, or name its address: npm start -- prove-isolation http://localhost:8080`)
  await withData(config, async (database, platformKey) => {
    const bus = await openBus(config, database, createLogger('silent'))
    const kernel = await openBareKernel({ config, database, bus, platformKey })
    try {
      const report = await prove(kernel, url, egress)
      for (const line of isolationText(report)) say(line)
      if (report.faults.length) process.exitCode = 1
    } finally {
      await kernel.close()
      await egress.close()
      await bus.close()
    }
  })
}

/** Replaces the platform key while nothing runs: the key file by a new one, or SECRET_KEY by NEW_SECRET_KEY. */
export async function rotateKey(config: Config): Promise<void> {
  const { replaceKey } = await import('./rotate-key.ts')
  const old = platformKeyOf(config)
  const { database, dataDir } = await openDatabase(config, old, createLogger(config.LOG_LEVEL, config.LOG_FILE)) // refused where a server runs over the folder
  try {
    await migrateWithBackup(database, dataDir, old)
    const bus = await openBus(config, database, createLogger('silent'))
    try {
      for (const line of await replaceKey({ config, database, bus, old })) say(line)
    } finally {
      await bus.close()
    }
  } finally {
    await database.stop()
  }
}

export async function backup(config: Config, file?: string): Promise<void> {
  await withData(config, async (database, platformKey, dataDir) => {
    const done = await takeBackup({ database, platformKey, file: file ? path.resolve(file) : backupFile(dataDir ?? path.resolve(config.DATA_DIR)) })
    say(`${done.file} (${Math.ceil(done.bytes / 1024)} KiB), sealed with the platform key`)
    say(`not in it: ${done.header.lacks.join('; ')}`)
  })
}

export async function restore(config: Config, file?: string): Promise<void> {
  if (!file) throw new Error('restore needs the file of a backup: npm start -- restore <file>')
  if (config.DATABASE_URL) throw new Error('restore is for the built-in database: restore an external one by its own means')
  const owner = readOwner(config.DATA_DIR)
  const restored = await restoreEmbedded({ dataDir: config.DATA_DIR, binDir: config.GROUNDWORK_PG_BIN, file, platformKey: platformKeyOf(config), log: say })
  say(`restored the backup of ${restored.taken}${restored.aside ? `; what was there before is kept in ${restored.aside}` : ''}${owner?.url ? `; it ran at ${owner.url}` : ''}`)
  say('the next start ends all sessions and holds mails, jobs and triggers until an operator releases them')
}

/** Tables and sizes, or the answer of one statement; read only (S0.14). */
export async function look(config: Config, args: readonly string[]): Promise<void> {
  const { lookAt } = await import('./look.ts')
  await withData(config, async (database) => say(await lookAt(database, args)))
}

/** Prints a URL with a password in it: for people at a terminal, never for a log. */
export async function databaseUrl(config: Config): Promise<void> {
  if (config.DATABASE_URL) return say(config.DATABASE_URL)
  const beside = await attachEmbedded({ dataDir: config.DATA_DIR })
  if (!beside) throw new Error('the built-in database is not running: npm start first')
  const { host, port, user, password, database } = beside.superuser() as { host: string; port: number; user: string; password: string; database: string }
  say(`postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`)
}
