// Where a run's nodes are, from its steps: for the graph and its list twin.
import { countOf, relative, t } from '../../../words.ts'
import { shownStatus, span, took } from '../run-states.ts'
import type { Definition, NodeState } from './drawn.ts'

export type StepLike = { key?: string; node: string; status: 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped'; attempt?: number; error?: { message: string } | null; startedAt?: string | null; completedAt?: string | null; dueAt?: string | null }
type RunLike = { status: string; trigger?: string | null; steps: StepLike[] }

const weight = { failed: 5, running: 4, waiting: 3, pending: 2, completed: 1, skipped: 0 }

/** The state of every node. What a run that ended never came to was skipped; what a running one has not come to is pending. */
export function statesOf(definition: Definition, run: RunLike, now = Date.now()): Record<string, NodeState> {
  const ended = run.status === 'completed' || run.status === 'failed' || run.status === 'cancelled'
  const byNode = new Map<string, StepLike[]>()
  for (const step of run.steps) byNode.set(step.node, [...(byNode.get(step.node) ?? []), step])
  return Object.fromEntries(
    definition.nodes.map((node): [string, NodeState] => {
      if (node.primitive === 'trigger') return [node.id, { status: run.trigger === undefined || run.trigger === null || run.trigger === node.id ? 'completed' : 'skipped' }]
      const steps = byNode.get(node.id)
      if (!steps?.length) return [node.id, { status: ended || run.status === 'test' ? 'skipped' : 'pending' }]
      const told = steps.reduce((one, other) => (weight[other.status] > weight[one.status] ? other : one))
      const done = steps.filter(({ status }) => status === 'completed').length
      return [node.id, { status: shownStatus(told, run), caption: captionOf(told, steps.length, done, now), ...(told.error ? { reason: told.error.message } : {}) }]
    }),
  )
}

function captionOf(step: StepLike, count: number, done: number, now: number): string | undefined {
  if (count > 1) return t('{done} of {all}', { done, all: countOf(count, 'time', 'times') })
  if (step.status === 'failed') return step.error?.message
  const waits = step.status === 'waiting' ? (step.dueAt ? t('until {time}', { time: relative(step.dueAt) }) : t('waits')) : undefined
  const tries = step.attempt !== undefined && step.attempt > 1 ? t('{count} tries', { count: step.attempt }) : undefined
  const lasted = !waits && step.status !== 'skipped' && step.startedAt ? took(span(step.startedAt, step.completedAt ?? null, now)) : undefined
  return [tries, waits ?? lasted].filter(Boolean).join(' · ') || undefined
}
