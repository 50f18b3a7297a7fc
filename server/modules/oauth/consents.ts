// What people allowed applications: asked once, remembered, taken back. Ending a consent ends its tokens in the same transaction (a trigger).
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { List } from '../../kernel/schema.ts'
import { deleteConsent, findConsent, keepConsent, listConnected, listConsents, lockConsent, takeConsent } from './queries.ts'
import type { ConnectedApp, OAuthConsent } from './schema.ts'

const first = ['00000000-0000-0000-0000-000000000000']

/** What this person allowed this client in the context's tenant; undefined: was never asked. */
export async function findAllowed(ctx: Context, client: string): Promise<readonly string[] | undefined> {
  const [[row]] = await ctx.read(findConsent(personOf(ctx), client))
  return row?.scopes
}

/** Adds to what was allowed before; the same again is no event. */
export async function allow(ctx: Context, client: string, scopes: readonly string[]): Promise<void> {
  const person = personOf(ctx)
  await ctx.happen(async (tx) => {
    const [before] = await tx(lockConsent(person, client))
    const all = [...new Set([...(before?.scopes ?? []), ...scopes])]
    if (before && all.length === before.scopes.length) return { happened: [], result: null }
    tx.later(keepConsent(person, client, all))
    return { happened: [{ name: 'oauth-consent.given', subject: client, person, data: { clientId: client, scopes: all } }], result: null }
  })
}

export function createConnectedApps(kernel: Pick<Kernel, 'app' | 'system'>) {
  return {
    /** Of all my tenants. */
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }): Promise<List<ConnectedApp>> {
      const [from] = parseCursor(after, first, [idShape])
      const [rows] = await kernel.system.context(systemWho(ctx.request)).read(listConnected(personOf(ctx), from!, limit + 1))
      return page(rows, limit, (last) => [last.id])
    },
    /** @throws oauth_client.not_found when nothing was allowed to it */
    async withdraw(ctx: Context, client: string): Promise<void> {
      const person = personOf(ctx)
      const [rows] = await kernel.system.context(systemWho(ctx.request)).read(listConnected(person, first[0]!, 1000))
      const app = rows.find((row) => row.clientId === client) ?? refuse('oauth_client.not_found', 'nothing is allowed to this application: GET /connected-apps lists those that are')
      await kernel.app.context({ tenant: app.tenantId, actor: ctx.actor, request: ctx.request }).change('oauth-consent.withdrawn', {
        subject: client, person, data: { clientId: client }, run: [deleteConsent(person, client)],
      })
    },
  }
}

/** What the people of a tenant allowed applications, for its administrators. */
export function createConsents(kernel: Pick<Kernel, 'system'>) {
  const above = (ctx: Context) => kernel.system.context({ tenant: ctx.tenant, actor: ctx.actor, request: ctx.request })
  return {
    async list(ctx: Context, { after, limit, clientId, userId }: { after?: string; limit: number; clientId?: string; userId?: string }): Promise<List<OAuthConsent>> {
      const before = parseCursor(after, [...newest, newest[1]], [timeShape, idShape, idShape])
      const [rows] = await above(ctx).read(listConsents(ctx.tenant, { client: clientId ?? null, person: userId ?? null }, before, limit + 1))
      return page(rows, limit, (last) => [last.createdAt, last.clientId, last.userId])
    },
    /** The person may allow it again. @throws oauth_consent.not_found */
    withdraw: (ctx: Context, client: string, person: string): Promise<void> =>
      above(ctx).change('oauth-consent.revoked', async (tx) => {
        const [taken] = await tx(takeConsent(ctx.tenant, person, client))
        return { subject: client, person, data: { clientId: client, scopes: (taken ?? refuse('oauth_consent.not_found')).scopes }, result: undefined }
      }),
  }
}
const personOf = (ctx: Pick<Context, 'actor'>): string => (ctx.actor.type === 'user' && ctx.actor.id) || refuse('permission.denied', 'only a person allows an application something')
