// The MySQL driver on a real server (S0.7): bound values, one statement, capped rows, no files, and encryption that asks who the server is.
import assert from 'node:assert/strict'
import net, { type Socket } from 'node:net'
import { test } from 'node:test'
import { selfSigned } from '../../testing/identity-provider.ts'
import { noMariaDb, ownMariaDb } from '../../testing/services.ts'
import { queryDatabase } from './database.ts'
import type { Settings } from './kinds.ts'

const host = '127.0.0.1'
test('a real MariaDB answers through the driver: values bound, one statement, rows capped, no local files, names proved', { skip: noMariaDb() }, async (t) => {
  const pair = selfSigned({ name: 'db.example.test' })
  const { port, password, user, database } = await ownMariaDb(t, host, pair)
  const dial = () => new Promise<Socket>((resolve, reject) => {
    const socket = net.connect(port, host, () => resolve(socket)).on('error', reject)
  })
  const settings: Settings = { engine: 'mysql', host: 'db.example.test', port, database, user, tls: 'verify', ca: pair.certificate }
  const ask = (text: string, parameters: Parameters<typeof queryDatabase>[4] = [], maxRows = 100, more: Settings = {}, secret = password) => queryDatabase({ ...settings, ...more }, { password: secret }, dial, text, parameters, maxRows)

  const injected = `'; drop table things; -- ü 😀`
  assert.deepEqual(await ask('create table things (id int primary key auto_increment, name varchar(200) character set utf8mb4, at datetime(6), big bigint, price decimal(10,2), raw varbinary(10), doc json)'), { rows: [], count: 0, more: false })
  assert.equal((await ask('insert into things (name, at, big, price, raw, doc) values (?, ?, ?, ?, ?, ?)', [injected, '2026-01-02 03:04:05.123456', '9007199254740993', '1.10', 'ab', { a: [1] }])).count, 1)
  const { rows } = await ask('select name, at, big, price, raw, doc from things where name = ?', [injected])
  assert.deepEqual([rows[0]!.name, rows[0]!.at, rows[0]!.big, rows[0]!.price], [injected, '2026-01-02 03:04:05.123456', '9007199254740993', '1.10'])
  const capped = await ask('select seq from seq_1_to_500', [], 3)
  assert.deepEqual([capped.rows.map(({ seq }) => String(seq)), capped.count, capped.more], [['1', '2', '3'], 500, true])
  assert.equal((await ask('update things set name = ? where id = 1', ['x'])).count, 1)

  await assert.rejects(ask('select 1; drop table things'), /syntax/i)
  await assert.rejects(ask("load data local infile '/etc/passwd' into table things (name)"), /local|command|not allowed|disabled|infile/i)
  await assert.rejects(ask('selec'), /syntax/i)
  await assert.rejects(ask('select 1', [], 1, {}, 'wrong'), /denied/i)

  const { rows: [cipher] } = await ask("show status like 'Ssl_cipher'")
  assert.ok(String(cipher!.Value).length > 3, 'encrypted')
  await assert.rejects(ask('select 1', [], 1, { ca: selfSigned({ name: 'db.example.test' }).certificate }), /certificate|signature/i)
  await assert.rejects(ask('select 1', [], 1, { host: 'other.example.test' }), /altnames|match/i)
  await assert.rejects(ask('select 1', [], 1, { host }), /proves its name/)
  assert.equal((await ask('select 1 as one', [], 1, { host: 'other.example.test', tls: 'require' })).rows.length, 1)
  assert.equal((await ask('select 1 as one', [], 1, { tls: 'off' })).rows.length, 1)
  assert.equal((await ask('select count(*) as n from things')).count, 1)
})
