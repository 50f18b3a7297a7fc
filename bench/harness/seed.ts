// The same rows on both sides: a project with three columns and tasks spread over them, written past the product by the superuser.
import type pg from 'pg'
import { newId } from '../../server/kernel/ids.ts'

export const columns = [{ id: 'todo', name: 'To do', category: 'todo', wipLimit: null }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: null }, { id: 'done', name: 'Done', category: 'done', wipLimit: null }]

/** @returns its id */
export async function seedProject(sql: pg.ClientBase, { tenant, user, key = 'BENCH' }: { tenant: string; user: string; key?: string }): Promise<string> {
  const id = newId()
  await sql.query('insert into projects (tenant_id, id, key, name, columns, created_by) values ($1, $2, $3, $3, $4, $5)', [tenant, id, key, JSON.stringify(columns), user])
  await sql.query('insert into project_keys (tenant_id, key, project_id) values ($1, $2, $3)', [tenant, key, id])
  await sql.query('insert into project_counters (tenant_id, project_id) values ($1, $2)', [tenant, id])
  return id
}

/** Ranks lie far apart and in the order of the numbers. @returns the ids of up to 1,000 of them, spread evenly */
export async function seedTasks(sql: pg.ClientBase, { tenant, user, project, count, analyze = true }: { tenant: string; user: string; project: string; count: number; analyze?: boolean }): Promise<string[]> {
  const portion = 20_000
  for (let from = 0; from < count; from += portion) {
    await sql.query(
      `insert into tasks (tenant_id, id, project_id, number, title, description, status, position, priority, labels, created_by)
       select $1, uuid7(), $2, n, 'Task number ' || n || ' about ' || (array['billing', 'search', 'login', 'reports', 'mobile'])[1 + n % 5], 'What is to be done in task ' || n || ', in a sentence or two that people write.',
         (array['todo', 'doing', 'done'])[1 + n % 3], 'V' || lpad(n::text, 7, '0') || '1', (array['none', 'low', 'medium', 'high', 'urgent'])[1 + n % 5], array[(array['red', 'green', 'blue'])[1 + n % 3]], $3
       from generate_series($4::int + 1, $5::int) n`, [tenant, project, user, from, Math.min(count, from + portion)])
  }
  await sql.query('update project_counters set last = $3 where tenant_id = $1 and project_id = $2', [tenant, project, count])
  if (analyze) await sql.query('vacuum analyze tasks, task_search, projects')
  const { rows } = await sql.query<{ id: string }>('select id from tasks where tenant_id = $1 and project_id = $2 and number % $3 = 0 order by number limit 1000', [tenant, project, Math.max(1, Math.floor(count / 1000))])
  return rows.map(({ id }) => id)
}

/** Projects without tasks, for those to come. */
export async function seedProjects(sql: pg.ClientBase, owner: { tenant: string; user: string }, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push(await seedProject(sql, { ...owner, key: `P${String.fromCharCode(65 + (n % 26))}${Math.floor(n / 26)}` }))
  return ids
}
