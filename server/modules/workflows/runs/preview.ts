// What expressions of a draft would give: on the values of a recorded run, or on samples of what the nodes before them give. In the sandbox, as steps do.
import type { Context } from '../../../kernel/db.ts'
import { only, refuseField } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { definedOf, sizeFault, type Definition } from '../definitions/definition.ts'
import { checkExpression } from '../definitions/expressions.ts'
import { readGraph } from '../definitions/graph.ts'
import type { Json } from '../engine/port.ts'
import { StepFailure } from '../nodes/node.ts'
import { timesOf } from '../nodes/triggers.ts'
import type { Parts } from '../parts.ts'
import { findWorkflow } from '../queries.ts'
import { evaluate, scopeNames, type ExpressionBook } from '../runner/expressions.ts'
import type { PreviewBody, Previewed } from '../schema.ts'
import { recordedIn, sampleOf } from './samples.ts'
import type { Runs } from './service.ts'

const known: ReadonlySet<string> = new Set(scopeNames)
const noBook: ExpressionBook = { id: 'preview', places: new Map(), module: '' }

export function createPreview({ kernel, catalogue }: Parts, runs: Runs) {
  return async function preview(ctx: Context, workflowId: string, body: PreviewBody): Promise<Previewed> {
    const workflow = only((await ctx.read(findWorkflow(workflowId)))[0], 'workflow')
    const tooLarge = body.definition ? sizeFault(body.definition) : undefined
    if (tooLarge) refuseField(`/definition${tooLarge.path}`, tooLarge.message)
    const { nodes, edges } = definedOf(body.definition ?? workflow.definition)
    const typeOf = (node: Definition['nodes'][number] | undefined) => (node ? catalogue().find(node.primitive, node.type) : undefined)
    const ids = new Map(nodes.flatMap((node) => (typeof node.id === 'string' ? [[node.id, node] as const] : [])))
    const graph = readGraph({ nodes: [...ids.values()].map((node) => ({ id: node.id, loop: typeOf(node)?.form === 'loop', entry: typeOf(node)?.form === 'trigger' })), edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) })
    const before = [...(body.node !== undefined && ids.has(body.node) ? graph.upstream(body.node) : ids.keys())]

    const past = body.runId ? await recordedIn(ctx, runs, body.runId) : { input: null, outputs: {} as Record<string, Json> }
    const outputs: Record<string, Json> = { ...past.outputs, ...(body.outputs as Record<string, Json> | undefined) }
    const entry = ids.get(body.trigger ?? before.find((id) => typeOf(ids.get(id))?.form === 'trigger') ?? '')
    const input = (body.input ?? past.input ?? sampleOf(entry?.settings?.input ?? typeOf(entry)?.produces)) as Json
    const outputOf = (id: string): Json => (Object.hasOwn(outputs, id) ? outputs[id]! : typeOf(ids.get(id))?.form === 'trigger' ? input : sampleOf(typeOf(ids.get(id))?.produces))
    const scope = {
      trigger: input, nodes: Object.fromEntries(before.map((id) => [id, { output: outputOf(id) }])), item: (body.item ?? null) as Json, index: body.index ?? 0,
      now: new Date().toISOString(), run: { id: newId(), workflowId: workflow.id, version: 0 },
    }
    const one = async (source: string): Promise<Previewed['values'][number]> => {
      const checked = checkExpression(source, known)
      if (!checked.ok) return { value: null, error: `the expression ${checked.message}` }
      try {
        return { value: (await evaluate(kernel.sandbox, noBook, ctx.tenant, [source], scope))[0] ?? null, error: null }
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error
        return { value: null, error: error.message }
      }
    }
    const values = []
    for (const source of body.sources) values.push(await one(source))
    const clock = ids.get(body.node ?? '')
    const ticks = clock?.primitive === 'trigger' && clock.type === 'schedule' ? timesOf(clock.settings ?? {}, new Date()).ticks : []
    return { values, ticks, scope: shortened(scope) as Previewed['scope'], recorded: before.filter((id) => Object.hasOwn(outputs, id)) }
  }
}

/** Enough of a value to choose from: lists by their first three, texts by their beginning. */
function shortened(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > 200 ? `${value.slice(0, 200)}…` : value
  if (typeof value !== 'object' || value === null) return value
  if (depth > 8) return null
  if (Array.isArray(value)) return value.slice(0, 3).map((inner) => shortened(inner, depth + 1))
  return Object.fromEntries(Object.entries(value).slice(0, depth === 1 ? 500 : 60).map(([key, inner]) => [key, shortened(inner, depth + 1)]))
}
