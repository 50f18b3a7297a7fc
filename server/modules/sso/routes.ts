import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById, Page, Strict } from '../../kernel/schema.ts'
import type { Links } from './links.ts'
import type { Providers } from './providers.ts'
import * as s from './schema.ts'
import type { Tickets } from './tickets.ts'

const mine = { access: 'person', scope: 'session' } as const
const manage = { permission: 'security.manage' } as const
const missing = { params: ById, problems: ['sso_provider.not_found'] } as const
const example = { protocol: 'oidc', name: 'Example ID', oidc: { issuer: 'https://id.example.com', clientId: 'groundwork', clientSecret: 'of-the-client' }, roles: [{ group: 'engineering', role: 'member' }] }

export const ssoRoutes = (providers: Providers, tickets: Tickets, links: Links): Operation[] => [
  ...routes('ssoProviders', {
    create: post('/sso-providers', { ...manage, fresh: true, status: 201, summary: 'Add a single sign-on provider', description: 'It signs nobody in before it is tried and enabled. Roles come from groups; owners are made here alone.', body: s.NewProvider, returns: s.Provider, example, handle: (ctx, { body }) => providers.create(ctx, body) }),
    list: get('/sso-providers', { ...manage, summary: 'Single sign-on providers', returns: s.ProviderList, handle: async (ctx) => ({ items: await providers.list(ctx), next: null }) }),
    get: get('/sso-providers/:id', { ...manage, ...missing, summary: 'One provider', returns: s.Provider, handle: (ctx, { params }) => providers.get(ctx, params.id) }),
    change: patch('/sso-providers/:id', {
      ...manage, ...missing, fresh: true, ifMatch: true, summary: 'Change a provider', description: 'Another address, client or certificate must be tried again; an enabled provider is disabled by it.', body: s.ChangeProvider, returns: s.Provider, handle: (ctx, { params, body, ifMatch }) => providers.change(ctx, params.id, body, ifMatch),
    }),
    delete: del('/sso-providers/:id', { ...manage, ...missing, fresh: true, summary: 'Remove a provider', description: 'Ends the sessions it began.', handle: (ctx, { params }) => providers.remove(ctx, params.id) }),
    test: post('/sso-providers/:id/test', { ...manage, ...missing, credentials: true, idempotency: 'none', summary: 'Ask the provider, and get a link to try a sign-in', returns: s.TestRun, handle: (ctx, { params }) => providers.test(ctx, params.id) }),
    enable: post('/sso-providers/:id/enable', { ...manage, ...missing, fresh: true, idempotency: 'none', summary: 'Let a provider sign people in', description: 'Needs a sign-in that was tried since the last change, and a proven domain.', returns: s.Provider, handle: (ctx, { params }) => providers.enable(ctx, params.id) }),
    disable: post('/sso-providers/:id/disable', { ...manage, ...missing, credentials: true, idempotency: 'none', summary: 'Stop a provider', description: 'Ends the sessions it began.', returns: s.Provider, handle: (ctx, { params }) => providers.disable(ctx, params.id) }),
  }),
  ...routes('ssoTickets', {
    create: post('/sso-tickets', { ...manage, fresh: true, status: 201, secret: true, summary: 'A link by which a customer\'s IT sets single sign-on up', description: 'For this tenant and one provider, at most 5 days; it opens once. `url` is shown once.', body: s.NewTicket, returns: s.Ticket, handle: (ctx, { body }) => tickets.issue(ctx, body) }),
    list: get('/sso-tickets', { ...manage, summary: 'Set-up links, newest first', query: Strict(Page), returns: s.TicketList, handle: (ctx, { query }) => tickets.list(ctx, query) }),
    delete: del('/sso-tickets/:id', { ...manage, credentials: true, params: ById, summary: 'Withdraw a link', description: 'A set-up under way ends.', problems: ['sso_ticket.not_found'], handle: (ctx, { params }) => tickets.revoke(ctx, params.id) }),
  }),
  ...routes('linkedAccounts', {
    list: get('/users/me/linked-accounts', { ...mine, summary: 'Outside accounts I can sign in with, and those I could link', returns: s.LinkedAccountList, handle: (ctx) => links.list(ctx) }),
    link: post('/users/me/linked-accounts', {
      ...mine, fresh: true, idempotency: 'none', status: 201, summary: 'Link an account at Google, GitHub ...', description: 'Answers an address for the browser in which I am signed in; the account is linked when it comes back. Addresses need not be the same.', body: s.ByProvider, returns: s.LinkBegun,
      example: { provider: 'github' }, problems: ['sso_provider.not_found'], handle: (ctx, { body, request }) => links.begin(ctx, body.provider, String(request.headers.host ?? '')),
    }),
    unlink: del('/users/me/linked-accounts/:provider', { ...mine, fresh: true, params: s.ByProvider, summary: 'Unlink an outside account', description: 'It signs me in no more; sessions go on. The last way to sign in stays.', problems: ['sso_provider.not_found', 'state.conflict'], handle: (ctx, { params }) => links.remove(ctx, params.provider) }),
  }),
]
