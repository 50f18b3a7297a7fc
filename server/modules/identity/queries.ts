// What operators ask about people, as gw_system. Everything else of this module goes over its own pool as gw_identity.
import { Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'

const UserRow = Type.Object({
  id: Type.String(), email: Type.String(), name: Type.String(), role: Type.String(), emailVerified: Type.Boolean(), image: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer(), status: Type.String(),
})
export const listUsers = statement('identity.list-users', UserRow, (f: { q: string | null; role: string | null; status: string | null }, [time, id]: readonly string[], limit: number) => sql`
  select u.id, u.email, u.name, coalesce(u.role, 'user') as role, u."emailVerified", u.image, u."createdAt", u."updatedAt", u.version, case when u.banned then 'banned' else 'active' end as status
  from identity."user" u
  where (u."createdAt", u.id) < (${time}::timestamptz, ${id}::uuid)
    and (${f.q}::text is null or u.email ilike ${f.q} or u.name ilike ${f.q})
    and (${f.role}::text is null or coalesce(u.role, 'user') = ${f.role})
    and (${f.status}::text is null or (case when u.banned then 'banned' else 'active' end) = ${f.status})
  order by u."createdAt" desc, u.id desc limit ${limit + 1}`, [[{ q: null, role: null, status: null }, ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'], 1]])

const Rules = Type.Object({ secondFactor: Type.String(), passkeys: Type.String(), sso: Type.String(), version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String() })
const ruleColumns = sql`second_factor as "secondFactor", passkeys, sso, version, created_at as "createdAt", updated_at as "updatedAt"`
/** What was never changed is as old as its tenant. */
export const showRules = statement('identity.show-rules', Rules, (tenant: string) => sql`
  select coalesce(x.second_factor, 'optional') as "secondFactor", coalesce(x.passkeys, 'optional') as passkeys, coalesce(x.sso, 'optional') as sso,
    coalesce(x.version, 1) as version, coalesce(x.created_at, o."createdAt") as "createdAt", coalesce(x.updated_at, o."createdAt") as "updatedAt"
  from identity.organization o left join security_rules x on x.tenant_id = o.id where o.id = ${tenant}`)
export const ensureRules = () => sql`insert into security_rules default values on conflict do nothing`
export const lockRules = statement('identity.lock-rules', Rules, () => sql`select ${ruleColumns} from security_rules for update`)
export const findRules = statement('identity.find-rules', Rules, (tenant: string) => sql`select ${ruleColumns} from security_rules where tenant_id = ${tenant}`)
export const keepRules = statement('identity.keep-rules', Rules, (secondFactor: string, passkeys: string, sso: string) => sql`
  update security_rules set second_factor = ${secondFactor}, passkeys = ${passkeys}, sso = ${sso} returning ${ruleColumns}`)
