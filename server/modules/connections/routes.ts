import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import * as s from './schema.ts'
import type { ConnectionService } from './service.ts'

const manage = { permission: 'connections.manage' } as const
const read = { permission: 'connections.read' } as const
const missing = ['connection.not_found'] as const

export const connectionRoutes = (connections: ConnectionService): Operation[] => routes('connections', {
  types: get('/connections/types', { ...read, summary: 'What a connection can be', description: 'Each type with its fields; a preset with its operations.', returns: s.ConnectionTypes, handle: async () => connections.types() }),
  create: post('/connections', {
    ...manage, credentials: true, summary: 'Make a connection', description: 'Secrets go in and never come out. One with OAuth 2.0 then needs a person\'s consent.', status: 201, body: s.CreateConnection, returns: s.Connection,
    example: { name: 'Shop', type: 'bearer', settings: { baseUrl: 'https://api.shop.example/v1' }, secrets: { token: 'a-token-of-the-shop' } }, handle: (ctx, { body }) => connections.create(ctx, body),
  }),
  list: get('/connections', { ...read, summary: 'Connections, newest first', query: s.ConnectionQuery, returns: s.ConnectionList, handle: (ctx, { query }) => connections.list(ctx, query) }),
  get: get('/connections/:id', { ...read, summary: 'One connection', params: ById, returns: s.Connection, problems: missing, handle: (ctx, { params }) => connections.get(ctx, params.id) }),
  change: patch('/connections/:id', {
    ...manage, credentials: true, summary: 'Change a connection', description: '`settings` are given whole. Where they send the secrets elsewhere, the secrets are given again.', params: ById, body: s.ChangeConnection, returns: s.Connection, ifMatch: true, problems: missing, example: { name: 'Shop of the north' },
    handle: (ctx, { params, body, ifMatch }) => connections.change(ctx, params.id, body, ifMatch),
  }),
  rotate: post('/connections/:id/rotate', { ...manage, credentials: true, summary: 'Put in new secrets', params: ById, body: s.RotateConnection, returns: s.Connection, problems: missing, handle: (ctx, { params, body }) => connections.rotate(ctx, params.id, body.secrets) }),
  test: post('/connections/:id/test', { ...manage, summary: 'Try a connection', description: 'Asks the other side; the answer says what to mend.', idempotency: 'outside', params: ById, returns: s.TestResult, problems: missing, handle: (ctx, { params }) => connections.test(ctx, params.id) }),
  delete: del('/connections/:id', { ...manage, credentials: true, summary: 'Delete a connection', params: ById, problems: missing, handle: (ctx, { params }) => connections.delete(ctx, params.id) }),
  authorize: post('/connections/:id/authorize', {
    ...manage, credentials: true, summary: 'Begin a consent (OAuth 2.0)', description: 'Send the browser to `url`. It comes back to `/connections/callback` with `state` and `code` for `POST /connections/complete`, by the same person within ten minutes.', idempotency: 'none',
    params: ById, returns: s.Authorization, problems: [...missing, 'state.conflict'], handle: (ctx, { params }) => connections.authorize(ctx, params.id),
  }),
  complete: post('/connections/complete', {
    ...manage, credentials: true, summary: 'End a consent (OAuth 2.0)', idempotency: 'none', body: s.CompleteAuthorization, returns: s.Connection, problems: ['connection.state_unknown', 'connection.refused'], handle: (ctx, { body }) => connections.complete(ctx, body),
  }),
})
