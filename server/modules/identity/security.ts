// What a tenant demands of those who enter it: a second factor, a passkey, its own single sign-on. Who does not meet it yet sees nothing of the
// tenant and is told how; owners get past single sign-on with a second factor, which the tenant's log tells.
import type { Context, Db } from '../../kernel/db.ts'
import { only, refuse, type ErrorCode } from '../../kernel/errors.ts'
import type { SessionProof } from '../../kernel/http.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { StampingPool } from './pool.ts'
import { ensureRules, findRules, keepRules, lockRules, showRules } from './queries.ts'
import { secondFactors, type Method } from './sign-in.ts'

export type Demand = 'optional' | 'required'
export type SecurityRules = { secondFactor: Demand; passkeys: Demand; sso: Demand; version: number; createdAt: string; updatedAt: string }
export type Security = ReturnType<typeof createSecurity>

/** Should the event that ends an entry be late or lost. */
const maxAgeMs = 30_000
/** As long as this a proof counts as fresh for verbs that cannot be taken back. */
export const freshMs = 15 * 60_000

/** What still stands between a session and a tenant, by the tenant's rules alone. */
export function hindranceOf(rules: SecurityRules | null, tenant: string, proof: SessionProof | undefined, role: TenantRole, chosen: boolean): ErrorCode | undefined {
  if (proof?.tenant && proof.tenant !== tenant) return 'tenant.other_provider'
  const methods = (proof?.methods ?? []) as readonly Method[]
  if (!rules || (proof?.tenant === tenant && methods.includes('sso'))) return undefined // its own provider answers for the rest
  const strong = methods.some((m) => secondFactors.includes(m))
  if (rules.sso === 'required' && !(role === 'owner' && strong && chosen)) return 'tenant.sso_required'
  if (rules.passkeys === 'required' && !methods.includes('passkey')) return 'tenant.passkey_required'
  if (rules.secondFactor === 'required' && !strong) return 'tenant.second_factor_required'
  return undefined
}

export function createSecurity({ system, pool, now = Date.now }: { system: Db; pool: StampingPool; now?: () => number }) {
  let ssoWorks: (tenant: string) => Promise<boolean> = async () => false
  let ssoIsOn: (tenant: string) => boolean | Promise<boolean> = () => true
  const known = new Map<string, { rules: SecurityRules | null; loadedAt: number }>()
  let heardCount = 0 // what was loaded while an event came in is not kept
  const asSystem = (tenant: string) => system.context({ tenant, actor: { type: 'system', id: null }, request: 'security' })
  async function load(tenant: string): Promise<SecurityRules | null> {
    const before = heardCount
    const [[row]] = await asSystem(tenant).read(findRules(tenant))
    const rules = (row as SecurityRules | undefined) ?? null
    if (known.size > 20_000) known.clear()
    if (before === heardCount) known.set(tenant, { rules, loadedAt: now() })
    return rules
  }
  /** Where single sign-on is switched off its demand rests: nobody could meet it. */
  const inForce = async (tenant: string, rules: SecurityRules | null): Promise<SecurityRules | null> => (rules?.sso === 'required' && !(await ssoIsOn(tenant)) ? { ...rules, sso: 'optional' } : rules)
  const rulesOf = (tenant: string): SecurityRules | null | Promise<SecurityRules | null> => {
    const held = known.get(tenant)
    if (!held || now() - held.loadedAt >= maxAgeMs) return load(tenant).then((rules) => inForce(tenant, rules))
    return held.rules?.sso === 'required' ? inForce(tenant, held.rules) : held.rules
  }
  function forget(tenant: string): void {
    heardCount++
    known.delete(tenant)
  }

  async function anOwnerHasFactor(tenant: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `select 1 from member m where m."organizationId" = $1 and m.role = 'owner' and (exists (select from totp t where t.user_id = m."userId" and t.confirmed_at is not null) or exists (select from passkey p where p.user_id = m."userId")) limit 1`, [tenant])
    return (rowCount ?? 0) > 0
  }

  return {
    /** Who knows whether a tenant's single sign-on is enabled says so here. */
    askForSso({ works, isOn }: { works: typeof ssoWorks; isOn: typeof ssoIsOn }): void {
      ssoWorks = works
      ssoIsOn = isOn
    },
    /** What is demanded at present. */
    rulesOf,
    forget,
    forgetAll(): void {
      heardCount++
      known.clear()
    },
    async show(ctx: Context): Promise<SecurityRules> {
      return only((await ctx.read(showRules(ctx.tenant)))[0], 'tenant') as SecurityRules
    },
    /** Single sign-on is demanded only when it works and an owner could still get in without it. */
    async change(ctx: Context, change: Partial<Pick<SecurityRules, 'secondFactor' | 'passkeys' | 'sso'>>, ifMatch?: number): Promise<SecurityRules> {
      const rules = await ctx.change('security.changed', async (tx) => {
        const [, [row]] = await tx.run(ensureRules(), lockRules()) // of two who change them at once the second sees what the first did
        const now = row as SecurityRules
        checkVersion(now.version, ifMatch)
        const next = { ...now, ...change }
        if (next.sso === 'required' && now.sso !== 'required') {
          if (!(await ssoWorks(tx.tenant))) refuse('state.conflict', 'no single sign-on of this tenant is enabled: set one up, test and enable it first')
          if (!(await anOwnerHasFactor(tx.tenant))) refuse('state.conflict', 'no owner has a second factor, so nobody could get in should the provider fail: an owner sets one up first')
        }
        const [[kept]] = await tx.run(keepRules(next.secondFactor, next.passkeys, next.sso))
        const { secondFactor, passkeys, sso } = next
        return { subject: tx.tenant, data: { secondFactor, passkeys, sso, was: { secondFactor: now.secondFactor, passkeys: now.passkeys, sso: now.sso } }, result: kept as SecurityRules }
      })
      forget(ctx.tenant)
      return rules
    },
    /** An owner enters past single sign-on: the tenant's log tells. */
    async tellBrokenGlass(tenant: string, user: string, request: string): Promise<void> {
      await system.context({ tenant, actor: { type: 'user', id: user }, request }).change('security.bypassed', { subject: tenant, data: { userId: user }, run: [] })
    },
  }
}
