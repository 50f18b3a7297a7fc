import { get, del, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById, Id, Page, Strict } from '../../kernel/schema.ts'
import type { OAuth } from './oauth.ts'
import * as s from './schema.ts'

const ByClient = Strict({ clientId: Id })
const admin = { permission: 'oauth.manage' } as const

export const oauthRoutes = ({ clients, scopes, connected, consents, rotateKeys }: OAuth): Operation[] => [
  ...routes('oauthClients', {
    create: post('/oauth-clients', {
      ...admin, summary: 'Make an OAuth client', description: 'The issuer is `PUBLIC_URL/t/{tenantId}/oauth`. `clientSecret` is shown once.', secret: true, status: 201, body: s.NewOAuthClient, returns: s.OAuthClient,
      example: { name: 'Reporting', redirectUris: ['https://reports.example.com/callback'], scopes: ['openid', 'profile', 'read'] }, handle: (ctx, { body }) => clients.create(ctx, body),
    }),
    list: get('/oauth-clients', { ...admin, summary: 'OAuth clients of the active tenant', query: s.ClientQuery, returns: s.OAuthClientList, handle: (ctx, { query }) => clients.list(ctx, query) }),
    get: get('/oauth-clients/:id', { ...admin, summary: 'One OAuth client', params: ById, returns: s.OAuthClient, problems: ['oauth_client.not_found'], handle: (ctx, { params }) => clients.get(ctx, params.id) }),
    change: patch('/oauth-clients/:id', { ...admin, credentials: true, summary: 'Change an OAuth client', params: ById, body: s.ChangeOAuthClient, returns: s.OAuthClient, ifMatch: true, problems: ['oauth_client.not_found'], handle: (ctx, { params, body, ifMatch }) => clients.change(ctx, params.id, body, ifMatch) }),
    delete: del('/oauth-clients/:id', { ...admin, credentials: true, summary: 'Remove an OAuth client', description: 'Its tokens and what people allowed it end at once.', params: ById, problems: ['oauth_client.not_found'], handle: (ctx, { params }) => clients.remove(ctx, params.id) }),
    rotateSecret: post('/oauth-clients/:id/rotate-secret', { ...admin, summary: 'A new secret', description: 'The old one stays good for the overlap.', secret: true, params: ById, body: s.RotateSecretBody, returns: s.OAuthClient, problems: ['oauth_client.not_found', 'state.conflict'], handle: (ctx, { params, body }) => clients.rotateSecret(ctx, params.id, body?.overlapSeconds) }),
    issueInitialAccessToken: post('/oauth-clients/initial-access-tokens', { ...admin, summary: 'A token with which clients register themselves', description: 'RFC 7591, at the issuer\'s `/register`: no password grant, no scope `admin`.', secret: true, idempotency: 'outside', status: 201, body: s.NewInitialAccessToken, returns: s.InitialAccessToken, handle: (ctx, { body }) => clients.issueInitialAccessToken(ctx, body) }),
  }),
  ...routes('scopes', {
    create: post('/scopes', { ...admin, credentials: true, summary: 'Add a scope', description: 'It stands for permissions of operations, named there as `x-permission`.', status: 201, body: s.NewOAuthScope, returns: s.OAuthScope, problems: ['conflict'], example: { name: 'tasks:write', description: 'Create and edit tasks', permissions: ['tasks.write'] }, handle: (ctx, { body }) => scopes.create(ctx, body) }),
    list: get('/scopes', { ...admin, summary: 'Scopes the tenant added', query: Strict(Page), returns: s.OAuthScopeList, handle: (ctx, { query }) => scopes.list(ctx, query) }),
    get: get('/scopes/:id', { ...admin, summary: 'One scope', params: ById, returns: s.OAuthScope, problems: ['oauth_scope.not_found'], handle: (ctx, { params }) => scopes.get(ctx, params.id) }),
    change: patch('/scopes/:id', { ...admin, credentials: true, summary: 'Change a scope', params: ById, body: s.ChangeOAuthScope, returns: s.OAuthScope, ifMatch: true, problems: ['oauth_scope.not_found'], handle: (ctx, { params, body, ifMatch }) => scopes.change(ctx, params.id, body, ifMatch) }),
    delete: del('/scopes/:id', { ...admin, credentials: true, summary: 'Remove a scope', description: 'Clients lose it; tokens that carry it open nothing by it any more.', params: ById, problems: ['oauth_scope.not_found'], handle: (ctx, { params }) => scopes.remove(ctx, params.id) }),
  }),
  ...routes('oauthConsents', {
    list: get('/oauth-consents', { ...admin, summary: 'What people of the tenant allowed applications', query: s.ConsentQuery, returns: s.OAuthConsentList, handle: (ctx, { query }) => consents.list(ctx, query) }),
    withdraw: del('/oauth-consents/:clientId/:userId', { ...admin, credentials: true, summary: 'Take an application\'s access to a person\'s account here', description: 'Its tokens in the name of this person end at once. The person may allow it again.', params: s.ByConsent, problems: ['oauth_consent.not_found'], handle: (ctx, { params }) => consents.withdraw(ctx, params.clientId, params.userId) }),
  }),
  ...routes('connectedApps', {
    list: get('/connected-apps', { access: 'person', scope: 'session', summary: 'Applications I allowed something', query: Strict(Page), returns: s.ConnectedAppList, handle: (ctx, { query }) => connected.list(ctx, query) }),
    withdraw: del('/connected-apps/:clientId', { access: 'person', scope: 'session', summary: 'Take back what I allowed', description: 'Its tokens end at once.', params: ByClient, problems: ['oauth_client.not_found'], handle: (ctx, { params }) => connected.withdraw(ctx, params.clientId) }),
  }),
  ...routes('signingKeys', {
    rotate: post('/installation/signing-keys/rotate', { access: 'operator', idempotency: 'outside', summary: 'New signing keys', description: 'They are published now and sign a minute later; the old ones stay published until the last token they signed has ended.', returns: s.SigningKeys, handle: (ctx) => rotateKeys(ctx) }),
  }),
]
