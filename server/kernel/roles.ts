// The database's roles. They belong to the server, not to one database, so everything here may run again and again.
// Passwords travel only as SCRAM verifiers (RFC 5802): a server that logs its statements, or an administrator who is asked to
// run them, sees nothing one could log in with.
import { createHash, createHmac, hkdfSync, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { DatabaseRole } from './ports.ts'

export const databaseRoles: readonly DatabaseRole[] = ['owner', 'app', 'system', 'identity', 'backup']
export const roleName = (role: DatabaseRole): string => `gw_${role}`
export type RolePasswords = Record<DatabaseRole, string>

/** One forgotten transaction holds the log's horizon back for every reader: so the limits stand on the roles, where no pool forgets them. */
const limits: Record<DatabaseRole, Record<string, string>> = {
  owner: { timezone: 'UTC', statement_timeout: '15min', lock_timeout: '30s', idle_in_transaction_session_timeout: '5min' },
  app: { timezone: 'UTC', statement_timeout: '10s', lock_timeout: '5s', idle_in_transaction_session_timeout: '5s' },
  system: { timezone: 'UTC', statement_timeout: '10s', lock_timeout: '5s', idle_in_transaction_session_timeout: '5s' },
  identity: { timezone: 'UTC', statement_timeout: '10s', lock_timeout: '5s', idle_in_transaction_session_timeout: '5s' },
  backup: { timezone: 'UTC' },
}
export const roleSettings = (role: DatabaseRole): Record<string, string> => limits[role]

/** New for every start of a server that is ours alone: they live in memory only. */
export const randomPasswords = (): RolePasswords =>
  Object.fromEntries(databaseRoles.map((r) => [r, randomBytes(24).toString('base64url')])) as RolePasswords

/** For a server that several processes share: each derives the same ones (HKDF, RFC 5869) from the platform key. */
export const derivedPasswords = (platformKey: Uint8Array): RolePasswords =>
  Object.fromEntries(databaseRoles.map((r) => [r, Buffer.from(hkdfSync('sha256', platformKey, 'groundwork', `database role ${r}`, 24)).toString('base64url')])) as RolePasswords

/** What PostgreSQL stores for a password (scram-sha-256); it takes such a text in place of the password. */
export function scramVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const sign = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(sign('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${sign('Server Key').toString('base64')}`
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * The statements that make the roles and hold for every database of the server. `existing` roles are altered, others made.
 * Attributes stand only where a role is made: a role with CREATEROLE alone may not name them in an ALTER (PostgreSQL 15).
 */
export function roleStatements(o: { passwords: Partial<RolePasswords>; existing: ReadonlySet<string>; replication: boolean }): string[] {
  const out: string[] = []
  for (const role of databaseRoles) {
    const name = roleName(role)
    const password = o.passwords[role] === undefined ? '' : ` password ${quoteText(scramVerifier(o.passwords[role]))}`
    const replication = role === 'backup' && o.replication ? ' replication' : ''
    // gw_system may act as gw_app of one tenant (set role), but has none of its rights or policies otherwise
    const inherit = role === 'system' ? ' noinherit' : ''
    if (!o.existing.has(name)) out.push(`create role ${name} login${inherit} nosuperuser nocreatedb nocreaterole nobypassrls${replication}${password}`)
    else if (password) out.push(`alter role ${name} login${password}`)
    for (const [setting, value] of Object.entries(limits[role])) out.push(`alter role ${name} set ${setting} = ${quoteText(value)}`)
  }
  out.push('grant gw_app to gw_system')
  return out
}

/** The statements for one database, connected to it: gw_owner may make schemas and trusted extensions, and owns public. */
export function grantStatements(database: string): string[] {
  return [
    `grant connect, create, temporary on database ${quoteName(database)} to gw_owner`,
    `grant connect on database ${quoteName(database)} to gw_app, gw_system, gw_identity, gw_backup`,
    'alter schema public owner to gw_owner',
  ]
}

/**
 * So that whoever holds the log's horizon back can be named. gw_owner inherits it everywhere, for a function that answers as its
 * definer; gw_system does not inherit, and only from PostgreSQL 16 on can one grant say otherwise.
 */
export const statisticsStatements = (version: number): string[] => [
  'grant pg_read_all_stats to gw_owner',
  ...(version >= 160_000 ? ['grant pg_read_all_stats to gw_system with inherit true'] : []),
]
