// What administrators do with clients: made, changed, their secret rotated with an overlap, removed. A secret is shown once and kept sealed.
import { randomBytes } from 'node:crypto'
import { errors } from 'oidc-provider'
import type { Context } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { idShape, newest, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { secretBinding } from './client-adapter.ts'
import type { Issuers, OAuthParts, TenantIssuer } from './issuers.ts'
import { clientOf, metadataOf, refuseMetadata } from './metadata.ts'
import { selfService } from './provider.ts'
import { deleteClient, insertClient, listClients, lockClient, rotateSecret, showClient, updateClient, type ClientRow } from './queries.ts'
import type { ChangeOAuthClient, Metadata, NewOAuthClient, OAuthClient } from './schema.ts'

export const newSecret = (): string => `gwc_${randomBytes(32).toString('base64url')}`
const daySeconds = 86_400
const needsSecret = (metadata: Metadata) => ['client_secret_basic', 'client_secret_post'].includes(String(metadata.token_endpoint_auth_method))
const usualScopes = ['openid', 'offline_access', 'email', 'profile', 'read']

export type Clients = ReturnType<typeof createClients>

export function createClients({ kernel, identity }: OAuthParts, issuers: Issuers) {
  const issuerOf = async (ctx: Context): Promise<TenantIssuer> => (await issuers.find(ctx.tenant)) ?? refuse('state.conflict', 'the tenant is not active, so it has no OAuth server')
  const seal = (ctx: Context, id: string, secret: string) => kernel.keys.seal({ tenant: ctx.tenant }, secret, secretBinding(id))

  /** The library's own judgement of the metadata, as 422 at the field. A password grant is refused until the issuer knows it, so it is judged apart. */
  async function judge(ctx: Context, id: string, name: string, metadata: Metadata, scopes: readonly string[], secret: string | null): Promise<void> {
    const { provider } = await issuerOf(ctx)
    const grants = metadata.grant_types as string[]
    if (metadata.token_endpoint_auth_method === 'none' && grants.includes('client_credentials')) refuseField('/grantTypes', 'a public client cannot use client_credentials: it has no secret to prove who it is')
    if (metadata.token_endpoint_auth_method === 'none' && metadata.pkce_optional === true) refuseField('/requirePkce', 'a public client needs PKCE')
    try {
      new (provider.Client as unknown as new (metadata: Metadata) => unknown)({
        ...metadata, grant_types: grants.filter((grant) => grant !== 'password'), client_id: id, client_name: name, scope: scopes.join(' '), ...(secret === null ? {} : { client_secret: secret }),
      })
    } catch (error) {
      if (error instanceof errors.OIDCProviderError) refuseMetadata(error)
      throw error
    }
  }
  async function withRow<R>(ctx: Context, id: string, ifMatch: number | undefined, work: (row: ClientRow & { secret?: unknown }) => Promise<R>): Promise<R> {
    const row = only((await ctx.read(showClient(id)))[0], 'oauth_client') as ClientRow
    checkVersion(row.version, ifMatch)
    return work(row)
  }

  return {
    async create(ctx: Context, given: NewOAuthClient): Promise<OAuthClient> {
      const id = newId()
      const metadata = metadataOf(given)
      const scopes = [...new Set(given.scopes ?? (Array.isArray(metadata.redirect_uris) && metadata.redirect_uris.length ? usualScopes : ['read']))]
      const secret = needsSecret(metadata) ? newSecret() : null
      await judge(ctx, id, given.name, metadata, scopes, secret)
      const sealed = secret === null ? null : await seal(ctx, id, secret)
      const data = { clientId: id, name: given.name, grantTypes: metadata.grant_types as string[], scopes }
      const [[row]] = await ctx.change('oauth-client.created', { subject: id, data, run: [insertClient({ id, name: given.name, origin: 'admin', scopes, metadata, secret: sealed, createdBy: ctx.actor.type === 'user' ? ctx.actor.id : null })] })
      issuers.forget(ctx.tenant)
      return clientOf(row as ClientRow, secret ?? undefined)
    },
    get: async (ctx: Context, id: string): Promise<OAuthClient> => clientOf(only((await ctx.read(showClient(id)))[0], 'oauth_client') as ClientRow),
    /** Newest first. */
    async list(ctx: Context, { after, limit, q }: { after?: string; limit: number; q?: string }): Promise<List<OAuthClient>> {
      const [before] = parseCursor(after, [newest[1]], [idShape])
      const like = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const [rows] = await ctx.read(listClients(like, before!, limit + 1))
      return page((rows as ClientRow[]).map((row) => clientOf(row)), limit, (last) => [last.id])
    },
    /** What is absent stays. A client that begins to need a secret gets one, shown in the answer. */
    change: (ctx: Context, id: string, given: ChangeOAuthClient, ifMatch?: number): Promise<OAuthClient> =>
      withRow(ctx, id, ifMatch, async (row) => {
        const metadata = metadataOf(given, row.metadata)
        const name = given.name ?? row.name
        const scopes = [...new Set(given.scopes ?? row.scopes)]
        const needs = needsSecret(metadata)
        const secret = needs && !needsSecret(row.metadata) ? newSecret() : null
        await judge(ctx, id, name, metadata, scopes, needs ? 'kept' : null)
        const sealed = secret === null ? null : await seal(ctx, id, secret)
        const fields = Object.keys(given)
        const result = await ctx.change('oauth-client.changed', async (tx) => {
          const locked = only(await tx(lockClient(id)), 'oauth_client')
          checkVersion(locked.version, row.version)
          const [next] = await tx(updateClient({ id, name, scopes, metadata, secret: needs ? (sealed ?? (locked.secret as Buffer | null)) : null }))
          return { subject: id, data: { clientId: id, fields }, result: next as ClientRow }
        })
        issuers.forget(ctx.tenant)
        return clientOf(result, secret ?? undefined)
      }),
    /** A new secret; the one before is good for the overlap. @throws state.conflict for a client that has none */
    rotateSecret: (ctx: Context, id: string, overlapSeconds: number = daySeconds): Promise<OAuthClient> =>
      withRow(ctx, id, undefined, async (row) => {
        if (!needsSecret(row.metadata)) refuse('state.conflict', 'this client proves who it is without a secret, so there is none to rotate')
        const secret = newSecret()
        const sealed = await seal(ctx, id, secret)
        const result = await ctx.change('oauth-client.secret-rotated', async (tx) => {
          const [next] = await tx(rotateSecret(id, sealed, overlapSeconds))
          const changed = only(next ? [next] : [], 'oauth_client') as ClientRow
          return { subject: id, data: { clientId: id, previousEndsAt: changed.previousSecretEndsAt ?? changed.updatedAt }, result: changed }
        })
        issuers.forget(ctx.tenant)
        return clientOf(result, secret)
      }),
    /** Its tokens and what people allowed it end with it. */
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('oauth-client.deleted', async (tx) => {
        const row = only(await tx(lockClient(id)), 'oauth_client')
        tx.later(deleteClient(id))
        return { subject: id, data: { clientId: id, name: row.name }, result: null }
      })
      issuers.forget(ctx.tenant)
    },
    /** A token with which so many clients may register themselves, as far as the policy lets them (RFC 7591). */
    async issueInitialAccessToken(ctx: Context, { expiresIn = daySeconds, quota = 1 }: { expiresIn?: number; quota?: number }) {
      const { provider, issuer } = await issuerOf(ctx)
      const made = new provider.InitialAccessToken({ expiresIn, policies: [selfService] } as never)
      const token = await made.save()
      const { rows: [row] } = await identity.pool.query<{ id: string; expiresAt: Date }>(
        `update oauth.artifact set payload = payload || jsonb_build_object('quota', $3::int) where kind = 'InitialAccessToken' and tenant_id = $2 and key_hash = sha256(convert_to($1, 'UTF8')) returning id, expires_at as "expiresAt"`, [token, ctx.tenant, quota])
      const expiresAt = row!.expiresAt.toISOString().replace('Z', '000Z')
      await ctx.change('initial-access-token.issued', { subject: row!.id, data: { expiresAt, quota }, run: [] })
      return { id: row!.id, token, expiresAt, quota, registrationEndpoint: `${issuer}/register` }
    },
  }
}
