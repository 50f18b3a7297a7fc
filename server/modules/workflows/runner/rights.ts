// Whose rights a run has at this moment: its publisher's, and what its starter and the publishers of the runs that led to it may as well
// (docs/decisions/0007).
import type { Context, Who } from '../../../kernel/db.ts'
import { Id, Nullable, roleReaches, roles, Type, type TenantRole } from '../../../kernel/schema.ts'
import { systemWho } from '../../../kernel/readers.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { findStandingKey } from '../../keys/api.ts'
import { findStandingClient } from '../../oauth/api.ts'
import type { RunFacts } from '../engine/engine.ts'
import { StepFailure } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'

const Nothing = Type.Object({})
const Link = Type.Object({ id: Id, workflowId: Id, publishedBy: Nullable(Id), actorType: Type.String(), actorId: Nullable(Id), startedEvent: Nullable(Id) })
/** A run and those it was started by, with their publishers, the run itself first. */
export const listChain = statement('run-rights.chain', Link, (runId: string) => sql`
  with recursive up as (
    select r.id, r.parent_run, r.workflow_id, r.workflow_version, r.actor_type, r.actor_id, 0 as hops from runs r where r.id = ${runId}
    union all select r.id, r.parent_run, r.workflow_id, r.workflow_version, r.actor_type, r.actor_id, up.hops + 1 from up join runs r on r.id = up.parent_run where up.hops < 64
  ) select up.id, up.workflow_id as "workflowId", v.published_by as "publishedBy", up.actor_type as "actorType", up.actor_id as "actorId",
      (select e.id from events e where e.subject_id = up.id and e.name = 'run.started' order by e.pos, e.seq limit 1) as "startedEvent"
    from up left join workflow_versions v on v.workflow_id = up.workflow_id and v.number = up.workflow_version order by up.hops`)
const Starter = Type.Object({ role: Type.Enum([...roles]), scopes: Nullable(Type.Array(Type.String())), permissions: Nullable(Type.Array(Type.String())) })
const findStarter = statement('run-rights.starter', Starter, (runId: string) => sql`select role, scopes, permissions from run_starters where run_id = ${runId}`)
export const insertStarter = statement('run-rights.insert', Nothing, (runId: string, role: string, scopes: readonly string[] | null, permissions: readonly string[] | null) => sql`
  insert into run_starters (run_id, role, scopes, permissions) values (${runId}, ${role}, ${scopes}::text[], ${permissions}::text[])`)

/** What of a run does not change: read once. */
type Lineage = { workflowId: string; people: readonly string[]; startedEvent: string | null; /** that began it, or what led to it */ key: string | null; starter: { role: TenantRole; scopes: readonly string[] | null; permissions: readonly string[] | null } | undefined }
/** Trying again would be refused again. */
const noRights = (message: string) => Object.assign(new StepFailure('run.no_rights', message), { retryable: false })
export type Rights = ReturnType<typeof createRights>

export function createRights({ kernel, doorkeeper }: Pick<Parts, 'kernel' | 'doorkeeper'>) {
  const known = new Map<string, Lineage>()
  const nobody = (tenant: string): Context => kernel.app.context({ tenant, actor: { type: 'system', id: null }, request: 'workflows' })

  async function lineageOf(tenant: string, runId: string): Promise<Lineage> {
    const held = known.get(runId)
    if (held) return held
    const [chain] = await nobody(tenant).read(listChain(runId))
    const [own] = chain
    const root = chain.at(-1)
    if (!own || !root) throw noRights('the run is gone')
    if (chain.some(({ publishedBy }) => !publishedBy)) throw noRights('nobody published this: publish it anew')
    const people = [...new Set([...chain.map(({ publishedBy }) => publishedBy!), ...(root.actorType === 'user' && root.actorId ? [root.actorId] : [])])]
    const [[starter]] = root.actorType === 'key' || root.actorType === 'user' ? await nobody(tenant).read(findStarter(root.id)) : [[]]
    if (root.actorType === 'key' && !starter) throw noRights('the key that started it is unknown')
    const lineage: Lineage = { workflowId: own.workflowId, people, startedEvent: own.startedEvent, key: root.actorType === 'key' ? root.actorId : null, starter }
    if (known.size > 5000) known.clear()
    known.set(runId, lineage)
    return lineage
  }

  /** @throws StepFailure when one of the people is no member any more */
  async function roleOf(tenant: string, people: readonly string[]): Promise<{ role: TenantRole; people: readonly string[] }> {
    const held = await Promise.all(people.map(async (person) => ({ person, role: await doorkeeper.roleIn(tenant, person) })))
    const left = held.find(({ role }) => role === undefined)
    if (left) throw noRights(`the person whose rights it uses is no member any more (${left.person}): somebody else must publish it`)
    const role = roles[Math.min(...held.map((h) => roles.indexOf(h.role!)))]!
    // whoever may everything does not limit: an admin's memberships do not count beside a member's
    const limiting = roleReaches(role, 'admin') ? held : held.filter((h) => !roleReaches(h.role, 'admin'))
    return { role, people: limiting.map(({ person }) => person) }
  }
  /** What a key began ends with it: removed, inactive, or its maker gone. @throws StepFailure */
  async function requireKey(tenant: string, id: string): Promise<void> {
    const [key, client] = await kernel.aside.context(systemWho('workflows')).read(findStandingKey(id), findStandingClient(id))
    const stands = (key.length > 0 && (await kernel.switches.isOn(tenant, 'keys'))) || (client.length > 0 && (await kernel.switches.isOn(tenant, 'oauth')))
    if (!stands) throw noRights('the key that started it is no longer good')
  }
  const lower = (a: TenantRole, b: TenantRole | undefined): TenantRole => (b && roles.indexOf(b) < roles.indexOf(a) ? b : a)

  return {
    lineageOf,
    /** Who a step acts as, with the rights of this moment. */
    async whoOf(run: Pick<RunFacts, 'id' | 'tenantId'>): Promise<Who> {
      const { workflowId, people, startedEvent, key, starter } = await lineageOf(run.tenantId, run.id)
      if (key !== null) await requireKey(run.tenantId, key)
      const now = await roleOf(run.tenantId, people)
      return {
        tenant: run.tenantId, actor: { type: 'workflow', id: workflowId }, onBehalfOf: now.people, role: lower(now.role, starter?.role), request: `run:${run.id}`, cause: startedEvent,
        ...(starter?.scopes ? { scopes: starter.scopes, permissions: starter.permissions ?? [] } : {}),
      }
    },
    /** Who a workflow acts as before there is a run: to judge whether an event may start it. undefined: its publisher left */
    async whoPublishes(tenant: string, workflowId: string, publisher: string): Promise<Who | undefined> {
      const role = await doorkeeper.roleIn(tenant, publisher)
      return role && { tenant, actor: { type: 'workflow', id: workflowId }, onBehalfOf: [publisher], role, request: `workflow:${workflowId}` }
    },
  }
}
