// The Database port over any PostgreSQL from 15 on, by the URL of somebody who owns the database. Roles are made when missing, by
// whatever rights that owner has; where they do not suffice, the error holds the statements an administrator must run.
import pg from 'pg'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import { databaseRoles, derivedPasswords, grantStatements, quoteName, quoteText, roleName, roleStatements, statisticsStatements, type RolePasswords } from '../kernel/roles.ts'

export type ExternalOptions = { url: string; /** 32 bytes; all processes on the database share it */ platformKey: Uint8Array; log: (line: string) => void }
const lowestVersion = 150_000
const mark = 'groundwork: roles of database '

/** @throws Error whose message says what to mend; it never holds the URL's password */
export async function openExternal(o: ExternalOptions): Promise<Database> {
  const base = parseUrl(o.url)
  const place = `${base.database} on ${base.host}:${base.port}`
  const admin = new pg.Client(base)
  admin.on('error', () => {})
  try {
    await admin.connect()
  } catch (e) {
    throw new Error(`DATABASE_URL: cannot connect to ${place} as ${base.user} (${(e as Error).message}): check that the server runs and that host, user, password and database name are right`)
  }
  const passwords = derivedPasswords(o.platformKey)
  const connection = (role: DatabaseRole): pg.ClientConfig =>
    roleName(role) === base.user
      ? { ...base, application_name: `groundwork ${role}` }
      : { ...base, user: roleName(role), password: passwords[role], application_name: `groundwork ${role}` }
  try {
    const facts = await readFacts(admin)
    if (facts.version < lowestVersion) throw new Error(`DATABASE_URL: the server is PostgreSQL ${facts.text}; Groundwork needs 15 or newer`)
    await admin.query("select pg_advisory_lock(hashtext('groundwork.roles'))") // several processes may start at once; it goes with the connection
    await prepareRoles({ admin, base, place, version: facts.version, passwords, connection, log: o.log })
    return {
      kind: 'postgres',
      version: facts.version,
      connection,
      has: async (extension) => facts.extensions.includes(extension),
      lost: new Promise(() => {}),
      stop: async () => {},
      describe: () => `PostgreSQL ${facts.text}, database ${place}`,
    }
  } finally {
    await admin.end().catch(() => {})
  }
}

type Base = pg.ClientConfig & { host: string; port: number; user: string; database: string }

/** Through the driver, so that every form it knows works; handed out as an object whose parts can be replaced. */
function parseUrl(url: string): Base {
  let client: pg.Client
  try {
    const { protocol } = new URL(url)
    if (protocol !== 'postgres:' && protocol !== 'postgresql:') throw new Error(protocol)
    client = new pg.Client({ connectionString: url })
  } catch {
    throw new Error('DATABASE_URL is not of the form postgres://user:password@host:5432/database (for a socket: postgres://user:password@localhost/database?host=/folder)')
  }
  const { host, port, user, password, database, ssl } = client as pg.Client & { ssl?: pg.ClientConfig['ssl'] }
  if (!user || !database) throw new Error('DATABASE_URL names no user or no database')
  return { host, port, user, database, ...(password == null ? {} : { password }), ...(ssl ? { ssl } : {}) }
}

async function readFacts(admin: pg.Client) {
  const found = await admin.query<{ version: number; text: string; extensions: string[] }>(`select current_setting('server_version_num')::int as version,
    split_part(current_setting('server_version'), ' ', 1) as text, array(select name::text from pg_available_extensions) as extensions`)
  return found.rows[0]!
}

type Preparation = { admin: pg.Client; base: Base; place: string; version: number; passwords: RolePasswords; connection: (role: DatabaseRole) => pg.ClientConfig; log: (line: string) => void }
type Found = { name: string; privileged: boolean; comment: string | null }

async function prepareRoles(p: Preparation): Promise<void> {
  const found = (await p.admin.query<Found>(`select rolname::text as name, rolsuper or rolbypassrls as privileged, shobj_description(oid, 'pg_authid') as comment
    from pg_roles where rolname like 'gw\\_%'`)).rows
  const existing = new Set(found.map((r) => r.name))
  const privileged = found.find((r) => r.privileged && databaseRoles.some((role) => roleName(role) === r.name) && r.name !== p.base.user)
  if (privileged) throw new Error(`The role ${privileged.name} may pass by row security, which keeps tenants apart: run "alter role ${privileged.name} nosuperuser nobypassrls" as a superuser`)

  const refused = await Promise.all(databaseRoles.map(async (role) => (existing.has(roleName(role)) && (await logsIn(p.connection(role))) ? undefined : role)))
  const lacking = refused.filter((role) => role !== undefined)
  const other = found.find((r) => r.comment?.startsWith(mark) && r.comment !== mark + p.base.database)
  if (other && lacking.some((role) => existing.has(roleName(role))))
    throw new Error(`The roles of this server belong to the database ${other.comment!.slice(mark.length)} and to its SECRET_KEY: use the same SECRET_KEY, or a server of its own for ${p.base.database}`)

  const self = (await p.admin.query<{ superuser: boolean; granted: boolean; owner: boolean; statistics: boolean; marked: boolean }>(`select rolsuper as superuser,
    exists (select from pg_namespace where nspname = 'public' and pg_get_userbyid(nspowner) = 'gw_owner') and
      ${existing.has('gw_owner') ? "has_database_privilege('gw_owner', current_database(), 'create')" : 'false'} as owner,
    ${existing.has('gw_owner') ? "pg_has_role(current_user, 'gw_owner', 'member')" : 'false'} as granted,
    ${existing.has('gw_owner') ? "pg_has_role('gw_owner', 'pg_read_all_stats', 'usage')" : 'false'} as statistics,
    ${existing.has('gw_owner') ? "coalesce(shobj_description('gw_owner'::regrole::oid, 'pg_authid'), '') like 'groundwork:%'" : 'false'} as marked
    from pg_roles where rolname = current_user`)).rows[0]!

  if (lacking.length) {
    const wanted = Object.fromEntries(lacking.map((role) => [role, p.passwords[role]]))
    const statements = (replication: boolean) => roleStatements({ passwords: wanted, existing, replication })
    // REPLICATION may be given by a superuser only (15) or by who has it (16 on): without it the server has its own way of backup.
    if (!(await attempt(p.admin, statements(true))).done) {
      const second = await attempt(p.admin, statements(false))
      if (!second.done) throw refusal(p, [...statements(true), ...ownerStatements(p), ...grantStatements(p.base.database)], second.why)
      p.log('gw_backup has no REPLICATION on this server: use the backups of the server itself')
    }
  }
  if (!self.owner) {
    const statements = [...(self.superuser || self.granted ? [] : ownerStatements(p)), ...grantStatements(p.base.database)]
    const granted = await attempt(p.admin, statements)
    if (!granted.done) throw refusal(p, [...ownerStatements(p), ...grantStatements(p.base.database)], granted.why)
  }
  if (!self.marked) await attempt(p.admin, [`comment on role gw_owner is ${quoteText(mark + p.base.database)}`])
  if (!self.statistics && !(await attempt(p.admin, statisticsStatements(p.version))).done)
    p.log('the server does not let us read pg_stat_activity of others (pg_read_all_stats): who holds readers back is shown without a name')
}

/** gw_owner can only be given things by a member of it; a role with CREATEROLE must first make itself one. */
const ownerStatements = (p: Preparation): string[] => [`grant gw_owner to ${quoteName(p.base.user)}`]

/** All or nothing. Roles are shared by the server's databases: starts of two of them at once may collide, so twice more. */
async function attempt(admin: pg.Client, statements: string[]): Promise<{ done: boolean; why: string }> {
  for (let tries = 1; ; tries++) {
    try {
      await admin.query('begin')
      for (const statement of statements) await admin.query(statement)
      await admin.query('commit')
      return { done: true, why: '' }
    } catch (e) {
      await admin.query('rollback')
      const { code, message } = e as pg.DatabaseError
      if (code === '42501') return { done: false, why: message }
      if (tries > 2 || !(code === 'XX000' || code === '23505' || code === '42710')) throw e
    }
  }
}

async function logsIn(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (e) {
    // 28P01, 28000: another password, or no entry for it. 42501: the database refuses CONNECT, which is granted below.
    if (['28P01', '28000', '42501'].includes((e as pg.DatabaseError).code ?? '')) return (e as pg.DatabaseError).code === '42501'
    throw e
  } finally {
    await client.end().catch(() => {})
  }
}

/** The statements hold verifiers of the passwords, not passwords: they may be sent to an administrator. */
function refusal(p: Preparation, statements: string[], why: string): Error {
  return new Error(`DATABASE_URL: ${p.base.user} may not prepare ${p.place} (${why}). Let an administrator run this in that database, then start again:\n\n${statements.map((s) => `${s};`).join('\n')}\n`)
}
