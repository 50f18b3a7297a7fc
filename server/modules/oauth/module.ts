// A tenant's OAuth 2.0 and OpenID Connect server. Opened by app.ts, since the HTTP server asks it who an opaque token stands for.
import { module } from '../../kernel/module.ts'
import { oauthEvents } from './events.ts'
import type { OAuth } from './oauth.ts'
import { oauthRoutes } from './routes.ts'

export { oauthEvents }
export { openOAuth, type OAuth } from './oauth.ts'

export const createOAuthModule = (oauth: OAuth) =>
  module({
    name: 'oauth', optional: { title: 'Applications', gives: 'An OAuth 2.0 and OpenID Connect server of the team\'s own, with clients, scopes and consents.' }, about: 'OAuth 2.0 and OpenID Connect per tenant: clients, scopes, consents', routes: oauthRoutes(oauth), events: oauthEvents, permissions: { 'oauth.manage': 'admin' },
    tokens: [oauth.tokens], hear: (event) => oauth.hear(event), mount: (app) => oauth.mount(app),
  })
