import type { Operation } from '../../kernel/route.ts'
import { del, get, patch, post, put, routes } from '../../kernel/route.ts'
import { ById, Id, Page, Strict, Type } from '../../kernel/schema.ts'
import { PlanFits } from '../plans/api.ts'
import * as s from './schema.ts'
import type { BrandDesk } from './branding.ts'
import type { Domains } from './domains.ts'
import type { Tenancy } from './service.ts'

const ByUser = Strict({ userId: Id })

export const brandingRoutes = (desk: BrandDesk): Operation[] =>
  routes('branding', {
    get: get('/branding', { summary: 'How the active tenant looks', permission: 'members.read', metered: false, returns: s.Branding, handle: (ctx) => desk.get(ctx) }),
    change: patch('/branding', { summary: 'Change name and colour', description: 'A colour that nothing can be read on is refused, with the nearest that would do.', permission: 'tenants.configure', body: s.ChangeBranding, returns: s.Branding, ifMatch: true, handle: (ctx, { body, ifMatch }) => desk.change(ctx, body, ifMatch) }),
    putLogo: put('/branding/logo', { summary: 'Give a logo', permission: 'tenants.configure', body: s.NewLogo, returns: s.Branding, handle: (ctx, { body }) => desk.changeLogo(ctx, body.data) }),
    removeLogo: del('/branding/logo', { summary: 'Take the logo away', permission: 'tenants.configure', handle: async (ctx) => void (await desk.changeLogo(ctx, null)) }),
  })

/** Nothing of it exists where one tenant is for all. */
export const domainRoutes = (domains: Domains): Operation[] =>
  routes('domains', {
    list: get('/domains', { summary: 'Domains of the active tenant, newest first', permission: 'domains.manage', query: Strict(Page), returns: s.DomainList, handle: (ctx, { query }) => domains.list(ctx, query) }),
    add: post('/domains', {
      summary: 'Name a domain', description: 'Put `record` into its DNS, then verify. Until then it opens nothing.', permission: 'domains.manage', credentials: true, status: 201, body: s.NewDomain, returns: s.Domain, problems: ['domain.taken', 'conflict'],
      example: { name: 'work.example.com' }, handle: (ctx, { body }) => domains.add(ctx, body.name),
    }),
    ask: get('/domains/ask', {
      access: 'public', summary: 'Whether a name opens a tenant', description: 'For a proxy with on-demand TLS: 200 for proved domains and subdomains of tenants, else 404.', query: Strict({ domain: Type.String({ minLength: 1, maxLength: 253 }) }),
      returns: s.AskedDomain, limit: { name: 'ask', limit: { max: 1200, windowMs: 60_000 }, by: 'address' }, problems: ['domain.not_found'], handle: (_ctx, { query }) => domains.mayServe(query.domain),
    }),
    get: get('/domains/:id', { summary: 'One domain', permission: 'domains.manage', params: ById, returns: s.Domain, problems: ['domain.not_found'], handle: (ctx, { params }) => domains.find(ctx, params.id) }),
    verify: post('/domains/:id/verify', {
      summary: 'Look for the record now', description: 'A record that is not there yet is no error: `status` stays and `problem` says what was found.', permission: 'domains.manage', credentials: true, idempotency: 'outside', params: ById, returns: s.Domain,
      limit: { name: 'verify-domain', limit: { max: 60, windowMs: 60_000 } }, problems: ['domain.not_found', 'domain.taken'], handle: (ctx, { params }) => domains.verify(ctx, params.id),
    }),
    remove: del('/domains/:id', { summary: 'Take a domain away', description: 'It opens nothing from now on.', permission: 'domains.manage', credentials: true, params: ById, problems: ['domain.not_found'], handle: (ctx, { params }) => domains.remove(ctx, params.id) }),
  })

/** Absent where one tenant is for all, as plans are. */
export const planFitRoutes = (tenancy: Tenancy): Operation[] =>
  routes('tenants', {
    planFits: get('/tenants/:id/plan-fits', { access: 'person', scope: 'read', keys: true, summary: 'What a tenant would use of each plan', description: 'Its admins and operators.', params: ById, query: s.PlanQuery, returns: PlanFits, problems: ['plan.not_found'], handle: (ctx, { params, query }) => tenancy.planFits(ctx, params.id, query.plan) }),
  })

export const tenancyRoutes = (tenancy: Tenancy): Operation[] => [
  ...routes('tenants', {
    create: post('/tenants', { access: 'person', scope: 'session', idempotency: 'outside', status: 201, summary: 'Create a tenant', description: 'You become its owner. Without `slug` one is made from the name.', body: s.NewTenant, returns: s.Tenant, problems: ['tenant.slug_taken', 'auth.registration_closed'], example: { name: 'Lighthouse' }, handle: (ctx, { body }) => tenancy.create(ctx, body) }),
    list: get('/tenants', { access: 'person', scope: 'read', keys: true, summary: 'My tenants', description: 'Operators see every one with `all`.', query: s.TenantQuery, returns: s.TenantList, handle: (ctx, { query }) => tenancy.list(ctx, query) }),
    get: get('/tenants/:id', { access: 'person', scope: 'read', keys: true, summary: 'One tenant', params: ById, returns: s.Tenant, handle: (ctx, { params }) => tenancy.visible(ctx, params.id) }),
    change: patch('/tenants/:id', { access: 'person', scope: 'admin', keys: true, summary: 'Change a tenant', description: 'Admins give it another name or slug; operators another plan, limits, modules, and suspend it: then its tokens, keys and streams stop, and its data stays.', params: ById, body: s.ChangeTenant, returns: s.Tenant, ifMatch: true, problems: ['tenant.slug_taken', 'plan.not_found', 'operator.required'], handle: (ctx, { params, body, ifMatch }) => tenancy.change(ctx, params.id, body, ifMatch) }),
    statistics: get('/tenants/:id/statistics', { access: 'person', scope: 'read', keys: true, summary: 'Figures of a tenant', description: 'Its members and operators.', params: ById, returns: s.Statistics, handle: (ctx, { params }) => tenancy.statistics(ctx, params.id) }),
    delete: del('/tenants/:id', { access: 'person', scope: 'session', fresh: true, summary: 'Delete a tenant after a week', description: 'Owners. Until `deletesAt` it can be taken back.', params: ById, handle: (ctx, { params }) => tenancy.remove(ctx, params.id) }),
    restore: post('/tenants/:id/restore', { access: 'person', scope: 'session', idempotency: 'outside', summary: 'Take a deletion back', params: ById, returns: s.Tenant, handle: (ctx, { params }) => tenancy.restore(ctx, params.id) }),
    transfer: post('/tenants/:id/transfer', { access: 'person', scope: 'session', fresh: true, idempotency: 'outside', summary: 'Make another member owner and become admin', params: ById, body: s.Transfer, returns: s.Tenant, problems: ['member.not_found'], handle: (ctx, { params, body }) => tenancy.transfer(ctx, params.id, body.userId) }),
    settings: get('/tenant-settings', { summary: 'Settings of the active tenant', permission: 'tenants.configure', returns: s.Settings, handle: (ctx) => tenancy.settings(ctx) }),
    changeSettings: patch('/tenant-settings', { summary: 'Change settings of the active tenant', permission: 'tenants.configure', body: s.ChangeSettings, returns: s.Settings, ifMatch: true, handle: (ctx, { body, ifMatch }) => tenancy.changeSettings(ctx, body, ifMatch) }),
  }),
  ...routes('members', {
    list: get('/members', {
      workflow: true, summary: 'Members of the active tenant', permission: 'members.read', returns: s.MemberList, query: Strict({ ...Page, q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'part of a name or address' })) }),
      handle: (ctx, { query }) => tenancy.listMembers(ctx, query),
    }),
    change: patch('/members/:userId', {
      summary: 'Change a member\'s role', permission: 'members.manage', params: ByUser, body: s.ChangeMember, returns: s.Member, ifMatch: true, problems: ['member.not_found', 'tenant.last_owner'],
      handle: (ctx, { params, body, ifMatch }) => tenancy.changeRole(ctx, params.userId, body.role, ifMatch),
    }),
    remove: del('/members/:userId', { summary: 'Take a member out', description: 'Ends their tokens and sockets for this tenant.', permission: 'members.manage', params: ByUser, problems: ['member.not_found', 'tenant.last_owner'], handle: (ctx, { params }) => tenancy.removeMember(ctx, params.userId) }),
    leave: post('/members/me/leave', { scope: 'session', summary: 'Leave the active tenant', permission: 'members.read', idempotency: 'none', problems: ['tenant.last_owner'], handle: (ctx) => tenancy.leave(ctx) }),
  }),
  ...routes('invitations', {
    create: post('/invitations', { workflow: { omit: ['url'] }, summary: 'Invite by mail, or by a link', description: 'Without `email` the link is for whoever holds it. `url` is shown once.', permission: 'members.manage', idempotency: 'outside', secret: true, status: 201, body: s.NewInvitation, returns: s.Invitation, problems: ['member.exists'], example: { email: 'grace@example.com', role: 'member' }, handle: (ctx, { body }) => tenancy.invite(ctx, body) }),
    list: get('/invitations', {
      summary: 'Invitations of the active tenant', permission: 'members.manage', returns: s.InvitationList, query: Strict({ ...Page, status: Type.Optional(Type.Enum(['pending', 'accepted', 'canceled'])) }),
      handle: (ctx, { query }) => tenancy.listInvitations(ctx, query),
    }),
    resend: post('/invitations/:id/resend', { summary: 'Send it again, with a new link', permission: 'members.manage', idempotency: 'outside', secret: true, params: ById, returns: s.Invitation, problems: ['invitation.not_found'], handle: (ctx, { params }) => tenancy.resend(ctx, params.id) }),
    withdraw: del('/invitations/:id', { summary: 'Withdraw an invitation', permission: 'members.manage', credentials: true, params: ById, problems: ['invitation.not_found'], handle: (ctx, { params }) => tenancy.withdraw(ctx, params.id) }),
    preview: post('/invitations/preview', { access: 'public', summary: 'What an invitation is for', body: s.InvitationToken, returns: s.InvitationPreview, limit: { name: 'links', limit: { max: 60, windowMs: 60_000 }, by: 'address' }, problems: ['auth.link_refused'], handle: (_ctx, { body }) => tenancy.preview(body.token) }),
    accept: post('/invitations/accept', { access: 'person', scope: 'session', idempotency: 'outside', summary: 'Accept an invitation', description: 'Switch to the tenant afterwards with POST /auth/switch.', body: s.InvitationToken, returns: s.Tenant, problems: ['auth.link_refused', 'member.exists', 'invitation.not_found'], handle: (ctx, { body }) => tenancy.accept(ctx, body.token) }),
  }),
]
