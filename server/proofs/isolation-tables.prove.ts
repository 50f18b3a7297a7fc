// Proof 3, below HTTP. Every table, function, view and sequence that gw_app may touch, tried as gw_app in tenant B on the rows of tenant A: nothing is
// read, changed, deleted or put there; without a tenant everything is an error. Tables come from the catalog, so new ones are tried by themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, platformId } from '../kernel/ids.ts'
import { readOperations } from '../testing/operations.ts'
import { assertNone, connect, startProduct } from '../testing/product.ts'
import { makeApproval, makeReceived, makeTest } from '../testing/drawn-workflows.ts'
import { openWorld, type World } from '../testing/world.ts'
import { openRows } from '../testing/rows.ts'

/** How each definer function is called in tenant B to get at tenant A's rows. A function that stands here not makes the proof fail. */
const calls: Record<string, (w: World) => { text: string; values: unknown[] }> = {
  search_tasks: ({ alpha }) => ({ text: `select * from search_tasks($1, $2, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100)`, values: [alpha.mark, [alpha.open!.id, alpha.secret!.id]] }),
  notification_channels: ({ alpha }) => ({ text: 'select * from notification_channels($1)', values: [[alpha.owner.id]] }),
  tagged_tasks: ({ alpha }) => ({ text: 'select * from tagged_tasks($1, null)', values: [[alpha.mark]] }),
}
const denied = new Set(['42501', '25006'])

test('row security holds on every table, function and view that requests may touch', async (t) => {
  const product = await startProduct(t)
  const world = await openWorld(t, product, new Set((await readOperations(product)).map((op) => op.path)))
  const { alpha, beta, sql } = world
  await useEverything(world)
  await world.settled()
  const rows = await openRows(sql)
  const app = await connect(t, (await product.attach()).connection('app'))
  assert.equal((await app.query('select current_user as name')).rows[0].name, 'gw_app')
  const faults: string[] = []
  const tally = { tables: 0, attempts: 0, functions: 0 }

  /** Runs in tenant B as its owner, takes everything back. @returns rows, or the SQLSTATE */
  const inBeta = async (text: string, values: unknown[] = [], tenant = beta.id, actor = beta.owner.id): Promise<{ count: number; rows: Record<string, unknown>[] } | string> => {
    tally.attempts++
    await app.query('begin')
    try {
      await app.query(`select set_config('app.tenant', $1, true), set_config('app.actor', $2, true), set_config('app.request', 'proof', true)`, [tenant, actor])
      const result = await app.query(text, values)
      return { count: result.rowCount ?? 0, rows: result.rows }
    } catch (error) {
      return (error as { code?: string }).code ?? fault(error)
    } finally {
      await app.query('rollback')
    }
  }
  const refusedOrNone = (what: string, got: { count: number } | string) => {
    if (typeof got === 'string' ? !denied.has(got) : got.count > 0) faults.push(`${what}: ${typeof got === 'string' ? `SQLSTATE ${got}` : `${got.count} rows`}`)
  }

  await t.test('tables', async () => {
    for (const { name, tenant } of rows.tables) {
      if (!tenant) continue
      tally.tables++
      const own = (await sql.query<{ n: number }>(`select count(*)::int as n from ${name} where ${tenant} = $1`, [alpha.id])).rows[0]!.n
      const readable = (await sql.query<{ may: boolean }>(`select has_any_column_privilege('gw_app', $1::regclass, 'select') as may`, [name])).rows[0]!.may
      const everybodys = await inBeta(`select count(*)::int as n from ${name}`)
      if (own === 0 && typeof everybodys !== 'string') faults.push(`${name} has no row of tenant A, so nothing is proven of it: let useEverything() make one`)
      refusedOrNone(`${name}: B reads A's rows`, await inBeta(`select 1 from ${name} where ${tenant} = $1`, [alpha.id]))
      refusedOrNone(`${name}: B reads rows of others`, await inBeta(`select 1 from ${name} where ${tenant} is distinct from $1`, [beta.id]))
      refusedOrNone(`${name}: B updates A's rows`, await inBeta(`update ${name} set ${tenant} = ${tenant} where ${tenant} = $1`, [alpha.id]))
      refusedOrNone(`${name}: B takes A's rows`, await inBeta(`update ${name} set ${tenant} = $2 where ${tenant} = $1`, [alpha.id, beta.id]))
      refusedOrNone(`${name}: B gives its rows to A`, await inBeta(`update ${name} set ${tenant} = $1 where ${tenant} = $2`, [alpha.id, beta.id]))
      refusedOrNone(`${name}: B deletes A's rows`, await inBeta(`delete from ${name} where ${tenant} = $1`, [alpha.id]))
      await insertIntoAlpha(name, tenant)
      for (const unset of ['', undefined]) {
        if (!readable) continue
        await app.query('begin')
        const open = await (unset === undefined ? app.query('reset all') : app.query(`select set_config('app.tenant', '', true)`)).then(() => app.query(`select 1 from ${name} limit 1`)).then(() => true, () => false)
        await app.query('rollback')
        if (open) faults.push(`${name} can be read without a tenant`)
      }
    }
  })

  /** A copy of one of A's rows with another key, in the columns that gw_app may give. */
  async function insertIntoAlpha(name: string, tenant: string): Promise<void> {
    const { rows: columns } = await sql.query<{ name: string }>(`select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and has_column_privilege('gw_app', attrelid, attnum, 'insert')`, [name])
    if (!columns.length) return
    const { rows: [row] } = await sql.query<{ row: Record<string, unknown> }>(`select to_jsonb(r) as row from ${name} r where ${tenant} = $1 limit 1`, [alpha.id])
    if (!row) return
    const list = columns.map((c) => c.name).join(', ')
    const copy = { ...row.row, ...('id' in row.row && tenant !== 'id' ? { id: newId() } : {}) }
    const got = await inBeta(`insert into ${name} (${list}) select ${list} from jsonb_populate_record(null::${name}, $1)`, [JSON.stringify(copy)])
    if (got !== '42501') faults.push(`${name}: B inserts a row of A: ${typeof got === 'string' ? `SQLSTATE ${got}, not 42501` : 'accepted'}`)
  }

  await t.test('partitions cannot be read past their parent', async () => {
    const { rows: parts } = await sql.query<{ name: string }>(`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relispartition and c.relkind = 'r' and n.nspname = 'public'`)
    assert.ok(parts.length > 0)
    for (const { name } of parts) refusedOrNone(`partition ${name}`, await inBeta(`select 1 from ${name}`))
  })

  await t.test('definer functions and views', async () => {
    const { rows: functions } = await sql.query<{ name: string }>(`select p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'identity', 'oauth') and p.prosecdef
      and p.prorettype <> 'trigger'::regtype and has_function_privilege('gw_app', p.oid, 'execute') and has_schema_privilege('gw_app', n.oid, 'usage')`)
    for (const { name } of functions) {
      const call = calls[name]?.(world)
      if (!call) {
        faults.push(`the definer function ${name} is called by nobody here: add it to calls`)
        continue
      }
      tally.functions++
      const own = await inBeta(call.text, call.values, alpha.id, alpha.owner.id)
      if (typeof own === 'string' || own.count === 0) faults.push(`${name} finds nothing even in its own tenant, so it proves nothing: ${JSON.stringify(own)}`)
      refusedOrNone(`${name}: B calls it for A's rows`, await inBeta(call.text, call.values))
      refusedOrNone(`${name}: a reader or job of B calls it for A's rows`, await inBeta(call.text, call.values, beta.id, ''))
    }
    const { rows: views } = await sql.query<{ name: string }>(`select format('%I.%I', schemaname, viewname) as name from pg_views where schemaname in ('public', 'identity', 'oauth') and has_table_privilege('gw_app', format('%I.%I', schemaname, viewname), 'select')`)
    for (const { name } of views) {
      const got = await inBeta(`select * from ${name}`)
      if (typeof got !== 'string' && JSON.stringify(got.rows).includes(alpha.id)) faults.push(`view ${name} shows A's rows`)
    }
  })

  await t.test('under the platform\'s id a person reads what is theirs, and people are seen by their tenants only', async () => {
    const log = await inBeta('select person_id from events', [], platformId)
    assert.ok(typeof log !== 'string' && log.count > 0, 'a person should find their own account\'s events')
    for (const row of log.rows) if (row.person_id !== beta.owner.id) faults.push(`an event of ${String(row.person_id)} is read by ${beta.owner.id}`)
    const people = await inBeta('select id from identity."user"')
    assert.ok(typeof people !== 'string' && people.count > 0)
    const foreign = new Set([alpha.owner.id, alpha.admin.id, alpha.member.id, alpha.viewer.id, world.ops.id, world.stranger.id])
    for (const row of people.rows) if (foreign.has(String(row.id))) faults.push(`B reads the person ${String(row.id)}`)
    for (const column of ['role', 'banned']) refusedOrNone(`identity.user.${column}`, await inBeta(`select ${column} from identity."user"`))
  })

  await t.test('what has no tenant is closed to requests, or says what may be read', async () => {
    const allowed = /^(public\.)?(installation|plans)$|^identity\."?(user|organization)"?$/
    const { rows: open } = await sql.query<{ name: string }>(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'identity', 'oauth', 'monitor')
      and c.relkind in ('r', 'p', 'm') and not c.relispartition and has_schema_privilege('gw_app', n.oid, 'usage') and has_any_column_privilege('gw_app', c.oid, 'select, insert, update')`)
    for (const { name } of open) if (!rows.tables.find((table) => table.name === name)?.tenant && !allowed.test(name)) faults.push(`${name} has no tenant and is open to gw_app`)
    refusedOrNone('truncate', await inBeta('truncate comments').then((got) => (got === '42P01' ? '42501' : got)))
    refusedOrNone('create', await inBeta('create table public.mine (id int)'))
    const { rows: memberships } = await sql.query<{ name: string }>(`select rolname as name from pg_roles where rolname <> 'gw_app' and pg_has_role('gw_app', oid, 'member')`)
    for (const { name } of memberships) faults.push(`gw_app may become ${name}`)
  })

  const { rows: listed } = await sql.query<{ object: string; fault: string }>('select * from tenancy_faults()')
  for (const { object, fault: what } of listed) faults.push(`tenancy_faults(): ${object}: ${what}`)
  t.diagnostic(JSON.stringify(tally))
  assert.ok(tally.tables >= 8, `only ${tally.tables} tables have a tenant`)
  assertNone(faults)
})

const fault = (error: unknown): never => {
  throw error
}

/** Leaves a row of tenant A in every table that requests may read. */
async function useEverything(world: World): Promise<void> {
  const { alpha, can } = world
  await putRun(world)
  await putWorkflows(world)
  await world.invitation(alpha)
  await world.ok(alpha.owner, 'POST', '/sso-providers', { body: { protocol: 'oidc', name: `${alpha.mark} provider`, oidc: { issuer: 'https://id.example.com', clientId: 'x' } } })
  await world.ok(alpha.owner, 'POST', '/sso-tickets', { body: {} })
  const { token } = await world.ok(alpha.owner, 'POST', '/scim-tokens', { body: {} })
  await world.sql.query(`insert into domains (tenant_id, id, name, token, status, verified_at) values ($1, uuid7(), $2, 'x', 'verified', now())`, [alpha.id, `${alpha.mark}.example`])
  const scim = async (path: string, body: object) => (await fetch(`${world.product.url}/scim/v2/${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' }, body: JSON.stringify(body) })).json() as Promise<{ id: string }>
  const person = await scim('Users', { userName: `provisioned@${alpha.mark}.example` })
  await scim('Groups', { displayName: `${alpha.mark} group`, members: [{ value: person.id }] })
  await world.ok(alpha.owner, 'PATCH', '/security', { body: { secondFactor: 'optional' } })
  await world.apiKey(alpha)
  await world.impersonation(alpha)
  await world.issuer(alpha.owner, '/tenant-issuers', alpha.mark)
  await world.ok(alpha.owner, 'PATCH', '/tenant-settings', { body: { eventRetentionDays: 3650 } })
  await world.ok(alpha.owner, 'PATCH', '/users/me/preferences', { body: { notifications: { assigned: { mail: false } } } })
  const { id: webhook } = await world.ok(alpha.owner, 'POST', '/webhooks', { body: { url: 'http://127.0.0.1:9/hook', events: ['task.*'] } })
  await world.ok(alpha.owner, 'POST', `/webhooks/${webhook}/ping`)
  await world.settled()
  await world.ok(alpha.owner, 'POST', '/domains', { body: { name: `other.${alpha.mark}.example` } })
  await world.ok(alpha.owner, 'PATCH', '/branding', { body: { color: '#0f6472' } })
  // a limit that is nearly met leaves a warning
  await world.ok(world.ops, 'PATCH', `/tenants/${alpha.id}`, { body: { limits: { projects: 3 } } })
  const leaver = await world.member(alpha, 'member')
  await world.ok(leaver, 'POST', '/members/me/leave')
  if (can.projects) await world.ok(alpha.owner, 'POST', '/projects', { body: { key: world.word('K').slice(0, 9).toUpperCase(), name: `${alpha.mark} kept` }, headers: { 'idempotency-key': newId() } })
  const client = await world.ok(alpha.owner, 'POST', '/oauth-clients', { body: { name: `${alpha.mark} app`, redirectUris: ['https://client.example/callback'] } })
  await world.ok(alpha.owner, 'POST', '/scopes', { body: { name: 'proof:write', description: alpha.mark, permissions: ['tasks.write'] } })
  await world.sql.query(`insert into oauth_consents (tenant_id, person_id, client_id, scopes) values ($1, $2, $3, '{read}')`, [alpha.id, alpha.owner.id, client.id])
  const settings = { baseUrl: 'http://127.0.0.1:9/api', authorizeUrl: 'http://127.0.0.1:9/authorize', tokenUrl: 'http://127.0.0.1:9/token', clientId: alpha.mark }
  const connection = await world.ok(alpha.owner, 'POST', '/connections', { body: { name: `${alpha.mark} shop`, type: 'oauth', settings } })
  await world.ok(alpha.owner, 'POST', `/connections/${connection.id}/authorize`)
  await world.sql.query(`insert into connection_tokens (tenant_id, connection_id, sealed) values ($1, $2, 'x')`, [alpha.id, connection.id])
  if (!can.tasks) return
  const task = await world.task(alpha)
  if (can.comments) await world.comment(alpha, task)
  await world.ok(alpha.owner, 'PUT', `/tasks/${task.id}/watchers/me`)
  if (can.notifications) await world.notification(alpha, alpha.member)
}

/** Workflows with all that hangs on them; what only steps and keys write is put there by hand. */
async function putWorkflows(world: World): Promise<void> {
  const { alpha, sql } = world
  await makeApproval(world, alpha, alpha.owner)
  await makeTest(world, alpha, alpha.owner)
  const { runId } = await makeReceived(world, alpha, alpha.owner)
  await sql.query(`insert into run_effects (tenant_id, run_id, key) values ($1, $2, 'mail')`, [alpha.id, runId])
  await sql.query(`insert into run_starters (tenant_id, run_id, role) values ($1, $2, 'member')`, [alpha.id, runId])
  await sql.query(`insert into event_waits (tenant_id, run_id, key, signal, event, subject_id) values ($1, $2, 'a', 'event.a', 'task.moved', $3)`, [alpha.id, newId(), newId()])
}

/** A run that has ended, with all that can hang on one. */
async function putRun({ alpha, sql }: World): Promise<void> {
  const [run, workflow] = [newId(), newId()]
  await sql.query(`insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, actor_type, finished_at) values ($1, $2, $3, 1, 'completed', null, 'system', now())`, [alpha.id, run, workflow])
  await sql.query(`insert into run_steps (tenant_id, run_id, key, node, kind, state) values ($1, $2, 'a', 'a', 'step', 'done')`, [alpha.id, run])
  await sql.query(`insert into run_signals (tenant_id, id, run_id, name) values ($1, $2, $3, 'go')`, [alpha.id, newId(), run])
  await sql.query(`insert into run_blobs (tenant_id, run_id, id, bytes, sealed) values ($1, $2, $3, 1, 'x')`, [alpha.id, run, newId()])
  await sql.query(`insert into run_schedules (tenant_id, id, workflow_id, workflow_version, cron, actor_type) values ($1, $2, $3, 1, '0 0 1 1 *', 'system')`, [alpha.id, newId(), workflow])
}
