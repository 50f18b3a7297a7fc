// The process that runs code nobody trusts. It is given as text to a Node without any permission: no file, socket, child process or environment to
// steal, and imports nothing but what its parent sends it. Each guest is a WebAssembly instance of QuickJS of its own.
// Lines of JSON. in: ['start', modules, wasm, extensions, prelude] ['load', id, guest, source] ['call', id, guest, input, ms, wallMs] ['host', id, n, json | null, error] ['ping', n]
// out: ['ready', 0] ['turn', id] (its code runs from here on) ['host', id, n, request] ['log', id, text] ['done', id, json] ['failed', id, code, message] ['ping', n]
import type { JSValueHandle, QuickJS as Machine } from 'quickjs-wasi'

const memory = 64 << 20
const grown = 16 << 20 // a WebAssembly memory never shrinks: what grew past this is dropped after its call
const mostGuests = 32
const mostResult = 4_000_000
const mostRequest = 1_000_000
const inFlight = 20
const mostTimers = 100
const mostLog = 65_536

type Failure = { code: string; message: string }
type Library = typeof import('quickjs-wasi')
type Code = object // a WebAssembly.Module, which the types of Node do not know
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<Code> }
const send = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
let library: Library
let wasm: Code
let extensions: { name: string; wasm: Code }[] = []
let prelude = ''

/** One guest: its machine, and the one call it has under way. */
class Guest {
  machine!: Machine
  busy = false
  #call = 0
  #ms = 0
  #spent = 0
  #turnAt = 0
  #usedThen = 0
  #running = false
  #expired = false
  #open = new Map<number, { resolve(json: string): void; reject(message: string): void }>()
  #next = 0
  #timers = new Set<NodeJS.Timeout>()
  #logged = 0
  #wake: () => void = () => {}

  static async make(call: number, source: string): Promise<Guest> {
    const guest = new Guest()
    guest.machine = await library.QuickJS.create({ wasm, extensions, memoryLimit: memory, timezoneOffset: 0, interruptHandler: () => guest.#isOver() })
    try {
      guest.#begin(call, 1000)
      guest.#provide()
      guest.machine.evalCode(prelude).dispose()
      using module = guest.#turn(() => guest.machine.evalCode(source, 'function.js', library.EvalFlags.TYPE_MODULE))
      using exports = await guest.#settle(module, 3000)
      using main = exports.getProp('default')
      if (guest.machine.typeof(main) !== 'function') throw failure('invalid', 'it has no default export that is a function: export default async (input, ctx) => ...')
      guest.machine.setProp(guest.machine.global, '__main', main)
    } catch (error) {
      guest.end()
      throw error
    }
    return guest
  }

  async call(call: number, input: string, ms: number, wallMs: number): Promise<string> {
    this.#begin(call, ms)
    try {
      using run = this.machine.global.getProp('__run')
      using main = this.machine.global.getProp('__main')
      using given = this.machine.newString(input)
      using promise = this.#turn(() => this.machine.callFunction(run, this.machine.undefined, main, given))
      using value = await this.#settle(promise, wallMs)
      const json = value.toString()
      if (json.length > mostResult) throw failure('too_large', `its result is larger than ${mostResult} bytes`)
      return json
    } finally {
      for (const timer of this.#timers) clearTimeout(timer)
      this.#timers.clear()
      this.#open.clear()
    }
  }

  /** The parent's answer to a request. */
  answer(n: number, json: string | null, error: string): void {
    const open = this.#open.get(n)
    this.#open.delete(n)
    if (json === null) open?.reject(error)
    else open?.resolve(json)
  }
  get bytes(): number {
    return this.machine._getMemory().buffer.byteLength
  }
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    try {
      this.machine.dispose()
    } catch {
      // a machine that broke while it ran cannot be taken down tidily: its memory goes with the instance
    }
  }

  #begin(call: number, ms: number) {
    this.#call = call
    this.#ms = ms
    this.#spent = 0
    this.#expired = false
    this.#logged = 0
  }
  /** Processor time counts: not what it waits, nor what a busy machine makes it wait. Not asked while a pattern is compiled: the parent sees to that. */
  #isOver(): boolean {
    if (!this.#running || this.#spent + performance.now() - this.#turnAt < this.#ms) return false // the clock first: asking for processor time costs more
    this.#expired = this.#spent + processorMs() - this.#usedThen >= this.#ms
    return this.#expired
  }
  #turn<R>(body: () => R): R {
    send(['turn', this.#call])
    this.#running = true
    this.#turnAt = performance.now()
    this.#usedThen = processorMs()
    try {
      return body()
    } catch (error) {
      throw this.#explain(error)
    } finally {
      this.#spent += processorMs() - this.#usedThen
      this.#running = false
    }
  }

  /** Goes on until the promise settles, its time is over, or nothing is left that could settle it. */
  async #settle(promise: JSValueHandle, wallMs: number): Promise<JSValueHandle> {
    const until = performance.now() + wallMs
    for (;;) {
      this.#turn(() => this.machine.executePendingJobs())
      if (promise.promiseState !== 0) {
        const settled = await this.machine.resolvePromise(promise)
        if ('value' in settled) return settled.value
        try {
          throw this.#explainHandle(settled.error)
        } finally {
          settled.error.dispose()
        }
      }
      if (!this.#open.size && !this.#timers.size) throw failure('threw', 'its promise never settles: nothing it waits for is left')
      const left = until - performance.now()
      if (left <= 0) throw failure('deadline', `it waited longer than ${wallMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => (clearTimeout(timer), resolve())
      })
    }
  }

  #explain(error: unknown): unknown {
    const known = error as { message?: unknown; handle?: JSValueHandle; dispose?(): void; code?: string }
    if (known.code) return error
    try {
      return known.handle ? this.#explainHandle(known.handle) : this.#judge(String(known.message ?? error))
    } finally {
      known.dispose?.()
    }
  }
  /** Only an own data property is read: a getter would be the guest's code. */
  #explainHandle(error: JSValueHandle): Failure {
    if (this.machine.typeof(error) !== 'object') return this.#judge(this.machine.typeof(error) === 'symbol' ? 'a symbol' : error.toString())
    const own = error.getOwnPropertyDescriptor('message')
    return this.#judge(own?.value && this.machine.typeof(own.value) === 'string' ? own.value.toString() : 'an object without a message')
  }
  #judge(message: string): Failure {
    if (this.#expired) return failure('deadline', `it was interrupted: it ran longer than ${this.#ms} ms`)
    if (/out of memory|string too long|is too large to allocate/.test(message)) return failure('memory', message)
    if (/call stack|stack overflow/.test(message)) return failure('stack', message)
    return failure('threw', message)
  }

  /** The three things of the host, under names that the prelude takes away. */
  #provide(): void {
    const { machine } = this
    const give = (name: string, body: (...args: JSValueHandle[]) => JSValueHandle) => {
      using made = machine.newFunction(name, body)
      machine.setProp(machine.global, name, made)
    }
    const settled = (deferred: ReturnType<Machine['newPromise']>, json: string | null, message: string) => {
      if (json === null) {
        using error = machine.newError(message)
        deferred.reject(error)
      } else {
        using value = machine.newString(json)
        deferred.resolve(value)
      }
      this.#wake()
    }
    give('__host', (request) => {
      const deferred = machine.newPromise()
      const text = request!.toString()
      if (this.#open.size >= inFlight) settled(deferred, null, `more than ${inFlight} requests in flight`)
      else if (text.length > mostRequest) settled(deferred, null, `the request is larger than ${mostRequest} bytes`)
      else {
        const n = ++this.#next
        this.#open.set(n, { resolve: (json) => settled(deferred, json, ''), reject: (message) => settled(deferred, null, message) })
        send(['host', this.#call, n, text])
      }
      return deferred.handle
    })
    give('__timer', (ms) => {
      const deferred = machine.newPromise()
      if (this.#timers.size >= mostTimers) settled(deferred, null, `more than ${mostTimers} timers`)
      else {
        const timer = setTimeout(() => (this.#timers.delete(timer), settled(deferred, '', '')), Math.min(Math.max(Number(ms!.toString()) || 0, 0), 60_000))
        this.#timers.add(timer)
      }
      return deferred.handle
    })
    give('__log', (line) => {
      if (this.#logged < mostLog) {
        const text = line!.toString().slice(0, mostLog - this.#logged)
        this.#logged += text.length + 1
        send(['log', this.#call, this.#logged >= mostLog ? `${text} ... the log is full` : text])
      }
      return machine.undefined
    })
  }
}
function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
const failure = (code: string, message: string): Failure => ({ code, message })

const guests = new Map<string, Guest>() // the least recently used first
const calls = new Map<number, Guest>()
function drop(name: string): void {
  guests.get(name)?.end()
  guests.delete(name)
  setImmediate(() => (globalThis as { gc?: () => void }).gc?.()) // its memory comes back with a collection only; bombs in a row would add up
}
async function work(id: number, name: string, task: () => Promise<string>): Promise<void> {
  try {
    send(['done', id, await task()])
    const guest = guests.get(name)
    if (guest && !guest.busy && guest.bytes > grown) drop(name)
  } catch (error) {
    if (guests.get(name)?.busy !== true) drop(name) // after any error it is never used again
    const { code, message } = error as Partial<Failure>
    send(['failed', id, code ?? 'threw', String(message ?? error).slice(0, 500)])
  }
}

type Start = [op: 'start', modules: string, wasm: string, extensions: [name: string, wasm: string][], prelude: string]
async function start([, modules, code, parts, words]: Start): Promise<void> {
  const compile = (text: string) => WebAssembly.compile(Buffer.from(text, 'base64'))
  library = (await import(modules)) as Library
  wasm = await compile(code)
  extensions = (await Promise.all(parts.map(async ([name, text]) => ({ name, wasm: await compile(text) })))) as typeof extensions
  prelude = words
  send(['ready', 0])
}
let started: Promise<void> | undefined

async function handle(line: [op: string, id: number, name: string, text: string, ms: number, wallMs: number]): Promise<void> {
  const [op, id, name, text] = line
  if (op === 'start') return (started = start(line as unknown as Start))
  await started
  if (op === 'ping') send(['ping', id])
  else if (op === 'load')
    await work(id, name, async () => {
      if (guests.has(name)) drop(name)
      for (const [old, guest] of guests) if (guests.size >= mostGuests && !guest.busy) drop(old)
      guests.set(name, await Guest.make(id, text))
      return 'null'
    })
  else if (op === 'call') {
    const guest = guests.get(name)
    if (!guest || guest.busy) return void send(['failed', id, guest ? 'busy' : 'unloaded', 'it is not loaded, or under way'])
    guests.delete(name)
    guests.set(name, guest)
    guest.busy = true
    calls.set(id, guest)
    await work(id, name, () => guest.call(id, text, line[4], line[5]).finally(() => {
      guest.busy = false
      calls.delete(id)
    }))
  } else if (op === 'host') {
    const [, , n, json, error] = line as unknown as [string, number, number, string | null, string]
    calls.get(id)?.answer(n, json, error)
  }
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop()!
  for (const line of lines) void handle(JSON.parse(line))
})
process.stdin.on('end', () => process.exit())
process.on('unhandledRejection', () => {}) // of guests' promises that nobody waits for
