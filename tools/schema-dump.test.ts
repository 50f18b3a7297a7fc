import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import pg from 'pg'
import { runAs, testKernel } from '../server/testing/kernel.ts'
import { dumpMigrated, dumpSchema } from './schema-dump.ts'

const oldest = '/usr/lib/postgresql/15/bin'

test('the dump is the same on the oldest supported PostgreSQL', { skip: existsSync(oldest) ? false : `no PostgreSQL 15 in ${oldest}` }, async () => {
  assert.equal(await dumpMigrated({ binDir: oldest }), await dumpMigrated())
})

test('the committed schema is what the migrations make', async () => {
  assert.equal(`${await dumpMigrated()}\n`, readFileSync('server/migrations/schema.sql', 'utf8'), 'stale: npm run generate')
})

test('columns, defaults, constraints, indexes, policies, triggers, rights and comments show in the dump; months of the log do not', async (t) => {
  const { database } = await testKernel(t, { extra: `
    create table planted (tenant_id uuid not null, id uuid not null, size int not null default 7 check (size > 3), created_at timestamptz, updated_at timestamptz);
    select apply_tenancy('planted', 'select, insert (id, size)');
    create index planted_size on planted (tenant_id, size) where size > 5;
    comment on table planted is 'a plant';
    create function planted_size() returns int language sql as 'select 1';
    revoke execute on function planted_size() from public; grant execute on function planted_size() to gw_system;
    select add_event_month('2020-01-01')` })
  const client = new pg.Client(database.connection('owner'))
  await client.connect()
  t.after(() => client.end())
  const dump = await dumpSchema(client)
  for (const line of [
    '  size integer default 7 not null', 'constraint planted_size_check CHECK', 'constraint planted_pkey PRIMARY KEY (tenant_id, id)', 'CREATE INDEX planted_size ON public.planted USING btree (tenant_id, size) WHERE (size > 5);',
    'alter table public.planted force row level security;', 'create policy tenant on public.planted as permissive for all to gw_app using (', 'CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON public.planted',
    'grant select, insert (id, size) on public.planted to gw_app;', `comment on table public.planted is 'a plant';`, 'revoke execute on function public.planted_size() from public;', 'grant execute on function public.planted_size() to gw_system;',
  ]) assert.ok(dump.includes(line), line)
  assert.ok(!dump.includes('events_2020_01') && dump.includes('events_default'))
})

test('an order of making, or a dropped column, does not show', async (t) => {
  const dumpOf = async (text: string) => {
    const { database } = await testKernel(t)
    await runAs(database, 'owner', text)
    const client = new pg.Client(database.connection('owner'))
    await client.connect()
    t.after(() => client.end())
    return dumpSchema(client)
  }
  const a = `create table a_plant (n int); comment on table a_plant is 'no tenant: a test';`
  const b = `create table b_plant (n int); comment on table b_plant is 'no tenant: a test';`
  assert.equal(await dumpOf(`${a}${b}`), await dumpOf(`${b}${a} alter table a_plant add gone int; alter table a_plant drop gone;`))
})
