import { Email, Id, listOf, Nullable, Page, roles, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'
import { Limits, Modules } from '../plans/api.ts'

export const Role = Type.Enum([...roles], { description: 'viewer < member < admin < owner' })
const Slug = Type.String({ pattern: '^[a-z][a-z0-9-]{1,40}$', description: 'letters, digits and dashes; never a reserved word' })
const times = { createdAt: Time, updatedAt: Time, version: Version }

export const Tenant = Type.Object(
  { id: Id, slug: Type.String(), name: Type.String(), logo: Nullable(Type.String()), status: Type.Enum(['active', 'deleting', 'suspended']), deletesAt: Nullable(Time), role: Nullable(Role),
    plan: Type.String({ description: 'name of its plan' }), limits: Limits, modules: Type.Array(Type.String(), { description: 'those of the modules that may be switched off which are on' }), ...times },
  { $id: 'Tenant', description: '`role` is yours in it.' },
)
export const AnyTenant = Type.Object({ id: Id, slug: Type.String(), name: Type.String(), logo: Nullable(Type.String()), status: Type.Enum(['active', 'deleting', 'suspended']), deletesAt: Nullable(Time), ...times })
export const TenantList = listOf(Tenant, 'TenantList')
export const NewTenant = Strict({ name: Text(1, 100), slug: Type.Optional(Slug) }, { $id: 'NewTenant' })
export const ChangeTenant = Strict(
  { name: Type.Optional(Text(1, 100)), slug: Type.Optional(Slug), plan: Type.Optional(Type.String({ maxLength: 40 })), limits: Type.Optional(Limits), modules: Type.Optional(Modules), status: Type.Optional(Type.Enum(['active', 'suspended'])) },
  { $id: 'ChangeTenant', minProperties: 1, description: 'Admins: name and slug. Operators: plan, limits and modules that differ from it, status.' },
)
export const TenantQuery = Strict({
  ...Page, all: Type.Optional(Type.Boolean({ description: 'operators: every tenant, newest first' })), q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'with `all`: part of name or slug' })),
  status: Type.Optional(Type.Enum(['active', 'deleting', 'suspended'])), plan: Type.Optional(Type.String({ maxLength: 40 })),
})
export type TenantQuery = Static<typeof TenantQuery>
export const Statistics = Type.Object(
  {
    members: Type.Object({ viewer: Type.Integer(), member: Type.Integer(), admin: Type.Integer(), owner: Type.Integer(), total: Type.Integer() }), openInvitations: Type.Integer(), projects: Type.Integer(), tasks: Type.Integer(), openTasks: Type.Integer(),
    storageBytes: Type.Integer(), callsToday: Type.Integer(), eventsLastWeek: Type.Integer(), activePeopleLastWeek: Type.Integer(), lastActivityAt: Nullable(Time),
  },
  { $id: 'TenantStatistics' },
)
export const PlanQuery = Strict({ plan: Type.Optional(Type.String({ maxLength: 40 })) })
export const Settings = Type.Object({ eventRetentionDays: Nullable(Type.Integer()), runRetentionDays: Nullable(Type.Integer()), ...times }, { $id: 'TenantSettings', description: 'How long the log and finished runs are kept. null: as the installation says, which is also the most.' })
export type Settings = Static<typeof Settings>
const Days = Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 36_500 })))
export const ChangeSettings = Strict({ eventRetentionDays: Days, runRetentionDays: Days }, { $id: 'ChangeTenantSettings', minProperties: 1 })
export type ChangeSettings = Static<typeof ChangeSettings>

export const Member = Type.Object({ id: Id, userId: Id, name: Type.String(), email: Type.String(), image: Nullable(Type.String()), role: Role, ...times }, { $id: 'Member', description: '`id` is the person\'s.' })
export const MemberList = listOf(Member, 'MemberList')
export const ChangeMember = Strict({ role: Role }, { $id: 'ChangeMember' })

export const Invitation = Type.Object(
  { id: Id, email: Nullable(Type.String()), role: Role, status: Type.Enum(['pending', 'accepted', 'rejected', 'canceled']), inviterId: Id, sentAt: Time, expiresAt: Time, url: Type.Optional(Type.String({ description: 'The link, shown once: it is kept as a hash.' })), ...times },
  { $id: 'Invitation', description: '`email` null: a link for whoever holds it.' },
)
export const InvitationList = listOf(Invitation, 'InvitationList')
export const NewInvitation = Strict({ email: Type.Optional(Nullable(Email)), role: Role, days: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 })) }, { $id: 'NewInvitation' })
export const InvitationToken = Strict({ token: Type.String({ minLength: 8, maxLength: 200 }) }, { $id: 'InvitationToken' })
export const InvitationPreview = Type.Object({ tenantName: Type.String(), email: Nullable(Type.String()), role: Role, expiresAt: Time }, { $id: 'InvitationPreview' })
export const Transfer = Strict({ userId: Id }, { $id: 'TransferTenant' })

const domain = { id: Id, name: Type.String(), status: Type.Enum(['pending', 'verified', 'lapsed']), verifiedAt: Nullable(Time), checkedAt: Nullable(Time), problem: Nullable(Type.String({ description: 'what the last look found wrong' })), ...times }
export const DomainRow = Type.Object({ ...domain, token: Type.String() })
export type DomainRow = Static<typeof DomainRow>
export const Domain = Type.Object(
  { ...domain, record: Type.Object({ type: Type.Literal('TXT'), name: Type.String(), value: Type.String() }, { description: 'Proves the domain: put it into the domain\'s DNS, and keep it there.' }) },
  { $id: 'Domain', description: 'pending: not proved yet. verified: opens the tenant; looked at daily. lapsed: the record is gone, so it opens nothing.' },
)
export type Domain = Static<typeof Domain>
export const DomainList = listOf(Domain, 'DomainList')
export const NewDomain = Strict({ name: Text(1, 253, { description: 'such as `app.example.com`; without scheme and port' }) }, { $id: 'NewDomain' })
export const AskedDomain = Type.Object({ domain: Type.String() }, { $id: 'AskedDomain' })

export const Branding = Type.Object(
  { name: Nullable(Type.String()), color: Nullable(Type.String()), logoUrl: Nullable(Type.String({ description: 'a path of ours, without sign-in' })), ...times },
  { $id: 'Branding', description: 'null: as the installation looks; `name` null: the tenant\'s.' },
)
export type Branding = Static<typeof Branding>
export const ChangeBranding = Strict(
  { name: Type.Optional(Nullable(Text(1, 60))), color: Type.Optional(Nullable(Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'such as `#0f6472`; at least 4.5 to 1 against white' }))) },
  { $id: 'ChangeBranding', minProperties: 1 },
)
export type ChangeBranding = Static<typeof ChangeBranding>
export const NewLogo = Strict({ data: Type.String({ minLength: 16, maxLength: 90_000, contentEncoding: 'base64', pattern: '^[A-Za-z0-9+/]+={0,2}$', description: 'PNG, JPEG or WebP in base64, at most 64 KiB' }) }, { $id: 'NewLogo' })
