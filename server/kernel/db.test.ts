import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Type } from 'typebox'
import { probeEvents, testKernel } from '../testing/kernel.ts'
import { testServer } from '../testing/postgres.ts'
import { openIdentityPool } from '../modules/identity/pool.ts'
import { ConnectionLost, flushOn, openPool } from './batch.ts'
import { Db } from './db.ts'
import { newId, platformId } from './ids.ts'
import { listEvents } from './log.ts'
import { judge } from './problems.ts'
import { sql } from './sql.ts'

const rows = `create table notes (tenant_id uuid not null, id uuid not null, text text not null, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
  select apply_tenancy('notes');`
const insert = (id: string, text: string) => sql<{ id: string; text: string; version: number; created_at: string }>`insert into notes (id, text) values (${id}, ${text}) returning id, text, version, created_at`
const find = (id: string) => sql<{ text: string; version: number; updated_at: string }>`select text, version, updated_at from notes where id = ${id}`

test('a change of known statements writes row and event in one transaction', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const id = newId()
  const [[note]] = await ctx.change('probe.written', { subject: id, data: { n: 1 }, run: [insert(id, 'one')] })
  assert.equal(note!.text, 'one')
  assert.match(note!.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const [events] = await k.system.context(k.who()).read(listEvents({ pos: 0, seq: 0 }, 10))
  assert.deepEqual(events.map((e) => [e.name, e.subject_id, e.tenant_id, e.actor_id, e.data]), [['probe.written', id, ctx.tenant, ctx.actor.id, { n: 1 }]])
})

test('a change of known statements leaves nothing when one of them fails', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const id = newId()
  await assert.rejects(ctx.change('probe.written', { subject: id, data: { n: 1 }, run: [insert(id, 'one'), insert(id, 'twice')] }), { code: '23505' })
  const [[note], events] = [(await ctx.read(find(id)))[0], (await k.system.context(k.who()).read(listEvents({ pos: 0, seq: 0 }, 10)))[0]]
  assert.equal(note, undefined)
  assert.equal(events.length, 0)
})

test('an interactive change joins nested changes, and takes all of them back when one fails', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const [a, b] = [newId(), newId()]
  const result = await ctx.change('probe.written', async (tx) => {
    await tx(insert(a, 'a'))
    await tx.change('probe.written', { subject: b, data: { n: 2 }, run: [insert(b, 'b')] })
    return { subject: a, data: { n: 1 }, result: 'done' }
  })
  assert.equal(result, 'done')
  const c = newId()
  await assert.rejects(ctx.change('probe.written', async (tx) => {
    await tx(insert(c, 'c'))
    await tx.change('probe.written', async () => { throw new Error('no') }).catch(() => {}) // caught and gone on: the whole is doomed all the same
    return { subject: c, data: { n: 3 }, result: null }
  }), /no/)
  const [events] = await k.system.context(k.who()).read(listEvents({ pos: 0, seq: 0 }, 10))
  assert.deepEqual(events.map((e) => e.subject_id).sort(), [a, b].sort())
  assert.equal((await ctx.read(find(c)))[0].length, 0)
})

test('a value that SQL cannot take is refused before a byte is sent, and the connection goes on', async (t) => {
  const k = await testKernel(t)
  const ctx = k.app.context(k.who())
  for (const value of [undefined, sql.json(undefined), {}]) await assert.rejects(ctx.read(sql`select ${value}::text as x`), { name: 'TypeError' })
  assert.deepEqual((await Promise.all(Array.from({ length: 30 }, () => ctx.read(sql<{ x: number }>`select 1 as x`)))).map(([[row]]) => row!.x), Array(30).fill(1))
})

test('a database that cannot be reached is trouble of the moment, by promise and by callback: 503, and no defect', async (t) => {
  const nowhere = await mkdtemp(path.join(tmpdir(), 'groundwork-nowhere-'))
  const kernelPool = openPool({ host: nowhere, user: 'nobody', database: 'none' })
  const identityPool = openIdentityPool({ host: nowhere, user: 'nobody', database: 'none' })
  t.after(() => Promise.all([kernelPool.end(), identityPool.end(), rm(nowhere, { recursive: true })]))
  for (const refused of [flushOn(kernelPool, [sql`select 1`], 1000), identityPool.connect(), identityPool.query('select 1')]) {
    const error = await refused.then(() => assert.fail('it answered'), (e: Error) => e)
    assert.ok(error instanceof ConnectionLost && error.cause !== undefined, String(error))
    assert.deepEqual(judge(error as never), { code: 'unavailable' })
  }
})

test('a read cannot write, and another tenant sees nothing', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const id = newId()
  await ctx.change('probe.written', { subject: id, data: { n: 1 }, run: [insert(id, 'mine')] })
  await assert.rejects(ctx.read(insert(newId(), 'no')), { code: '25006' })
  const other = k.app.context(k.who())
  assert.equal((await other.read(find(id)))[0].length, 0)
  assert.equal((await ctx.read(find(id)))[0][0]!.text, 'mine')
  const [updated] = await other.change('probe.written', { subject: id, data: { n: 2 }, run: [sql`update notes set text = 'stolen' where id = ${id}`] })
  assert.equal(updated!.count, 0)
})

test('a query on the outer context inside a change, and a tx kept beyond its end, are refused', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  await assert.rejects(ctx.change('probe.written', async () => {
    await ctx.read(find(newId()))
    return { subject: newId(), data: { n: 1 }, result: null }
  }), /use its tx/)
  let kept: ((q: ReturnType<typeof find>) => Promise<unknown>) | undefined
  const id = newId()
  await ctx.change('probe.written', async (tx) => {
    kept = tx
    await tx(insert(id, 'x'))
    return { subject: id, data: { n: 1 }, result: null }
  })
  await assert.rejects(async () => kept!(find(id)), /over/)
})

test('gw_system acting within a tenant is bound by that tenant\'s policies, and the same transaction goes on as system', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const a = k.app.context(k.who())
  const b = k.app.context(k.who())
  const [inA, inB] = [newId(), newId()]
  await a.change('probe.written', { subject: inA, data: { n: 1 }, run: [insert(inA, 'a')] })
  await b.change('probe.written', { subject: inB, data: { n: 1 }, run: [insert(inB, 'b')] })
  const system = { tenant: platformId, actor: { type: 'system' as const, id: null }, request: 'test' }
  await k.system.transact(system, async (tx) => {
    assert.equal((await tx(sql`select id from notes`)).length, 2)
    const inside = tx.within({ tenant: a.tenant })
    assert.deepEqual((await inside(sql<{ id: string }>`select id from notes`)).map((r) => r.id), [inA])
    assert.equal((await tx(sql`select id from notes`)).length, 2)
  })
  await assert.rejects(k.system.transact(system, (tx) => tx.within({ tenant: a.tenant })(sql`select * from keys`)), { code: '42501' })
})

test('over another login that acts as gw_system, as beside a running server, an interactive change does not fall back to that login', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const { superuser } = await testServer()
  const { rows: [here] } = await k.system.pool.query<{ name: string }>('select current_database() as name')
  const door = new Db({ connection: { ...superuser(here!.name), options: '-c role=gw_system', max: 1 }, registry: k.registry, seal: (who, text, boundTo) => k.keys.seal(who, text, boundTo), system: true })
  t.after(() => door.close())
  const whoIs = sql<{ name: string }>`select current_user::text as name`
  const ctx = door.context(k.who())
  const names = await ctx.change('probe.written', async (tx) => {
    const all = [await tx(whoIs), await tx.within({ tenant: ctx.tenant })(whoIs), await tx(whoIs)].map(([row]) => row!.name)
    return { subject: newId(), data: { n: 1 }, result: all }
  })
  assert.deepEqual(names, ['gw_system', 'gw_app', 'gw_system'])
})

test('sealed values are not in the row and come back for those who may see the subject, until their key is destroyed', async (t) => {
  const { event, Sealed } = await import('./events.ts')
  const { Strict } = await import('./schema.ts')
  const k = await testKernel(t, { extra: rows, groups: [{ 'secret.kept': event(Strict({ word: Sealed(Type.String()), n: Type.Integer() })) }] })
  const who = k.who()
  const id = newId()
  await k.app.context(who).change('secret.kept' as 'probe.written', { subject: id, data: { n: 1, word: 'Tannenbaum' } as never, run: [insert(id, 'x')] })
  const [[row]] = await k.system.context(who).read(listEvents({ pos: 0, seq: 0 }, 10))
  assert.deepEqual(row!.data, { n: 1 })
  assert.ok(!JSON.stringify(row).includes('Tannenbaum'))
  assert.deepEqual((await k.open(row!)).data, { n: 1, word: 'Tannenbaum' })
  await k.keys.rotate({ tenant: who.tenant })
  assert.deepEqual((await k.open(row!)).data, { n: 1, word: 'Tannenbaum' })
  await k.keys.rewrap(Buffer.alloc(32, 9))
  assert.deepEqual((await k.open(row!)).data, { n: 1, word: 'Tannenbaum' })
  await k.keys.destroy({ tenant: who.tenant })
  const opened = await k.open(row!)
  assert.deepEqual([opened.data, opened.sealed], [{ n: 1, word: null }, true])
  await assert.rejects(k.keys.open(Buffer.from(row!.secret as Buffer).fill(1, 50), 'events/secret/x').then(() => { throw new Error('opened') }), /./)
})

test('nobody edits the log or chooses a position in it', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const id = newId()
  await ctx.change('probe.written', { subject: id, data: { n: 1 }, run: [insert(id, 'x')] })
  for (const db of [k.app, k.system])
    for (const text of [sql`update events set name = 'x.y'`, sql`delete from events`, sql`insert into events (tenant_id, id, name, subject_type, subject_id, actor_type, data, pos) values (${ctx.tenant}, ${newId()}, 'a.b', 'a', ${id}, 'system', '{}', 1)`])
      await assert.rejects(db.transact(ctx, (tx) => tx(text)), { code: '42501' })
  await assert.rejects(k.app.transact(ctx, (tx) => tx(sql`insert into events (tenant_id, id, name, subject_type, subject_id, actor_type, data, at) values (${ctx.tenant}, ${newId()}, 'a.b', 'a', ${id}, 'system', '{}', now())`)), { code: '42501' })
  assert.ok(probeEvents)
})

test('every table is isolated, or says why not', async (t) => {
  const k = await testKernel(t)
  const { rows: faults } = await k.system.pool.query('select object, fault from tenancy_faults()')
  assert.deepEqual(faults, [])
})

test('a verb that finds nothing to do leaves neither row nor event, and several events commit as one', async (t) => {
  const k = await testKernel(t, { extra: rows })
  const ctx = k.app.context(k.who())
  const [a, b, c] = [newId(), newId(), newId()]
  const nothing = await ctx.happen(async (tx) => {
    await tx(insert(a, 'looked, and left'))
    return { happened: [], result: 'as it was' }
  })
  assert.equal(nothing, 'as it was')
  await ctx.happen(async (tx) => {
    await tx.run(insert(b, 'b'), insert(c, 'c'))
    return { happened: [{ name: 'probe.written', subject: b, data: { n: 1 } }, { name: 'probe.written', subject: c, data: { n: 2 } }], result: null }
  })
  await assert.rejects(ctx.change('probe.written', async (tx) => {
    await tx.happen(async () => { throw new Error('inner') }).catch(() => {}) // the whole is doomed all the same
    return { subject: a, data: { n: 3 }, result: null }
  }), /inner/)
  const [events] = await k.system.context(k.who()).read(listEvents({ pos: 0, seq: 0 }, 10))
  assert.deepEqual(events.map((e) => e.subject_id), [b, c])
  assert.equal((await ctx.read(find(a)))[0].length, 0)
})
