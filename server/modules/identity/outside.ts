// People who prove themselves elsewhere: at a provider of the installation's (Google, GitHub ...) or at their tenant's own. What links such an
// identity to an account cannot be hijacked: either both sides have proven the address, or the address's domain is proven to be the tenant's.
import type pg from 'pg'
import { runWithTransaction } from '@better-auth/core/context'
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { AccountOptions, Accounts } from './accounts.ts'
import { wishLetter } from './letters.ts'
import { caller, inTransaction } from './pool.ts'
import type { Caller, Started } from './sign-in.ts'
import type { By } from './tenants.ts'
import { timeText } from './time-text.ts'

/** Whom a provider says it has seen. `subject` is the provider's own name for the person and never changes. */
export type Seen = { provider: string; providerName: string; subject: string; email: string | null; emailVerified: boolean; name: string }
/** By the provider of a tenant, which has proven the domain of the address. `role` null: the default of who has none yet. */
export type SeenByTenant = { tenant: string; provider: string; subject: string; email: string; name: string; role: TenantRole | null; defaultRole: TenantRole }
const actingAs = ({ actor, request }: By) => ({ actor: actor.id, actorType: actor.type, request })
export type Outside = ReturnType<typeof createOutside>

export function createOutside(o: AccountOptions & { accounts: Accounts; onPerson(user: string): void; onMember(tenant: string, user: string): void }) {
  const { pool, auth, signIn, factors, sealer } = o
  type Person = { id: string; email: string; emailVerified: boolean }
  const findByLink = async (db: pg.ClientBase, provider: string, subject: string) =>
    (await db.query<Person>(`select u.id, u.email, u."emailVerified" from account a join "user" u on u.id = a."userId" where a."providerId" = $1 and a."accountId" = $2`, [provider, subject])).rows[0]
  const findByAddress = async (db: pg.ClientBase, email: string) => (await db.query<Person>('select id, email, "emailVerified" from "user" where email = $1 for update', [email])).rows[0]
  const link = async (db: pg.ClientBase, user: string, provider: string, subject: string) => {
    const { rowCount } = await db.query(`insert into account ("accountId", "providerId", "userId", "updatedAt") values ($1, $2, $3, now()) on conflict ("providerId", "accountId") do nothing`, [subject, provider, user])
    if (!rowCount) refuse('conflict', 'this identity is linked to an account already')
  }
  async function create(email: string, name: string): Promise<string> {
    const { internalAdapter } = await auth.$context
    return (await internalAdapter.createUser({ email, name: name.trim().slice(0, 120) || email.split('@')[0]!, emailVerified: true, role: 'user' }, { method: 'outside' } as never)).id
  }
  /** Two who take away at once must not both succeed. @returns the address */
  async function lockPerson(db: pg.ClientBase, who: By): Promise<string> {
    return (await db.query<{ email: string }>('select email from "user" where id = $1 for update', [who.actor.id])).rows[0]?.email ?? refuse('user.not_found')
  }
  const actAs = (db: pg.ClientBase, user: string) => db.query(`select set_config('app.actor', $1, true)`, [user])
  /** Whoever made the account never proved this address, so nothing they could come back with may stay. */
  async function takeOver(db: pg.ClientBase, user: string): Promise<void> {
    await db.query('delete from session where "userId" = $1', [user])
    await db.query('delete from account where "userId" = $1', [user])
    await db.query('delete from passkey where user_id = $1', [user])
    await db.query('delete from totp where user_id = $1', [user])
    await db.query('delete from recovery_codes where user_id = $1', [user])
    await db.query('update "user" set "emailVerified" = true where id = $1', [user])
  }

  return {
    /** @param bound the only tenant it is to open @returns a session, or the second step of an account with a second factor
        @throws auth.link_required, auth.registration_closed, setup.token_required, auth.refused */
    async enter(from: Caller, seen: Seen, bound?: string): Promise<Started | { challenge: string }> {
      const email = seen.email?.toLowerCase() ?? null
      const first = !(await o.accounts.isClaimed())
      let second: string | undefined
      const started = await signIn.start(from, async (db) => {
        let person = await findByLink(db, seen.provider, seen.subject)
        if (!person) {
          if (first) refuse('setup.token_required')
          if (!email || !seen.emailVerified) refuse('auth.link_required', `${seen.providerName} does not say that this address is proven to be yours: confirm it there, or sign in here and link ${seen.providerName} on your account page`)
          person = await findByAddress(db, email)
          if (person && !person.emailVerified) refuse('auth.link_required', 'there is an account with this address that has not proven it: sign in with its password and confirm the address, or reset the password; then this way works too')
          if (!person) {
            const { rowCount: invited } = await db.query(`select 1 from invitation where email = $1 and status = 'pending' and "expiresAt" > now()`, [email])
            if (o.registration === 'operators' || (o.registration === 'invite' && !invited)) refuse('auth.registration_closed', 'there is no account with this address: ask for an invitation')
            person = { id: await create(email, seen.name), email, emailVerified: true }
            if (!o.multiTenant) await db.query(`insert into member ("organizationId", "userId", role) select id, $1, 'member' from organization order by "createdAt" limit 1`, [person.id]) // everybody belongs to the one there is
          }
          await actAs(db, person.id)
          await link(db, person.id, seen.provider, seen.subject)
          await wishLetter(db, sealer, { kind: 'secured', email: person.email, what: `you can now sign in with ${seen.providerName}` })
        }
        await actAs(db, person.id)
        if (!(await factors.waysOf(person.id)).totp) return { user: person.id, methods: ['social' as const], ...(bound ? { tenant: bound } : {}) }
        second = person.id
        return undefined
      })
      return started ?? { challenge: await signIn.challenge(from.request, { user: second!, methods: ['social'], ...(bound ? { tenant: bound } : {}) }) }
    },

    /** Makes the account and the membership where there are none; the session opens this tenant and no other.
        @throws tenant.not_found for one that takes nobody, auth.refused */
    async enterByTenant(from: Caller, seen: SeenByTenant): Promise<Started> {
      const email = seen.email.toLowerCase()
      const provider = `sso:${seen.provider}`
      const ended: string[] = []
      const started = await signIn.start(from, async (db) => {
        const { rows: [tenant] } = await db.query<{ status: string }>('select status from organization where id = $1 for share', [seen.tenant])
        if (tenant?.status !== 'active') refuse('tenant.not_found', 'the tenant takes nobody in at the moment')
        let person = (await findByLink(db, provider, seen.subject)) ?? (await findByAddress(db, email))
        if (person && !person.emailVerified) {
          ended.push(...(await db.query<{ id: string }>('select id from session where "userId" = $1', [person.id])).rows.map((r) => r.id))
          await actAs(db, person.id)
          await takeOver(db, person.id)
        }
        person ??= { id: await create(email, seen.name), email, emailVerified: true }
        await actAs(db, person.id)
        await db.query(`insert into account ("accountId", "providerId", "userId", "updatedAt") values ($1, $2, $3, now()) on conflict ("providerId", "accountId") do nothing`, [seen.subject, provider, person.id])
        await db.query(`insert into member ("organizationId", "userId", role) values ($1, $2, $3) on conflict ("organizationId", "userId") do nothing`, [seen.tenant, person.id, seen.role ?? seen.defaultRole])
        if (seen.role) await db.query(`update member set role = $3 where "organizationId" = $1 and "userId" = $2 and role not in ('owner', $3)`, [seen.tenant, person.id, seen.role]) // owners are made here, not elsewhere
        return { user: person.id, methods: ['sso' as const], tenant: seen.tenant, provider: seen.provider }
      })
      for (const session of ended) o.onEnded(session)
      o.onMember(seen.tenant, started.user)
      return started
    },

    /** For a directory of the tenant, which has proven the domain of the address: the account, and with a role the membership.
        @param person an account it knows already @returns whose account it is */
    async provide(who: By, { tenant, email, name, role, person }: { tenant: string; email: string; name: string; role: TenantRole | null; person: string | null }): Promise<string> {
      const ended: string[] = []
      const user = await inTransaction(pool, actingAs(who), async (db) => {
        await db.query(`select pg_advisory_xact_lock(hashtextextended('provision/' || $1, 0))`, [email])
        const found = person ? (await db.query<Person>('select id, email, "emailVerified" from "user" where id = $1 for update', [person])).rows[0] : await findByAddress(db, email)
        if (person && !found) refuse('user.not_found')
        if (found && !found.emailVerified) {
          ended.push(...(await db.query<{ id: string }>('select id from session where "userId" = $1', [found.id])).rows.map((r) => r.id))
          await takeOver(db, found.id)
        }
        const id = found?.id ?? (await db.query<{ id: string }>(`insert into "user" (email, name, "emailVerified", role, "createdAt", "updatedAt") values ($1, $2, true, 'user', now(), now()) returning id`, [email, name.slice(0, 120)])).rows[0]!.id
        if (role) await db.query(`insert into member ("organizationId", "userId", role, "createdAt") values ($1, $2, $3, now()) on conflict ("organizationId", "userId") do nothing`, [tenant, id, role])
        return id
      })
      for (const session of ended) o.onEnded(session)
      o.onMember(tenant, user)
      o.changed()
      return user
    },
    /** Takes the membership and ends the sessions that the tenant's provider began; the person's other tenants are not concerned.
        @throws permission.denied for an owner: owners are made and removed here */
    async withdraw(who: By, tenant: string, user: string): Promise<void> {
      const ended = await inTransaction(pool, actingAs(who), async (db) => {
        const { rows: [member] } = await db.query<{ role: TenantRole }>('select role from member where "organizationId" = $1 and "userId" = $2 for update', [tenant, user])
        if (member?.role === 'owner') refuse('permission.denied', 'owners are removed here, not by a directory: make them something else first')
        await db.query('delete from member where "organizationId" = $1 and "userId" = $2', [tenant, user])
        return (await db.query<{ id: string }>('delete from session s using session_proof p where p.session_id = s.id and p.tenant_id = $1 and s."userId" = $2 returning s.id', [tenant, user])).rows
      })
      for (const { id } of ended) o.onEnded(id)
      o.onMember(tenant, user)
      o.changed()
    },
    async giveRole(who: By, tenant: string, user: string, role: TenantRole): Promise<void> {
      await inTransaction(pool, actingAs(who), (db) => db.query(`update member set role = $3 where "organizationId" = $1 and "userId" = $2 and role not in ('owner', $3)`, [tenant, user, role]))
      o.onMember(tenant, user)
      o.changed()
    },
    /** Ends the sessions a provider began, and forgets whom it named when it goes for good. */
    async endProvider(request: string, provider: string, forget: boolean): Promise<void> {
      const ended = await this.within(request, async (db) => {
        const { rows } = await db.query<{ id: string }>('delete from session s using session_proof p where p.session_id = s.id and p.provider_id = $1 returning s.id', [provider])
        if (forget) await db.query('delete from account where "providerId" = $1', [`sso:${provider}`])
        return rows
      })
      for (const { id } of ended) o.onEnded(id)
      o.changed()
    },
    within: async <T>(request: string, work: (db: pg.ClientBase) => Promise<T>): Promise<T> => {
      const { adapter } = await auth.$context
      return caller.run({ actor: null, request }, () => runWithTransaction(adapter as never, () => work(caller.getStore()!.client!)))
    },

    /** Accounts elsewhere that open this one; those of tenants' own providers are their tenant's affair. */
    async listLinks({ actor }: Pick<Context, 'actor'>): Promise<{ provider: string; linkedAt: string }[]> {
      const { rows } = await pool.query<{ provider: string; linkedAt: string }>(
        `select "providerId" as provider, ${timeText('"createdAt"')} as "linkedAt" from account where "userId" = $1 and "providerId" <> 'credential' and "providerId" not like 'sso:%' order by "createdAt"`, [actor.id])
      return rows
    },
    /** For a person who has just proven it here and there: no address is compared. @throws conflict */
    async link(who: By, { provider, providerName, subject }: Pick<Seen, 'provider' | 'providerName' | 'subject'>): Promise<void> {
      await inTransaction(pool, actingAs(who), async (db) => {
        const email = await lockPerson(db, who)
        const { rows: [known] } = await db.query<{ accountId: string }>('select "accountId" from account where "userId" = $1 and "providerId" = $2', [who.actor.id, provider])
        if (known?.accountId === subject) return
        if (known) refuse('conflict', `another account of ${providerName} is linked to yours: unlink it first`)
        await link(db, who.actor.id!, provider, subject)
        await wishLetter(db, sealer, { kind: 'secured', email, what: `you can now sign in with ${providerName}` })
      })
      o.changed()
    },
    /** @param others providers that sign people in at present @returns whether it was linked @throws state.conflict for the last way to sign in */
    async unlink(who: By, { provider, providerName }: Pick<Seen, 'provider' | 'providerName'>, others: readonly string[]): Promise<boolean> {
      const unlinked = await inTransaction(pool, actingAs(who), async (db) => {
        const email = await lockPerson(db, who)
        const { rowCount } = await db.query('delete from account where "userId" = $1 and "providerId" = $2', [who.actor.id, provider])
        if (!rowCount) return false
        const { rowCount: left } = await db.query(
          `select 1 from account where "userId" = $1 and (password is not null or "providerId" = any ($2)) union all select 1 from passkey where user_id = $1`, [who.actor.id, others])
        if (!left) refuse('state.conflict', `${providerName} is your last way to sign in: choose a password by the link of a forgotten password, add a passkey, or link another account first`)
        await wishLetter(db, sealer, { kind: 'secured', email, what: `you can no longer sign in with ${providerName}` })
        return true
      })
      o.changed()
      return unlinked
    },
  }
}
