import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import * as s from './schema.ts'
import type { ServiceKeys } from './service-keys.ts'
import type { ApiKeys } from './service.ts'

const manage = { permission: 'keys.manage' } as const
const operators = { access: 'operator' } as const
/** Whoever could make these by a key would never be rid of a stolen one. */
const bySignIn = { access: 'operator', scope: 'session', fresh: true } as const

export const keyRoutes = (keys: ApiKeys, serviceKeys: ServiceKeys): Operation[] => [
  ...routes('apiKeys', {
    create: post('/api-keys', {
      ...manage, fresh: true, summary: 'Make an API key', description: 'For one tenant: `read` makes it a viewer, `write` a member, `admin` an admin, never above you. `key` is shown once.',
      status: 201, secret: true, body: s.NewApiKey, returns: s.ApiKey, example: { name: 'Import', scopes: ['read', 'write'] }, handle: (ctx, { body }) => keys.create(ctx, body),
    }),
    list: get('/api-keys', { ...manage, summary: 'API keys of the active tenant, newest first', query: s.KeyQuery, returns: s.ApiKeyList, handle: (ctx, { query }) => keys.list(ctx, query) }),
    get: get('/api-keys/:id', { ...manage, summary: 'One API key', params: ById, returns: s.ApiKey, problems: ['key.not_found'], handle: (ctx, { params }) => keys.get(ctx, params.id) }),
    change: patch('/api-keys/:id', {
      ...manage, credentials: true, summary: 'Change name, scopes, end, addresses or status', description: 'Holds everywhere within 2 s; live streams too.', params: ById, body: s.ChangeApiKey, returns: s.ApiKey, ifMatch: true, problems: ['key.not_found'],
      handle: (ctx, { params, body, ifMatch }) => keys.change(ctx, params.id, body, ifMatch),
    }),
    rotate: post('/api-keys/:id/rotate', {
      ...manage, fresh: true, summary: 'A new secret for a key', description: 'The old one works on for `overlapMinutes`. You answer for the key from now on.', secret: true, params: ById, body: s.Rotation, returns: s.ApiKey, problems: ['key.not_found'],
      handle: (ctx, { params, body }) => keys.rotate(ctx, params.id, body?.overlapMinutes ?? 60),
    }),
    delete: del('/api-keys/:id', { ...manage, credentials: true, summary: 'Delete an API key', params: ById, problems: ['key.not_found'], handle: (ctx, { params }) => keys.delete(ctx, params.id) }),
  }),
  ...routes('serviceKeys', {
    create: post('/service-keys', {
      ...bySignIn, summary: 'Make a service key', description: 'Stands above tenants and does what operators may; of tenants\' own things only `operations`. Every use is in the log. `key` is shown once.',
      status: 201, secret: true, body: s.NewServiceKey, returns: s.ServiceKey, example: { name: 'Monitoring', scopes: ['admin'] }, handle: (ctx, { body }) => serviceKeys.create(ctx, body),
    }),
    list: get('/service-keys', { ...operators, summary: 'Service keys, newest first', query: s.KeyQuery, returns: s.ServiceKeyList, handle: (ctx, { query }) => serviceKeys.list(ctx, query) }),
    get: get('/service-keys/:id', { ...operators, summary: 'One service key', params: ById, returns: s.ServiceKey, problems: ['key.not_found'], handle: (ctx, { params }) => serviceKeys.get(ctx, params.id) }),
    change: patch('/service-keys/:id', {
      ...bySignIn, summary: 'Change a service key', params: ById, body: s.ChangeServiceKey, returns: s.ServiceKey, ifMatch: true, problems: ['key.not_found'], handle: (ctx, { params, body, ifMatch }) => serviceKeys.change(ctx, params.id, body, ifMatch),
    }),
    rotate: post('/service-keys/:id/rotate', {
      ...bySignIn, summary: 'A new secret for a service key', secret: true, params: ById, body: s.Rotation, returns: s.ServiceKey, problems: ['key.not_found'], handle: (ctx, { params, body }) => serviceKeys.rotate(ctx, params.id, body?.overlapMinutes ?? 60),
    }),
    delete: del('/service-keys/:id', { ...bySignIn, summary: 'Delete a service key', params: ById, problems: ['key.not_found'], handle: (ctx, { params }) => serviceKeys.delete(ctx, params.id) }),
  }),
]
