import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Database } from '../kernel/ports.ts'
import { afterwards } from '../testing/afterwards.ts'
import { debianBin, skipWithout, startBare, type BareServer } from '../testing/bare-postgres.ts'
import { connect, databaseContract } from './database.contract.ts'
import { openExternal } from './database-postgres.ts'

const versions = [
  { name: 'PostgreSQL 18', bin: undefined, skip: false as const },
  { name: 'PostgreSQL 15', bin: debianBin, skip: skipWithout(debianBin) },
]
const quiet = { log: () => {} }

for (const { name, bin, skip } of versions) {
  let server: BareServer
  databaseContract(`an external ${name}, by a superuser's URL,`, {
    skip, leastVersion: 150_000,
    open: async () => {
      server = await startBare(bin)
      await server.run('postgres', 'create database product')
      return openExternal({ url: server.url('product'), platformKey: randomBytes(32), ...quiet })
    },
    close: () => server.stop(),
  })

  databaseContract(`an external ${name}, by the URL of an owner with CREATEROLE,`, {
    skip, leastVersion: 150_000,
    open: async () => {
      server = await startBare(bin)
      await server.run('postgres', "create role hosted login createrole password 'p@ss/word'", 'create database product owner hosted')
      if (bin === undefined) await server.run('postgres', 'grant pg_read_all_stats to hosted with admin option')
      return openExternal({ url: server.url('product', 'hosted', 'p@ss/word'), platformKey: randomBytes(32), ...quiet })
    },
    close: () => server.stop(),
  })

  test(`an external ${name} without the right to make roles says what an administrator must run, and that suffices`, { skip }, async (t) => {
    const server = await startBare(bin)
    afterwards(t, () => server.stop())
    await server.run('postgres', "create role plain login password 'secret-of-plain'", 'create database product owner plain')
    const o = { url: server.url('product', 'plain', 'secret-of-plain'), platformKey: randomBytes(32), ...quiet }
    const refused = await openExternal(o).then(() => assert.fail('started'), (e: Error) => e.message)
    assert.match(refused, /plain may not prepare product on /)
    assert.ok(!refused.includes('secret-of-plain'))
    const statements = refused.slice(refused.indexOf('\n\n')).trim()
    assert.match(statements, /^create role gw_owner login /)
    await server.run('product', statements)
    const database = await openExternal(o)
    for (const role of ['owner', 'app', 'system', 'identity', 'backup'] as const) {
      const { password } = database.connection(role)
      assert.ok(!refused.includes(String(password)), 'the statements hold no password')
      await connect(t, database.connection(role))
    }
    const owner = await connect(t, database.connection('owner'))
    await owner.query('create extension pg_trgm; create table here (a int)')
  })
}

test('eight starts at once on one database agree, and a later one changes nothing', async (t) => {
  const server = await startBare()
  afterwards(t, () => server.stop())
  await server.run('postgres', 'create database product')
  const o = { url: server.url('product'), platformKey: randomBytes(32), ...quiet }
  const all: Database[] = await Promise.all(Array.from({ length: 8 }, () => openExternal(o)))
  const verifiers = async () => (await server.run('postgres', "select rolname, rolpassword from pg_authid where rolname like 'gw\\_%' order by 1")).rows
  const before = await verifiers()
  for (const one of all) await connect(t, one.connection('app'))
  await openExternal(o)
  assert.equal(before.length, 5)
  assert.deepEqual(await verifiers(), before)
})

test('another key is refused for another database of the server, and changes the passwords of its own', async (t) => {
  const server = await startBare()
  afterwards(t, () => server.stop())
  await server.run('postgres', 'create database one', 'create database two')
  const first = await openExternal({ url: server.url('one'), platformKey: randomBytes(32), ...quiet })
  await assert.rejects(openExternal({ url: server.url('two'), platformKey: randomBytes(32), ...quiet }), /belong to the database one and to its SECRET_KEY/)
  await connect(t, first.connection('app'))
  const next = await openExternal({ url: server.url('one'), platformKey: randomBytes(32), ...quiet })
  await connect(t, next.connection('app'))
  await assert.rejects(connect(t, first.connection('app')), { code: '28P01' })
})

test('a role that may pass by row security stops the start', async (t) => {
  const server = await startBare()
  afterwards(t, () => server.stop())
  await server.run('postgres', 'create database product', 'create role gw_app login bypassrls')
  await assert.rejects(openExternal({ url: server.url('product'), platformKey: randomBytes(32), ...quiet }), /alter role gw_app nosuperuser nobypassrls/)
})

test('what cannot be reached or read is one sentence without the password', async () => {
  const said = async (url: string) => openExternal({ url, platformKey: randomBytes(32), ...quiet }).then(() => assert.fail('started'), (e: Error) => e.message)
  const refused = await said('postgres://somebody:hidden-word@127.0.0.1:1/product')
  assert.match(refused, /cannot connect to product on 127\.0\.0\.1:1 as somebody \(.*ECONNREFUSED.*\): check/)
  for (const wrong of ['mysql://u:hidden-word@h/d', 'nonsense hidden-word', 'postgres://u:hidden-word@/d?host=/tmp'])
    assert.match(await said(wrong), /DATABASE_URL is not of the form/)
  for (const text of [refused, await said('nonsense hidden-word')]) assert.ok(!text.includes('hidden-word'))
})
