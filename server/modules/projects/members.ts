// Who belongs to a project. A person's membership in the tenant comes first and takes this one along when it ends.
import type { Context } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import type { List } from '../../kernel/schema.ts'
import type { ProjectEventName } from './events.ts'
import { deleteMember, findMember, findPerson, listMembers, lockMember, putMember } from './queries.ts'
import { findBoard, judgeRole, requireActive } from './roles.ts'
import type { ProjectMember, ProjectRole } from './schema.ts'

const lowest = '00000000-0000-0000-0000-000000000000'

export async function listProjectMembers(ctx: Context, id: string, { after, limit }: { after?: string; limit: number }): Promise<List<ProjectMember>> {
  const [above] = parseCursor(after, [lowest], [idShape])
  const [[project], rows] = await ctx.read(findBoard(ctx, id), listMembers(id, above!, limit + 1))
  judgeRole(ctx, project, 'viewer')
  return page(rows, limit, (last) => [last.userId])
}

export async function getProjectMember(ctx: Context, id: string, userId: string): Promise<ProjectMember> {
  const [[project], rows] = await ctx.read(findBoard(ctx, id), findMember(id, userId))
  judgeRole(ctx, project, 'viewer')
  return only(rows, 'member')
}

/** Adds a person or changes their role. @throws member.not_found when they are not of the tenant */
export async function putProjectMember(ctx: Context, id: string, userId: string, role: ProjectRole): Promise<ProjectMember> {
  return ctx.happen<ProjectEventName, ProjectMember>(async (tx) => {
    const [[project], [person], [member]] = await tx.run(findBoard(ctx, id), findPerson(userId), lockMember(id, userId))
    judgeRole(ctx, project, 'manager')
    requireActive(project!)
    if (!person) refuse('member.not_found', 'nobody of this tenant has that id: invite them to the tenant first')
    if (member?.role === role) return { happened: [], result: member }
    tx.later(putMember(id, userId, role))
    const { now, ...who } = person
    const about = { subject: userId, person: userId }
    if (!member) return { happened: [{ ...about, name: 'project-member.added', data: { projectId: id, userId, role } }], result: { ...who, role, version: 1, createdAt: now, updatedAt: now } }
    return { happened: [{ ...about, name: 'project-member.changed', data: { projectId: id, userId, role, from: member.role } }], result: { ...member, role, version: member.version + 1, updatedAt: now } }
  })
}

/** Managers take anybody out, everybody themselves. @throws member.not_found */
export async function removeProjectMember(ctx: Context, id: string, userId: string): Promise<void> {
  await ctx.change('project-member.removed', async (tx) => {
    const [[project], members] = await tx.run(findBoard(ctx, id), lockMember(id, userId))
    const isSelf = ctx.actor.type === 'user' && ctx.actor.id === userId
    judgeRole(ctx, project, isSelf ? 'viewer' : 'manager')
    requireActive(project!)
    const { role } = only(members, 'member')
    tx.later(deleteMember(id, userId))
    return { subject: userId, person: userId, data: { projectId: id, userId, from: role }, result: undefined }
  })
}
