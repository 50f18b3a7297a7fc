// The Sandbox port by QuickJS in WebAssembly inside locked child processes. Children start when they are first needed and go when nobody needs them.
// A child is single-threaded: so a tenant keeps to one child where it can, has one call at a time in each, and expressions have a child of their own.
import type { Egress } from '../kernel/egress.ts'
import type { Logger } from '../kernel/log-lines.ts'
import type { GuestCall, GuestFunction, Json, Sandbox } from '../kernel/ports.ts'
import { SandboxError, sandboxLimits } from '../kernel/sandbox.ts'
import { createHash } from 'node:crypto'
import { createBroker } from './sandbox/broker.ts'
import { programs, startChild, Unloaded, type Asked, type Child, type Program } from './sandbox/process.ts'

export type QuickJsOptions = {
  egress: Pick<Egress, 'fetch'>
  log: Logger
  /** child processes for functions; expressions have one more */
  children?: number
  /** a child nobody needed for so long goes */
  idleMs?: number
}
type Task = { key: string; tenant: string; source: string; input: string; deadlineMs: number; wallMs: number; onHost?: Asked['onHost']; log: string[]; done(json: string): void; fail(error: Error): void }
/** `children()` is for tests: pid and peak memory of those alive. */
export type QuickJs = Sandbox & { children(): { pid: number; peakMiB: number }[] }

/** Starts nothing yet. */
export function openQuickJs({ egress, log, children = 2, idleMs = 300_000 }: QuickJsOptions): QuickJs {
  let ways: Program[] | undefined // those left to try; the first one that worked stays
  const start = async (): Promise<Child> => {
    ways ??= programs()
    for (;;) {
      const child = startChild(ways[0]!)
      const worked = await child.ask({ op: 'load', guest: 'probe', text: 'export default () => 1', deadlineMs: sandboxLimits.loadMs, wallMs: sandboxLimits.loadMs }, []).then(() => true, (error: Error) => (log.warn({ error: error.message }, 'a child of the sandbox did not start'), false))
      if (worked) return child
      child.kill('it did not start')
      if (ways.length === 1) throw new SandboxError('busy', 'the sandbox could not be started')
      ways.shift()
      log.warn({ next: ways[0]!.command }, 'the sandbox is started in a less closed way')
    }
  }
  const pool = (size: number) => createPool(size, start, idleMs)
  const functions = pool(children)
  const expressions = pool(1)

  function enqueue(on: ReturnType<typeof createPool>, guest: GuestFunction, input: Json, task: Pick<Task, 'deadlineMs' | 'wallMs' | 'log'> & { onHost?: Asked['onHost'] }): Promise<Json> {
    const text = JSON.stringify(input)
    if (Buffer.byteLength(guest.source) > sandboxLimits.sourceBytes) throw new SandboxError('invalid', `the code is larger than ${sandboxLimits.sourceBytes} bytes`)
    if (text.length > sandboxLimits.inputBytes) throw new SandboxError('too_large', `the input is larger than ${sandboxLimits.inputBytes} bytes`)
    const key = `${guest.tenant}/${guest.id}/${createHash('sha256').update(guest.source).digest('base64url')}` // another source is another guest, whatever its id says
    return on.run({ ...task, key, tenant: guest.tenant, source: guest.source, input: text }).then((json) => readResult(json, task.log))
  }
  return {
    kind: 'quickjs',
    async call(guest, input, call: GuestCall = {}) {
      const written: string[] = []
      const { deadlineMs = sandboxLimits.deadlineMs, wallMs = sandboxLimits.wallMs, idempotencyKey = null } = call
      const value = await enqueue(functions, guest, { input, key: idempotencyKey }, { deadlineMs, wallMs, log: written, onHost: createBroker(egress, call) })
      return { value, log: written }
    },
    async evaluate(guest, run, scope) {
      return (await enqueue(expressions, guest, { input: { run: [...run], scope: { ...scope } }, key: null }, { deadlineMs: sandboxLimits.expressionMs, wallMs: sandboxLimits.expressionMs * 4, log: [] })) as Json[]
    },
    children: () => [...functions.children(), ...expressions.children()].map((child) => ({ pid: child.pid!, peakMiB: child.peakMiB() })),
    async close() {
      await Promise.all([functions.close(), expressions.close()])
    },
  }
}

type Place = { child: Promise<Child>; alive: Child | undefined; tenants: Set<string>; idle: NodeJS.Timeout | undefined }
/** Some children and who waits for them, first come first served as far as a tenant's own calls allow. */
function createPool(size: number, start: () => Promise<Child>, idleMs: number) {
  const places: (Place | undefined)[] = Array.from({ length: size }, () => undefined)
  const waiting: Task[] = []
  let closed = false

  function openPlace(at: number): Place {
    const place: Place = { child: start(), alive: undefined, tenants: new Set(), idle: undefined }
    const gone = () => {
      clearTimeout(place.idle)
      if (places[at] === place) places[at] = undefined
    }
    place.child.then((child) => {
      place.alive = child
      if (closed) child.kill('the sandbox is closed')
      return child.ended.then(gone)
    }, gone)
    return (places[at] = place)
  }
  /** The tenant's own child first, then one that runs, then a new one. */
  function placeFor(tenant: string): Place | undefined {
    const home = Number.parseInt(createHash('sha256').update(tenant).digest('hex').slice(0, 8), 16) % size
    const order = [home, ...places.keys().filter((at) => at !== home)]
    const free = order.filter((at) => !places[at]?.tenants.has(tenant))
    const at = free.find((one) => one === home || places[one]) ?? free[0]
    return at === undefined ? undefined : (places[at] ?? openPlace(at))
  }
  function next(): void {
    for (let i = 0; i < waiting.length; ) {
      const place = placeFor(waiting[i]!.tenant)
      if (place) void work(place, waiting.splice(i, 1)[0]!)
      else i++
    }
  }
  async function work(place: Place, task: Task): Promise<void> {
    place.tenants.add(task.tenant)
    clearTimeout(place.idle)
    try {
      task.done(await runIn(await place.child, task))
    } catch (error) {
      task.fail(error as Error)
    } finally {
      place.tenants.delete(task.tenant)
      if (!place.tenants.size) place.idle = setTimeout(() => place.alive?.kill('nobody needs it'), idleMs).unref()
      next()
    }
  }
  return {
    run: (task: Omit<Task, 'done' | 'fail'>) => new Promise<string>((done, fail) => {
      if (closed) return fail(new SandboxError('busy', 'the sandbox is closed'))
      if (waiting.length >= sandboxLimits.waiting) return fail(new SandboxError('busy', 'too many calls wait for the sandbox'))
      waiting.push({ ...task, done, fail })
      next()
    }),
    children: () => places.flatMap((place) => place?.alive ?? []),
    async close() {
      closed = true
      for (const task of waiting.splice(0)) task.fail(new SandboxError('busy', 'the sandbox is closed'))
      await Promise.all(places.map(async (place) => {
        const child = await place?.child.catch(() => undefined)
        child?.kill('the sandbox is closed')
        await child?.ended
      }))
    },
  }
}

/** Gives the child the source when it has not got it, or has dropped it meanwhile: then nothing ran. */
async function runIn(child: Child, { key, source, input, deadlineMs, wallMs, onHost, log }: Task): Promise<string> {
  for (let again = true; ; again = false) {
    if (!child.loaded.has(key)) {
      await child.ask({ op: 'load', guest: key, text: source, deadlineMs: sandboxLimits.loadMs, wallMs: sandboxLimits.loadMs }, log)
      child.loaded.add(key)
    }
    try {
      return await child.ask({ op: 'call', guest: key, text: input, deadlineMs, wallMs, ...(onHost ? { onHost } : {}) }, log)
    } catch (error) {
      child.loaded.delete(key) // after an error its machine is gone
      if (!(again && error instanceof Unloaded)) throw error instanceof Unloaded ? new SandboxError('lost', 'the code was dropped before it ran: the same call may be made again', log) : error
    }
  }
}

/** @throws SandboxError for what is too deep for those who handle it later */
function readResult(json: string, log: string[]): Json {
  const value = JSON.parse(json) as Json
  const all: [Json, number][] = [[value, 0]]
  for (let top = all.pop(); top; top = all.pop()) {
    const [one, depth] = top
    if (depth > sandboxLimits.depth) throw new SandboxError('too_large', `its result is nested deeper than ${sandboxLimits.depth}`, log)
    if (one && typeof one === 'object') for (const inner of Object.values(one)) if (inner && typeof inner === 'object') all.push([inner, depth + 1])
  }
  return value
}
