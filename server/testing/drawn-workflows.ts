// Workflows, runs, approvals and inbox entries for the proofs. Texts carry the tenant's mark.
import { pause, type Person, type Side, type Thing, type World } from './world.ts'

type Drawn = { nodes: object[]; edges: object[] }
const manual = { id: 'start', primitive: 'trigger', type: 'manual', settings: {} }
const then = (node: object, trigger: object = manual): Drawn => ({ nodes: [trigger, { id: 'then', ...node }], edges: [{ from: (trigger as { id: string }).id, to: 'then' }] })

/** Whoever may make workflows makes it; else the owner. */
const maker = ({ owner, admin, member }: Side, by: Person): Person => [owner, admin, member].find((one) => one === by) ?? owner

export async function makeWorkflow(world: World, side: Side, by: Person, definition: Drawn = then({ primitive: 'data', type: 'mapping', settings: { fields: { text: `${side.mark} text` } } })): Promise<Thing> {
  return world.ok(maker(side, by), 'POST', '/workflows', { body: { name: `${side.mark} workflow ${world.word()}`, description: `${side.mark} description`, definition } })
}
export async function publishWorkflow(world: World, side: Side, by: Person, definition?: Drawn): Promise<Thing> {
  const workflow = await makeWorkflow(world, side, by, definition)
  return world.ok(maker(side, by), 'POST', `/workflows/${workflow.id}/publish`, { body: { note: `${side.mark} note` } })
}

/** A run that stands still in this state. */
export async function makeRun(world: World, side: Side, by: Person, state: 'waiting' | 'failed' | 'paused' = 'waiting'): Promise<Thing> {
  const who = maker(side, by)
  const node = state === 'failed'
    ? { primitive: 'data', type: 'validate', settings: { value: '1', schema: { type: 'string' } } }
    : { primitive: 'action', type: 'wait', settings: { signal: 'go' } }
  const workflow = await publishWorkflow(world, side, by, then(node))
  const run = await world.ok(who, 'POST', `/workflows/${workflow.id}/runs`, { body: { input: { text: `${side.mark} input` } } })
  await reach(world, who, run, state === 'paused' ? 'waiting' : state)
  if (state === 'paused') await world.ok(who, 'POST', `/runs/${run.id}/pause`)
  return run
}
async function reach(world: World, who: Person, run: Thing, state: string): Promise<void> {
  while ((await world.ok(who, 'GET', `/runs/${run.id}`)).status !== state) await pause(20)
}

/** A run that is kept as a test. */
export async function makeTest(world: World, side: Side, by: Person): Promise<{ run: Thing; test: Thing }> {
  const run = await makeRun(world, side, by, 'failed')
  return { run, test: await world.ok(maker(side, by), 'POST', `/workflows/${run.workflowId}/tests`, { body: { runId: run.id, name: `${side.mark} test` } }) }
}

/** A waiting run, and a second version of its workflow that would do the same. */
export async function makeMovable(world: World, side: Side, by: Person): Promise<{ run: Thing; version: number }> {
  const run = await makeRun(world, side, by)
  const { number } = await world.ok(maker(side, by), 'POST', `/workflows/${run.workflowId}/publish`, { body: {} })
  return { run, version: number }
}

/** Asks everybody of the tenant. */
export async function makeApproval(world: World, side: Side, by: Person): Promise<Thing> {
  const who = maker(side, by)
  const workflow = await publishWorkflow(world, side, by, then({ primitive: 'action', type: 'approval', settings: { title: `${side.mark} question`, text: `${side.mark} text`, role: 'viewer', deadline: '1d' } }))
  const run = await world.ok(who, 'POST', `/workflows/${workflow.id}/runs`, { body: {} })
  await reach(world, who, run, 'waiting')
  const { items } = await world.ok(who, 'GET', '/approvals?limit=200')
  return items.find((one: Thing) => one.runId === run.id)
}

/** A webhook trigger, with its address. */
export async function makeHook(world: World, side: Side, by: Person): Promise<{ workflow: Thing; url: string }> {
  const workflow = await publishWorkflow(world, side, by, then({ primitive: 'data', type: 'transform', settings: { expression: 'trigger.body' } }, { id: 'hook', primitive: 'trigger', type: 'webhook', settings: {} }))
  const { items } = await world.ok(maker(side, by), 'GET', `/workflows/${workflow.id}/triggers`)
  return { workflow, url: items[0].url }
}
export async function makeReceived(world: World, side: Side, by: Person): Promise<Thing> {
  const { workflow, url } = await makeHook(world, side, by)
  await fetch(`${world.product.url}${new URL(url).pathname}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: `${side.mark} body` }) })
  return (await world.ok(maker(side, by), 'GET', `/workflows/${workflow.id}/inbox`)).items[0]
}
