import { del, get, post, routes, type Operation } from '../../kernel/route.ts'
import * as s from './schema.ts'
import type { Impersonations } from './service.ts'

export const impersonationRoutes = (impersonations: Impersonations): Operation[] =>
  routes('impersonations', {
    start: post('/impersonations', {
      access: 'operator', scope: 'session', fresh: true, secret: true, status: 201, summary: 'Act with a person\'s rights in a tenant, for a while',
      description: 'Up to an hour, in both logs with the reason. The token neither sees nor changes what is secret or lets somebody in: passwords, second factors, keys, sessions, addresses, connections, webhooks, scopes, domains, single sign-on. It ends with its time or your own session.',
      body: s.NewImpersonation, returns: s.StartedImpersonation, problems: ['member.not_found'], handle: (ctx, { body }) => impersonations.start(ctx, body),
    }),
    list: get('/impersonations', { access: 'operator', summary: 'Impersonations, newest first', query: s.ImpersonationQuery, returns: s.ImpersonationList, handle: (ctx, { query }) => impersonations.list(ctx, query) }),
    end: del('/impersonations/current', { access: 'tenant', scope: 'read', summary: 'End the impersonation this token is for', problems: ['state.conflict'], handle: (ctx) => impersonations.end(ctx) }),
  })
