// A run told: how long things took, where each step is, what a failure means and what mends it. Nothing here knows the page.
import { t } from '../../words.ts'
import { nameOf, type Catalogue, type NodeState } from './graph/drawn.ts'
import type { Run, RunError, RunStep } from './reads.ts'

export const isOver = (run: Pick<Run, 'status'>) => run.status === 'completed' || run.status === 'failed' || run.status === 'cancelled'

/** "480 ms", "2.4 s", "3 min 5 s", "2 h 10 min". */
export function took(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const [big, small, units] = ms < 3_600_000 ? [60_000, 1000, ['min', 's']] : ms < 172_800_000 ? [3_600_000, 60_000, ['h', 'min']] : [86_400_000, 3_600_000, ['d', 'h']]
  const rest = Math.floor((ms % big) / small)
  return `${Math.floor(ms / big)} ${units[0]}${rest ? ` ${rest} ${units[1]}` : ''}`
}
const at = (time: string | null) => (time ? new Date(time).getTime() : undefined)
/** Milliseconds from a start to an end, or to now. */
export const span = (from: string | null, to: string | null, now: number) => (from ? Math.max(0, (at(to) ?? now) - at(from)!) : 0)

/** What had not ended when the run was stopped is stopped too. */
export function shownStatus(step: Pick<RunStep, 'status'>, run: { status: string }): NodeState['status'] {
  const open = step.status === 'running' || step.status === 'waiting' || step.status === 'pending'
  if (open && run.status === 'cancelled') return 'cancelled'
  if (open && run.status === 'failed') return 'cancelled'
  if ((step.status === 'waiting' || step.status === 'running') && run.status === 'paused') return 'paused'
  return step.status
}

/** A step by the name of its node; in a loop with its place. */
export function stepName(run: Run, { key, node }: Pick<RunStep, 'key' | 'node'>, catalogue?: Catalogue): string {
  const drawn = run.definition.nodes.find(({ id }) => id === node)
  const name = drawn ? nameOf(drawn, catalogue?.find(drawn)) : node
  return key === node ? name : `${name} (${key})`
}

/** The step a node stands for: the failed one, else the one at work, else the last. */
export function stepOf(run: Run, node: string): RunStep | undefined {
  const steps = run.steps.filter((step) => step.node === node)
  return steps.find((step) => step.status === 'failed') ?? steps.find((step) => step.status === 'running' || step.status === 'waiting') ?? steps.at(-1)
}

/** The signals it waits for by name, with the steps that do. What the product tells itself (an event, an approval) is none of them. */
export function signalsOf(run: Pick<Run, 'steps' | 'status' | 'definition'>): { name: string; steps: RunStep[] }[] {
  if (isOver(run)) return []
  const nameOf = (step: RunStep) => {
    const drawn = run.definition.nodes.find(({ id }) => id === step.node)
    return step.status === 'waiting' && drawn?.primitive === 'action' && drawn.type === 'wait' && typeof drawn.settings?.signal === 'string' ? drawn.settings.signal : undefined
  }
  const named = run.steps.flatMap((step) => {
    const name = nameOf(step)
    return name === undefined ? [] : [{ name, step }]
  })
  return [...Map.groupBy(named, ({ name }) => name)].map(([name, all]) => ({ name, steps: all.map(({ step }) => step) }))
}

/** What to do about a failure, by its code. */
export function cureOf({ code }: RunError): string {
  if (code === 'connection.not_found') return t('The connection was deleted. Choose another in the editor, publish, and retry from this step.')
  if (code === 'connection.missing' || code === 'connection.wrong_kind') return t('Choose a fitting connection for this step in the editor, publish, and start again.')
  if (code === 'connection.unauthorized') return t('Somebody has to give consent anew at the connection. Then retry from this step.')
  if (code.startsWith('connection.')) return t('Try the connection on its page: it says what the other side objects to. Then retry from this step.')
  if (code === 'run.no_rights') return t('A person whose rights it used is gone. Somebody else publishes the workflow anew.')
  if (code === 'permission.denied' || /\.not_found$/.test(code)) return t('The people it acts for may not do this, or the thing is gone. Give them the right, or publish as somebody who has it, then retry.')
  if (code === 'egress.refused') return t('The address leads inside or is not let through. An operator may allow it with EGRESS_ALLOW.')
  if (code === 'http.unavailable') return t('The other side is down, or says it cannot right now. Retry once it is back.')
  if (/time/i.test(code)) return t('It took longer than it may. Retry, or give the step more time in the editor.')
  if (code.startsWith('http.') || /^\d{3}$/.test(code)) return t('The other side refused. Look at what it answered and at this step’s input, then retry.')
  if (code === 'data.invalid' || code === 'request.invalid' || code === 'step.invalid') return t('A value has not the form it should. Compare the input below with the settings of the step; mend the draft and test it with this run’s data.')
  if (code === 'run.too_deep') return t('The workflow starts itself again and again. Give its trigger a filter that its own changes do not pass.')
  return t('Look at its input. Mend the cause, then retry from this step; or mend the draft and test it with this run’s data.')
}
