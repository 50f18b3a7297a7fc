// Tenants, members and invitations in better-auth's tables, so that SSO and SCIM meet the same rows. The verbs are our own SQL in one transaction
// each: the library's createOrganization is two, and neither accepts a token nor keeps the last owner under a race. Triggers write the events.
// Who may do what is judged by the routes before; what must hold of the rows is judged here, with the tenant locked.
import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { personOf, type Who } from '../../kernel/db.ts'
import { Problem, refuse } from '../../kernel/errors.ts'
import { checkVersion } from '../../kernel/route.ts'
import { isId } from '../../kernel/ids.ts'
import { roleReaches, type TenantRole } from '../../kernel/schema.ts'
import { inTransaction, type StampingPool } from './pool.ts'
import { isSlug, slugFrom } from './slugs.ts'
import { timeText } from './time-text.ts'

/** Who acts: any context of the kernel will do. */
export type By = Pick<Who, 'actor' | 'onBehalfOf' | 'request' | 'answerer'>
export type Tenant = {
  id: string; slug: string; name: string; logo: string | null; status: 'active' | 'deleting' | 'suspended'; deletesAt: string | null
  createdAt: string; updatedAt: string; version: number
}
export type Membership = { tenantId: string; userId: string; role: TenantRole; createdAt: string; updatedAt: string; version: number }
export type Invitation = {
  id: string; tenantId: string; /** null: a link for whoever holds it */ email: string | null; role: TenantRole; status: 'pending' | 'accepted' | 'rejected' | 'canceled'
  inviterId: string; sentAt: string; expiresAt: string; createdAt: string; updatedAt: string; version: number
}
/** `token` stands nowhere else: only its hash is kept. */
export type SentInvitation = { invitation: Invitation; token: string; tenantName: string }

const tenantColumns = `organization.id, slug, name, logo, status, ${timeText('"deletesAt"')} as "deletesAt", ${timeText('organization."createdAt"')} as "createdAt", ${timeText('organization."updatedAt"')} as "updatedAt", organization.version`
const memberColumns = `"organizationId" as "tenantId", "userId", role, ${timeText('"createdAt"')} as "createdAt", ${timeText('"updatedAt"')} as "updatedAt", version`
const invitationColumns = `id, "organizationId" as "tenantId", email, role, status, "inviterId", ${timeText('"sentAt"')} as "sentAt", ${timeText('"expiresAt"')} as "expiresAt",
  ${timeText('"createdAt"')} as "createdAt", ${timeText('"updatedAt"')} as "updatedAt", version`
const hashOf = (token: string) => createHash('sha256').update(token).digest()
const violates = (error: unknown, constraint: string) => (error as { constraint?: string }).constraint === constraint

/** Membership verbs of one tenant take turns: two owners who leave at once must not both succeed. */
async function lockTenant(db: pg.ClientBase, id: string): Promise<Tenant> {
  const { rows } = await db.query<Tenant>(`select ${tenantColumns} from organization where id = $1 for update`, [id])
  return rows[0] ?? refuse('tenant.not_found')
}
async function findMember(db: pg.ClientBase, tenant: string, userId: string): Promise<Membership | undefined> {
  return (await db.query<Membership>(`select ${memberColumns} from member where "organizationId" = $1 and "userId" = $2`, [tenant, userId])).rows[0]
}
const memberOf = async (db: pg.ClientBase, tenant: string, userId: string) => (await findMember(db, tenant, userId)) ?? refuse('member.not_found')
async function keepAnOwner(db: pg.ClientBase, tenant: string): Promise<void> {
  const { rowCount } = await db.query(`select 1 from member where "organizationId" = $1 and role = 'owner' limit 1`, [tenant])
  if (!rowCount) refuse('tenant.last_owner')
}

/** Inside a running transaction: also used by the registration of the first account. @throws tenant.slug_taken for a slug that was asked for */
export async function insertTenant(db: pg.ClientBase, owner: string, { name, slug }: { name: string; slug?: string | undefined }): Promise<Tenant> {
  for (let tries = 0; ; tries++) {
    const chosen = slug ?? (tries ? `${slugFrom(name).slice(0, 32)}-${randomBytes(3).toString('hex')}` : slugFrom(name))
    const { rows } = await db.query<Tenant>(`insert into organization (name, slug) values ($1, $2) on conflict (slug) do nothing returning ${tenantColumns}`, [name, chosen])
    if (!rows[0] && (slug || tries > 4)) refuse('tenant.slug_taken')
    if (!rows[0]) continue
    await db.query(`insert into member ("organizationId", "userId", role) values ($1, $2, 'owner')`, [rows[0].id, owner])
    return rows[0]
  }
}

/** Inside a running transaction. The token is the proof; an address on the invitation must be the account's own, verified or not. */
export async function takeInvitation(db: pg.ClientBase, token: string, user: { id: string; email: string }): Promise<Membership> {
  const found = (await db.query<Invitation & { open: boolean }>(
    `select ${invitationColumns}, status = 'pending' and "expiresAt" > now() as open from invitation where "tokenHash" = $1 for update`, [hashOf(token)])).rows[0]
  if (!found?.open) refuse('auth.link_refused', 'the invitation is used, withdrawn or too old: ask for a new one')
  if (found.email && found.email.toLowerCase() !== user.email.toLowerCase()) refuse('invitation.not_found', 'this invitation is for another address: sign in with the account it was sent to')
  const tenant = await lockTenant(db, found.tenantId)
  if (tenant.status !== 'active') refuse('auth.link_refused', 'the tenant takes no new members')
  if (await findMember(db, tenant.id, user.id)) refuse('member.exists', 'you are a member of this tenant already')
  await db.query(`update invitation set status = 'accepted' where id = $1`, [found.id])
  const { rows } = await db.query<Membership>(`insert into member ("organizationId", "userId", role) values ($1, $2, $3) returning ${memberColumns}`, [tenant.id, user.id, found.role])
  return rows[0]!
}

export type Tenants = ReturnType<typeof createTenants>

/** @param changed called after each commit: rings the bell, since no door of the kernel saw the write
    @param onMember drops the role this process remembers; the others hear it from the log */
export function createTenants(pool: StampingPool, changed: () => void, onMember: (tenant: string, person: string) => void) {
  async function within<T>(who: By, work: (db: pg.ClientBase) => Promise<T>): Promise<T> {
    const result = await inTransaction(pool, { actor: who.actor.id, actorType: who.actor.type, request: who.request }, work)
    changed()
    return result
  }
  const selfOf = (who: By) => personOf(who) ?? refuse('permission.denied', 'only a person can do this')
  /** Nobody hands out more than they have, nor touches an owner without being one. */
  const mayGive = (has: TenantRole | undefined, ...roles: TenantRole[]) => {
    for (const role of roles) if (!roleReaches(has, role)) refuse('permission.denied', `this needs the role ${role} in the tenant; yours is ${has ?? 'none'}`)
  }
  const newToken = () => {
    const token = `inv_${randomBytes(32).toString('base64url')}`
    return { token, hash: hashOf(token) }
  }

  return {
    /** The acting person becomes the owner. Without a slug one is made from the name. @throws tenant.slug_taken, 422 for a slug that is none */
    async create(who: By, { name, slug }: { name: string; slug?: string | undefined }): Promise<Tenant> {
      if (slug !== undefined && !isSlug(slug)) refuse('request.invalid', 'body/slug: must be letters, digits and dashes, and no reserved word', { errors: [{ in: 'body', path: '/slug', message: 'must match [a-z][a-z0-9-]{1,40} and be no reserved word' }] })
      return within(who, (db) => insertTenant(db, selfOf(who), { name, slug }))
    },
    /** Name, slug, logo, status: what is absent stays. `deletesAt` null takes a planned deletion back. */
    async change(who: By, id: string, change: { name?: string; slug?: string; logo?: string | null; status?: Tenant['status']; deletesAt?: string | null }, ifMatch?: number): Promise<Tenant> {
      if (change.slug !== undefined && !isSlug(change.slug)) refuse('request.invalid', 'body/slug: must be letters, digits and dashes, and no reserved word', { errors: [{ in: 'body', path: '/slug', message: 'must match [a-z][a-z0-9-]{1,40} and be no reserved word' }] })
      return within(who, async (db) => {
        const now = await lockTenant(db, id)
        checkVersion(now.version, ifMatch)
        const next = { ...now, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) }
        try {
          const { rows } = await db.query<Tenant>(`update organization set name = $2, slug = $3, logo = $4, status = $5, "deletesAt" = $6::timestamptz where id = $1 returning ${tenantColumns}`,
            [id, next.name, next.slug, next.logo, next.status, next.deletesAt])
          return rows[0]!
        } catch (error) {
          throw violates(error, 'organization_slug_key') ? asProblem('tenant.slug_taken') : error
        }
      })
    },
    /** For good, with members and invitations: for the job that ends the grace. @returns false when it was gone, or no longer due */
    remove: (who: By, id: string, { onlyIfDue = true } = {}): Promise<boolean> =>
      within(who, async (db) => {
        const { rowCount } = await db.query(`select 1 from organization where id = $1 and (not $2::bool or (status = 'deleting' and "deletesAt" <= now())) for update`, [id, onlyIfDue])
        if (!rowCount) return false
        // what its provider had signed in opened this tenant alone; without its proof such a session would pass for any other
        await db.query('delete from session where id in (select session_id from session_proof where tenant_id = $1)', [id])
        // whatever table of these schemas names a tenant: a later one cannot be forgotten
        const { rows } = await db.query<{ name: string; column: string }>(`select c.oid::regclass::text as name, quote_ident(a.attname) as column from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
          where c.relnamespace in ('identity'::regnamespace, 'oauth'::regnamespace) and c.relkind in ('r', 'p') and a.attname in ('tenant_id', 'organizationId', 'organization_id') and has_table_privilege(c.oid, 'delete') order by c.oid desc`)
        for (const { name, column } of rows) await db.query(`delete from ${name} where ${column}::text = $1`, [id])
        await db.query('delete from organization where id = $1', [id])
        return true
      }),
    /** Those whose grace is over. */
    listDue: async (): Promise<string[]> => (await pool.query<{ id: string }>(`select id from organization where status = 'deleting' and "deletesAt" <= now() limit 100`)).rows.map((r) => r.id),
    /** By id or slug, whatever its state; without judging who asks. */
    async find(hint: string): Promise<Tenant | undefined> {
      const by = isId(hint) ? 'id = $1::uuid' : 'slug = $1'
      return (await pool.query<Tenant>(`select ${tenantColumns} from organization where ${by}`, [hint.toLowerCase()])).rows[0]
    },
    /** Those a person belongs to, by name, with their role; none is left out. */
    listOf: async (person: string): Promise<(Tenant & { role: TenantRole })[]> =>
      (await pool.query<Tenant & { role: TenantRole }>(
        `select ${tenantColumns}, m.role from member m join organization on organization.id = m."organizationId" where m."userId" = $1 order by lower(name), organization.id`, [person])).rows,

    /** Answers the row and, once, the token. A pending invitation of the same address is replaced. @throws member.exists */
    async invite(who: By, tenant: string, { email, role, days = 7 }: { email: string | null; role: TenantRole; days?: number }, actorRole: TenantRole | undefined): Promise<SentInvitation> {
      mayGive(actorRole, role)
      const { token, hash } = newToken()
      return within(who, async (db) => {
        const { name } = await lockTenant(db, tenant)
        const address = email?.toLowerCase() ?? null
        if (address && (await db.query(`select 1 from member m join "user" u on u.id = m."userId" where m."organizationId" = $1 and u.email = $2`, [tenant, address])).rowCount) refuse('member.exists')
        if (address) await db.query(`update invitation set status = 'canceled' where "organizationId" = $1 and email = $2 and status = 'pending'`, [tenant, address])
        const { rows } = await db.query<Invitation>(
          `insert into invitation ("organizationId", email, role, status, "expiresAt", "inviterId", "tokenHash") values ($1, $2, $3, 'pending', now() + $4::int * interval '1 day', $5, $6) returning ${invitationColumns}`,
          [tenant, address, role, days, who.answerer ?? selfOf(who), hash])
        return { invitation: rows[0]!, token, tenantName: name }
      })
    },
    /** A new token and a new term; the old token ends. */
    async resendInvitation(who: By, tenant: string, id: string, actorRole: TenantRole | undefined, days = 7): Promise<SentInvitation> {
      const { token, hash } = newToken()
      return within(who, async (db) => {
        const { name } = await lockTenant(db, tenant)
        const { rows } = await db.query<Invitation>(
          `update invitation set "tokenHash" = $3, "sentAt" = now(), "expiresAt" = now() + $4::int * interval '1 day' where id = $1 and "organizationId" = $2 and status = 'pending' returning ${invitationColumns}`, [id, tenant, hash, days])
        const invitation = rows[0] ?? refuse('invitation.not_found')
        mayGive(actorRole, invitation.role)
        return { invitation, token, tenantName: name }
      })
    },
    /** Withdraws it; a withdrawn or accepted one is 404. */
    async withdrawInvitation(who: By, tenant: string, id: string): Promise<void> {
      await within(who, async (db) => {
        const { rowCount } = await db.query(`update invitation set status = 'canceled' where id = $1 and "organizationId" = $2 and status = 'pending'`, [id, tenant])
        if (!rowCount) refuse('invitation.not_found')
      })
    },
    /** What the page behind an invitation's link may show before anybody signs in; undefined when it is not open. */
    findInvitation: async (token: string): Promise<{ tenantName: string; email: string | null; role: TenantRole; expiresAt: string } | undefined> =>
      (await pool.query(`select o.name as "tenantName", i.email, i.role, ${timeText('i."expiresAt"')} as "expiresAt" from invitation i join organization o on o.id = i."organizationId"
        where i."tokenHash" = $1 and i.status = 'pending' and i."expiresAt" > now()`, [hashOf(token)])).rows[0],
    /** The acting person becomes a member. @throws auth.link_refused, member.exists; invitation.not_found when it names another address */
    acceptInvitation: (who: By, token: string): Promise<Membership> =>
      within(who, async (db) => {
        const user = (await db.query<{ id: string; email: string }>(`select id, email from "user" where id = $1`, [selfOf(who)])).rows[0]
        return takeInvitation(db, token, user ?? refuse('user.not_found'))
      }),

    /** @throws tenant.last_owner; permission.denied when an admin touches an owner or makes one */
    changeRole: (who: By, tenant: string, userId: string, role: TenantRole, actorRole: TenantRole | undefined, ifMatch?: number): Promise<Membership> =>
      within(who, async (db) => {
        await lockTenant(db, tenant)
        const now = await memberOf(db, tenant, userId)
        mayGive(actorRole, role, now.role)
        checkVersion(now.version, ifMatch)
        if (now.role === role) return now
        const { rows } = await db.query<Membership>(`update member set role = $3 where "organizationId" = $1 and "userId" = $2 returning ${memberColumns}`, [tenant, userId, role])
        await keepAnOwner(db, tenant)
        return rows[0]!
      }).finally(() => onMember(tenant, userId)),
    /** Takes a person out. @throws tenant.last_owner, member.not_found; permission.denied when an admin takes out an owner */
    removeMember: (who: By, tenant: string, userId: string, actorRole: TenantRole | undefined): Promise<void> =>
      within(who, async (db) => {
        await lockTenant(db, tenant)
        mayGive(actorRole, (await memberOf(db, tenant, userId)).role)
        await db.query(`delete from member where "organizationId" = $1 and "userId" = $2`, [tenant, userId])
        await keepAnOwner(db, tenant)
      }).finally(() => onMember(tenant, userId)),
    /** The acting person goes. @throws tenant.last_owner */
    leave: (who: By, tenant: string): Promise<void> =>
      within(who, async (db) => {
        await lockTenant(db, tenant)
        await memberOf(db, tenant, selfOf(who))
        await db.query(`delete from member where "organizationId" = $1 and "userId" = $2`, [tenant, selfOf(who)])
        await keepAnOwner(db, tenant)
      }).finally(() => onMember(tenant, selfOf(who))),
    /** The acting owner makes another member owner and becomes admin. */
    transferOwnership: (who: By, tenant: string, to: string): Promise<void> =>
      within(who, async (db) => {
        await lockTenant(db, tenant)
        const from = await memberOf(db, tenant, selfOf(who))
        if (from.role !== 'owner') refuse('permission.denied', 'only an owner can transfer the tenant')
        const heir = await memberOf(db, tenant, to)
        if (heir.userId === from.userId) return
        if (heir.role !== 'owner') await db.query(`update member set role = 'owner' where "organizationId" = $1 and "userId" = $2`, [tenant, to])
        await db.query(`update member set role = 'admin' where "organizationId" = $1 and "userId" = $2`, [tenant, from.userId])
      }).finally(() => [to, selfOf(who)].forEach((person) => onMember(tenant, person))),
  }
}

const asProblem = (code: 'tenant.slug_taken') => new Problem(code, 'the slug is taken: choose another')
