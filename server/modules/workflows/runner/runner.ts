// One step: the node is found in its version, its settings are filled in, and the node type does what it does. The engine calls this at least once
// for each step, under one key.
import type { Who } from '../../../kernel/db.ts'
import type { Sandbox } from '../../../kernel/ports.ts'
import type { StepRunner } from '../engine/engine.ts'
import type { Json, Ref } from '../engine/port.ts'
import { StepFailure, type NodeType, type Step } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import type { Publishing } from '../publishing.ts'
import type { Definition, DefinedNode } from '../definitions/definition.ts'
import { bindExpressions, evaluate, fillSettings, type ExpressionBook } from './expressions.ts'
import type { Rights } from './rights.ts'
import type { Services } from './services.ts'

const versionsKept = 500
export type Loaded = { definition: Definition; nodes: ReadonlyMap<string, DefinedNode>; drawn: Record<string, string>; book: ExpressionBook }
export type RunnerParts = Pick<Parts, 'kernel' | 'catalogue'> & { sandbox: Sandbox; services: Services; rights: Rights; publishing: Pick<Publishing, 'program'> }

/** What a step may read, by the names of the drawing. */
export function scopeOf(values: Record<string, Json>, run: { id: string; workflowId: string; version: number }, now: string): { [name: string]: Json } {
  const nodes: Record<string, Json> = {}
  const scope: { [name: string]: Json } = { nodes, now, run }
  for (const [path, value] of Object.entries(values)) {
    if (path === 'input') scope.trigger = value
    else if (path === 'item' || path === 'index') scope[path] = value
    else if (path.startsWith('steps.')) nodes[path.slice(6)] = { output: value }
  }
  return { trigger: null, item: null, index: null, ...scope }
}

export function createRunner({ kernel, catalogue, sandbox, services, rights, publishing }: RunnerParts) {
  const versions = new Map<string, Promise<Loaded>>()
  function load(tenant: string, workflowId: string, version: number): Promise<Loaded> {
    const name = `${workflowId}/${version}`
    const held = versions.get(name)
    if (held) return held
    const loading = publishing.program(tenant, workflowId, version).then((found) => {
      if (!found) throw new StepFailure('workflow.no_version', `there is no version ${version} of this workflow`)
      const { definition, program } = found
      return { definition, nodes: new Map(definition.nodes.map((node) => [node.id, node])), drawn: program.drawn, book: bindExpressions(`${tenant}/${name}`, definition, catalogue()) }
    })
    loading.catch(() => versions.delete(name))
    if (versions.size >= versionsKept) versions.delete(versions.keys().next().value!)
    versions.set(name, loading)
    return loading
  }

  /** Does the work of a node. `scope` has what its expressions may read. */
  async function perform(o: { loaded: Pick<Loaded, 'book' | 'nodes'>; node: DefinedNode; type: NodeType; tenant: string; run: Step['run']; key: string; place: string; attempt: number; signal: AbortSignal; scope: { [name: string]: Json }; rehearsal: boolean; who(): Promise<Who> }): Promise<Json> {
    const { node, type, scope, tenant } = o
    if (!type.run) throw new StepFailure('step.invalid', `${type.title} does nothing by itself`)
    const ask = (sources: readonly string[], extra: { [name: string]: Json } = {}) => evaluate(sandbox, o.loaded.book, tenant, sources, scope, extra)
    const settings = await fillSettings(type, node.settings, ask)
    const named = node.connectionId ? o.loaded.nodes.get(node.connectionId) : undefined
    const step: Step = {
      run: o.run, node: { id: node.id, type, connectionId: (named ? named.connectionId : node.connectionId) ?? null }, key: o.key, place: o.place, attempt: o.attempt, signal: o.signal, settings, authored: node.settings, scope, rehearsal: o.rehearsal,
      evaluate: ask, who: o.who, context: async () => kernel.app.context(await o.who()), services,
    }
    return type.run(step)
  }

  const run: StepRunner = async (call, at) => {
    const { id, tenantId, defId, defVersion } = at.run
    const loaded = await load(tenantId, defId, defVersion)
    const node = loaded.nodes.get(loaded.drawn[call.node] ?? call.node)
    const type = node && catalogue().find(node.primitive, node.type)
    if (!node || !type) throw Object.assign(new StepFailure('step.unknown', `this server knows no node ${call.action}`), { retryable: false })
    const values = Object.fromEntries(await Promise.all(Object.entries(call.needs).map(async ([path, value]): Promise<[string, Json]> => [path, await at.load(value as Json | Ref)])))
    const place = { id, workflowId: defId, version: defVersion }
    let who: Promise<Who> | undefined
    return perform({
      loaded, node, type, tenant: tenantId, run: { ...place, tenantId }, key: at.idempotencyKey, place: at.key, attempt: at.attempt, signal: at.signal, scope: scopeOf(values, place, new Date().toISOString()), rehearsal: false,
      who: () => (who ??= rights.whoOf(at.run)),
    })
  }
  return { run, load, perform }
}
export type Runner = ReturnType<typeof createRunner>
