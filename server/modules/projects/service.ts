// The verbs and questions about projects.
import { personOf, type Context, type Happened } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { isId, newId } from '../../kernel/ids.ts'
import { idShape, newest, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { usualColumns, withIds } from './columns.ts'
import type { ProjectEventName } from './events.ts'
import {
  countByStatus, findKey, findProject, findProjectByKey, freeKeys, insertCounter, insertKey, insertProject, listKeysLike, listProjects, lockProject, markDeleted, putMember, updateProject,
} from './queries.ts'
import { judgeRole, lockColumns, requireActive, roleIn } from './roles.ts'
import type { Column, CreateProject, PatchProject, Project, ProjectQuery, ProjectRow } from './schema.ts'

const shown = (ctx: Context, { memberRole, ...row }: ProjectRow): Project => ({ ...row, role: roleIn(ctx, { ...row, memberRole }) ?? refuse('project.not_found') })
const keyTaken = (error: { constraint?: string }): never => {
  if (error.constraint === 'project_keys_pkey') refuse('project.key_taken')
  throw error
}

/** Whoever creates a project manages it. Without a key one is made from the name. One flush. @throws project.key_taken */
export async function createProject(ctx: Context, given: CreateProject): Promise<Project> {
  const key = given.key ?? (await findFreeKey(ctx, given.name))
  const person = personOf(ctx)
  const project = {
    id: newId(), key, name: given.name.trim(), description: given.description ?? null, visibility: given.visibility ?? 'open', status: 'active' as const,
    columns: given.columns ? withIds(given.columns) : [...usualColumns], wip: given.wip ?? 'warn',
  }
  const { id, name, visibility, columns } = project
  const rows = [insertKey(id, key), insertCounter(id), ...(person ? [putMember(id, person, 'manager')] : [])]
  const [[made]] = await ctx.change('project.created', { subject: id, data: { projectId: id, key, name, visibility, columns }, run: [insertProject(project, person), ...rows] }).catch(keyTaken)
  const { now } = made!
  return shown(ctx, { ...project, progress: { total: 0, done: 0, percent: 0 }, createdBy: person, version: 1, createdAt: now, updatedAt: now, memberRole: person ? 'manager' : null })
}

/** By id, or by a key it has or had. @throws project.not_found */
export async function getProject(ctx: Context, idOrKey: string): Promise<Project> {
  const [rows] = await ctx.read(isId(idOrKey) ? findProject(ctx, idOrKey) : findProjectByKey(ctx, idOrKey.toUpperCase()))
  return shown(ctx, only(rows, 'project'))
}

/** Those the caller sees, newest first. */
export async function listVisibleProjects(ctx: Context, { after, limit, status, q }: ProjectQuery): Promise<List<Project>> {
  const [before] = parseCursor(after, [newest[1]], [idShape])
  const pattern = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
  const [rows] = await ctx.read(listProjects(ctx, { status: status ?? null, pattern, key: q?.trim().toUpperCase() ?? null }, before!, limit + 1))
  return page(rows.map((row) => shown(ctx, row)), limit, (last) => [last.id])
}

/** What is absent stays. Archiving is `status`. @throws project.archived, project.column_in_use, project.key_taken, 412 */
export async function changeProject(ctx: Context, id: string, change: PatchProject, ifMatch?: number): Promise<Project> {
  return ctx.happen<ProjectEventName, Project>(async (tx) => {
    const [, [row], [owner], counts] = change.columns
      ? await tx.run(lockColumns(id), lockProject(ctx, id), findKey(change.key ?? ''), countByStatus(id))
      : [undefined, ...(await tx.run(lockProject(ctx, id), findKey(change.key ?? ''))), []]
    judgeRole(ctx, row, 'manager')
    const { now, ...project } = row!
    checkVersion(project.version, ifMatch)
    const next = { ...project, ...change, name: (change.name ?? project.name).trim(), columns: change.columns ? withIds(change.columns, project.columns) : project.columns }
    const fields = changedFields(project, next)
    if (!fields.length) return { happened: [], result: shown(ctx, project) }
    if (change.status !== 'active') requireActive(project)
    keepUsed(project.columns, next.columns, counts)
    if (fields.includes('key') && owner?.projectId !== project.id) tx.later(owner ? refuse('project.key_taken') : insertKey(id, next.key))
    tx.later(updateProject(next))
    const progress = change.columns ? progressOf(next.columns, counts) : project.progress
    return { happened: eventsOf(project, next, fields), result: shown(ctx, { ...next, progress, version: project.version + 1, updatedAt: now }) }
  }).catch(keyTaken)
}

/** With all its tasks. Its keys become free. @throws project.not_found */
export async function deleteProject(ctx: Context, id: string): Promise<void> {
  await ctx.change('project.deleted', async (tx) => {
    const [[project]] = await tx.run(lockProject(ctx, id))
    judgeRole(ctx, project, 'manager')
    const { key, name, progress } = project!
    tx.later(markDeleted(id))
    tx.later(freeKeys(id))
    return { subject: id, data: { projectId: id, key, name, tasks: progress.total }, result: undefined }
  })
}

const compared = ['key', 'name', 'description', 'visibility', 'status', 'columns', 'wip'] as const
const changedFields = (a: ProjectRow, b: ProjectRow) => compared.filter((field) => JSON.stringify(ordered(a[field])) !== JSON.stringify(ordered(b[field])))
/** jsonb gives the fields of a column back in an order of its own. */
const ordered = (value: string | null | readonly Column[]) => (Array.isArray(value) ? value.map((c: Column) => [c.id, c.name, c.category, c.wipLimit]) : value)

function eventsOf(before: ProjectRow, after: ProjectRow, fields: readonly (typeof compared)[number][]): Happened<ProjectEventName>[] {
  const archived = fields.includes('status') && after.status === 'archived'
  const edited = fields.filter((field) => !(archived && field === 'status'))
  const pick = (row: ProjectRow) => Object.fromEntries(edited.map((field) => [field, row[field]]))
  const projectId = after.id
  const columns = edited.includes('columns') ? { columns: after.columns } : {}
  return [
    ...(edited.length ? [{ name: 'project.changed' as const, subject: projectId, data: { projectId, fields: [...edited], ...columns, from: pick(before), to: pick(after) } }] : []),
    ...(archived ? [{ name: 'project.archived' as const, subject: projectId, data: { projectId } }] : []),
  ]
}

function progressOf(columns: readonly Column[], counts: readonly { status: string; tasks: number }[]): Project['progress'] {
  const isDone = (status: string) => columns.some(({ id, category }) => id === status && category === 'done')
  const total = counts.reduce((sum, { tasks }) => sum + tasks, 0)
  const done = counts.reduce((sum, { status, tasks }) => sum + (isDone(status) ? tasks : 0), 0)
  return { total, done, percent: total ? Math.trunc((done * 100) / total) : 0 }
}

/** 409 when a column that goes has tasks. */
function keepUsed(before: readonly Column[], after: readonly Column[], counts: readonly { status: string; tasks: number }[]): void {
  for (const column of before) {
    const tasks = after.some(({ id }) => id === column.id) ? 0 : (counts.find(({ status }) => status === column.id)?.tasks ?? 0)
    if (tasks) refuse('project.column_in_use', `the column "${column.name}" has ${tasks} task${tasks > 1 ? 's' : ''}: move them to another column first`)
  }
}

/** "Mobile App" becomes MA, MA2, ...; two people at once may still meet, then the later is refused. */
async function findFreeKey(ctx: Context, name: string): Promise<string> {
  const words = name.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().split(/[^A-Z0-9]+/).filter(Boolean)
  const letters = (words.length > 1 ? words.map((word) => word[0]).join('') : (words[0] ?? '')).replace(/^[0-9]+/, '').slice(0, 6)
  const base = letters.length > 1 ? letters : `${letters}P`.padEnd(2, 'P').slice(0, 2)
  const [taken] = await ctx.read(listKeysLike(base))
  for (let n = 1; ; n++) {
    const key = n === 1 ? base : `${base}${n}`
    if (!taken.some((row) => row.key === key)) return key
  }
}
