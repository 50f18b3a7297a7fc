// Who is trusted: operators keep the platform's list, a tenant's admins their own.
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import type { Trusting } from './check.ts'
import { changeIssuer, deleteIssuer, findIssuer, insertIssuer, listIssuers, lockIssuer, type IssuerRow } from './queries.ts'
import type { ChangeIssuer, IssuerQuery, Mapping, NewIssuer, TrustedIssuer } from './schema.ts'
import { shownSetting } from './setting.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const stored = (row: IssuerRow): TrustedIssuer => ({ ...row, source: 'stored' })

export type Issuers = ReturnType<typeof createIssuers>
export function createIssuers({ settings, publicUrl, startedAt }: { settings: readonly Trusting[]; publicUrl: string; startedAt: string }) {
  const fromSettings = (ctx: Context) => (ctx.tenant === platformId ? settings.map((one) => shownSetting(one, startedAt)) : [])
  const lock = async (tx: Tx, id: string): Promise<IssuerRow> => {
    if (fromSettings(tx).some((one) => one.id === id)) refuse('state.conflict', 'it stands in TRUSTED_ISSUERS: change it there and start again')
    return only(await tx(lockIssuer(tx.tenant, id)), 'issuer')
  }
  /** A tenant's issuer speaks for its own members, and never for what is a person's own. */
  function requireMapping(ctx: Context, mapping: Mapping): void {
    if (mapping.justInTime && mapping.by !== 'email') refuseField('/mapping/justInTime', 'needs a verified address: set by to email')
    if (ctx.tenant === platformId) return
    if (mapping.justInTime) refuseField('/mapping/justInTime', 'is for the platform\'s issuers: members of a tenant are invited, or come by its single sign-on')
    if (mapping.tenantClaim !== undefined) refuseField('/mapping/tenantClaim', 'is for the platform\'s issuers: this one speaks for this tenant')
    const own = mapping.scopes?.indexOf('profile') ?? -1
    if (own >= 0) refuseField(`/mapping/scopes/${own}`, 'profile is a person\'s own account, for which no tenant can speak')
  }

  return {
    async list(ctx: Context, { after, limit }: IssuerQuery): Promise<List<TrustedIssuer>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listIssuers(ctx.tenant, before!, limit + 1))
      const { items, next } = page(rows.map(stored), limit, (one) => [one.id])
      return { items: after === undefined ? [...fromSettings(ctx), ...items] : items, next }
    },
    get: async (ctx: Context, id: string): Promise<TrustedIssuer> => fromSettings(ctx).find((one) => one.id === id) ?? stored(only((await ctx.read(findIssuer(ctx.tenant, id)))[0], 'issuer')),
    async add(ctx: Context, given: NewIssuer): Promise<TrustedIssuer> {
      if (given.issuer.startsWith(publicUrl)) refuseField('/issuer', 'is this installation itself')
      requireMapping(ctx, given.mapping)
      const id = newId()
      const { issuer, audience } = given
      const [[row]] = await ctx.change('trusted-issuer.added', { subject: id, data: { issuer, audience }, run: [insertIssuer(ctx.tenant, id, given)] })
      return stored(row!)
    },
    async change(ctx: Context, id: string, wish: ChangeIssuer, ifMatch?: number): Promise<TrustedIssuer> {
      if (wish.mapping) requireMapping(ctx, wish.mapping)
      return ctx.change('trusted-issuer.changed', async (tx) => {
        const now = await lock(tx, id)
        checkVersion(now.version, ifMatch)
        const { status, ...fields } = { ...now, ...wish }
        const [row] = await tx(changeIssuer(tx.tenant, id, { ...fields, enabled: status === 'active' }))
        return { subject: id, data: { issuer: now.issuer, audience: row!.audience, fields: Object.keys(wish) }, result: stored(row!) }
      })
    },
    /** Its tokens end with it, on every process within 2 s. */
    remove: (ctx: Context, id: string): Promise<void> =>
      ctx.change('trusted-issuer.removed', async (tx) => {
        const { issuer, audience } = await lock(tx, id)
        await tx(deleteIssuer(tx.tenant, id))
        return { subject: id, data: { issuer, audience }, result: undefined }
      }),
  }
}
