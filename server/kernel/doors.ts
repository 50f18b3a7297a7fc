// Which tenant a request is meant for, by everything that may say so: subdomain or verified domain, header, path (S2.7). One resolver for
// operations and live streams: hints that differ are refused, and what holds for the tenant as a whole is asked in one place.
import { refuse } from './errors.ts'

/** What holds for a tenant as a whole. `off`: modules that are switched off for it. */
export type TenantState = { status: 'active' | 'deleting' | 'suspended'; off: ReadonlySet<string> }
export type Doors = {
  /** The tenant an id or slug names, whatever its state. */
  findTenant(hint: string): Promise<string | undefined>
  /** @param host as the request named it @returns the tenant whose door it is; null: under our own domain, and nobody's; undefined: the host says nothing */
  tenantOfHost(host: string): string | null | undefined | Promise<string | null | undefined>
  /** Asked with every request, so remembered; an event ends that. */
  stateOf(tenant: string): TenantState | Promise<TenantState>
  /** By the tables, whatever is remembered. */
  stateNow(tenant: string): Promise<TenantState>
}
/** Where hints stand. `host` is the one a trusted proxy names, else the request's own. */
export type Hinting = { host: string; headers: Readonly<Record<string, string | string[] | undefined>> }

/** Set by the server's own rewriting of `/t/{slug}/...`, which first drops what came from outside under this name. */
export const pathHint = 'x-gw-path-tenant'
const unknown = 'unknown '

/** @returns the tenant the hints name; `unknown ...` when there is no such tenant; undefined without a hint. @throws tenant.conflict when they differ */
export async function hintOf({ host, headers }: Hinting, tenantHeader: string, doors: Doors): Promise<string | undefined> {
  const byHost = await doors.tenantOfHost(host)
  const hostHint = byHost === null ? `${unknown}${host}` : byHost
  if (headers[tenantHeader] === undefined && headers[pathHint] === undefined) return hostHint
  const hints = new Set<string>(hostHint === undefined ? [] : [hostHint])
  const named = [headers[tenantHeader], headers[pathHint]].flatMap((given) => String(given ?? '').split(',')) // a header sent twice arrives joined
  for (const text of named) {
    const hint = text.trim()
    if (hint) hints.add((await doors.findTenant(hint)) ?? `${unknown}${hint}`)
  }
  if (hints.size > 1) refuse('tenant.conflict', 'address, header and path name different tenants: send one hint, or the same in each')
  return hints.values().next().value
}
export const isUnknown = (hint: string | undefined): boolean => hint?.startsWith(unknown) === true

/** 403 for a tenant that is closed; its data stays. */
export function requireOpen({ status }: Pick<TenantState, 'status'>): void {
  if (status === 'suspended') refuse('tenant.suspended')
  if (status === 'deleting') refuse('tenant.deleting')
}
