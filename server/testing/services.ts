// Real services for tests: one of our own where the program is installed, else one that listens at its usual place, else a reason to skip.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
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
