// Somebody whom a trusted issuer vouches for and who is new here: an account without a password, and a membership. Only for a verified address,
// and never into an account whose own address nobody has proven: whoever made that one could be anybody.
import type { TenantRole } from '../../kernel/schema.ts'
import { newId } from '../../kernel/ids.ts'
import { inTransaction, type StampingPool } from './pool.ts'

export type Newcomer = { email: string; name: string; tenant: string | null; role: TenantRole }
export type Provision = ReturnType<typeof createProvision>

/** @returns false where it must not be: an unproven or banned account, a tenant that is closed */
export const createProvision = (pool: StampingPool, changed: () => void) => async ({ email, name, tenant, role }: Newcomer): Promise<boolean> => {
  const done = await inTransaction(pool, { actor: null, request: newId() }, async (db) => {
    await db.query(`select pg_advisory_xact_lock(hashtextextended('provision/' || $1, 0))`, [email])
    const { rows: [known] } = await db.query<{ id: string; emailVerified: boolean; banned: boolean | null }>('select id, "emailVerified", banned from "user" where email = $1', [email])
    if (known && (!known.emailVerified || known.banned)) return false
    if (tenant && !(await db.query(`select 1 from organization where id = $1 and status = 'active' for share`, [tenant])).rowCount) return false
    const id = known?.id ?? (await db.query<{ id: string }>(`insert into "user" (email, name, "emailVerified", role, "createdAt", "updatedAt") values ($1, $2, true, 'user', now(), now()) returning id`, [email, name])).rows[0]!.id
    if (tenant) await db.query(`insert into member ("organizationId", "userId", role, "createdAt") values ($1, $2, $3, now()) on conflict do nothing`, [tenant, id, role])
    return true
  })
  if (done) changed()
  return done
}
