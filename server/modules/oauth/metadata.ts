// A client in the words of our API and in those of RFC 7591, which the issuer's library speaks and judges.
import { refuseField } from '../../kernel/errors.ts'
import type { ClientRow } from './queries.ts'
import type { ChangeOAuthClient, Metadata, NewOAuthClient, OAuthClient } from './schema.ts'

/** API name -> RFC 7591 name, for what is kept in `metadata`. */
const words = {
  redirectUris: 'redirect_uris', postLogoutRedirectUris: 'post_logout_redirect_uris', grantTypes: 'grant_types', tokenEndpointAuthMethod: 'token_endpoint_auth_method', applicationType: 'application_type',
  clientUri: 'client_uri', policyUri: 'policy_uri', tosUri: 'tos_uri', jwks: 'jwks',
} as const
/** Would make the issuer ask another server. */
export const refusedMetadata: readonly string[] = ['jwks_uri', 'sector_identifier_uri', 'request_uris']
const list = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : [])
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** What an administrator gave, on what was there. */
export function metadataOf(given: NewOAuthClient | ChangeOAuthClient, before: Metadata = {}): Metadata {
  const next: Metadata = { ...before }
  for (const [name, word] of Object.entries(words)) {
    const value = given[name as keyof typeof words]
    if (value === null) delete next[word]
    else if (value !== undefined) next[word] = value
  }
  const redirects = list(next.redirect_uris).length > 0
  next.redirect_uris ??= []
  next.grant_types ??= redirects ? ['authorization_code', 'refresh_token'] : ['client_credentials']
  next.response_types = list(next.grant_types).includes('authorization_code') ? ['code'] : []
  next.token_endpoint_auth_method ??= 'client_secret_basic'
  if (given.requirePkce !== undefined) next.pkce_optional = !given.requirePkce
  if (given.resourceServer !== undefined) next.resource_server = given.resourceServer
  return next
}

/** As the API shows it. */
export function clientOf({ id, name, origin, scopes, metadata: m, createdBy, previousSecretEndsAt, createdAt, updatedAt, version }: ClientRow, clientSecret?: string): OAuthClient {
  return {
    id, clientId: id, name, origin, createdBy, previousSecretEndsAt,
    redirectUris: list(m.redirect_uris), postLogoutRedirectUris: list(m.post_logout_redirect_uris), grantTypes: list(m.grant_types) as OAuthClient['grantTypes'], scopes,
    tokenEndpointAuthMethod: (m.token_endpoint_auth_method ?? 'client_secret_basic') as OAuthClient['tokenEndpointAuthMethod'], applicationType: m.application_type === 'native' ? 'native' : 'web',
    clientUri: text(m.client_uri), policyUri: text(m.policy_uri), tosUri: text(m.tos_uri), jwks: (m.jwks as OAuthClient['jwks']) ?? null,
    requirePkce: m.pkce_optional !== true, resourceServer: m.resource_server === true,
    ...(clientSecret === undefined ? {} : { clientSecret }), createdAt, updatedAt, version,
  }
}

/** 422 for what the library found wrong: its messages begin with the property. */
export function refuseMetadata(error: { error_description?: string | undefined; message: string }): never {
  const said = error.error_description ?? error.message
  const found = Object.entries({ ...words, scopes: 'scope', requirePkce: 'pkce_optional', resourceServer: 'resource_server' }).find(([, word]) => said.startsWith(word))
  refuseField(found ? `/${found[0]}` : '/', found ? said.slice(found[1].length).trim() : said)
}
