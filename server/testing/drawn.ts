// Workflows for tests over the real app: drawn in short, published, run, waited for.
import type { Caller, TestApp } from './app.ts'

export type Node = { id: string; primitive: string; type: string; settings?: object; [more: string]: unknown }
/** Edges are written `a>b` or `a>b way`. */
export const draw = (nodes: Node[], ...edges: string[]) => ({
  nodes: nodes.map((node) => ({ settings: {}, ...node })),
  edges: edges.map((text) => {
    const [from, to, when] = text.split(/[> ]/) as [string, string, string | undefined]
    return { from, to, ...(when ? { when } : {}) }
  }),
})
export const manual: Node = { id: 'start', primitive: 'trigger', type: 'manual' }
export const action = (id: string, type: string, settings: object = {}, more: object = {}): Node => ({ id, primitive: 'action', type, settings, ...more })
export const data = (id: string, type: string, settings: object = {}): Node => ({ id, primitive: 'data', type, settings })
export const condition = (id: string, type: string, settings: object = {}): Node => ({ id, primitive: 'condition', type, settings })

export async function publish(app: TestApp, who: Caller, definition: object, name = 'Workflow') {
  const workflow = await app.ok(who, 'POST', '/workflows', { name, definition })
  return app.ok(who, 'POST', `/workflows/${workflow.id}/publish`, {})
}
/** Waits until the run is in one of these states. */
export async function settle(app: TestApp, who: Caller, id: string, until = /completed|failed|cancelled/) {
  for (;;) {
    const run = await app.ok(who, 'GET', `/runs/${id}`)
    if (until.test(run.status)) return run
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}
export const begin = (app: TestApp, who: Caller, workflow: { id: string }, input?: unknown) => app.ok(who, 'POST', `/workflows/${workflow.id}/runs`, input === undefined ? {} : { input })
export const run = async (app: TestApp, who: Caller, workflow: { id: string }, input?: unknown) => settle(app, who, (await begin(app, who, workflow, input)).id)
/** Runs of a workflow that followed from what was committed so far, oldest first, each at its end. */
export async function runsOf(app: TestApp, who: Caller, workflow: { id: string }) {
  await app.settled()
  const { items } = await app.ok(who, 'GET', `/runs?workflowId=${workflow.id}&limit=200`)
  return (items as { id: string }[]).reverse()
}
