// What goes in and comes out of the project operations.
import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const Visibility = Type.Enum(['open', 'private'], { description: 'private: 404 to all but its members and the tenant\'s admins and owners' })
export const ProjectStatus = Type.Enum(['active', 'archived'])
export const Wip = Type.Enum(['warn', 'block'], { description: 'what a full column does to a further task' })
export const Category = Type.Enum(['todo', 'doing', 'done'])
export const projectRoles = ['viewer', 'editor', 'manager'] as const
export const ProjectRole = Type.Enum([...projectRoles])
export type ProjectRole = (typeof projectRoles)[number]

const columnId = { pattern: '^[a-z0-9][a-z0-9-]{0,39}$', maxLength: 40 }
export const ColumnSchema = Type.Object(
  { id: Type.String(), name: Type.String(), category: Category, wipLimit: Nullable(Type.Integer()) },
  { $id: 'Column', description: '`id` never changes and is the `status` of its tasks.' },
)
export type Column = Static<typeof ColumnSchema>
const ColumnInput = Strict({
  id: Type.Optional(Type.String({ ...columnId, description: 'of a column that stays; a new one may leave it out' })),
  name: Text(1, 60, { pattern: '\\S' }), category: Category, wipLimit: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 999 }))),
})
const Columns = Type.Array(ColumnInput, { minItems: 1, maxItems: 40 })

const Key = Type.String({ pattern: '^[A-Z][A-Z0-9]{1,9}$', maxLength: 10, description: 'stands before the number in the refs of its tasks; a former key stays an alias' })
const Name = Text(1, 120, { pattern: '\\S' })
const Description = Nullable(Text(0, 20_000))

export const CreateProject = Strict({
  key: Type.Optional(Key), name: Name, description: Type.Optional(Description), visibility: Type.Optional(Visibility), columns: Type.Optional(Columns), wip: Type.Optional(Wip),
})
export type CreateProject = Static<typeof CreateProject>
export const PatchProject = Strict({
  key: Type.Optional(Key), name: Type.Optional(Name), description: Type.Optional(Description), visibility: Type.Optional(Visibility),
  status: Type.Optional(ProjectStatus), columns: Type.Optional(Columns), wip: Type.Optional(Wip),
})
export type PatchProject = Static<typeof PatchProject>
export type ColumnInput = Static<typeof ColumnInput>

export const ProjectQuery = Strict({ ...Page, status: Type.Optional(ProjectStatus), q: Type.Optional(Text(1, 100, { description: 'part of the name, or the key' })) })
export type ProjectQuery = Static<typeof ProjectQuery>
/** Reading also works by key, present or former. */
export const ProjectByIdOrKey = Strict({ id: Type.String({ pattern: '^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z][A-Za-z0-9]{1,9})$', description: 'id or key' }) })

const ProjectFields = {
  id: Id, key: Type.String(), name: Type.String(), description: Nullable(Type.String()), visibility: Visibility, status: ProjectStatus, columns: Type.Array(ColumnSchema), wip: Wip,
  progress: Type.Object({ total: Type.Integer(), done: Type.Integer(), percent: Type.Integer() }), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time,
}
export const Project = Type.Object({ ...ProjectFields, role: ProjectRole }, { $id: 'Project', description: '`role` is what the caller may do in it.' })
export type Project = Static<typeof Project>
export const ProjectList = listOf(Project, 'ProjectList')

export const ProjectRow = Type.Object({ ...ProjectFields, memberRole: Nullable(ProjectRole) })
export type ProjectRow = Static<typeof ProjectRow>

export const MemberParams = Strict({ id: Id, userId: Id })
export const PutMember = Strict({ role: ProjectRole })
export const ProjectMember = Type.Object(
  { id: Id, userId: Id, name: Type.String(), email: Type.String(), role: ProjectRole, version: Version, createdAt: Time, updatedAt: Time },
  { $id: 'ProjectMember', description: '`id` is the person\'s.' },
)
export type ProjectMember = Static<typeof ProjectMember>
export const ProjectMemberList = listOf(ProjectMember, 'ProjectMemberList')
