// Where a run's nodes are, from its steps: for the graph and its list twin.
import { countOf, duration, t } from '../../../words.ts'
import type { Definition, NodeState } from './drawn.ts'

export type StepLike = { key?: string; node: string; status: 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped'; attempt?: number; error?: { message: string } | null; startedAt?: string | null; completedAt?: string | null; dueAt?: string | null }
type RunLike = { status: string; trigger?: string | null; steps: StepLike[] }

const weight = { failed: 5, running: 4, waiting: 3, pending: 2, completed: 1, skipped: 0 }

/** The state of every node. What a run that ended never came to was skipped; what a running one has not come to is pending. */
export function statesOf(definition: Definition, run: RunLike): Record<string, NodeState> {
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
      const status = told.status === 'running' && run.status === 'paused' ? 'paused' : told.status
      return [node.id, { status, caption: captionOf(told, steps.length, done), ...(told.error ? { reason: told.error.message } : {}) }]
    }),
  )
}

function captionOf(step: StepLike, count: number, done: number): string | undefined {
  if (count > 1) return t('{done} of {all}', { done, all: countOf(count, 'time', 'times') })
  if (step.status === 'failed') return step.error?.message
  if (step.attempt !== undefined && step.attempt > 1) return t('try {attempt}', { attempt: step.attempt })
  if (step.startedAt && step.completedAt) {
    const seconds = (new Date(step.completedAt).getTime() - new Date(step.startedAt).getTime()) / 1000
    return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : duration(seconds)
  }
  return undefined
}
