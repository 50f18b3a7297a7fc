// Every statement of every module against the live database, and the rules of tenancy on every table.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { describeApp } from './describe-app.ts'
import { checkStatements } from './kernel/describe.ts'
import { statements } from './kernel/sql.ts'
import { testKernel } from './testing/kernel.ts'

async function owner(t: TestContext, extra?: string): Promise<pg.Client> {
  const { database } = await testKernel(t, { ...(extra ? { extra } : {}) })
  const client = new pg.Client(database.connection('owner'))
  await client.connect()
  t.after(() => client.end())
  return client
}
const faultsOf = async (client: pg.Client) => (await client.query<{ line: string }>(`select object || ': ' || fault as line from tenancy_faults()`)).rows.map((row) => row.line)

test('each statement gives the columns, types and nulls that its row says', async (t) => {
  const { modules } = describeApp()
  const ofModules = new Set(statements.map(({ label }) => label.split('.')[0]))
  assert.ok(modules.length > 2 && statements.length > 20 && ofModules.size > 3, `${statements.length} statements of ${[...ofModules].join(', ')}`)
  assert.deepEqual(await checkStatements(await owner(t)), [])
})

test('a statement of another shape than its row is found', async (t) => {
  const { statement, sql } = await import('./kernel/sql.ts')
  const { Type } = await import('./kernel/schema.ts')
  const before = statements.length
  statement('planted.type', Type.Object({ id: Type.String(), paused: Type.String() }), () => sql`select name as id, paused from readers`)
  statement('planted.null', Type.Object({ error: Type.String() }), () => sql`select error from readers`)
  statement('planted.name', Type.Object({ called: Type.String() }), () => sql`select name from readers`)
  statement('planted.text', Type.Object({ name: Type.String() }), () => sql`select name from raeders`)
  const planted = statements.splice(before)
  assert.deepEqual(await checkStatements(await owner(t), planted), [
    'planted.type: paused is boolean in the database, string in the row', 'planted.null: error may be null in the database',
    'planted.name: column name is not in the row', 'planted.name: no column called', 'planted.text: relation "raeders" does not exist',
  ])
})

test('no table, policy, index, foreign key or function breaks a rule of tenancy', async (t) => {
  assert.deepEqual(await faultsOf(await owner(t)), [])
})

test('a table without tenancy, an open policy, a foreign key across tenants and a definer function are found', async (t) => {
  const client = await owner(t, `
    create table planted_bare (id uuid primary key);
    create table planted_open (tenant_id uuid not null, id uuid not null); select apply_tenancy('planted_open');
    create policy leak on planted_open to gw_app using (true);
    create index planted_index on planted_open (id);
    create table planted_child (tenant_id uuid not null, id uuid not null, parent uuid); select apply_tenancy('planted_child');
    create unique index planted_unique on planted_open (tenant_id, id); alter table planted_open add column other uuid unique;
    alter table planted_child add foreign key (parent) references planted_open (other);
    create function planted_definer() returns int language sql security definer as 'select 1';`)
  const faults = (await faultsOf(client)).join('\n')
  for (const part of [
    'planted_bare: no forced row security', 'planted_open: policy leak opens the table to gw_app', 'planted_open: index planted_index does not begin with tenant_id',
    'planted_child: foreign key planted_child_parent_fkey lacks tenant_id', 'planted_definer(): definer function without a fixed search_path', 'planted_definer(): definer function that gw_app may call does not name the tenant',
  ]) assert.ok(faults.includes(part), `${part}\nnot in\n${faults}`)
})
