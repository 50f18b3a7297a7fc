// Starts one PostgreSQL server and keeps it from outliving its owner: a watchdog shell waits on a pipe from this process.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverEnvironment } from './binaries.ts'
import { endServer, explain, ids, port, readPostmaster, type Folder } from './cluster.ts'

export type Server = { pid: number; socketDir: string; /** the reason, when it ended unasked */ lost: Promise<string>; stop(): Promise<void> }
export type LaunchOptions = { folder: Folder; socketDir: string; settings?: Record<string, string>; /** tests: the watchdog removes this folder in the end */ removeAfter?: string }

function settingsFor(o: LaunchOptions, preload: boolean): Record<string, string> {
  return {
    listen_addresses: '',
    port: String(port),
    unix_socket_directories: quoteList(o.socketDir),
    unix_socket_permissions: '0700',
    max_connections: '100',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Errors are the caller's to report, and their details and statements hold what people wrote: the server logs its own life only.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_line_prefix: '',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: '-1',
    // For a machine of 512 MB: an idle server stays near 20 MB.
    shared_buffers: '48MB',
    max_wal_size: '512MB',
    min_wal_size: '48MB',
    ...(o.folder.version.major >= 18 ? { io_method: 'sync' } : {}),
    ...(sharedMemoryIsSmall() ? { dynamic_shared_memory_type: 'mmap' } : {}),
    ...(preload ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
    ...o.settings,
  }
}

/** The setting is a list: a path with a comma, a space or a quote in it must stand in double quotes. */
const quoteList = (folder: string) => `"${folder.replaceAll('"', '""')}"`

/** Containers often have 64 MB or less in /dev/shm, where a parallel hash join would fail (53100). */
function sharedMemoryIsSmall(): boolean {
  if (process.platform !== 'linux') return false
  try {
    const shm = fs.statfsSync('/dev/shm')
    return shm.blocks * shm.bsize < 128 * 2 ** 20
  } catch {
    return true
  }
}

/** @throws with the cure, or with what the server said last */
export async function launch(o: LaunchOptions): Promise<Server> {
  try {
    return await launchOnce(o, true)
  } catch (e) {
    // Alpine and others package the statistics extension apart: the product runs without it.
    if (!/could not access file "pg_stat_statements"/.test((e as Error).message)) throw e
    return launchOnce(o, false)
  }
}

async function launchOnce(o: LaunchOptions, preload: boolean): Promise<Server> {
  const { folder } = o
  const args = ['-D', folder.cluster, ...Object.entries(settingsFor(o, preload)).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const child = spawn(path.join(folder.bin, 'postgres'), args, {
    ...ids(folder.user), env: serverEnvironment(folder.dataDir), cwd: folder.dataDir,
    detached: true, // Ctrl-C in the terminal must reach us, not the server
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  let ended: string | undefined
  let stopping = false
  let watchdog: ChildProcess | undefined
  const gone = Promise.withResolvers<void>()
  const lost = Promise.withResolvers<string>()
  const end = (why: string) => {
    ended = why
    watchdog?.kill('SIGKILL') // the pid it watches may be given to a stranger
    gone.resolve()
    if (!stopping) lost.resolve(why)
  }
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
    for (const line of text.split('\n')) if (line.trim()) folder.log(line.trimEnd())
  })
  child.once('error', (e) => end(e.message))
  child.once('exit', (code, signal) => end(`PostgreSQL ended by itself (${signal ?? `code ${code}`})`))

  let waited = Date.now()
  for (;;) {
    if (ended !== undefined) throw explain(said, folder) ?? new Error(`PostgreSQL did not start: ${ended} ${said.trim()}`)
    const found = readPostmaster(folder.cluster) // not a log line: those depend on logging settings
    if (found && found.pid === child.pid && found.status === 'ready') break
    if (Date.now() - waited > 10_000) {
      folder.log('PostgreSQL is still recovering from its last stop')
      waited = Date.now()
    }
    await sleep(5)
  }
  const pid = child.pid!
  const watch = () => {
    const dog = startWatchdog(pid, o)
    watchdog = dog
    const begun = Date.now()
    dog.once('exit', () => {
      if (stopping || ended !== undefined || watchdog !== dog) return
      setTimeout(() => !stopping && ended === undefined && watch(), Date.now() - begun < 1000 ? 1000 : 0).unref()
    })
  }
  watch()
  // Whoever owns the server decides how long the process lives; an idle server alone does not keep it up.
  child.unref()
  ;(child.stderr as unknown as { unref(): void }).unref()

  return {
    pid,
    socketDir: o.socketDir,
    lost: lost.promise,
    async stop() {
      stopping = true
      child.ref()
      if (ended === undefined) await endServer(folder, pid)
      await gone.promise
    },
  }
}

/** A shell blocked in `read`: when this process dies in whatever way, its end of the pipe closes and the server is shut down. */
function startWatchdog(pid: number, o: LaunchOptions): ChildProcess {
  const script = `read x
for s in INT QUIT; do
  kill -$s "$1" 2>/dev/null || break
  i=0; while [ $i -lt 50 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; i=$((i+1)); done
done
[ -z "$2" ] || rm -rf -- "$2"`
  const dog = spawn('/bin/sh', ['-c', script, 'groundwork-watchdog', String(pid), o.removeAfter ?? ''], {
    ...ids(o.folder.user), env: serverEnvironment('/'), cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'],
  })
  dog.on('error', (e) => o.folder.log(`no watchdog for PostgreSQL: ${e.message}`))
  dog.stdin!.on('error', () => {})
  dog.unref()
  ;(dog.stdin as unknown as { unref(): void }).unref()
  return dog
}
