// The doors of tenants: whose a host name is, and whether the tenant is open. Asked with every request, so remembered; events of the log end that,
// and an age limit is the floor below, should an event be late or lost.
import type { Db } from '../../kernel/db.ts'
import type { Doors, TenantState } from '../../kernel/doors.ts'
import { systemWho } from '../../kernel/readers.ts'
import { offOf, type Declared } from '../../kernel/switches.ts'
import { canonicalHost, slugBelow } from './hosts.ts'
import { listHeld } from '../plans/api.ts'
import { findDomainHolder, findState } from './queries.ts'

const maxAgeMs = 30_000
const most = 10_000
const longestHost = 300

export type DoorOptions = {
  system: Pick<Db, 'context'>
  findTenant(hint: string): Promise<string | undefined>
  publicUrl: string
  /** tenants have subdomains of it; undefined: none has */
  baseDomain: string | undefined
  /** false: one tenant for all, and hosts say nothing */
  multiTenant: boolean
  /** of the running system, known once all are made */
  modules: () => readonly Declared[]
  now?: () => number
}
type Known<T> = { value: T; loadedAt: number }
export type TenantDoors = Doors & { hear(event: { name: string; tenant_id: string }): void; isOurs(name: string): boolean; /** @param host as a request named it */ isOursAt(host: string): boolean }

export function createDoors({ system, findTenant, publicUrl, baseDomain, multiTenant, modules, now = Date.now }: DoorOptions): TenantDoors {
  const home = canonicalHost(new URL(publicUrl).host)
  const base = baseDomain === undefined ? undefined : canonicalHost(baseDomain)
  const hosts = new Map<string, Known<string | null | undefined>>()
  const names = new Map<string, string | undefined>() // Host headers as they come, to their names
  const states = new Map<string, Known<TenantState>>()
  let heard = 0 // what was loaded while an event came in is used once and not kept
  const ctx = () => system.context(systemWho('doors'))

  async function remember<T>(map: Map<string, Known<T>>, key: string, load: () => Promise<T>): Promise<T> {
    const before = heard
    const value = await load()
    if (map.size >= most) map.delete(map.keys().next().value!)
    map.delete(key)
    if (before === heard) map.set(key, { value, loadedAt: now() })
    return value
  }
  function nameOf(host: string): string | undefined {
    if (names.has(host)) return names.get(host)
    const name = canonicalHost(host)
    if (names.size >= most) names.delete(names.keys().next().value!)
    if (host.length <= longestHost) names.set(host, name)
    return name
  }
  const fresh = <T>(known: Known<T> | undefined): known is Known<T> => known !== undefined && now() - known.loadedAt < maxAgeMs

  async function lookUp(name: string): Promise<string | null | undefined> {
    const slug = base === undefined ? undefined : slugBelow(base, name)
    // our own further hosts, such as www, carry words no tenant may have
    if (slug === null) return /^[a-z-]+$/.test(name.slice(0, -base!.length - 1)) && !name.startsWith('xn--') ? undefined : null
    if (slug !== undefined) return (await findTenant(slug)) ?? null
    return (await ctx().read(findDomainHolder(name)))[0][0]?.tenantId
  }

  const stateNow = (tenant: string) =>
    remember<TenantState>(states, tenant, async () => {
      const [[row], [held]] = await ctx().read(findState(tenant), listHeld([tenant]))
      return { status: row?.status ?? 'deleting', off: offOf(modules(), held?.modules ?? {}) }
    })
  /** The installation's own name, or one below the base domain: nobody's to claim. */
  const isOurs = (name: string) => name === home || name === base || (base !== undefined && name.endsWith(`.${base}`))

  return {
    findTenant,
    isOursAt(host) {
      const name = nameOf(host)
      return name !== undefined && isOurs(name)
    },
    isOurs,
    tenantOfHost(host) {
      const name = multiTenant ? nameOf(host) : undefined
      if (name === undefined || name === home || name === base || !name.includes('.')) return undefined
      const known = hosts.get(name)
      return fresh(known) ? known.value : remember(hosts, name, () => lookUp(name))
    },
    stateOf(tenant) {
      const known = states.get(tenant)
      if (fresh(known)) return known.value
      return stateNow(tenant)
    },
    stateNow,
    hear({ name, tenant_id }) {
      const noun = name.slice(0, name.indexOf('.'))
      if (noun !== 'tenant' && noun !== 'domain' && noun !== 'plan' && noun !== 'tenant-plan') return
      heard++
      if (noun === 'plan') states.clear()
      else states.delete(tenant_id)
      if (noun === 'tenant' || noun === 'domain') hosts.clear()
    },
  }
}
