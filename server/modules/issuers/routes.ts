import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import * as s from './schema.ts'
import type { Issuers } from './service.ts'

const example = { issuer: 'https://login.example.com/realms/main', audience: 'groundwork', mapping: { by: 'email' } }
const desk = (issuers: Issuers, path: string, who: { access: 'operator' } | { permission: string }, whose: string) => ({
  list: get(path, { ...who, summary: `Outside issuers that ${whose} trusts`, query: s.IssuerQuery, returns: s.TrustedIssuerList, handle: (ctx, { query }) => issuers.list(ctx, query) }),
  get: get(`${path}/:id`, { ...who, summary: 'One of them', params: ById, returns: s.TrustedIssuer, problems: ['issuer.not_found'], handle: (ctx, { params }) => issuers.get(ctx, params.id) }),
  add: post(path, {
    ...who, fresh: true, scope: 'session', summary: 'Trust an outside issuer', description: 'Its tokens are believed by its public keys (JWKS) and mapped to accounts here. Without `jwksUri` its discovery document names them.',
    status: 201, body: s.NewIssuer, returns: s.TrustedIssuer, problems: ['conflict'], example, handle: (ctx, { body }) => issuers.add(ctx, body),
  }),
  change: patch(`${path}/:id`, { ...who, fresh: true, scope: 'session', summary: 'Change what is believed of it', params: ById, body: s.ChangeIssuer, returns: s.TrustedIssuer, ifMatch: true, problems: ['issuer.not_found', 'state.conflict'], handle: (ctx, { params, body, ifMatch }) => issuers.change(ctx, params.id, body, ifMatch) }),
  remove: del(`${path}/:id`, { ...who, scope: 'session', summary: 'Trust it no more', description: 'Its tokens end within 2 s.', params: ById, problems: ['issuer.not_found', 'state.conflict'], handle: (ctx, { params }) => issuers.remove(ctx, params.id) }),
})

export const issuerRoutes = (issuers: Issuers): Operation[] => [
  ...routes('trustedIssuers', desk(issuers, '/trusted-issuers', { access: 'operator' }, 'the platform')),
  ...routes('tenantIssuers', desk(issuers, '/tenant-issuers', { permission: 'issuers.manage' }, 'the active tenant')),
]
