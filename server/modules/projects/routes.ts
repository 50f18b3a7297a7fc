import { del, get, patch, post, put, routes } from '../../kernel/route.ts'
import { ById, Page, Strict } from '../../kernel/schema.ts'
import { getProjectMember, listProjectMembers, putProjectMember, removeProjectMember } from './members.ts'
import { CreateProject, MemberParams, PatchProject, Project, ProjectByIdOrKey, ProjectList, ProjectMember, ProjectMemberList, ProjectQuery, PutMember } from './schema.ts'
import { changeProject, createProject, deleteProject, getProject, listVisibleProjects } from './service.ts'

const read = 'projects.read'
const write = 'projects.write'

export const projectRoutes = routes('projects', {
  create: post('/projects', {
    workflow: true, summary: 'Create a project', description: 'Whoever creates it manages it.', permission: write, status: 201, body: CreateProject, returns: Project, problems: ['project.key_taken'],
    example: { key: 'WEB', name: 'Website', columns: [{ name: 'To do', category: 'todo' }, { name: 'Doing', category: 'doing', wipLimit: 3 }, { name: 'Done', category: 'done' }] },
    handle: (ctx, { body }) => createProject(ctx, body),
  }),
  list: get('/projects', { workflow: true, summary: 'List the projects you see', description: 'Newest first.', permission: read, query: ProjectQuery, returns: ProjectList, handle: (ctx, { query }) => listVisibleProjects(ctx, query) }),
  get: get('/projects/:id', { workflow: true, summary: 'Read a project', permission: read, params: ProjectByIdOrKey, returns: Project, problems: ['project.not_found'], handle: (ctx, { params }) => getProject(ctx, params.id) }),
  change: patch('/projects/:id', {
    workflow: true, summary: 'Change or archive a project', description: '`columns` are given whole: one that keeps its id stays, one with tasks cannot go. A former key stays an alias.',
    permission: write, params: ById, body: PatchProject, returns: Project, ifMatch: true, problems: ['project.not_found', 'project.archived', 'version.conflict'], example: { wip: 'block' },
    handle: (ctx, { params, body, ifMatch }) => changeProject(ctx, params.id, body, ifMatch),
  }),
  delete: del('/projects/:id', { summary: 'Delete a project with its tasks', permission: write, params: ById, problems: ['project.not_found'], handle: (ctx, { params }) => deleteProject(ctx, params.id) }),
  listMembers: get('/projects/:id/members', {
    summary: 'List the members of a project', permission: read, params: ById, query: Strict(Page), returns: ProjectMemberList, problems: ['project.not_found'],
    handle: (ctx, { params, query }) => listProjectMembers(ctx, params.id, query),
  }),
  getMember: get('/projects/:id/members/:userId', {
    summary: 'Read a member of a project', permission: read, params: MemberParams, returns: ProjectMember, problems: ['member.not_found'],
    handle: (ctx, { params }) => getProjectMember(ctx, params.id, params.userId),
  }),
  putMember: put('/projects/:id/members/:userId', {
    summary: 'Add a member to a project, or change their role', permission: write, params: MemberParams, body: PutMember, returns: ProjectMember, problems: ['member.not_found', 'project.archived'], example: { role: 'editor' },
    handle: (ctx, { params, body }) => putProjectMember(ctx, params.id, params.userId, body.role),
  }),
  removeMember: del('/projects/:id/members/:userId', {
    summary: 'Take a member out of a project', description: 'Everybody may leave.', permission: write, params: MemberParams, problems: ['member.not_found', 'project.archived'],
    handle: (ctx, { params }) => removeProjectMember(ctx, params.id, params.userId),
  }),
})
