// Plans are kept per connection. Those made while a table was tiny must still be right when it has grown, also before the server looks at it again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { newId } from '../../kernel/ids.ts'
import { sql } from '../../kernel/sql.ts'
import { makeProject, openTasks } from '../../testing/boards.ts'
import { listTasks } from './list.ts'
import { changeTask, createTask, moveTask } from './service.ts'

test('plans made on empty tables find their rows by index when the tables have grown', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const { pool } = http.kernel.system
  const asOwner = http.kernel.database.connection('owner')
  const client = new pg.Client(asOwner)
  await client.connect()
  await client.query('alter table tasks set (autovacuum_enabled = off); analyze tasks, projects, project_counters') // nobody looks again
  await client.end()
  const ctx = http.kernel.app.context({ tenant: owner.tenant, actor: { type: 'user', id: owner.id }, request: newId(), role: 'owner' })
  const read = (name: string) => sql<{ n: number; pid: number }>`select pg_stat_get_xact_numscans(${name}::regclass)::int as n, pg_backend_pid() as pid`
  let ids: string[] = []
  /** Scans of all of tasks while all verbs run in one transaction, and whose connection it was. */
  const scans = () => ctx.change('task.changed', async (tx) => {
    const [[before]] = await tx.run(read('tasks'))
    const made = await createTask(tx, { projectId: project.id, title: 'new' })
    ids.push(made.id)
    await moveTask(tx, made.id, { status: 'doing' }, {})
    await moveTask(tx, ids[0]!, { status: 'doing', after: made.id }, {})
    await moveTask(tx, made.id, { before: ids[0]! }, {})
    await changeTask(tx, made.id, { status: 'done', title: 'newer' })
    const [[after]] = await tx.run(read('tasks'))
    return { subject: made.id, data: { projectId: project.id, fields: [], from: {}, to: {} }, result: { scanned: after!.n - before!.n, pid: after!.pid } }
  })
  ids = [(await createTask(ctx, { projectId: project.id, title: 'first' })).id]
  const tiny = await scans()
  await pool.query(`insert into tasks (tenant_id, id, project_id, number, title, status, position)
    select $1, uuid7(), $2, 1000 + n, 'Task ' || n, (array['todo', 'doing', 'done'])[1 + n % 3], 'V' || lpad(n::text, 7, '0') || '1' from generate_series(1, 3000) n`, [owner.tenant, project.id])
  const grown = await scans()
  assert.equal(grown.pid, tiny.pid, 'the same connection, so the same plans')
  assert.deepEqual([tiny.scanned, grown.scanned], [0, 0])

  const [[before]] = await ctx.read(read('tasks'))
  for (const query of [{ projectId: project.id }, { projectId: project.id, sort: 'position' as const }, {}]) assert.equal((await listTasks(ctx, { ...query, limit: 50 })).items.length, 50)
  const [[after]] = await ctx.read(read('tasks'))
  assert.deepEqual([after!.pid, after!.n], [before!.pid, before!.n], 'a list reads its page, not the table')
})
