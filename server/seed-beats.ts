// The story as dated changes: each beat is one event with the rows it writes. A pure function of the tenant and the people, so that a second run
// plans the same beats under the same ids and goes on where the first one stopped.
import { createHash } from 'node:crypto'
import type { EventName } from './kernel/events.ts'
import type { Happened } from './kernel/db.ts'
import { sql, type Query } from './kernel/sql.ts'
import { rankBetween } from './modules/tasks/ranks.ts'
import { people, projects, tasks, type Deed, type ProjectKey, type StoryTask, type Who } from './seed-story.ts'

const dayMs = 86_400_000
/** `request` names the beat in the log. */
export type Beat = { request: string; by: string; happened: Happened; run: readonly Query[] }
type Draft = { day: number; by: Who; play(at: string): { happened: Happened; run: readonly Query[] } }
/** @param begun when the tenant was made: the story ends shortly before */
export type Cast = { tenant: string; begun: number; people: Readonly<Record<Who, string>> }

/** A uuid version 7 of that time that is the same at every run. */
export function idAt(at: string, tenant: string, label: string): string {
  const hex = Date.parse(at).toString(16).padStart(12, '0') + createHash('sha256').update(`${tenant} ${label}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${((parseInt(hex[16]!, 16) & 3) | 8).toString(16)}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const once = <N extends EventName>(name: N, event: Omit<Extract<Happened, { name: N }>, 'name'>): Happened => ({ name, ...event }) as unknown as Happened

export function planBeats(cast: Cast): Beat[] {
  const midnight = cast.begun - (cast.begun % dayMs)
  const drafts = draftsOf(cast).map((draft, order) => ({ ...draft, order })).sort((a, b) => b.day - a.day || a.order - b.order)
  const byDay = Map.groupBy(drafts, ({ day }) => day)
  return drafts.map(({ day, by, play }, n) => {
    const list = byDay.get(day)!
    const place = (list.findIndex((one) => one.play === play) + 0.5) / list.length
    // a working day from seven to six; today's are of the last two hours
    const at = new Date(Math.round(day === 0 ? cast.begun - (1 - place) * 2 * 3_600_000 : midnight - day * dayMs + (7 + place * 11) * 3_600_000)).toISOString()
    return { request: `seed-${String(n).padStart(3, '0')}`, by: cast.people[by], ...play(at) }
  })
}

type Living = { id: string; project: ProjectKey; projectId: string; status: string; position: string; assignee: string | null; priority: string; dueAt: string | null }

function draftsOf(cast: Cast): Draft[] {
  const projectIds = new Map<ProjectKey, string>()
  const living = new Map<string, Living>()
  const numbers = new Map<ProjectKey, number>()
  const last = new Map<string, string>() // of each column
  let dice = 7
  const random = () => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647
  const atEnd = (projectId: string, status: string) => {
    const rank = rankBetween(last.get(`${projectId} ${status}`), undefined, random)!
    last.set(`${projectId} ${status}`, rank)
    return rank
  }
  const category = (key: ProjectKey, status: string) => projects[key].columns.find(({ id }) => id === status)!.category

  const ofProject = (key: ProjectKey): Draft[] => {
    const { name, by, day, wip, description, columns } = projects[key]
    const made: Draft = { day, by, play: (at) => {
      const id = idAt(at, cast.tenant, key)
      projectIds.set(key, id)
      return {
        happened: once('project.created', { subject: id, at, data: { projectId: id, key, name, visibility: 'open', columns: [...columns] } }),
        run: [
          sql`insert into projects (id, key, name, description, columns, wip, created_by, created_at, updated_at)
            values (${id}, ${key}, ${name}, ${description}, ${sql.json(columns)}, ${wip}, ${cast.people[by]}, ${at}, ${at})`,
          sql`insert into project_keys (key, project_id, created_at) values (${key}, ${id}, ${at})`,
          sql`insert into project_counters (project_id) values (${id})`,
          sql`insert into project_members (project_id, user_id, role, created_at, updated_at) values (${id}, ${cast.people[by]}, 'manager', ${at}, ${at})`,
        ],
      }
    } }
    const others = (Object.keys(people) as Who[]).filter((who) => who !== by)
    return [made, ...others.map((who): Draft => ({ day, by, play: (at) => {
      const projectId = projectIds.get(key)!
      const role = people[who].role === 'member' ? 'editor' : 'manager'
      return {
        happened: once('project-member.added', { subject: cast.people[who], at, data: { projectId, userId: cast.people[who], role } }),
        run: [sql`insert into project_members (project_id, user_id, role, created_at, updated_at) values (${projectId}, ${cast.people[who]}, ${role}, ${at}, ${at})`],
      }
    } }))]
  }

  const created = (task: StoryTask): Draft => ({ day: task.day, by: task.by, play: (at) => {
    const id = idAt(at, cast.tenant, task.key)
    const projectId = projectIds.get(task.in)!
    const number = (numbers.get(task.in) ?? 0) + 1
    numbers.set(task.in, number)
    const status = task.at ?? projects[task.in].columns[0]!.id
    const position = atEnd(projectId, status)
    const parentId = task.of ? living.get(task.of)!.id : null
    const { title, description = null, priority = 'none', labels = [], due } = task
    const dueAt = due === undefined ? null : dayAt(due)
    living.set(task.key, { id, project: task.in, projectId, status, position, assignee: null, priority, dueAt })
    return {
      happened: once('task.created', { subject: id, at, data: { projectId, ref: `${task.in}-${number}`, title, status, category: category(task.in, status), position, priority, assigneeId: null, parentId } }),
      run: [
        sql`insert into tasks (id, project_id, number, title, description, status, position, priority, labels, due_at, parent_id, created_by, created_at, updated_at)
          values (${id}, ${projectId}, ${number}, ${title}, ${description}, ${status}, ${position}, ${priority}, ${[...labels]}, ${dueAt}, ${parentId}, ${cast.people[task.by]}, ${at}, ${at})`,
        sql`update project_counters set last = greatest(last, ${number}) where project_id = ${projectId}`,
      ],
    }
  } })

  const done = (task: StoryTask, [day, by, does, what]: Deed, n: number): Draft => ({ day, by, play: (at) => {
    const it = living.get(task.key)!
    const { projectId } = it
    const touch = (set: Query) => [sql`update tasks set ${set}, updated_at = ${at} where id = ${it.id}`]
    switch (does) {
      case 'assigns': {
        const from = it.assignee
        it.assignee = cast.people[what as Who]
        return { happened: once('task.assigned', { subject: it.id, at, person: it.assignee, data: { projectId, from, to: it.assignee } }), run: touch(sql`assignee_id = ${it.assignee}`) }
      }
      case 'moves': {
        const { status: from, position: fromPosition } = it
        it.status = what as string
        it.position = atEnd(projectId, it.status)
        const data = { projectId, from, to: it.status, fromCategory: category(it.project, from), toCategory: category(it.project, it.status), fromPosition, position: it.position }
        return { happened: once('task.moved', { subject: it.id, at, data }), run: touch(sql`status = ${it.status}, position = ${it.position}`) }
      }
      case 'ranks': {
        const from = it.priority
        it.priority = what as string
        return { happened: once('task.changed', { subject: it.id, at, data: { projectId, fields: ['priority'], from: { priority: from }, to: { priority: it.priority } } }), run: touch(sql`priority = ${it.priority}`) }
      }
      case 'plans': {
        const from = it.dueAt
        it.dueAt = dayAt(what as number)
        return { happened: once('task.changed', { subject: it.id, at, data: { projectId, fields: ['dueAt'], from: { dueAt: from }, to: { dueAt: it.dueAt } } }), run: touch(sql`due_at = ${it.dueAt}`) }
      }
      case 'says': {
        const id = idAt(at, cast.tenant, `${task.key} says ${n}`)
        const named = (Object.keys(people) as Who[]).filter((who) => (what as string).includes(`@${who}`))
        const text = named.reduce((words, who) => words.replaceAll(`@${who}`, `@[${people[who].name}](user:${cast.people[who]})`), what as string)
        const mentions = named.map((who) => cast.people[who])
        return {
          happened: once('comment.added', { subject: id, at, data: { projectId, taskId: it.id, text, mentions } }),
          run: [sql`insert into comments (id, task_id, author_id, text, mentions, created_at, updated_at)
            values (${id}, ${it.id}, ${cast.people[by]}, ${text}, ${mentions}::uuid[], ${at}, ${at})`],
        }
      }
    }
  } })

  /** Due dates fall on the end of a day. */
  const dayAt = (days: number) => new Date(cast.begun - (cast.begun % dayMs) + days * dayMs + 17 * 3_600_000).toISOString()
  return [...(Object.keys(projects) as ProjectKey[]).flatMap(ofProject), ...tasks.flatMap((task) => [created(task), ...(task.deeds ?? []).map((deed, n) => done(task, deed, n))])]
}
