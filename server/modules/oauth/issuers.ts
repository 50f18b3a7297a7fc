// One issuer per tenant, built when somebody asks for it and the tenant is there and active, kept for the tenants in use. Forty kilobytes and some
// milliseconds each. A change of the tenant, its scopes, its clients or the signing keys builds it anew.
import type Provider from 'oidc-provider'
import { AsyncLocalStorage } from 'node:async_hooks'
import { isId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Identity, PageBrand } from '../identity/api.ts'
import { buildProvider } from './provider.ts'

export type OAuthParts = {
  kernel: Pick<Kernel, 'app' | 'system' | 'keys' | 'publicUrl' | 'switches'>
  identity: Pick<Identity, 'pool' | 'accounts' | 'doorkeeper' | 'issuer' | 'secrets' | 'signingKeys' | 'sealer' | 'cookies' | 'onError' | 'changed'>
  newId: () => string
  newSecret: () => string
  /** how the tenant's pages look */
  brandOf: (tenant: string) => Promise<PageBrand | undefined>
}
/** What a provider is built from; it never learns of a change. */
export type IssuerFacts = {
  tenant: string
  name: string
  issuer: string
  scopes: readonly string[]
  /** some client of the tenant may use the password grant */
  password: boolean
  keys: ReturnType<Identity['signingKeys']['set']>
  /** of the request under way */
  requestId: () => string
  address: () => string
}
export type TenantIssuer = { tenant: string; name: string; issuer: string; provider: Provider; answer: ReturnType<Provider['callback']> }
type Held = { issuer: TenantIssuer; epoch: string; told: string; loadedAt: number }
export type Issuers = ReturnType<typeof createIssuers>

/** Nothing is believed longer than this, should an event be late or lost. */
const maxAgeMs = 30_000
export const issuerPath = (tenant: string): string => `/t/${tenant}/oauth`

/** @param most how many are kept; the one longest unused goes */
export function createIssuers(parts: OAuthParts, { most = 500, now = Date.now }: { most?: number; now?: () => number } = {}) {
  const { kernel, identity } = parts
  const held = new Map<string, Held>()
  const loading = new Map<string, Promise<TenantIssuer | undefined>>()
  const requests = new AsyncLocalStorage<{ id: string; ip: string }>()
  let heard = 0

  async function load(tenant: string): Promise<TenantIssuer | undefined> {
    const before = heard
    const { rows: [row] } = await identity.pool.query<{ name: string; scopes: string[]; password: boolean }>({
      name: 'oauth_issuer',
      text: `select o.name, array(select s.name from public.oauth_scopes s where s.tenant_id = o.id order by s.name) as scopes,
               exists (select from public.oauth_clients c where c.tenant_id = o.id and c.metadata -> 'grant_types' ? 'password') as password
             from organization o where o.id = $1 and o.status = 'active'`,
      values: [tenant],
    })
    if (!row) {
      held.delete(tenant)
      return undefined
    }
    const keys = identity.signingKeys.set()
    const told = JSON.stringify(row)
    const known = held.get(tenant)
    const same = known?.told === told && known.epoch === keys.epoch
    const issuer = same ? known.issuer : build(tenant, row, keys)
    held.delete(tenant)
    if (before !== heard) return issuer // something changed meanwhile: used once and not kept
    held.set(tenant, { issuer, epoch: keys.epoch, told, loadedAt: now() })
    if (held.size > most) held.delete(held.keys().next().value!)
    return issuer
  }
  function build(tenant: string, { name, scopes, password }: { name: string; scopes: string[]; password: boolean }, keys: IssuerFacts['keys']): TenantIssuer {
    const issuer = `${kernel.publicUrl}${issuerPath(tenant)}`
    const request = () => requests.getStore() ?? { id: 'oauth', ip: '' }
    const provider = buildProvider(parts, { tenant, name, issuer, scopes, password, keys, requestId: () => request().id, address: () => request().ip })
    return { tenant, name, issuer, provider, answer: provider.callback() }
  }

  return {
    /** Work done for a request of the outside world. */
    during: <T>(request: { id: string; ip: string }, work: () => T): T => requests.run(request, work),
    /** @returns undefined where there is no such tenant, it has none by its plan, or it is suspended or being deleted: nothing works there */
    find(tenant: string): Promise<TenantIssuer | undefined> | TenantIssuer | undefined {
      if (!isId(tenant) || tenant !== tenant.toLowerCase()) return undefined
      const on = kernel.switches.isOn(tenant, 'oauth')
      if (on !== true) return Promise.resolve(on).then((yes) => (yes ? this.kept(tenant) : undefined))
      return this.kept(tenant)
    },
    kept(tenant: string): Promise<TenantIssuer | undefined> | TenantIssuer | undefined {
      const known = held.get(tenant)
      if (known && now() - known.loadedAt < maxAgeMs && known.epoch === identity.signingKeys.set().epoch) {
        held.delete(tenant)
        held.set(tenant, known)
        return known.issuer
      }
      let under = loading.get(tenant)
      if (!under) loading.set(tenant, (under = load(tenant).finally(() => loading.get(tenant) === under && loading.delete(tenant))))
      return under
    },
    forget(tenant?: string): void {
      heard++
      loading.clear()
      if (tenant) held.delete(tenant)
      else held.clear()
    },
    size: () => held.size,
  }
}
