import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { connect } from '../adapters/database.contract.ts'
import { afterwards } from './afterwards.ts'
import { startBare } from './bare-postgres.ts'
import { testDatabase, type ServerOptions } from './postgres.ts'

/** One migration, counted. */
function migration() {
  let runs = 0
  return {
    runs: () => runs,
    async migrate(owner: pg.ClientConfig) {
      runs++
      const client = new pg.Client(owner)
      await client.connect()
      await client.query('create table made (a int); grant select, insert on made to gw_app')
      await client.end()
    },
  }
}

const servers: { name: string; open(t: Parameters<typeof afterwards>[0]): Promise<ServerOptions> }[] = [
  { name: 'the server of this process', open: async () => ({}) },
  {
    name: "another process's server",
    async open(t) {
      const server = await startBare()
      afterwards(t, () => server.stop())
      return { adminUrl: server.url('postgres') }
    },
  },
]
for (const { name, open } of servers)
  test(`databases on ${name} are apart, migrated once, and dropped when nobody uses them any more`, async (t) => {
    const o = await open(t)
    const { migrate, runs } = migration()
    const template = `contract_${process.pid}_${name.length}`
    const hooks: (() => unknown)[] = []
    const ending = { after: (hook?: unknown) => void hooks.push(hook as () => unknown) } as Parameters<typeof testDatabase>[0]
    const [one, two] = await Promise.all([testDatabase(ending, { ...o, template, migrate }), testDatabase(ending, { ...o, template, migrate })])
    assert.equal(runs(), 1)
    const first = await connect(t, one.connection('app'))
    const second = await connect(t, two.connection('app'))
    await first.query('insert into made values (1)')
    assert.equal((await second.query('select from made')).rowCount, 0)
    await assert.rejects(second.query('create table public.other (a int)'), { code: '42501' })

    for (const hook of hooks) await hook()
    await second.end()
    const three = await testDatabase(t, { ...o, template, migrate })
    const looking = await connect(t, three.connection('app'))
    const left = (await looking.query<{ name: string }>('select datname::text as name from pg_database')).rows.map((r) => r.name)
    assert.ok(left.includes(one.name), 'still in use')
    assert.ok(!left.includes(two.name), 'dropped')
    assert.equal(runs(), 1)
  })
