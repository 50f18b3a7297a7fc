import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterwards } from '../testing/afterwards.ts'
import { debianBin, skipWithout } from '../testing/bare-postgres.ts'
import { databaseContract, connect } from './database.contract.ts'
import { attachEmbedded, openEmbedded, type Embedded } from './database-embedded.ts'
import { copyBinaries, findBinaries, makeLinks, serverVersion, withLinks } from './embedded/binaries.ts'
import { livingProcesses } from './embedded/cluster.ts'
import { canReach } from './embedded/root-user.ts'

const quiet = { log: () => {} }
const temporary = (t: Pick<TestContext, 'after'>, prefix = 'groundwork-data-') => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), prefix))
  fs.chmodSync(made, 0o755)
  afterwards(t, () => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

for (const { name, bin, skip } of [{ name: '18', bin: undefined, skip: false as const }, { name: '15', bin: debianBin, skip: skipWithout(debianBin) }]) {
  let dataDir: string
  let database: Embedded
  databaseContract(`the embedded PostgreSQL ${name}`, {
    skip, leastVersion: Number(name) * 10_000,
    open: async () => {
      dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-data-'))
      return (database = await openEmbedded({ dataDir, binDir: bin, ...quiet }))
    },
    close: async () => {
      await database.stop()
      fs.rmSync(dataDir, { recursive: true })
    },
  })
}

test('what was written is there at the next start, passwords are new, and nothing listens on TCP', async (t) => {
  const dataDir = temporary(t)
  const first = await openEmbedded({ dataDir, ...quiet })
  const owner = await connect(t, first.connection('owner'))
  await owner.query('create table kept (a int); insert into kept values (7)')
  assert.equal((await owner.query('show listen_addresses')).rows[0].listen_addresses, '')
  await owner.end()
  await first.stop()
  await first.stop()
  assert.deepEqual(livingProcesses(path.join(dataDir, 'cluster')), [])
  const second = await openEmbedded({ dataDir, ...quiet })
  afterwards(t, () => second.stop())
  assert.deepEqual((await (await connect(t, second.connection('owner'))).query('select a from kept')).rows, [{ a: 7 }])
  await assert.rejects(connect(t, first.connection('app')), { code: '28P01' })
})

test('a path with spaces, quotes, commas, other scripts and 140 characters more works', async (t) => {
  const dataDir = path.join(temporary(t), 'mit "Leerzeichen", \'Ümläuten\' und 日本', 'x'.repeat(140))
  const database = await openEmbedded({ dataDir, ...quiet })
  afterwards(t, async () => {
    await database.stop()
    fs.rmSync(String(database.connection('app').host), { recursive: true })
  })
  const app = await connect(t, database.connection('app'))
  assert.equal((await app.query("select lower('ÄÖÜ') as low")).rows[0].low, 'äöü')
})

test('a second start over the same folder is refused, beside it one can attach and act as each role', async (t) => {
  const dataDir = temporary(t)
  assert.equal(await attachEmbedded({ dataDir }), undefined)
  const database = await openEmbedded({ dataDir, ...quiet })
  afterwards(t, () => database.stop())
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), new RegExp(`in use by process ${process.pid}`))
  const beside = await attachEmbedded({ dataDir })
  assert.ok(beside)
  for (const role of ['owner', 'app', 'system', 'identity'] as const) {
    const client = await connect(t, beside.connection(role))
    assert.deepEqual((await client.query('select current_user::text as name')).rows, [{ name: `gw_${role}` }])
  }
  const app = await connect(t, beside.connection('app'))
  await assert.rejects(app.query('create table public.mine (a int)'), { code: '42501' })
  assert.equal((await app.query('show statement_timeout')).rows[0].statement_timeout, '10s')
})

test('of six processes that start at once over a new folder one runs it, the others say who', async (t) => {
  const dataDir = temporary(t)
  const children = Array.from({ length: 6 }, () => start(t, dataDir))
  const said = await Promise.all(children.map((c) => c.first))
  const winners = said.filter((line) => line['ready'])
  assert.equal(winners.length, 1, JSON.stringify(said))
  for (const line of said.filter((l) => !l['ready'])) assert.match(String(line['refused']), /in use by (process \d+|another process)/)
})

for (const victims of [['node'], ['postmaster'], ['watchdog'], ['backend'], ['node', 'watchdog'], ['node', 'postmaster', 'watchdog', 'backend']]) {
  test(`kill -9 of ${victims.join(', ')} loses no acknowledged row and leaves a start that works`, { skip: process.platform === 'linux' ? false : 'looks for processes in /proc' }, async (t) => {
    const dataDir = temporary(t)
    const child = start(t, dataDir, 4)
    const { postmaster } = await child.first
    while (child.ids.length < 50) await sleep(5)
    const cluster = path.join(dataDir, 'cluster')
    const pids: Record<string, number[]> = {
      node: [child.process.pid!],
      postmaster: [Number(postmaster)],
      watchdog: watchdogsOf(Number(postmaster)),
      backend: livingProcesses(cluster).filter((pid) => pid !== Number(postmaster)).slice(0, victims.length > 1 ? undefined : 1),
    }
    assert.equal(pids['watchdog']!.length, 1)
    for (const pid of victims.flatMap((v) => pids[v]!)) kill(pid)
    if (victims.includes('watchdog') && !victims.includes('node')) {
      while (watchdogsOf(Number(postmaster)).length === 0) await sleep(20) // another takes its place
    }
    if (victims.includes('postmaster') && !victims.includes('node')) assert.equal(await child.ended, 3, 'the process learns that its server is lost')
    if (!victims.includes('node') && child.process.exitCode === null) child.process.kill('SIGTERM')
    await child.ended
    if (victims.join() === 'node') while (livingProcesses(cluster).length) await sleep(20) // the watchdog ends it

    const again = await openEmbedded({ dataDir, ...quiet })
    afterwards(t, () => again.stop())
    const owner = await connect(t, again.superuser())
    const { rows } = await owner.query<{ id: string }>('select id from one')
    const kept = new Set(rows.map((r) => r.id))
    assert.deepEqual(child.ids.filter((id) => !kept.has(id)), [])
    assert.equal((await owner.query('select from one full join two using (id) where one.id is null or two.id is null')).rowCount, 0)
    await owner.query("select monitor.bt_index_check('one_pkey', true), monitor.bt_index_check('two_pkey', true)")
  })
}

test('an initdb that was killed and lock files of the dead stop nothing', async (t) => {
  const dataDir = temporary(t)
  await (await openEmbedded({ dataDir, ...quiet })).stop()
  fs.rmSync(path.join(dataDir, 'cluster'), { recursive: true })
  fs.mkdirSync(path.join(dataDir, 'cluster.init-dead0000'))
  fs.writeFileSync(path.join(dataDir, 'cluster.init-dead0000', 'PG_VERSION'), '18\n')
  const first = await openEmbedded({ dataDir, ...quiet })
  await first.stop()
  assert.ok(!fs.existsSync(path.join(dataDir, 'cluster.init-dead0000')))
  const stranger = spawn('sleep', ['60'])
  afterwards(t, () => stranger.kill())
  fs.writeFileSync(path.join(dataDir, 'cluster', 'postmaster.pid'), `${stranger.pid}\n${dataDir}/cluster\n1\n5432\n${dataDir}/run\n\n\nready\n`)
  fs.writeFileSync(path.join(dataDir, 'run', '.s.PGSQL.5432.lock'), `${stranger.pid}\n`)
  const second = await openEmbedded({ dataDir, ...quiet })
  afterwards(t, () => second.stop())
  assert.equal(stranger.exitCode, null)
})

const noMount = (): string | false => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting needs root on Linux'
  const probe = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-mount-'))
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0
  if (done) spawnSync('umount', [probe])
  fs.rmdirSync(probe)
  return done ? false : 'this system does not let us mount'
}
test('missing links are made; where node_modules is read-only, in a copy', { skip: noMount() }, async (t) => {
  const { native, release } = findBinaries(undefined, temporary(t))
  const folder = temporary(t)
  const copy = copyBinaries({ native: native!, release }, folder)
  const links = (JSON.parse(fs.readFileSync(path.join(copy, 'pg-symlinks.json'), 'utf8')) as { target: string }[]).map((l) => path.join(copy, '..', l.target))
  const remove = () => links.forEach((link) => fs.rmSync(link))
  remove()
  assert.throws(() => serverVersion(path.join(copy, 'bin'), {}), /does not run .*set GROUNDWORK_PG_BIN/)
  assert.equal(makeLinks(copy), true)
  assert.equal(serverVersion(path.join(copy, 'bin'), {}).major, 18)
  remove()
  assert.equal(spawnSync('mount', ['--bind', folder, folder]).status, 0)
  afterwards(t, () => spawnSync('umount', ['-l', folder]))
  assert.equal(spawnSync('mount', ['-o', 'remount,ro,bind', folder]).status, 0)
  const cache = temporary(t)
  const used = withLinks({ native: copy, release }, cache)
  assert.ok(used.bin.startsWith(cache))
  assert.equal(serverVersion(used.bin, {}).major, 18)
})

test('a folder that holds other things is neither closed nor given away', async (t) => {
  const dataDir = temporary(t)
  fs.writeFileSync(path.join(dataDir, 'letters.txt'), 'mine')
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), /which holds other things \(letters\.txt\): name an empty or a new folder/)
  assert.equal(fs.statSync(dataDir).mode & 0o777, 0o755)
  assert.equal(fs.statSync(dataDir).uid, process.getuid?.())
})

test('a new folder may hold compiled code already: with SECRET_KEY nothing else is there before the database', async (t) => {
  const dataDir = temporary(t)
  fs.mkdirSync(path.join(dataDir, 'cache', 'code'), { recursive: true })
  await (await openEmbedded({ dataDir, ...quiet })).stop()
  assert.ok(fs.existsSync(path.join(dataDir, 'cluster')) || fs.existsSync(path.join(dataDir, 'home')))
})

test('another major version, strange rights and a wrong bin directory are one sentence with the cure', async (t) => {
  const dataDir = temporary(t)
  await (await openEmbedded({ dataDir, ...quiet })).stop()
  fs.writeFileSync(path.join(dataDir, 'cluster', 'PG_VERSION'), '19\n')
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), /is of PostgreSQL 19, but the installed server is 18\.\S+: set GROUNDWORK_PG_BIN/)
  fs.writeFileSync(path.join(dataDir, 'cluster', 'PG_VERSION'), '18\n')
  await assert.rejects(openEmbedded({ dataDir, binDir: '/nowhere', ...quiet }), /no initdb in it: name the bin directory/)
  fs.chmodSync(path.join(dataDir, 'cluster'), 0o777)
  await (await openEmbedded({ dataDir, ...quiet })).stop()
  assert.equal(fs.statSync(path.join(dataDir, 'cluster')).mode & 0o777, 0o700)
})

test('a disk that is full or read-only is one sentence with the cure', { skip: noMount() }, async (t) => {
  const disk = temporary(t)
  const mount = (...o: string[]) => assert.equal(spawnSync('mount', [...o, disk]).status, 0)
  mount('-t', 'tmpfs', '-o', 'size=400m', 'tmpfs')
  afterwards(t, () => spawnSync('umount', ['-l', disk]))
  const dataDir = path.join(disk, 'data')
  await (await openEmbedded({ dataDir, ...quiet })).stop()
  mount('-o', 'remount,ro')
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), /read-only file system: make it writable, or set another DATA_DIR/)
  mount('-o', 'remount,rw')
  const filler = path.join(disk, 'filler')
  const fd = fs.openSync(filler, 'w')
  assert.throws(() => {
    for (;;) fs.writeSync(fd, Buffer.alloc(2 ** 16))
  }, { code: 'ENOSPC' })
  fs.closeSync(fd)
  await assert.rejects(openEmbedded({ dataDir, ...quiet }), /is full: free some space and start again/)
  await assert.rejects(openEmbedded({ dataDir: path.join(disk, 'other'), ...quiet }), /too little room|is full: free some/)
  fs.rmSync(filler)
  await (await openEmbedded({ dataDir, ...quiet })).stop()
})

test('started by root in a folder its service user cannot reach, the data lies elsewhere, under an id of its own', { skip: process.getuid?.() === 0 ? false : 'root only' }, async (t) => {
  const closed = temporary(t)
  fs.chmodSync(closed, 0o700)
  const systemDir = temporary(t)
  const lines: string[] = []
  const o = { dataDir: path.join(closed, 'data'), systemDir, log: (line: string) => void lines.push(line) }
  const database = await openEmbedded(o)
  assert.ok(database.dataDir.startsWith(path.join(systemDir, 'data-')))
  assert.ok(lines.some((l) => l.includes(`the data lies in ${database.dataDir}`)))
  assert.notEqual(fs.statSync(path.join(database.dataDir, 'cluster')).uid, 0)
  assert.equal(canReach({ name: '', uid: 65534, gid: 65534 }, path.join(database.dataDir, 'cluster')), false)
  assert.ok(await attachEmbedded(o))
  await database.stop()
  const again = await openEmbedded(o)
  assert.equal(again.dataDir, database.dataDir)
  await again.stop()
})

type Line = Record<string, string | number>
function start(t: TestContext, dataDir: string, writers = 0): { process: ChildProcess; first: Promise<Line>; ids: string[]; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../testing/database-child.ts'), dataDir, String(writers)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ids: string[] = []
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const first = new Promise<Line>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line
      if (line['id'] !== undefined) ids.push(String(line['id']))
      else resolve(line)
    })
  })
  afterwards(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  })
  return { process: child, first, ids, ended }
}

/** A killed process may have gone before. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e
  }
}

function watchdogsOf(postmaster: number): number[] {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words.includes('groundwork-watchdog') && words.includes(String(postmaster))
    } catch {
      return false
    }
  }).map(Number)
}
