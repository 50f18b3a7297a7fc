// Real services for tests: one of our own where the program is installed, else one that listens at its usual place, else a reason to skip.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import type { TestContext } from 'node:test'
import { installLine, packages } from '../modules/workflows/engine/temporal/packages.ts'

const redisPrograms = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server', '/usr/bin/valkey-server']
export type TestRedis = { url: string; start(): Promise<void>; /** SIGKILL */ kill(): Promise<void>; /** SIGSTOP: accepts, never answers */ freeze(): void; thaw(): void }

/** Why there is no Redis for tests, or false: fits a test's `skip`. */
export async function noRedis(): Promise<string | false> {
  if (redisPrograms.some(existsSync) || (await speaksRedis(6379))) return false
  return 'no redis-server is installed, and none listens at 127.0.0.1:6379'
}

/** The way to a Redis that can be used, but not stopped. */
export async function anyRedis(t: TestContext): Promise<string> {
  return redisPrograms.some(existsSync) ? (await ownRedis(t)).url : 'redis://127.0.0.1:6379'
}

/** Why no Redis can be stopped and started, or false. */
export const noOwnRedis = (): string | false => (redisPrograms.some(existsSync) ? false : 'no redis-server is installed')

/** A Redis of this test's own, in memory, ended with the test. */
export async function ownRedis(t: TestContext): Promise<TestRedis> {
  const program = redisPrograms.find(existsSync)!
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn(program, ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
    while (!(await speaksRedis(port))) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child!.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  t.after(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await start()
  return { url: `redis://127.0.0.1:${port}`, start, kill, freeze: () => void child!.kill('SIGSTOP'), thaw: () => void child!.kill('SIGCONT') }
}

const mariaPrograms = ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/libexec/mariadbd', '/opt/homebrew/bin/mariadbd']
const mariaInstallers = ['/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db', '/opt/homebrew/bin/mariadb-install-db']
/** Why there is no MariaDB for tests, or false. */
export const noMariaDb = (): string | false => (mariaPrograms.some(existsSync) && mariaInstallers.some(existsSync) ? false : 'no mariadb-server is installed')

/** A MariaDB of this test's own on `host`, ended with the test, with a user who owns the database `data`. */
export async function ownMariaDb(t: TestContext, host: string, tls: { certificate: string; key: string }): Promise<{ port: number; user: string; password: string; database: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'maria-'))
  const root = process.getuid?.() === 0 ? ['--user=root'] : []
  const file = (name: string, text: string) => (writeFileSync(join(folder, name), text, { mode: 0o600 }), join(folder, name))
  const [cert, key] = [file('tls.crt', tls.certificate), file('tls.key', tls.key)]
  const password = 'maria of the test'
  const init = file('init.sql', `create database data;\ncreate user 'tester'@'%' identified by '${password}';\ngrant all on data.* to 'tester'@'%';\n`)
  const data = join(folder, 'data')
  execFileSync(mariaInstallers.find(existsSync)!, ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal', ...root], { stdio: 'ignore' })
  const port = await freePort()
  const child = spawn(mariaPrograms.find(existsSync)!, ['--no-defaults', `--datadir=${data}`, `--socket=${join(folder, 's.sock')}`, `--port=${port}`, `--bind-address=${host}`, `--init-file=${init}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`, `--pid-file=${join(folder, 'pid')}`, '--innodb-buffer-pool-size=16M', '--skip-name-resolve', ...root], { stdio: 'ignore' })
  t.after(async () => {
    const gone = new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0)))
    child.kill('SIGKILL')
    await gone
    rmSync(folder, { recursive: true, force: true })
  })
  const { createConnection } = await import('mysql2')
  const answers = () => new Promise<boolean>((resolve) => {
    const connection = createConnection({ host, port, user: 'tester', password, database: 'data' })
    connection.on('error', () => (connection.destroy(), resolve(false)))
    connection.query('select 1', (error) => (connection.destroy(), resolve(!error)))
  })
  while (!(await answers())) { // it listens before it knows the user
    if (child.exitCode !== null) throw new Error(`mariadbd ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { port, user: 'tester', password, database: 'data' }
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Why there is no Temporal for tests, or false: its server stands in TEMPORAL_ADDRESS (services/temporal.sh starts one), its packages are installed by hand. */
export function noTemporal(): string | false {
  if (!env.TEMPORAL_ADDRESS) return 'no TEMPORAL_ADDRESS: services/temporal.sh starts a Temporal server'
  const missing = packages.find((name) => !existsSync(join('node_modules', name.replace(/@[^@]+$/, ''))))
  return missing ? `Temporal's packages are not installed: ${installLine()}` : false
}

async function speaksRedis(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const settle = (answer: boolean) => (socket.destroy(), resolve(answer))
    socket.setTimeout(500, () => settle(false))
    socket.on('error', () => settle(false)).on('close', () => settle(false)).on('data', (data) => settle(String(data).startsWith('+PONG')))
  })
}
