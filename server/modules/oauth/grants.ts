// Two grants of our own: client credentials, which give what the client is registered for and nothing unknown, and the legacy password grant, which
// goes through the ordinary sign-in, so that limits, bans and second factors hold.
import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { Problem } from '../../kernel/errors.ts'
import { apiScopes, personScopes } from '../identity/api.ts'
import { allow } from './consents.ts'
import type { IssuerFacts, OAuthParts } from './issuers.ts'
import { wordsOf } from './sign-on.ts'

/** What is asked for, else all it may have. @throws invalid_scope for one it may not (RFC 6749, 3.3) */
function scopesOf(ctx: KoaContextWithOIDC, possible: (scope: string) => boolean): string[] {
  const allowed = (ctx.oidc.client!.scope ?? '').split(' ').filter((scope) => scope && possible(scope))
  const asked = typeof ctx.oidc.params!.scope === 'string' ? [...ctx.oidc.requestParamScopes] : allowed
  for (const scope of asked) if (!allowed.includes(scope)) throw new errors.InvalidScope('requested scope is not allowed', scope)
  return asked
}
const isOf = (custom: readonly string[]) => (scope: string) => apiScopes.includes(scope) || custom.includes(scope)

export function addClientCredentials(provider: Provider, customScopes: readonly string[]): void {
  provider.registerGrantType('client_credentials', async (ctx) => {
    const client = ctx.oidc.client!
    if (client.clientAuthMethod === 'none') throw new errors.UnauthorizedClient('a public client cannot prove who it is')
    const token = new provider.ClientCredentials({ client, scope: scopesOf(ctx, (scope) => isOf(customScopes)(scope) && !(personScopes.includes(scope) && scope !== 'profile')).join(' ') || undefined } as never)
    ctx.oidc.entity('ClientCredentials', token)
    const value = await token.save()
    ctx.body = { access_token: value, expires_in: token.expiration, token_type: token.tokenType, scope: token.scope || undefined }
  }, ['scope'])
}

export function addPassword(provider: Provider, { identity, kernel }: OAuthParts, { tenant, scopes, requestId, address }: IssuerFacts): void {
  provider.registerGrantType('password', async (ctx) => {
    const { username, password, device_token: kept } = ctx.oidc.params as { username?: string; password?: string; device_token?: string }
    if (!username || !password) throw new errors.InvalidRequest('missing required parameter(s) \'username\', \'password\'')
    const client = ctx.oidc.client!
    const scope = scopesOf(ctx, (name) => isOf(scopes)(name) || personScopes.includes(name)).join(' ')
    const { session, user, device } = await identity.accounts.signIn({ request: requestId(), ip: address(), userAgent: ctx.get('user-agent'), device: kept }, username, password).catch((error: unknown) => {
      if (error instanceof Problem && error.status < 500) throw new errors.InvalidGrant(error.code === 'auth.refused' ? 'address or password is wrong' : error.message)
      throw error
    })
    const by = { actor: { type: 'user', id: user }, request: requestId() } as const
    const role = await identity.doorkeeper.roleIn(tenant, user)
    const hindrance = role && (await identity.doorkeeper.hindrance(tenant, { tenant, session, actor: by.actor }, role))
    if (!role || hindrance) {
      await identity.accounts.endSession(by, user, session)
      throw new errors.InvalidGrant(hindrance ? `${wordsOf(hindrance).title}: use the authorization code flow` : 'not a member of this tenant')
    }
    const grant = new provider.Grant({ accountId: user, clientId: client.clientId })
    grant.addOIDCScope(scope)
    const grantId = await grant.save()
    await identity.issuer.bindGrant(grantId, { session, user, tenant })
    identity.changed() // a trigger has told of it
    await allow(kernel.app.context({ tenant, ...by }), client.clientId, scope.split(' '))
    const common = { accountId: user, client, grantId, gty: 'password', scope }
    const access = new provider.AccessToken(common as never)
    ctx.oidc.entity('AccessToken', access)
    const refresh = client.grantTypeAllowed('refresh_token') ? new provider.RefreshToken(common as never) : undefined
    ctx.body = { access_token: await access.save(), ...(refresh ? { refresh_token: await refresh.save() } : {}), expires_in: access.expiration, token_type: access.tokenType, scope: scope || undefined, device_token: device }
  }, ['username', 'password', 'scope', 'device_token'])
}
