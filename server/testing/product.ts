// The real product as a process of its own, as `npm start` runs it, over a data folder of its own, spoken to by HTTP and killed by pid.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { attachEmbedded, type Embedded } from '../adapters/database-embedded.ts'
import { livingProcesses } from '../adapters/embedded/cluster.ts'
import { realDataDir } from '../adapters/embedded/root-user.ts'

export const root = path.resolve(import.meta.dirname, '../..')
export const setupToken = 'set-up-token-of-the-proofs'
const { scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
const compileCache = /NODE_COMPILE_CACHE=\$PWD\/(\S+) /.exec(scripts.start)![1]!
const patience = 120_000 // a busy machine recovers a database in seconds; this only ends a start that hangs

/** Some operations answer only where sign-in by a provider is set up; nobody is asked there. */
const someProvider = { GITHUB_CLIENT_ID: 'of the proof', GITHUB_CLIENT_SECRET: 'never used' }

export type Answer = { status: number; body: any; text: string; headers: Headers }
export type Call = { token?: string | undefined; body?: unknown; /** sent as it is */ raw?: string | Uint8Array; headers?: Record<string, string>; signal?: AbortSignal }

export class Product {
  readonly dataDir: string
  readonly env: Record<string, string>
  /** everything it printed since its last start */
  said = ''
  url = ''
  #child: ChildProcess | undefined
  #ended: Promise<string> | undefined

  constructor(dataDir: string, env: Record<string, string>) {
    this.dataDir = dataDir
    this.env = env
  }

  get pid(): number {
    return this.#child!.pid!
  }
  /** Settles with the way it ended. */
  get ended(): Promise<string> {
    return this.#ended!
  }
  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts it, or starts it again, and waits for its `ready` line. @throws with what it said when it ended instead */
  async start(): Promise<void> {
    this.said = ''
    const child = spawn(process.execPath, ['server/main.ts'], {
      cwd: root, stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: os.homedir(), NODE_COMPILE_CACHE: path.join(root, compileCache), DATA_DIR: this.dataDir, PORT: '0', SETUP_TOKEN: setupToken,
        RATE_LIMITS: 'off', LOG_LEVEL: 'error', ...this.env,
      },
    })
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)))
    this.url = await new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`not ready after ${patience / 1000} s:\n${this.said}`)), patience)
      const hear = (bytes: Buffer) => {
        this.said += String(bytes)
        const address = /^ready (http:\S+)$/m.exec(this.said)?.[1]
        if (!address) return
        clearTimeout(limit)
        resolve(address)
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      void this.#ended!.then((how) => {
        clearTimeout(limit)
        reject(new Error(`it ended with ${how} instead of being ready:\n${this.said}`))
      })
    })
  }

  /** SIGTERM; @returns how it ended */
  async stop(): Promise<string> {
    if (this.running) this.#child!.kill('SIGTERM')
    return this.ended
  }
  /** SIGKILL to Node alone: the watchdog ends the database. */
  async kill(): Promise<void> {
    if (this.running) this.#child!.kill('SIGKILL')
    await this.ended
  }
  /** Nothing of it is left, neither processes nor files. */
  async remove(): Promise<void> {
    if (this.#child) await this.kill()
    const cluster = this.cluster()
    for (const pid of livingProcesses(cluster)) endProcess(pid)
    while (livingProcesses(cluster).length) await new Promise((resolve) => setTimeout(resolve, 20))
    fs.rmSync(path.dirname(cluster), { recursive: true, force: true })
    fs.rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** The folder of the database, which root's data may have left DATA_DIR for. */
  cluster(): string {
    return path.join(realDataDir(this.dataDir, '/var/lib/groundwork'), 'cluster')
  }
  attach = async (): Promise<Embedded> => (await attachEmbedded({ dataDir: this.dataDir })) ?? fail(`no database runs over ${this.dataDir}`)

  /** `path` under /api/v1, unless it begins with another root of the server. */
  async call(method: string, at: string, { token, body, raw, headers = {}, signal }: Call = {}): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const answer = await fetch(this.url + (/^\/(api|t|live|health|ready|ping|status|metrics|oauth)(\/|$|\?)/.test(at) ? at : `/api/v1${at}`), {
      method, redirect: 'manual', ...(signal ? { signal } : {}),
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(sent === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(sent === undefined ? {} : { body: sent as string }),
    })
    const text = await answer.text()
    const json = /json/.test(answer.headers.get('content-type') ?? '') && text
    return { status: answer.status, body: json ? JSON.parse(text) : undefined, text, headers: answer.headers }
  }
  /** A call that must succeed. @throws with the answer */
  async ok(method: string, at: string, how: Call = {}): Promise<any> {
    const answer = await this.call(method, at, how)
    if (answer.status < 200 || answer.status > 299) fail(`${method} ${at} answered ${answer.status}: ${answer.text.slice(0, 600)}\n${this.said.slice(-2000)}`)
    return answer.body
  }
}

/** A product that runs until the test ends. */
export async function startProduct(t: Pick<TestContext, 'after'>, env: Record<string, string> = {}): Promise<Product> {
  const product = new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-proof-')), { ...someProvider, ...env })
  const orphan = () => {
    if (product.running) endProcess(product.pid)
  }
  const given = () => (orphan(), process.exit(1)) // the runner gives up on this file
  process.once('exit', orphan)
  process.once('SIGTERM', given)
  t.after(async () => {
    process.off('exit', orphan)
    process.off('SIGTERM', given)
    await product.remove()
  })
  await product.start()
  return product
}

/** A verb of the program, as whoever types it sees it. */
export function verb(args: string[], env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['server/main.ts', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: os.homedir(), LOG_LEVEL: 'error', ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += String(bytes)))
    child.once('error', reject).once('close', (code) => resolve({ code, said }))
  })
}

/** One connection as the superuser, closed with the test; `role` acts as that role of the product. */
export async function connect(t: Pick<TestContext, 'after'>, config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end().catch(() => {}))
  return client
}

export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
export function fail(message: string): never {
  throw new Error(message)
}
/** Fails with what was found, one a line. */
export function assertNone(faults: readonly string[], what = ''): void {
  if (faults.length) fail(`${what}${faults.length} faults\n${faults.slice(0, 40).join('\n')}`)
}
