// The module's parts, put together once by app.ts, since the HTTP server asks it who an opaque token stands for.
import type { Context } from '../../kernel/db.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { inTransaction, type Identity } from '../identity/api.ts'
import { createBearers, isOpaqueToken, type Heard } from './bearers.ts'
import { createClients, newSecret } from './clients.ts'
import { createConnectedApps, createConsents } from './consents.ts'
import { createIssuers, type OAuthParts } from './issuers.ts'
import { addIssuers } from './mount.ts'
import { createScopes } from './scopes.ts'
import type { FastifyInstance } from 'fastify'

export type OAuth = ReturnType<typeof openOAuth>
export type OAuthOptions = { kernel: Kernel; identity: Identity; /** of the whole product, known once all modules are */ permissions: () => PermissionTable; limits: boolean } & Pick<OAuthParts, 'brandOf'>

export function openOAuth({ kernel, identity, permissions, limits, brandOf }: OAuthOptions) {
  const parts: OAuthParts = { kernel, identity, newId, newSecret, brandOf }
  const issuers = createIssuers(parts)
  const bearers = createBearers(parts, permissions)
  return {
    issuers,
    bearers,
    clients: createClients(parts, issuers),
    scopes: createScopes(issuers, permissions),
    connected: createConnectedApps(kernel),
    consents: createConsents(kernel),
    mount: (app: FastifyInstance) => addIssuers(app, { ...parts, take: limits ? kernel.bus.take.bind(kernel.bus) : undefined }, issuers),
    /** Those of tenants' issuers. */
    tokens: { takes: isOpaqueToken, authenticate: (token: string) => bearers.find(token) },
    /** Give it every event of the log, as the tail sees them. */
    hear(event: Heard): void {
      bearers.hear(event)
      if (/^(tenant|oauth-scope|oauth-client)\./.test(event.name)) issuers.forget(event.name.startsWith('tenant.') ? event.subject_id : event.tenant_id)
      if (event.name === 'signing-keys.rotated') identity.signingKeys.reload().catch((error: unknown) => identity.onError(error))
    },
    /** New keys for all issuers. */
    async rotateKeys(ctx: Context) {
      const made = await inTransaction(identity.pool, { actor: ctx.actor.id, request: ctx.request }, (db) => identity.signingKeys.rotate(db))
      await identity.signingKeys.reload()
      await ctx.change('signing-keys.rotated', { subject: platformId, data: { keys: [...made.kids], signFrom: made.signFrom }, run: [] })
      return { id: platformId, keys: identity.signingKeys.set().public.map(({ kid, alg }) => ({ kid: kid!, alg: alg! })) }
    },
  }
}
