// The demo tenant "Lighthouse": people, projects and four weeks of history, dated back. Beside a running server or without one; a second run adds
// nothing, and one that was ended half way is gone on with.
import { createHmac } from 'node:crypto'
import type pg from 'pg'
import type { EventName } from './kernel/events.ts'
import type { Happened } from './kernel/db.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { Context } from './kernel/db.ts'
import type { Query } from './kernel/sql.ts'
import { createPasswords } from './modules/identity/hashing.ts'
import { inTransaction, openIdentityPool, type StampingPool } from './modules/identity/pool.ts'
import { loadSecrets } from './modules/identity/secrets.ts'
import { insertTenant } from './modules/identity/tenants.ts'
import { planBeats, type Cast } from './seed-beats.ts'
import { tellPast } from './seed-notifications.ts'
import { people, type Who } from './seed-story.ts'

const tenantName = 'Lighthouse'

/** @returns the lines to print: what was done, and the logins */
export async function seedDemo(kernel: Kernel): Promise<string[]> {
  const turn = await kernel.system.pool.connect() // two seeds at once take turns
  const pool = openIdentityPool(kernel.database.connection('identity'))
  try {
    await turn.query(`select pg_advisory_lock(hashtext('groundwork seed'))`)
    const password = await demoPassword(pool, kernel)
    const cast = await engage(pool, password)
    const added = await play(kernel, turn, cast)
    kernel.bell.ring()
    return [
      added ? `The tenant ${tenantName} is filled: ${added} changes over four weeks.` : `The tenant ${tenantName} is there already: nothing added.`,
      'Sign in as', ...Object.values(people).map(({ name, email, role }) => `  ${email.padEnd(26)} ${password}   ${name}, ${role}`),
    ]
  } finally {
    turn.release(true) // with the connection the lock goes
    await pool.end()
  }
}

/** The same at every run of one installation, and another in each: a demo must not be a door that everybody knows. */
async function demoPassword(pool: StampingPool, kernel: Kernel): Promise<string> {
  const { library } = await loadSecrets(pool, kernel.keys)
  return `lamp-${createHmac('sha256', library).update('password of the demo').digest('hex').slice(0, 12)}`
}

/** The three people and their tenant, made where they are missing: all of it or nothing. The installation stays unclaimed. */
async function engage(pool: StampingPool, password: string): Promise<Cast> {
  const hashed = await createPasswords().hash(password)
  return inTransaction(pool, { actor: null, request: 'seed' }, async (db) => {
    const ids = {} as Record<Who, string>
    for (const [who, { name, email }] of Object.entries(people) as [Who, (typeof people)[Who]][]) ids[who] = (await findPerson(db, email)) ?? (await addPerson(db, name, email, hashed))
    await db.query(`select set_config('app.actor', $1, true)`, [ids.ada]) // from here on it is Ada's doing
    const { rows: [found] } = await db.query<{ id: string; begun: Date }>(
      `select o.id, o."createdAt" as begun from organization o join member m on m."organizationId" = o.id and m.role = 'owner' where m."userId" = $1 and o.name = $2 order by o."createdAt" limit 1`, [ids.ada, tenantName])
    const tenant = found?.id ?? (await insertTenant(db, ids.ada, { name: tenantName })).id
    for (const who of found ? [] : (['grace', 'linus'] as const)) await db.query(`insert into member ("organizationId", "userId", role) values ($1, $2, $3)`, [tenant, ids[who], people[who].role])
    const { rows: [row] } = await db.query<{ ms: string }>(`select floor(extract(epoch from "createdAt") * 1000)::bigint as ms from organization where id = $1`, [tenant])
    return { tenant, begun: Number(row!.ms), people: ids }
  })
}

async function findPerson(db: pg.ClientBase, email: string): Promise<string | undefined> {
  return (await db.query<{ id: string }>('select id from "user" where email = $1', [email])).rows[0]?.id
}
async function addPerson(db: pg.ClientBase, name: string, email: string, hashed: string): Promise<string> {
  const { rows: [made] } = await db.query<{ id: string }>(`insert into "user" (name, email, "emailVerified", role) values ($1, $2, true, 'user') returning id`, [name, email])
  await db.query(`select set_config('app.actor', $1, true)`, [made!.id])
  await db.query(`insert into account ("accountId", "providerId", "userId", password, "updatedAt") values ($1, 'credential', $2, $3, now())`, [made!.id, made!.id, hashed])
  await db.query(`insert into preferences (user_id, notifications) values ($1, $2)`, [made!.id, Object.fromEntries(['assigned', 'mentioned', 'due', 'invited'].map((kind) => [kind, { mail: false }]))]) // nobody lives at these addresses
  return made!.id
}

/** Each beat is a change of its own, named in the log by its request: what is there already is left out. @returns how many were added */
async function play(kernel: Kernel, client: pg.ClientBase, cast: Cast): Promise<number> {
  const beats = planBeats(cast)
  const end = await client.query('select from tasks where tenant_id = $1 and id = $2', [cast.tenant, beats.at(-1)!.happened.subject]) // the row: the log may have been forgotten
  if (end.rowCount) return 0
  const { rows } = await client.query<{ request_id: string }>(`select request_id from events where tenant_id = $1 and request_id like 'seed-%'`, [cast.tenant])
  const known = new Set(rows.map((row) => row.request_id))
  const missing = beats.filter(({ request }) => !known.has(request))
  // an open writer: readers wait behind it until the story is whole
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query('begin')
  await client.query('select pg_current_xact_id()')
  for (const { request, by, happened, run } of missing) await write(kernel.system.context({ tenant: cast.tenant, actor: { type: 'user', id: by }, request }), happened, run)
  await tellPast(kernel, client, cast)
  await client.query('commit')
  return missing.length
}
/** As gw_system, which alone may say when something happened. */
async function write<N extends EventName>(ctx: Context, { name, ...event }: Happened<N>, run: readonly Query[]): Promise<void> {
  await ctx.change(name as N, { ...(event as Omit<Happened<N>, 'name'>), run } as never)
}
