// Domains of tenants: named by an admin, proved by a TXT record with a fresh value, looked at daily. What is not proved opens nothing.
import { randomBytes } from 'node:crypto'
import type { Context, Happened } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Job } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import { NotThere, type Dns } from '../../kernel/ports.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { TenantDoors } from './doors.ts'
import type { tenancyEvents } from './events.ts'
import { canonicalHost, isDomain, withParents } from './hosts.ts'
import { deleteDomain, findDomain, insertDomain, judgeDomain, listDomains, listDueDomains, listProofs, lockDomain, lockProofs } from './queries.ts'
import type { Domain, DomainRow } from './schema.ts'

/** Trouble on the way to the DNS is forgiven so long; a record that is certainly gone is not. */
const patienceDays = 3
const recordName = (name: string) => `_groundwork-challenge.${name}`
const recordValue = (token: string) => `groundwork-verification=${token}`
const shown = ({ token, ...row }: DomainRow): Domain => ({ ...row, record: { type: 'TXT', name: recordName(row.name), value: recordValue(token) } })

type DomainEvent = Extract<keyof typeof tenancyEvents, `domain.${string}`>
type Finding = { proved: true } | { proved: false; problem: string; certain: boolean }
export type DomainParts = { kernel: Pick<Kernel, 'system'>; doors: Pick<TenantDoors, 'isOurs' | 'tenantOfHost' | 'stateOf'>; dns: Dns }
export type Domains = ReturnType<typeof createDomains>

export function createDomains({ kernel, doors, dns }: DomainParts) {
  async function look(name: string, token: string): Promise<Finding> {
    const [at, expected] = [recordName(name), recordValue(token)]
    try {
      const found = await dns.txt(at)
      if (found.some((text) => text.trim() === expected)) return { proved: true }
      return { proved: false, certain: true, problem: `the TXT record at ${at} has another value` }
    } catch (error) {
      if (error instanceof NotThere) return { proved: false, certain: true, problem: `there is no TXT record at ${at} yet` }
      return { proved: false, certain: false, problem: String((error as Error).message).slice(0, 300) }
    }
  }
  /** @throws domain.taken when another tenant has proved it, or what it lies under */
  const requireFree = (tenant: string, proofs: readonly { tenantId: string; name: string }[]) => {
    const other = proofs.find((proof) => proof.tenantId !== tenant)
    if (other) refuse('domain.taken', `${other.name} is proved by another tenant: nobody else can use it or what lies under it`)
  }

  /** Writes down what a look found. On the system's door, since it must see the proofs of all; `ctx` says who asked. */
  const judge = (ctx: Pick<Context, 'tenant' | 'actor' | 'request'>, id: string, finding: Finding, asked: string): Promise<Domain> =>
    kernel.system.context({ tenant: ctx.tenant, actor: ctx.actor, request: ctx.request }).happen<DomainEvent, Domain>(async (tx) => {
      await tx(lockProofs())
      const row = only(await tx(lockDomain(ctx.tenant, id)), 'domain')
      const { name } = row
      if (row.token !== asked) return { happened: [], result: shown(row) } // removed and named again meanwhile
      if (finding.proved && row.status !== 'verified') requireFree(ctx.tenant, await tx(listProofs(withParents(name))))
      const lapses = !finding.proved && row.status === 'verified' && (finding.certain || (row.failingDays ?? 0) >= patienceDays)
      const status = finding.proved ? 'verified' : lapses ? 'lapsed' : row.status
      const [now] = await tx(judgeDomain(ctx.tenant, id, status, finding.proved ? null : finding.problem))
      const event: Happened<DomainEvent> = finding.proved
        ? { name: row.status === 'verified' ? 'domain.rechecked' : 'domain.verified', subject: id, data: { name } }
        : { name: lapses ? 'domain.lapsed' : 'domain.refused', subject: id, data: { name, problem: finding.problem } }
      return { happened: [event], result: shown(now!) }
    })

  return {
    /** @throws domain.taken, conflict for one that is listed already, 422 for what is no domain of one's own */
    async add(ctx: Context, given: string): Promise<Domain> {
      const name = canonicalHost(given)
      if (name === undefined || !isDomain(name)) refuseField('/name', 'must be a domain name such as app.example.com, without scheme, port and path')
      if (doors.isOurs(name)) refuseField('/name', 'belongs to this installation: a tenant has its subdomain without asking')
      const [proofs] = await kernel.system.context(systemWho(ctx.request)).read(listProofs(withParents(name)))
      requireFree(ctx.tenant, proofs)
      const id = newId()
      const [[row]] = await ctx.change('domain.added', { subject: id, data: { name }, run: [insertDomain(id, name, randomBytes(24).toString('base64url'))] }).catch((error: { constraint?: string }) => {
        if (error.constraint === 'domains_once') refuse('conflict', `${name} is in the list already`)
        throw error
      })
      return shown(row!)
    },
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }) {
      const [rows] = await ctx.read(listDomains(parseCursor(after, newest, [timeShape, idShape]), limit + 1))
      return page(rows.map(shown), limit, (last) => [last.createdAt, last.id])
    },
    find: async (ctx: Context, id: string): Promise<Domain> => shown(only((await ctx.read(findDomain(id)))[0], 'domain')),
    /** Looks into the DNS now. What is not there yet is no error: `status` and `problem` say so. @throws domain.taken */
    async verify(ctx: Context, id: string): Promise<Domain> {
      const { name, token } = only((await ctx.read(findDomain(id)))[0], 'domain')
      return judge(ctx, id, await look(name, token), token)
    },
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('domain.removed', async (tx) => {
        const { name } = only(await tx(deleteDomain(id)), 'domain')
        return { subject: id, data: { name }, result: undefined }
      })
    },
    /** For a proxy that asks before it fetches a certificate. @throws domain.not_found for every name that opens no tenant */
    async mayServe(given: string): Promise<{ domain: string }> {
      const tenant = await doors.tenantOfHost(given)
      if (!tenant || (await doors.stateOf(tenant)).status !== 'active') refuse('domain.not_found', 'this name opens no tenant')
      return { domain: canonicalHost(given)! }
    },
    /** The daily look at what is proved. */
    async recheck(_job: Job, signal: AbortSignal): Promise<void> {
      const [due] = await kernel.system.context(systemWho('tenancy.recheck-domains')).read(listDueDomains(500))
      for (const { tenantId, id } of due) {
        if (signal.aborted) return
        const ctx = kernel.system.context({ ...systemWho('tenancy.recheck-domains'), tenant: tenantId })
        const [[row]] = await ctx.read(findDomain(id))
        if (row) await judge(ctx, id, await look(row.name, row.token), row.token)
      }
    },
  }
}
