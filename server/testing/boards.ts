// Projects and tasks behind the real HTTP server, for tests of what happens on boards.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { listEvents, type LoggedEvent, type Position } from '../kernel/log.ts'
import { projectEvents, projects } from '../modules/projects/module.ts'
import type { Project } from '../modules/projects/schema.ts'
import { createTasks, taskEvents } from '../modules/tasks/module.ts'
import type { Task } from '../modules/tasks/schema.ts'
import { testHttp, type Person, type TestHttp } from './http.ts'

export const openTasks = (t: Pick<TestContext, 'after'>): Promise<TestHttp> => testHttp(t, { modules: (kernel) => [projects, createTasks(kernel)], groups: [projectEvents, taskEvents] })

export async function makeProject(http: TestHttp, by: Person, over: object = {}): Promise<Project> {
  const { status, body } = await http.as(by, 'POST', '/projects', { key: 'WEB', name: 'Website', ...over })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

export async function makeTask(http: TestHttp, by: Person, project: Pick<Project, 'id'>, over: object = {}): Promise<Task> {
  const { status, body } = await http.as(by, 'POST', '/tasks', { projectId: project.id, title: 'A task', ...over })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

/** The whole log of these names, in its order, opened. */
export async function eventsOf({ kernel }: TestHttp, names: RegExp): Promise<LoggedEvent[]> {
  const context = kernel.system.context(kernel.who())
  const found: LoggedEvent[] = []
  for (let at: Position = { pos: 0, seq: 0 }; ; ) {
    const [rows] = await context.read(listEvents(at, 1000))
    for (const row of rows) if (names.test(row.name)) found.push(await kernel.open(row))
    const last = rows.at(-1)
    if (!last) return found
    at = last
  }
}
