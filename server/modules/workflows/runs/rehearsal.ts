// A test of a draft, or of one of its nodes: the same interpreter, the same step code, in memory. What steps would do to the world is told and not
// done; values come from a sample, from a recorded run, or from what a node's type says it gives.
import type { Context } from '../../../kernel/db.ts'
import { only, refuseField } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { compileDefinition } from '../definitions/compile.ts'
import { definedOf, sizeFault, type DefinedNode } from '../definitions/definition.ts'
import { interpret } from '../engine/interpreter.ts'
import type { DurablePort, Json, Ref, SignalResult, StepCall } from '../engine/port.ts'
import { StepFailure, type NodeType } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import type { Publishing } from '../publishing.ts'
import { findWorkflow } from '../queries.ts'
import { bindExpressions } from '../runner/expressions.ts'
import { scopeOf, type Runner } from '../runner/runner.ts'
import type { TestBody, Tested } from '../schema.ts'
import { recordedIn, sampleOf } from './samples.ts'
import type { Runs } from './service.ts'
import { errorOf } from './view.ts'

const stepsAtMost = 1000
type Told = Tested['steps'][number]

export function createRehearsal(parts: Parts, publishing: Publishing, runs: Runs, runner: Runner) {
  const { catalogue } = parts

  return async function test(ctx: Context, workflowId: string, body: TestBody): Promise<Tested> {
    const workflow = only((await ctx.read(findWorkflow(workflowId)))[0], 'workflow')
    const drawing = body.definition ?? workflow.definition
    const tooLarge = body.definition ? sizeFault(body.definition) : undefined
    if (tooLarge) refuseField(`/definition${tooLarge.path}`, tooLarge.message)
    const { faults } = await publishing.judge(ctx, drawing)
    const nothing = { results: null, error: null, steps: [], faults }
    const broken = faults.filter(({ level, node }) => level === 'error' && (body.node === undefined || node === body.node))
    if (broken.length) return { ...nothing, status: 'failed', error: { code: 'workflow.invalid', message: `${broken[0]!.path} ${broken[0]!.message}` } }
    const definition = definedOf(drawing)
    const past = body.runId ? await recordedIn(ctx, runs, body.runId) : { input: null, outputs: {} }
    const outputs: Record<string, Json> = { ...past.outputs, ...(body.outputs as Record<string, Json> | undefined) }
    const entry = body.trigger ?? definition.nodes.find(({ primitive }) => primitive === 'trigger')?.id
    const ofEntry = definition.nodes.find(({ id }) => id === entry)
    const input = (body.input ?? past.input ?? (ofEntry ? sampleOf(ofEntry.settings.input ?? catalogue().find(ofEntry.primitive, ofEntry.type)?.produces) : null)) as Json
    const who = { ...ctx, request: ctx.request }
    const book = bindExpressions(`test/${newId()}`, definition, catalogue())
    const nodes = new Map(definition.nodes.map((node) => [node.id, node]))
    const place = { id: newId(), workflowId: workflow.id, version: 0 }
    const now = new Date().toISOString()
    const told: Told[] = []

    const perform = async (node: DefinedNode, type: NodeType, key: string, scope: { [name: string]: Json }): Promise<Json> => {
      const effects: Json[] = []
      const one = { key, node: node.id, effect: null as Json, error: null }
      try {
        const stubs = { ...type, run: type.effect && !type.operation?.match(/\.(list|get|search)/) ? caught(effects, outputs[node.id] ?? sampleOf(type.produces)) : type.run }
        const output = Object.hasOwn(outputs, node.id) && type.effect ? (effects.push('taken from the sample'), outputs[node.id]!) : await runner.perform({
          loaded: { book, nodes }, node, type: stubs as NodeType, tenant: ctx.tenant, run: { ...place, tenantId: ctx.tenant }, key: `${place.id}:${key}`, place: key, attempt: 1, signal: AbortSignal.timeout(30_000), scope, rehearsal: true, who: async () => who,
        })
        told.push({ ...one, status: 'completed', output, effect: (effects[0] ?? null) as Json })
        return output
      } catch (error) {
        told.push({ ...one, status: 'failed', output: null, effect: (effects[0] ?? null) as Json, error: errorOf({ message: (error as Error).message, code: (error as { code?: string }).code ?? 'Error' }) })
        throw error
      }
    }

    if (body.node !== undefined) {
      const node = nodes.get(body.node) ?? refuseField('/node', 'is no node of the draft')
      const type = catalogue().find(node.primitive, node.type)!
      const scope = { trigger: input, nodes: Object.fromEntries(Object.entries(outputs).map(([id, output]) => [id, { output }])), item: (body.item ?? null) as Json, index: body.index ?? 0, now, run: place }
      if (!type.run) return { ...nothing, status: 'completed', results: input, steps: [{ key: node.id, node: node.id, status: 'completed', output: input, error: null, effect: null }] }
      const result = await perform(node, type, node.id, scope).then((output) => ({ output }), (error: Error) => ({ error }))
      return 'error' in result ? { ...nothing, status: 'failed', steps: told, error: told[0]!.error } : { ...nothing, status: 'completed', results: result.output, steps: told }
    }

    const program = compileDefinition(definition, catalogue())
    const drawnOf = (id: string) => program.drawn[id] ?? id
    const pretend = (key: string, node: string, output: Json, effect: Json): Json => {
      told.push({ key, node, status: 'completed', output, error: null, effect })
      return output
    }
    const nodeOf = (key: string) => drawnOf(key.split('.').at(-1)!.replace(/\[\d+\]$/, ''))
    const port: DurablePort = {
      run: { id: place.id, tenantId: ctx.tenant, defId: workflow.id, defVersion: 0, startedAt: Date.now(), ...(entry === undefined ? {} : { entry }) },
      async step(key: string, call: StepCall): Promise<Json | Ref> {
        if (told.length >= stepsAtMost) throw new StepFailure('test.too_long', `a test does at most ${stepsAtMost} steps`)
        if (call.action === 'join') return call.input as Json
        const node = nodes.get(drawnOf(call.node))!
        return perform(node, catalogue().find(node.primitive, node.type)!, key, scopeOf(call.needs as Record<string, Json>, place, now))
      },
      async sleepUntil(key, at) {
        pretend(key, nodeOf(key), null, { waits: typeof at === 'number' ? new Date(at).toISOString() : `${at.afterMs} ms` })
      },
      async signal(key, name): Promise<SignalResult> {
        const node = nodeOf(key)
        const given = Object.hasOwn(outputs, node) ? (outputs[node] as unknown as SignalResult) : { timedOut: false, payload: { decision: 'approve' } }
        pretend(key, node, given as unknown as Json, { waitsFor: name })
        return given
      },
      async child(key, def, childInput) {
        return pretend(key, nodeOf(key), outputs[nodeOf(key)] ?? null, { starts: def.id, input: childInput as Json })
      },
      note(key, what) {
        if (what === 'skipped') told.push({ key, node: nodeOf(key), status: 'skipped', output: null, error: null, effect: null })
      },
      shield: (work) => work(),
    }
    const result = await interpret(port, program.graph, input).then((results) => ({ results: results as Json }), (error: Error & { code?: string }) => ({ error }))
    return 'error' in result
      ? { ...nothing, status: 'failed', steps: told, error: errorOf({ message: result.error.message, code: result.error.code ?? 'Error' }) }
      : { ...nothing, status: 'completed', results: result.results, steps: told }
  }
}

/** Stands in for what a step would do: tells its settings and gives a value like the real one's. */
const caught = (effects: Json[], output: Json): NonNullable<NodeType['run']> => async (step) => {
  effects.push(step.settings as Json)
  return output
}
