// groundwork prove-isolation (X9): on the running installation, with two throw-away tenants. Every operation of its OpenAPI document by strangers
// with the first tenant's ids, by too low roles and by nobody; every tenant table as gw_app of the second. Whoever may not see a tenant must never
// meet its marks, and its rows must not change. What it made is removed again, whatever comes.
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { Egress } from './kernel/egress.ts'
import type { Kernel } from './kernel/kernel.ts'
import { newId } from './kernel/ids.ts'
import { roleReaches, type TenantRole } from './kernel/schema.ts'
import { createPasswords } from './modules/identity/hashing.ts'
import { inTransaction, openIdentityPool, type StampingPool } from './modules/identity/pool.ts'
import { insertTenant } from './modules/identity/tenants.ts'

type Schema = { type?: string; format?: string; enum?: unknown[]; const?: unknown; anyOf?: Schema[]; properties?: Record<string, Schema>; required?: string[]; default?: unknown; minimum?: number; minLength?: number; $ref?: string; items?: Schema; minItems?: number }
type Operation = { id: string; method: string; path: string; access: 'public' | 'person' | 'tenant' | 'operator'; least: TenantRole; body: Schema | undefined; example: unknown; query: string[] }
type Person = { id: string; email: string; role: TenantRole | null; token: string }
type Answer = { status: number; text: string; code: string | undefined }
/** One cell of the matrix: how many requests, and what went wrong in them. */
type Cell = { asked: number; faults: string[] }
export type IsolationReport = { callers: string[]; rows: { name: string; cells: Record<string, Cell> }[]; tables: { tried: number; faults: string[] }; untried: string[]; faults: string[] }

const word = (stem: string) => `${stem}${[...randomBytes(8)].map((b) => String.fromCharCode(97 + (b % 26))).join('')}`
const lasting = 15_000 // of one request: a stream would never end

/** @param url of the running server @returns what was found; nothing is left of what it made */
export async function proveIsolation(kernel: Kernel, url: string, egress: Pick<Egress, 'fetch'>): Promise<IsolationReport> {
  const pool = openIdentityPool(kernel.database.connection('identity'))
  const made: { tenants: string[]; people: string[] } = { tenants: [], people: [] }
  try {
    const password = randomBytes(18).toString('base64url')
    const hashed = await createPasswords().hash(password)
    const api = await readApi(url, egress)
    const engage = async (tenant: string | null, role: TenantRole | null): Promise<Person> => {
      const email = `${word('prove-')}@isolation.invalid`
      const id = await inTransaction(pool, { actor: null, request: 'prove-isolation' }, (db) => addPerson(db, email, hashed, tenant, role))
      made.people.push(id)
      const login = await api.call('POST', '/api/v1/auth/login', { body: { email, password, ...(tenant ? { tenant } : {}) } })
      const body = JSON.parse(login.text) as { accessToken?: string; detail?: string }
      if (!body.accessToken) throw new Error(`the throw-away account could not sign in at ${url}: ${body.detail ?? login.status}`)
      return { id, email, role, token: body.accessToken }
    }
    const found = async (letter: string) => {
      const mark = word(`${letter}mark`)
      const owner = await engage(null, null)
      const { id, slug } = await inTransaction(pool, { actor: owner.id, request: 'prove-isolation' }, (db) => insertTenant(db, owner.id, { name: `${mark} tenant` }))
      made.tenants.push(id)
      const renewed = await api.call('POST', '/api/v1/auth/switch', { token: owner.token, body: { tenant: id } })
      const own = { ...owner, role: 'owner' as const, token: (JSON.parse(renewed.text) as { accessToken: string }).accessToken }
      return { id, slug, mark, secretMark: word(`${letter}secret`), owner: own, admin: await engage(id, 'admin'), member: await engage(id, 'member'), viewer: await engage(id, 'viewer') }
    }
    kernel.bell.ring()
    const [alpha, beta, loner] = [await found('a'), await found('b'), await engage(null, null)]
    const things = await fill(api, alpha)
    const report: IsolationReport = { callers: ['another owner', 'another member', 'a person without tenant', 'nobody', 'a forged token', 'too low a role', 'outside the project'], rows: [], tables: { tried: 0, faults: [] }, untried: [], faults: [] }
    const before = await sumsOf(kernel, alpha.id)

    const marks = [alpha.mark, alpha.secretMark]
    for (const op of api.operations.filter((o) => o.access !== 'public')) {
      const cells: Record<string, Cell> = {}
      const row = { name: op.id, cells }
      const ids = things.idsFor(op.path)
      if (op.path.includes('{') && !ids.real) report.untried.push(op.id)
      const at = op.path.replace(/\{(\w+)\}/g, () => ids.next())
      const try_ = async (caller: string, token: string | undefined, path: string, judge: (answer: Answer) => string | undefined, headers: Record<string, string> = {}, body: unknown = {}) => {
        const cell = (cells[caller] ??= { asked: 0, faults: [] })
        cell.asked++
        const answer = await api.call(op.method, path, { token, headers, ...(op.body && op.method !== 'GET' ? { body } : {}) })
        const fault = answer.status >= 500 ? `answered ${answer.status}` : judge(answer)
        if (fault) cell.faults.push(`${caller}: ${op.method} ${path}: ${fault}`)
      }
      const meets = ({ text }: Answer) => marks.find((mark) => text.includes(mark) && !at.includes(mark))
      const stranger = (answer: Answer) => {
        const mark = meets(answer)
        if (mark) return `met ${mark}`
        return op.path.includes('{') && ids.real && answer.status < 300 ? `answered ${answer.status} with the other tenant's id` : undefined
      }
      const harmless = op.method === 'GET' || op.path.includes('{') // without an id it would change the caller's own things
      if (op.access !== 'operator' && harmless) for (const [name, who] of [['another owner', beta.owner], ['another member', beta.member], ['a person without tenant', loner]] as const) {
        await try_(name, who.token, at, stranger)
        if (op.access === 'tenant') await try_(name, who.token, at, (answer) => (answer.status === (who === loner ? 404 : 403) ? stranger(answer) : `answered ${answer.status} ${answer.code} where the header names the other tenant`), { [api.tenantHeader]: alpha.slug })
        for (const query of op.method === 'GET' && !op.path.includes('{') ? things.queriesFor(op) : []) await try_(name, who.token, `${at}?${query}`, (answer) => (meets(answer) ? `met ${meets(answer)}` : undefined))
      }
      await try_('nobody', undefined, at, ({ status }) => (status === 401 ? undefined : `answered ${status} without a token`))
      await try_('a forged token', `${alpha.owner.token.slice(0, -8)}AAAAAAAA`, at, ({ status }) => (status === 401 ? undefined : `answered ${status} to a forged token`))
      const low = (['viewer', 'member', 'admin'] as const).filter((role) => op.access === 'operator' || !roleReaches(role, op.least))
      if (op.access !== 'person') for (const role of low) await try_('too low a role', alpha[role].token, at, ({ status }) => (status === 403 ? undefined : `${role} was answered ${status}`))
      const hidden = things.hiddenFor(op.path)
      const goodBody = op.example ?? (op.path.endsWith('/move') ? { status: 'done' } : exampleOf(op.body, word('w'), api.open)) // else it would be refused for its body
      if (hidden) await try_('outside the project', alpha.member.token, hidden, (answer) => (answer.text.includes(alpha.secretMark) || ![403, 404].includes(answer.status) ? `answered ${answer.status} for a private project` : undefined), {}, goodBody)
      report.rows.push(row)
      report.faults.push(...Object.values(cells).flatMap((cell) => cell.faults))
    }
    const after = await sumsOf(kernel, alpha.id)
    for (const [table, sum] of Object.entries(before)) if (after[table] !== sum) report.faults.push(`rows of the tenant changed in ${table} under strangers' requests`)
    report.tables = await tryTables(kernel, alpha.id, beta.id, beta.owner.id)
    report.faults.push(...report.tables.faults)
    return report
  } finally {
    await remove(kernel, pool, made).finally(() => pool.end())
    kernel.bell.ring()
  }
}

async function addPerson(db: pg.ClientBase, email: string, hashed: string, tenant: string | null, role: TenantRole | null): Promise<string> {
  const { rows: [made] } = await db.query<{ id: string }>(`insert into "user" (name, email, "emailVerified", role) values ('prove-isolation', $1, true, 'user') returning id`, [email])
  await db.query(`insert into account ("accountId", "providerId", "userId", password, "updatedAt") values ($1::text, 'credential', $1::uuid, $2, now())`, [made!.id, hashed])
  if (tenant) await db.query(`insert into member ("organizationId", "userId", role) values ($1, $2, $3)`, [tenant, made!.id, role])
  return made!.id
}

/** The server's own document: what it says there is, is tried. */
async function readApi(url: string, egress: Pick<Egress, 'fetch'>) {
  const document = JSON.parse((await egress.fetch(`${url}/api/openapi.json`, { fromSetting: true })).body.toString()) as { paths: Record<string, Record<string, Record<string, any>>>; components: { schemas: Record<string, Schema> } }
  const open = (schema: Schema | undefined): Schema | undefined => (schema?.$ref ? open(document.components.schemas[schema.$ref.split('/').at(-1)!]) : schema)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, o]): Operation => {
    const content = o.requestBody?.content?.['application/json']
    return {
      id: o.operationId, method: method.toUpperCase(), path, access: o['x-access'], least: (/tenant role (\w+) or above/.exec(o.description ?? '')?.[1] ?? 'viewer') as TenantRole,
      body: open(content?.schema), example: content?.example, query: (o.parameters ?? []).filter((p: { in: string }) => p.in === 'query').map((p: { name: string }) => p.name),
    }
  })).filter((op) => !op.path.endsWith('/live'))
  if (operations.length < 20) throw new Error(`${url}/api/openapi.json lists only ${operations.length} operations`)
  const call = async (method: string, path: string, { token, body, headers = {} }: { token?: string | undefined; body?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> => {
    const answer = await egress.fetch(url + path, { method, fromSetting: true, totalMs: lasting, redirect: 'manual', maxBytes: 20_000_000, headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = answer.body.toString()
    return { status: answer.status, text, code: /"code":"([\w.]+)"/.exec(text)?.[1] }
  }
  return { operations, call, open, tenantHeader: 'org-id' }
}
type Api = Awaited<ReturnType<typeof readApi>>

/** The smallest body a schema accepts; every free text carries the mark. */
function exampleOf(schema: Schema | undefined, mark: string, open: Api['open'], name = ''): unknown {
  const s = open(schema) ?? {}
  if (s.const !== undefined) return s.const
  if (s.enum) return s.enum[0]
  if (s.default !== undefined) return s.default
  if (s.anyOf) return exampleOf(s.anyOf.find((one) => open(one)?.type !== 'null'), mark, open, name)
  if (s.type === 'object') return Object.fromEntries((s.required ?? []).map((key) => [key, exampleOf(s.properties?.[key], mark, open, key)]))
  if (s.type === 'array') return Array.from({ length: s.minItems ?? 0 }, () => exampleOf(s.items, mark, open, name))
  if (s.type === 'integer' || s.type === 'number') return s.minimum ?? 1
  if (s.type === 'boolean') return false
  return s.format === 'uuid' ? newId() : s.format === 'email' ? `${mark}@isolation.invalid` : s.format === 'date-time' ? '2099-01-01T00:00:00Z' : mark.padEnd(s.minLength ?? 0, 'x')
}

type Side = { id: string; mark: string; secretMark: string; owner: Person; member: Person }
/** Makes one of everything that can be made in the tenant, each text with its mark. @returns ids by the noun of their path */
async function fill(api: Api, side: Side) {
  const ids = new Map<string, string>()
  const create = async (path: string, body: unknown): Promise<string | undefined> => {
    const answer = await api.call('POST', `/api/v1${path}`, { token: side.owner.token, body })
    return answer.status === 201 ? (JSON.parse(answer.text) as { id?: string }).id : undefined
  }
  const key = () => word('').slice(0, 8).toUpperCase().replace(/^[^A-Z]/, 'K')
  const open = await create('/projects', { key: key(), name: `${side.mark} open`, description: side.mark })
  const secret = await create('/projects', { key: key(), name: `${side.secretMark} private`, visibility: 'private' })
  const task = open && (await create('/tasks', { projectId: open, title: `${side.mark} task` }))
  const hiddenTask = secret && (await create('/tasks', { projectId: secret, title: `${side.secretMark} task` }))
  const comment = task && (await create(`/tasks/${task}/comments`, { text: `${side.mark} comment` }))
  const hiddenComment = hiddenTask && (await create(`/tasks/${hiddenTask}/comments`, { text: `${side.secretMark} comment` }))
  for (const [noun, id] of [['projects', open], ['tasks', task], ['comments', comment], ['tenants', side.id], ['members', side.member.id]] as const) if (id) ids.set(noun, id)
  for (const op of api.operations) {
    const noun = /^\/api\/v1\/([a-z-]+)$/.exec(op.path)?.[1]
    if (op.method !== 'POST' || op.access !== 'tenant' || !noun || ids.has(noun)) continue
    const marked = op.example ? JSON.parse(JSON.stringify(op.example).replace(/"(name|title|description)":"[^"]*"/g, `"$1":"${side.mark}"`)) : undefined
    const id = (marked && (await create(`/${noun}`, marked))) ?? (await create(`/${noun}`, exampleOf(op.body, side.mark, api.open)))
    if (id) ids.set(noun, id)
  }
  const nounOf = (path: string) => /^\/api\/v1\/([a-z-]+)\/\{/.exec(path)?.[1] ?? ''
  return {
    /** What stands for the parameters of a path, in their order. */
    idsFor(path: string) {
      const first = ids.get(nounOf(path))
      const line = [first, side.member.id]
      return { real: first !== undefined, next: () => line.shift() ?? newId() }
    },
    queriesFor: (op: Operation): string[] => op.query.flatMap((name) => (name === 'q' ? [`q=${side.mark}`, `q=${side.secretMark}`] : name === 'projectId' ? [open, secret].flatMap((id) => (id ? [`projectId=${id}`] : [])) : name === 'taskId' && task ? [`taskId=${task}`] : [])),
    /** The same path on what is private. */
    hiddenFor(path: string): string | undefined {
      const id = { projects: secret, tasks: hiddenTask, comments: hiddenComment }[nounOf(path)]
      if (!id) return undefined
      const line = [id, side.member.id]
      return path.replace(/\{(\w+)\}/g, () => line.shift() ?? newId())
    },
  }
}

type Table = { name: string; column: string; writable: boolean }
async function tablesOf(kernel: Kernel): Promise<Table[]> {
  const { rows } = await kernel.system.pool.query<Table>(`
    select format('%I.%I', n.nspname, c.relname) as name, quote_ident(a.attname) as column, has_any_column_privilege('gw_app', c.oid, 'update') as writable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attname in ('tenant_id', 'organizationId', 'organization_id')
    where n.nspname in ('public', 'identity', 'oauth') and c.relkind in ('r', 'p') and not c.relispartition and has_schema_privilege('gw_app', n.oid, 'usage') and has_any_column_privilege('gw_app', c.oid, 'select') order by 1`)
  return rows
}
/** Counts and sums of the tenant's rows, per table, as gw_system sees them. */
async function sumsOf(kernel: Kernel, tenant: string): Promise<Record<string, string>> {
  const sums: Record<string, string> = {}
  for (const { name, column } of await tablesOf(kernel)) {
    if (/^public\.(jobs|events|readers|idempotency_keys|notifications|mails|usage_\w+)$/.test(name)) continue // written by followers and timers at any time
    const { rows: [row] } = await kernel.system.pool.query<{ sum: string }>(`select count(*) || '/' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) as sum from (select * from ${name}) r where r.${column} = $1`, [tenant]).catch(() => ({ rows: [undefined] })) // a table gw_system may not read whole
    if (row) sums[name] = row.sum
  }
  return sums
}

/** Row security itself: as gw_app in the second tenant on the rows of the first, and without any tenant. Everything is taken back. */
async function tryTables(kernel: Kernel, alpha: string, beta: string, actor: string): Promise<{ tried: number; faults: string[] }> {
  const faults: string[] = []
  const tables = await tablesOf(kernel)
  const client = await kernel.app.pool.connect()
  const inside = async (tenant: string | null, text: string, values: unknown[]): Promise<number | string> => {
    await client.query('begin')
    try {
      if (tenant) await client.query(`select set_config('app.tenant', $1, true), set_config('app.actor', $2, true), set_config('app.request', 'prove-isolation', true)`, [tenant, actor])
      return (await client.query(text, values)).rowCount ?? 0
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    } finally {
      await client.query('rollback')
    }
  }
  try {
    for (const { name, column, writable } of tables) {
      const read = await inside(beta, `select 1 from ${name} where ${column} = $1`, [alpha])
      if (read !== 0 && read !== '42501') faults.push(`${name}: another tenant reads ${read} rows`)
      const bare = await inside(null, `select 1 from ${name} where ${column} = $1`, [alpha])
      if (typeof bare === 'number') faults.push(`${name}: without a tenant it answers instead of refusing`)
      if (!writable) continue
      for (const text of [`update ${name} set ${column} = ${column} where ${column} = $1`, `delete from ${name} where ${column} = $1`]) {
        const done = await inside(beta, text, [alpha])
        if (done !== 0 && done !== '42501') faults.push(`${name}: another tenant changes ${done} rows: ${text.split(' ')[0]}`)
      }
    }
  } finally {
    client.release(true)
  }
  return { tried: tables.length, faults }
}

async function remove(kernel: Kernel, pool: StampingPool, made: { tenants: string[]; people: string[] }): Promise<void> {
  const { rows } = await kernel.system.pool.query<{ name: string }>(`select quote_ident(c.relname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('events', 'keys') order by c.oid desc`)
  for (const tenant of made.tenants) {
    for (const { name } of rows) await kernel.system.pool.query(`delete from ${name} where tenant_id = $1`, [tenant])
    await kernel.keys.destroy({ tenant }) // what the log still holds of it reads as null
  }
  await inTransaction(pool, { actor: null, request: 'prove-isolation' }, async (db) => {
    await db.query('delete from organization where id = any ($1)', [made.tenants])
    await db.query('delete from "user" where id = any ($1)', [made.people])
  })
}

/** The matrix for people: one line an operation, one column a caller, the number of refused requests or what went wrong. */
export function isolationText({ callers, rows, tables, untried, faults }: IsolationReport): string[] {
  const wide = Math.max(...rows.map((row) => row.name.length))
  const head = `${'operation'.padEnd(wide)}  ${callers.map((name) => name.padEnd(name.length)).join('  ')}`
  const lines = rows.map(({ name, cells }) => `${name.padEnd(wide)}  ${callers.map((caller) => {
    const cell = cells[caller]
    return (cell ? (cell.faults.length ? `FAULT ${cell.faults.length}` : `held ${cell.asked}`) : '-').padEnd(caller.length)
  }).join('  ')}`)
  const asked = rows.reduce((sum, row) => sum + Object.values(row.cells).reduce((n, cell) => n + cell.asked, 0), 0)
  return [
    head, ...lines, '', `${rows.length} operations, ${asked} requests; ${tables.tried} tables as another tenant and as none`,
    ...(untried.length ? [`without a thing of their own to try, so with made-up ids only: ${untried.join(', ')}`] : []),
    ...(faults.length ? ['', `${faults.length} faults:`, ...faults.map((fault) => `  ${fault}`)] : ['isolation holds']),
  ]
}
