import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterwards } from '../../testing/afterwards.ts'
import { debianBin, skipWithout } from '../../testing/bare-postgres.ts'
import { connect } from '../database.contract.ts'
import { attachEmbedded, openEmbedded, restoreEmbedded, type Embedded } from '../database-embedded.ts'
import { backup } from './backup.ts'
import { clearRestored, readRestored } from './restore.ts'
import { createSealedFile, keyName, newSalt, readBackupHeader, readSealedFile, type BackupHeader } from './sealed-file.ts'

const quiet = { log: () => {} }
const platformKey = randomBytes(32)
const temporary = (t: TestContext) => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-backup-'))
  fs.chmodSync(made, 0o755)
  afterwards(t, () => fs.rmSync(made, { recursive: true, force: true }))
  return made
}
const open = async (t: TestContext, dataDir: string): Promise<Embedded> => {
  const database = await openEmbedded({ dataDir, ...quiet })
  afterwards(t, () => database.stop())
  return database
}

test('a backup taken under eight writers restores every row acknowledged before it, in a new folder and over the old data', async (t) => {
  const folder = temporary(t)
  const dataDir = path.join(folder, 'data')
  const file = path.join(folder, 'one.backup')
  const database = await open(t, dataDir)
  const owner = await connect(t, database.connection('owner'))
  await owner.query('create table one (id text primary key, filler text); create table two (id text primary key)')
  const acknowledged: string[] = []
  let writing = true
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const client = await connect(t, database.connection('owner'))
    for (let n = 0; writing; n++) {
      const id = `${writer}-${n}`
      await client.query(`begin; insert into one values ('${id}', repeat('secret words ', 50)); insert into two values ('${id}'); commit`)
      acknowledged.push(id)
    }
  })
  while (acknowledged.length < 400) await sleep(5)
  const before = acknowledged.slice()
  const beside = await attachEmbedded({ dataDir }) // as the command does it beside a running server
  const taken = await backup({ database: beside!, platformKey, file })
  const duringBackup = acknowledged.length - before.length
  writing = false
  await Promise.all(writers)
  t.diagnostic(`${taken.bytes} bytes, ${before.length} rows before, ${duringBackup} more while it ran`)
  assert.ok(duringBackup > 0, 'nobody waited for the backup')

  assert.equal(fs.statSync(file).mode & 0o777, 0o600)
  assert.ok(!fs.existsSync(`${file}.part`))
  const bytes = fs.readFileSync(file)
  for (const word of ['secret words', 'SCRAM-SHA-256', 'PG_VERSION']) assert.equal(bytes.indexOf(word), -1, `the file shows ${word}`)
  assert.deepEqual(readBackupHeader(file), taken.header)
  assert.ok(taken.header.lacks.some((what) => what.startsWith('keys/')))
  await assert.rejects(backup({ database, platformKey, file }), /exists already/)

  const again = path.join(folder, 'other')
  await restoreEmbedded({ dataDir: again, file, platformKey, ...quiet })
  assert.equal(readRestored(again)?.taken, taken.header.at)
  const other = await open(t, again)
  const sound = async (from: Embedded) => {
    const client = await connect(t, from.superuser())
    const kept = new Set((await client.query<{ id: string }>('select id from one')).rows.map((r) => r.id))
    assert.deepEqual(before.filter((id) => !kept.has(id)), [])
    assert.equal((await client.query('select from one full join two using (id) where one.id is null or two.id is null')).rowCount, 0)
    await client.query("select monitor.bt_index_check('one_pkey', true), monitor.bt_index_check('two_pkey', true)")
    await client.end()
    await connect(t, from.connection('app'))
  }
  await sound(other)

  await assert.rejects(restoreEmbedded({ dataDir, file, platformKey, ...quiet }), /already in use by process/)
  await owner.query('create table later (a int)')
  await database.stop()
  const restored = await restoreEmbedded({ dataDir, file, platformKey, ...quiet })
  assert.ok(restored.aside && fs.existsSync(path.join(restored.aside, 'PG_VERSION')), 'the old cluster is kept')
  const replaced = await open(t, dataDir)
  await sound(replaced)
  const client = await connect(t, replaced.connection('owner'))
  assert.equal((await client.query("select to_regclass('later') as it")).rows[0].it, null)
  assert.ok(readRestored(dataDir))
  clearRestored(dataDir)
  assert.equal(readRestored(dataDir), undefined)
})

test('a restore refuses a wrong key, another major version, another machine, a changed and a cut file, and then changes nothing', async (t) => {
  const folder = temporary(t)
  const dataDir = path.join(folder, 'data')
  const file = path.join(folder, 'one.backup')
  const database = await open(t, dataDir)
  await backup({ database, platformKey, file })
  await database.stop()
  const cluster = fs.statSync(path.join(dataDir, 'cluster')).ino
  const refuses = (message: RegExp, o: { file?: string; platformKey?: Buffer; binDir?: string } = {}) =>
    assert.rejects(restoreEmbedded({ dataDir, file, platformKey, ...quiet, ...o }), message)
  const changed = (name: string, change: (bytes: Buffer) => Buffer) => {
    const to = path.join(folder, name)
    fs.writeFileSync(to, change(fs.readFileSync(file)))
    return to
  }
  await refuses(/belongs to another platform key/, { platformKey: randomBytes(32) })
  await refuses(/is damaged or was changed/, { file: changed('flipped', (b) => (b[b.length >> 1]! ^= 1, b)) })
  await refuses(/is damaged or was changed/, { file: changed('header', (b) => Buffer.from(b.toString('latin1').replace('"the database of every tenant"', '"the database of every tenanx"'), 'latin1')) })
  await refuses(/ends too early/, { file: changed('cut', (b) => b.subarray(0, b.length - 100)) })
  await refuses(/ends too early/, { file: changed('end', (b) => b.subarray(0, b.length - 21)) })
  await refuses(/taken on plan9-mips and cannot be read/, { file: changed('machine', (b) => Buffer.from(b.toString('latin1').replace(`"platform":"${process.platform}-${process.arch}"`, '"platform":"plan9-mips"'), 'latin1')) })
  await refuses(/is no backup of Groundwork/, { file: changed('other', () => Buffer.from('hello\n'.repeat(100))) })
  await refuses(/cannot be read/, { file: path.join(folder, 'missing') })
  if (!skipWithout(debianBin)) await refuses(/is of PostgreSQL 18, the installed server is 15/, { binDir: debianBin })
  assert.equal(fs.statSync(path.join(dataDir, 'cluster')).ino, cluster)
  assert.deepEqual(fs.readdirSync(dataDir).filter((name) => name.startsWith('cluster') || name === 'restored.json'), ['cluster'])
})

test('a restore that was interrupted between its steps does not end in an empty database', async (t) => {
  const folder = temporary(t)
  const dataDir = path.join(folder, 'data')
  const file = path.join(folder, 'one.backup')
  const database = await open(t, dataDir)
  await backup({ database, platformKey, file, sealed: false })
  await database.stop()
  fs.renameSync(path.join(dataDir, 'cluster'), path.join(dataDir, 'cluster.before-2026'))
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), /was interrupted: run it again, or go back with "mv /)
  await restoreEmbedded({ dataDir, file, platformKey, ...quiet })
  await open(t, dataDir)
})

test('a backup that fails leaves no file, and the server goes on', async (t) => {
  const folder = temporary(t)
  const database = await open(t, path.join(folder, 'data'))
  await assert.rejects(backup({ database, platformKey, file: path.join(folder, 'no', 'where') }), { code: 'ENOENT' })
  const tables = path.join(folder, 'space')
  fs.mkdirSync(tables)
  const owner = fs.statSync(path.join(database.dataDir, 'cluster'))
  fs.chownSync(tables, owner.uid, owner.gid)
  const superuser = await connect(t, database.superuser())
  await superuser.query(`create tablespace apart location '${tables}'`)
  const file = path.join(folder, 'one.backup')
  await assert.rejects(backup({ database, platformKey, file }), /has tablespaces/)
  assert.deepEqual(fs.readdirSync(folder).toSorted(), ['data', 'space'])
  await superuser.query('drop tablespace apart')
  await backup({ database, platformKey, file })
})

test('a sealed file gives back what was written, in pieces of any size, with and without the seal', async (t) => {
  const folder = temporary(t)
  for (const sealed of [true, false]) {
    const header: BackupHeader = { at: '', key: keyName(platformKey), sealed, salt: newSalt(), postgres: 0, major: 0, platform: '', contains: [], lacks: [] }
    const file = path.join(folder, String(sealed))
    const pieces = [0, 1, 700_000, 2 ** 20, 3_500_000].map((n) => randomBytes(n))
    const out = createSealedFile(file, header, platformKey)
    for (const piece of pieces) out.write('tar', piece)
    out.write('manifest', Buffer.from('list'))
    await out.finish()
    const frames = [...readSealedFile(file, platformKey)]
    const of = (kind: string) => Buffer.concat(frames.filter((f) => f.kind === kind).map((f) => f.data))
    assert.ok(of('tar').equals(Buffer.concat(pieces)))
    assert.equal(of('manifest').toString(), 'list')
  }
})
