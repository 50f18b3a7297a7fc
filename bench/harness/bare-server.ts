// The other side of the comparison: node:http and pg, as a careful person writes them without a framework. The same embedded PostgreSQL with
// the same tables, as the superuser, so that no policy applies; prepared statements, a pool of the same size, awaited queries in one
// transaction for a write; no token, no validation, no event.
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../../server/adapters/database-embedded.ts'
import { newId } from '../../server/kernel/ids.ts'
import { listMigrations, migrate } from '../../server/kernel/migrate.ts'
import { rankBetween } from '../../server/modules/tasks/ranks.ts'
import { seedProject, seedProjects, seedTasks } from './seed.ts'

const [tasks = '1000'] = process.argv.slice(2)
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bare-'))
const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
await migrate(database.connection('owner'), listMigrations())
const pool = new pg.Pool({ ...database.superuser(), max: 10 })
pool.on('error', () => {})
const tenant = newId()
const user = newId()
const seeder = new pg.Client(database.superuser())
await seeder.connect()
const project = await seedProject(seeder, { tenant, user })
const projects = await seedProjects(seeder, { tenant, user }, 16)
const ids = await seedTasks(seeder, { tenant, user, project, count: Number(tasks) })
await seeder.end()

const columns = `t.id, t.project_id as "projectId", p.key || '-' || t.number as ref, t.title, t.description, t.status, t.position, t.assignee_id as "assigneeId", t.priority, t.labels, t.fields,
  t.due_at as "dueAt", t.parent_id as "parentId", t.created_by as "createdBy", t.version, t.created_at as "createdAt", t.updated_at as "updatedAt"`
const statements = {
  findTask: `select ${columns}, exists (select from watchers w where w.tenant_id = t.tenant_id and w.task_id = t.id and w.user_id = $3) as watching,
    (select count(*)::int from comments c where c.tenant_id = t.tenant_id and c.task_id = t.id) as "commentCount" from tasks t join projects p on p.tenant_id = t.tenant_id and p.id = t.project_id where t.tenant_id = $1 and t.id = $2 and t.deleted_at is null`,
  listTasks: `select ${columns} from tasks t join projects p on p.tenant_id = t.tenant_id and p.id = t.project_id
    where t.tenant_id = $1 and t.project_id = $2 and t.deleted_at is null and t.id < $3 order by t.id desc limit $4`,
  findProject: `select id, key, status, columns, wip from projects where tenant_id = $1 and id = $2 and deleted_at is null`,
  number: `update project_counters set last = last + 1 where tenant_id = $1 and project_id = $2 returning last`,
  lastRank: `select position from tasks where tenant_id = $1 and project_id = $2 and status = $3 and deleted_at is null order by position desc, id desc limit 1`,
  insertTask: `insert into tasks (tenant_id, id, project_id, number, title, description, status, position, priority, labels, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    returning id, version, created_at as "createdAt", updated_at as "updatedAt"`,
  lockTask: `select ${columns} from tasks t join projects p on p.tenant_id = t.tenant_id and p.id = t.project_id where t.tenant_id = $1 and t.id = $2 and t.deleted_at is null for update of t`,
  neighbours: `select f.position as after, (select o.position from tasks o where o.tenant_id = $1 and o.project_id = $2 and o.status = $3 and o.deleted_at is null and o.id <> $5
    and (o.position, o.id) > (f.position, f.id) order by o.position, o.id limit 1) as below from tasks f where f.tenant_id = $1 and f.id = $4 and f.status = $3 and f.deleted_at is null`,
  moveTask: `update tasks set status = $3, position = $4 where tenant_id = $1 and id = $2 returning version, updated_at as "updatedAt"`,
}
type Name = keyof typeof statements
type Row = Record<string, any>
const ask = async (client: pg.Pool | pg.PoolClient, name: Name, values: unknown[]): Promise<Row[]> => (await client.query<Row>({ name, text: statements[name], values })).rows

async function inTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

async function answer(method: string, url: URL, body: Row): Promise<{ status: number; body: unknown }> {
  const [, , , what, id, verb] = url.pathname.split('/')
  if (what === 'tasks' && method === 'GET' && id) {
    const [task] = await ask(pool, 'findTask', [tenant, id, user])
    return { status: task ? 200 : 404, body: task }
  }
  if (what === 'tasks' && method === 'GET') {
    const limit = Number(url.searchParams.get('limit') ?? 50)
    const rows = await ask(pool, 'listTasks', [tenant, url.searchParams.get('projectId'), url.searchParams.get('after') ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff', limit + 1])
    return { status: 200, body: { items: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]!.id : null } }
  }
  if (what === 'tasks' && method === 'POST') {
    return inTransaction(async (client) => {
      const [found] = await ask(client, 'findProject', [tenant, body.projectId])
      const status = body.status ?? found!.columns[0].id
      const [last] = await ask(client, 'lastRank', [tenant, body.projectId, status])
      const [counter] = await ask(client, 'number', [tenant, body.projectId])
      const task = { id: newId(), projectId: body.projectId, ref: `${found!.key}-${counter!.last}`, title: body.title, description: body.description ?? null, status, position: rankBetween(last?.position, undefined)!, assigneeId: null, priority: body.priority ?? 'none', labels: body.labels ?? [], fields: {}, dueAt: null, parentId: null, createdBy: user }
      const [made] = await ask(client, 'insertTask', [tenant, task.id, task.projectId, counter!.last, task.title, task.description, task.status, task.position, task.priority, task.labels, user])
      return { status: 201, body: { ...task, ...made } }
    })
  }
  if (what === 'tasks' && method === 'PATCH' && verb === 'move') {
    return inTransaction(async (client) => {
      const [task] = await ask(client, 'lockTask', [tenant, id])
      const [found] = await ask(client, 'findProject', [tenant, task!.projectId])
      const [place] = await ask(client, 'neighbours', [tenant, task!.projectId, body.status, body.after, id])
      if (!found!.columns.some((column: Row) => column.id === body.status)) return { status: 422, body: { title: 'no such column' } }
      const position = rankBetween(place!.after, place!.below ?? undefined)!
      const [moved] = await ask(client, 'moveTask', [tenant, id, body.status, position])
      return { status: 200, body: { ...task, ...moved, status: body.status, position } }
    })
  }
  return { status: 404, body: { title: 'not found' } }
}

const server = http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  let text = ''
  req.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => {
    answer(req.method!, new URL(req.url!, 'http://localhost'), text ? (JSON.parse(text) as Row) : {})
      .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }))
      .then(({ status, body }) => {
        const out = JSON.stringify(body)
        res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(out) }).end(out)
      })
  })
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port, cluster: path.join(database.dataDir, 'cluster'), project, projects, ids }))
process.on('disconnect', () => {
  server.closeAllConnections()
  void pool.end().then(() => database.stop()).then(() => {
    fs.rmSync(dataDir, { recursive: true, force: true })
    process.exit(0)
  })
})
