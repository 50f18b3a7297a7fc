// One locked child process and the lines spoken with it. Whatever it does, its calls end: it is killed when it grows, floods, speaks nonsense or
// gives no sign of life, and what ran in it fails by name.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SandboxError, sandboxLimits, type SandboxCode } from '../../kernel/sandbox.ts'
import { prelude } from './prelude.ts'

export type Asked = { op: 'load' | 'call'; guest: string; text: string; deadlineMs: number; wallMs: number; /** a request of its code to the outside */ onHost?: (request: string) => Promise<string> }
export type Child = {
  readonly pid: number | undefined
  /** guests whose source it has been given */
  readonly loaded: Set<string>
  /** @returns the JSON of its result @throws SandboxError, Unloaded */
  ask(asked: Asked, log: string[]): Promise<string>
  kill(why: string): void
  /** MiB it had resident at most while it worked */
  peakMiB(): number
  /** for tests: a line as it is, and the end of its input, as when we are killed */
  say(line: unknown): void
  hangUp(): void
  ended: Promise<void>
}
/** It does not have the guest (any more): nothing ran. */
export class Unloaded extends Error {}
export type Program = { command: string; args: string[]; uid?: number }

const lookEveryMs = 25
const pingEveryMs = 250
const startMs = 20_000
const graceMs = 1000 // of processor time beyond a deadline
const silenceMs = 5000 // beyond a deadline, for one that stands still; a busy machine makes none of them slow
const mostLog = 70_000

/** @param program what is started: see `programs` */
export function startChild(program: Program): Child {
  const child: ChildProcess = spawn(program.command, program.args, { stdio: ['pipe', 'pipe', 'ignore'], env: {}, cwd: '/', ...(program.uid ? { uid: program.uid, gid: program.uid } : {}) })
  type Running = Asked & { log: string[]; logged: number; done(json: string): void; fail(error: Error): void }
  const running = new Map<number, Running>()
  let next = 0
  let turn = 0 // whose code runs, or ran last
  let why = ''
  let peak = 0
  let held: string[] = [] // parts of a line whose end has not come
  let heldLength = 0
  let ready = false
  let waitingSince = performance.now() // for `ready`, then for the answer to a ping
  let usedThen = 0 // processor time when it was pinged
  let pinged = 0
  let answered = 0
  const write = (line: unknown) => void child.stdin!.write(`${JSON.stringify(line)}\n`)
  const kill = (reason: string) => {
    why ||= reason
    child.kill('SIGKILL')
  }

  const watch = setInterval(() => {
    if (child.pid === undefined) return
    const now = performance.now()
    if (!ready) return void (now - waitingSince > startMs && kill('it did not start in time'))
    if (!running.size) return
    const mib = residentMiB(child.pid)
    peak = Math.max(peak, mib)
    if (mib > sandboxLimits.childMiB) return kill(`it grew to ${Math.round(mib)} MiB of memory`)
    if (answered < pinged) {
      const longest = Math.max(...[...running.values()].map(({ deadlineMs }) => deadlineMs))
      if (processorMs(child.pid) - usedThen > longest + graceMs || now - waitingSince > longest + silenceMs) kill('it ran longer than its time, without a sign of life')
    } else if (now - waitingSince > pingEveryMs) {
      waitingSince = now
      usedThen = processorMs(child.pid)
      write(['ping', ++pinged])
    }
  }, lookEveryMs).unref()

  function take(line: Line): void {
    const [op, id] = line
    const call = running.get(id)
    if (op === 'ready') {
      ready = true
      waitingSince = performance.now()
    } else if (op === 'ping') answered = Math.max(answered, id)
    else if (op === 'turn') turn = id
    else if (op === 'log' && call && call.logged < mostLog) {
      call.logged += line[2].length
      call.log.push(line[2])
    } else if (op === 'host' && call) {
      const n = line[2]
      const ask = call.onHost ?? (() => Promise.reject(new Error('this code may call no host')))
      ask(line[3]).then((json) => write(['host', id, n, json, '']), (error: Error) => write(['host', id, n, null, String(error.message)]))
    } else if (op === 'done' || op === 'failed') {
      running.delete(id)
      if (op === 'done') call?.done(line[2])
      else call?.fail(line[2] === 'unloaded' ? new Unloaded() : new SandboxError(line[2] as SandboxCode, line[3], call.log))
    }
  }
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      clearInterval(watch)
      const calls = [...running]
      running.clear()
      for (const [id, call] of calls) call.fail(errorOf(why, id === turn, call.log))
      resolve()
    }
    child.once('error', (error) => {
      why ||= `it could not be started: ${error.message}`
      end()
    })
    child.once('exit', (code, signal) => {
      why ||= `it ended (${signal ?? code})`
      end()
    })
  })
  child.stdin!.on('error', () => {}) // it is ending: 'exit' tells
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const [first, ...others] = text.split('\n')
    held.push(first!)
    heldLength += first!.length
    if (heldLength > sandboxLimits.outputBytes) return kill('it wrote without end')
    if (!others.length) return
    const lines = [held.join(''), ...others]
    held = [lines.pop()!]
    heldLength = held[0]!.length
    for (const one of lines) {
      const line = readLine(one)
      if (!line) return kill('it does not keep to the protocol')
      take(line)
    }
  })
  write(startLine())

  const loaded = new Set<string>()
  return {
    pid: child.pid, loaded, kill, ended, say: write, hangUp: () => void child.stdin!.end(), peakMiB: () => peak,
    ask: (asked, log) => new Promise<string>((done, fail) => {
      if (why) return fail(errorOf(why, false, log))
      const id = ++next
      running.set(id, { ...asked, log, logged: 0, done, fail })
      write(asked.op === 'load' ? ['load', id, asked.guest, asked.text] : ['call', id, asked.guest, asked.text, asked.deadlineMs, asked.wallMs])
    }),
  }
}

/** Only the one whose code ran is to blame, and only for what we ended it for. */
function errorOf(why: string, blamed: boolean, log: string[]): SandboxError {
  const code = !blamed ? 'lost' : /MiB of memory/.test(why) ? 'memory' : /longer than its time/.test(why) ? 'deadline' : /without end/.test(why) ? 'too_large' : 'lost'
  return new SandboxError(code, code === 'lost' ? `the process it ran in ended, ${why}: the same call may be made again` : `${why}, and was ended`, log)
}

type Line = ['ready', 0] | ['ping', number] | ['turn', number] | ['log', number, string] | ['done', number, string] | ['failed', number, string, string] | ['host', number, number, string]
const shapes: Record<string, string> = { ready: 'number', ping: 'number', turn: 'number', log: 'number,string', done: 'number,string', failed: 'number,string,string', host: 'number,number,string' }
/** A line of the child's, which may be anything. @returns undefined for what is none of ours */
export function readLine(text: string): Line | undefined {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(line) || typeof line[0] !== 'string' || !Object.hasOwn(shapes, line[0])) return undefined
  return line.slice(1).map((part) => typeof part).join() === shapes[line[0]] ? (line as Line) : undefined
}

/** Linux tells it; elsewhere the bounds of the guests themselves must do. */
function residentMiB(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1048576
  } catch {
    return 0
  }
}

/** Of a process so far; 0 where the system does not tell. */
function processorMs(pid: number): number {
  try {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
    const [user, system] = fields!.split(' ').slice(11, 13).map(Number)
    return (user! + system!) * 10
  } catch {
    return 0
  }
}

/**
 * The ways to start a child, the tightest first: a user of its own where we are root (never the database's, nor `nobody`), a network of its own where
 * the kernel lets us, Node's permission model always. Its code comes as text, so that it needs to read no file.
 */
export function programs(): Program[] {
  const here = fileURLToPath(import.meta.url)
  const typed = here.endsWith('.ts')
  const source = readFileSync(fileURLToPath(new URL(typed ? './child.ts' : './child.js', import.meta.url)), 'utf8')
  const node = [process.execPath, '--no-warnings', '--permission', '--max-old-space-size=128', '--expose-gc', `--input-type=module${typed ? '-typescript' : ''}`, '--eval', source]
  const alone = ['unshare', '--map-current-user', '--net', '--', ...node]
  const root = process.getuid?.() === 0
  const of = ([command, ...args]: string[], uid?: number): Program => ({ command: command!, args, ...(uid ? { uid } : {}) })
  return [...(process.platform === 'linux' ? [of(alone, root ? 65533 : undefined)] : []), ...(root ? [of(node, 65533)] : []), of(node)]
}

/** The engine as the child takes it: modules as data addresses, since it can read nothing. */
function startLine(): unknown {
  const file = (name: string) => fileURLToPath(import.meta.resolve(`quickjs-wasi/${name}`))
  const asAddress = (text: string) => `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  const main = file('package.json').replace(/package\.json$/, 'dist/')
  const linked = readFileSync(`${main}index.js`, 'utf8').replaceAll(/from '\.\/([\w-]+\.js)'/g, (_, name: string) => `from '${asAddress(readFileSync(main + name, 'utf8'))}'`)
  const base64 = (name: string) => readFileSync(file(name), 'base64')
  return ['start', asAddress(linked), base64('quickjs.wasm'), ['url', 'encoding', 'headers', 'crypto', 'structured-clone'].map((name) => [name, base64(`${name}.so`)]), prelude]
}
