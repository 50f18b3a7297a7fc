// What every Database adapter promises, run on each of them and on the lowest and the packaged version of PostgreSQL.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import { afterwards } from '../testing/afterwards.ts'

/** A connected client that is closed after the test. */
export async function connect(t: Pick<TestContext, 'after'>, config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  afterwards(t, () => client.end())
  return client
}

/** `open` gives one database to all tests of the suite, with nothing in it but the roles. */
export function databaseContract(name: string, o: { skip?: string | false; open: () => Promise<Database>; leastVersion: number; close: () => Promise<void> }): void {
  test(`${name} keeps the contract of the Database port`, { skip: o.skip }, async (t) => {
    const database = await o.open()
    afterwards(t, o.close)
    const clients = async (s: TestContext, ...roles: DatabaseRole[]) => Promise.all(roles.map((role) => connect(s, database.connection(role))))
    const owner = await connect(t, database.connection('owner'))
    await owner.query('create schema contract; grant usage on schema contract to gw_app, gw_system')

    await t.test('it tells its version and place, and no password', async () => {
      assert.ok(database.version >= o.leastVersion)
      for (const role of ['owner', 'app'] as const) {
        const { password } = database.connection(role)
        assert.ok(typeof password === 'string' && password.length > 20)
        assert.ok(!database.describe().includes(password))
      }
      assert.match(database.describe(), new RegExp(`\\b${Math.floor(database.version / 10_000)}\\.`))
    })

    await t.test('every role logs in as itself, without rights above row security, in UTC', async (s) => {
      for (const role of ['owner', 'app', 'system', 'identity', 'backup'] as const) {
        const [client] = await clients(s, role)
        const found = await client!.query("select current_user::text as name, rolsuper or rolbypassrls or rolcreaterole as much, current_setting('timezone') as zone from pg_roles where rolname = current_user")
        assert.deepEqual(found.rows, [{ name: `gw_${role}`, much: false, zone: 'UTC' }])
      }
    })

    await t.test('time limits stand on the roles, longer ones on the owner', async (s) => {
      for (const role of ['app', 'system', 'identity'] as const) {
        const [client] = await clients(s, role)
        const found = await client!.query("select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle")
        assert.deepEqual(found.rows, [{ statement: '10s', lock: '5s', idle: '5s' }])
      }
      assert.equal((await owner.query('show statement_timeout')).rows[0].statement_timeout, '15min')
    })

    await t.test('the owner makes trusted extensions, schemas and tables in public; the others cannot', async (s) => {
      await owner.query('create extension if not exists pg_trgm; create extension if not exists btree_gin')
      await owner.query('create schema contract_two; create table public.contract_owned (a int)')
      for (const client of await clients(s, 'app', 'system', 'identity')) {
        await assert.rejects(client.query('create table public.mine (a int)'), { code: '42501' })
        await assert.rejects(client.query('create schema mine'), { code: '42501' })
        await assert.rejects(client.query('select * from public.contract_owned'), { code: '42501' })
      }
    })

    await t.test('row security binds gw_app, fails closed without a tenant, binds the owner by force and opens to gw_system', async (s) => {
      const mine = '00000000-0000-7000-8000-000000000001'
      const other = '00000000-0000-7000-8000-000000000002'
      await owner.query(`create table contract.rows (tenant_id uuid not null, n int);
        alter table contract.rows enable row level security; alter table contract.rows force row level security;
        create policy tenant on contract.rows to gw_app using (tenant_id = (select current_setting('app.tenant')::uuid)) with check (tenant_id = (select current_setting('app.tenant')::uuid));
        create policy system on contract.rows to gw_system using (true) with check (true);
        grant select, insert on contract.rows to gw_app, gw_system`)
      const [app, system] = await clients(s, 'app', 'system')
      await system!.query('insert into contract.rows values ($1, 1), ($2, 2)', [mine, other])
      await assert.rejects(app!.query('select * from contract.rows'), { code: '42704' })
      await app!.query("begin; select set_config('app.tenant', '00000000-0000-7000-8000-000000000001', true)")
      assert.deepEqual((await app!.query('select n from contract.rows')).rows, [{ n: 1 }])
      await assert.rejects(app!.query('insert into contract.rows values ($1, 3)', [other]), { code: '42501' })
      await app!.query('rollback')
      assert.equal((await system!.query('select from contract.rows')).rowCount, 2)
      assert.equal((await owner.query('select from contract.rows')).rowCount, 0)
    })

    await t.test('sessions are apart: notifications cross them, locks and settings do not', async (s) => {
      const [one, two] = await clients(s, 'app', 'app')
      const heard = new Promise<string | undefined>((resolve) => one!.on('notification', (n) => resolve(n.payload)))
      await one!.query('listen contract')
      await two!.query("notify contract, 'hello'")
      assert.equal(await heard, 'hello')
      await one!.query("set app.tenant = 'x'; select pg_advisory_lock(7)")
      assert.equal((await two!.query('select pg_try_advisory_lock(7) as got')).rows[0].got, false)
      assert.equal((await two!.query("select current_setting('app.tenant', true) as it")).rows[0].it ?? '', '')
    })

    await t.test('it knows which extensions the server has', async () => {
      assert.equal(await database.has('pg_trgm'), true)
      assert.equal(await database.has('no_such_extension'), false)
    })

    await t.test('the owner, and gw_system from 16 on, sees what others run, to name who holds the log back', async (s) => {
      const [app, system] = await clients(s, 'app', 'system')
      const { rows: [{ pid }] } = await app!.query('select pg_backend_pid() as pid, pg_current_xact_id()')
      for (const client of database.version >= 160_000 ? [owner, system!] : [owner])
        assert.match((await client.query('select query from pg_stat_activity where pid = $1', [pid])).rows[0].query, /pg_current_xact_id/)
    })
  })
}
