// `groundwork runs`: list, show, watch, start and steer runs of workflows.
import type { Client } from '../client/client.ts'
import type { Run } from '../client/shapes.ts'
import { plain, table } from './table.ts'
import { exits, Misuse, type Call, type Values, type Verb } from './verb.ts'

const watchMs = 700
const over = /^(completed|failed|cancelled)$/
const endOf = ({ status }: Pick<Run, 'status'>): number => (status === 'failed' ? exits.failed : status === 'cancelled' ? exits.cancelled : exits.done)
const at = (time: string | null): string => (time === null ? '' : time.replace('T', ' ').replace(/\.\d+Z$/, 'Z'))
const text = (values: Values, name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined)
const whole = (values: Values, name: string): number | undefined => {
  const given = text(values, name)
  if (given === undefined) return undefined
  if (!/^\d{1,6}$/.test(given)) throw new Misuse(`--${name} must be a whole number`)
  return Number(given)
}

/** A workflow by its id, or by its whole name where only one has it. */
async function workflowId(client: Client, given: string): Promise<string> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(given)) return given
  const { items } = await client.workflows.list({ query: { q: given.slice(0, 100), limit: 50 } })
  const found = items.filter(({ name }) => name === given)
  if (found.length === 1) return found[0]!.id
  throw new Misuse(found.length ? `${found.length} workflows are named ${given}: give the id, such as ${found[0]!.id}` : `no workflow is named ${given}${items.length ? `; there is ${items.map(({ name }) => plain(name)).slice(0, 5).join(', ')}` : ''}`)
}

function shown(run: Run): string {
  const lines = [
    `${run.id}  ${run.status}`, `workflow   ${plain(run.workflowName)} (version ${run.version}, ${run.workflowId})`, `begun      ${at(run.startedAt ?? run.createdAt)}${run.trigger ? ` by ${run.trigger}` : ''}${run.completedAt ? `, ended ${at(run.completedAt)}` : ''}`,
    ...(run.error ? [`error      ${run.error.code}: ${plain(run.error.message)}`] : []), ...(run.hidden ? ['values     left out: they may hold what you may not see'] : []),
    '', table(['STEP', 'KIND', 'STATUS', 'TRY', 'ENDED', 'NOTE'], run.steps.map((step) => [step.key, step.kind, step.status, String(step.attempt), at(step.completedAt), step.error ? `${step.error.code}: ${step.error.message}` : (step.way ?? '')])),
    ...(run.results === null ? [] : ['', `results    ${JSON.stringify(run.results)}`]),
  ]
  return lines.join('\n')
}

const stateOf = (run: Run): string[] => [`run ${run.status}`, ...run.steps.map((step) => `${step.key} ${step.status}${step.attempt > 1 ? ` (try ${step.attempt})` : ''}`)]
/** Tells each change until the run is over, or the caller has seen enough. */
async function watch({ client, say, json, signal }: Call, id: string): Promise<number> {
  const told = new Map<string, string>()
  for (;;) {
    const run = await client.runs.get({ id, ...(signal ? { signal } : {}) })
    const fresh = stateOf(run).map((line) => line.split(' ', 1).concat(line.replace(/^\S+ /, '')) as [string, string]).filter(([what, state]) => told.get(what) !== state)
    for (const [what, state] of fresh) told.set(what, state)
    if (json ? fresh.length : false) say(JSON.stringify({ id: run.id, status: run.status, steps: run.steps.map(({ key, status, attempt }) => ({ key, status, attempt })) }))
    else for (const [what, state] of fresh) say(`${new Date().toISOString()}  ${plain(what)}  ${state}`)
    if (over.test(run.status)) {
      if (!json && run.error) say(`error  ${run.error.code}: ${plain(run.error.message)}`)
      return endOf(run)
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, watchMs)
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
    if (signal?.aborted) return exits.waiting
  }
}
const tell = ({ say, json }: Call, run: Run): number => (say(json ? JSON.stringify(run, null, 2) : shown(run)), exits.done)

export const runVerbs: Readonly<Record<string, Verb>> = {
  list: {
    usage: '[--workflow <id or name>] [--status <status>] [--from <time>] [--to <time>] [--limit <n>]', about: 'Runs, newest first; 20 unless said.', words: 0,
    options: { workflow: { type: 'string' }, status: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, limit: { type: 'string' } },
    async run({ client, values, say, json }) {
      const workflow = text(values, 'workflow')
      const query = { limit: whole(values, 'limit') ?? 20, ...(workflow === undefined ? {} : { workflowId: await workflowId(client, workflow) }), ...Object.fromEntries(['status', 'from', 'to'].flatMap((name) => (text(values, name) === undefined ? [] : [[name, text(values, name)]]))) }
      const { items, next } = await client.runs.list({ query: query as never })
      if (json) return say(JSON.stringify({ items, next }, null, 2)), exits.done
      say(items.length ? table(['RUN', 'STATUS', 'WORKFLOW', 'BEGUN', 'ENDED', 'ERROR'], items.map((run) => [run.id, run.status, run.workflowName, at(run.startedAt ?? run.createdAt), at(run.completedAt), run.error?.code ?? ''])) : 'no runs')
      return exits.done
    },
  },
  show: { usage: '<run>', about: 'A run with its steps.', words: 1, run: async (call) => tell(call, await call.client.runs.get({ id: call.words[0]! })) },
  watch: { usage: '<run>', about: 'Tells each change until the run is over; its end is the exit code.', words: 1, run: (call) => watch(call, call.words[0]!) },
  start: {
    usage: '<workflow id or name> [--input <json, @file or ->] [--trigger <node>] [--version <n>] [--watch]', about: 'Begins a run by hand; with --watch its end is the exit code.', words: 1,
    options: { input: { type: 'string' }, trigger: { type: 'string' }, version: { type: 'string' }, watch: { type: 'boolean' } },
    async run(call) {
      const { client, values, words, textOf } = call
      const given = text(values, 'input')
      let input: unknown
      if (given !== undefined) {
        try {
          input = JSON.parse(await textOf(given))
        } catch (error) {
          if (error instanceof Misuse) throw error
          throw new Misuse(`--input is no JSON: ${(error as Error).message}`)
        }
      }
      const [trigger, version] = [text(values, 'trigger'), whole(values, 'version')]
      const body = { ...(given === undefined ? {} : { input }), ...(trigger === undefined ? {} : { trigger }), ...(version === undefined ? {} : { version }) }
      const run = await client.workflows.run({ id: await workflowId(client, words[0]!), body, idempotencyKey: crypto.randomUUID() })
      if (!values.watch) return tell(call, run)
      if (!call.json) call.say(`${run.id}`)
      return watch(call, run.id)
    },
  },
  cancel: { usage: '<run>', about: 'Ends a run and those it started.', words: 1, run: async (call) => tell(call, await call.client.runs.cancel({ id: call.words[0]! })) },
  pause: { usage: '<run>', about: 'Steps under way finish; then it rests.', words: 1, run: async (call) => tell(call, await call.client.runs.pause({ id: call.words[0]! })) },
  resume: { usage: '<run>', about: 'Lets a paused run go on.', words: 1, run: async (call) => tell(call, await call.client.runs.resume({ id: call.words[0]! })) },
  retry: {
    usage: '<run> [--from <node>] [--watch]', about: 'Goes on from what failed, or from a node on.', words: 1, options: { from: { type: 'string' }, watch: { type: 'boolean' } },
    async run(call) {
      const from = text(call.values, 'from')
      const run = await call.client.runs.retry({ id: call.words[0]!, ...(from === undefined ? {} : { body: { fromNode: from } }) })
      return call.values.watch ? watch(call, run.id) : tell(call, run)
    },
  },
}
