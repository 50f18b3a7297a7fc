// On the path of every request with a key: one hash, then the cache, else one select. Events end what is cached, on every process, within
// milliseconds; an age limit is the floor below. Nothing is written per request: when a key was last used is noted lazily, many at once.
import type { Db } from '../../kernel/db.ts'
import type { From, Principal } from '../../kernel/http.ts'
import type { EventRow } from '../../kernel/log.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { TokenKind } from '../../kernel/tokens.ts'
import { createFilter } from './addresses.ts'
import { hasOwn, lower, permissionsOf, roleOf, type OwnScopes } from './grants.ts'
import { checkApiKey, checkServiceKey } from './queries.ts'
import { hashOf, isWellFormed, kindOf } from './secrets.ts'
import type { Uses } from './uses.ts'

type Held = { principal: Principal; allows(ip: string): boolean; loadedAt: number }
/** Nothing cached is believed longer than this, should an event be late. */
const maxAgeMs = 5000
const most = 20_000
const forEver = Number.MAX_SAFE_INTEGER
const governing = /^(api-key|service-key|member|user|tenant|oauth-scope)\./

export type CheckOptions = { system: Pick<Db, 'context'>; uses: Uses; ownScopes: OwnScopes; permissions(): PermissionTable; now?: () => number }

export function createKeyCheck({ system, uses, ownScopes, permissions, now = Date.now }: CheckOptions): TokenKind & { hear(event: Pick<EventRow, 'name' | 'tenant_id' | 'subject_id' | 'person_id'>): void } {
  const ctx = system.context(systemWho('keys'))
  const held = new Map<string, Held>() // by the key's hash
  const byWatched = new Map<string, Set<string>>()
  let heardCount = 0 // what was loaded while an event came in is used once and not kept

  async function loadApi(hash: Buffer): Promise<Omit<Held, 'loadedAt'> | undefined> {
    const [[row]] = await ctx.read(checkApiKey(hash))
    if (!row) return undefined
    const opened = hasOwn(row.scopes) ? permissionsOf(row.scopes, await ownScopes(row.tenantId)) : []
    const { id, tenantId, madeBy, name, scopes } = row
    return {
      allows: createFilter(row.addresses),
      principal: {
        actor: { type: 'key', id }, tenant: tenantId, operator: false, name, scopes, permissions: opened, role: lower(roleOf(scopes, opened, permissions()), row.makersRole as TenantRole),
        answerer: madeBy, watches: [id, madeBy, tenantId], expiresAt: row.endsAt ? Date.parse(row.endsAt) : forEver, onUse: () => uses.noteApi(tenantId, id),
      },
    }
  }
  async function loadService(hash: Buffer): Promise<Omit<Held, 'loadedAt'> | undefined> {
    const [[row]] = await ctx.read(checkServiceKey(hash))
    if (!row) return undefined
    const { id, madeBy, name, scopes, operations, tenants } = row
    return {
      allows: createFilter(row.addresses),
      principal: {
        actor: { type: 'key', id }, tenant: null, operator: true, name, scopes, permissions: [], role: roleOf(scopes, [], permissions()), answerer: madeBy, watches: [id, madeBy],
        above: { operations, tenants }, expiresAt: row.endsAt ? Date.parse(row.endsAt) : forEver, onUse: (use) => uses.noteService(id, use),
      },
    }
  }

  function drop(hash: string): void {
    for (const id of held.get(hash)?.principal.watches ?? []) if (byWatched.get(id)?.delete(hash) && byWatched.get(id)!.size === 0) byWatched.delete(id)
    held.delete(hash)
  }
  function keep(hash: string, one: Held): void {
    drop(hash)
    if (held.size >= most) drop(held.keys().next().value!) // the oldest
    held.set(hash, one)
    for (const id of one.principal.watches!) byWatched.set(id, (byWatched.get(id) ?? new Set()).add(hash))
  }
  const judge = ({ principal, allows }: Omit<Held, 'loadedAt'>, { ip }: From) => (principal.expiresAt > now() && allows(ip) ? principal : undefined)

  return {
    takes: (token) => kindOf(token) !== undefined,
    authenticate(token, from) {
      if (!isWellFormed(token)) return undefined
      const hash = hashOf(token)
      const name = hash.toString('base64')
      const known = held.get(name)
      if (known && now() - known.loadedAt < maxAgeMs) return judge(known, from)
      const before = heardCount
      return (kindOf(token) === 'api' ? loadApi(hash) : loadService(hash)).then((found) => {
        if (found && before === heardCount) keep(name, { ...found, loadedAt: now() })
        else drop(name)
        return found && judge(found, from)
      })
    },
    /** Every event of the log, from every process. */
    hear({ name, tenant_id: tenant, subject_id: subject, person_id: person }) {
      if (!governing.test(name)) return
      heardCount++
      const concerned = name.startsWith('oauth-scope.') ? [tenant] : person ? [subject, person] : [subject]
      for (const id of concerned) for (const hash of [...(byWatched.get(id) ?? [])]) drop(hash)
    },
  }
}
