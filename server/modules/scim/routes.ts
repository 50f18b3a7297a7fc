import { del, get, post, routes, type Operation } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import * as s from './schema.ts'
import type { ScimTokens } from './tokens.ts'

const manage = { permission: 'security.manage' } as const
export const scimRoutes = (tokens: ScimTokens): Operation[] =>
  routes('scimTokens', {
    create: post('/scim-tokens', { ...manage, fresh: true, status: 201, secret: true, summary: 'A token for provisioning by SCIM 2.0', description: 'For `/scim/v2`. `token` is shown once.', body: s.NewToken, returns: s.Token, handle: (ctx, { body }) => tokens.make(ctx, body.name) }),
    list: get('/scim-tokens', { ...manage, summary: 'Provisioning tokens', returns: s.TokenList, handle: async (ctx) => ({ items: await tokens.list(ctx), next: null }) }),
    delete: del('/scim-tokens/:id', { ...manage, credentials: true, params: ById, summary: 'Remove a provisioning token', description: 'People it provisioned stay as they are.', problems: ['scim_token.not_found'], handle: (ctx, { params }) => tokens.remove(ctx, params.id) }),
  })
