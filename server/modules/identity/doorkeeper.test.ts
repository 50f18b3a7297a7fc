// The cache on the path of every request: what ends an entry, also while it is being made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { newId } from '../../kernel/ids.ts'
import { createDoorkeeper } from './doorkeeper.ts'
import type { StampingPool } from './pool.ts'
import { createSecurity } from './security.ts'

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'k' } as unknown as Record<string, string>
type Row = { name: string; operator: boolean; role: string | null; methods?: string[]; proof_tenant?: string | null; proven_at?: Date }

/** A doorkeeper over a database that answers when told to, and a clock that stands still. */
function door(row: Row = { name: 'Mia', operator: false, role: 'member' }) {
  const state = { row: row as Row | undefined, now: Date.now(), asked: 0, hold: undefined as Promise<void> | undefined }
  const keys = [jwk]
  const pool = {
    query: async () => {
      state.asked++
      const answer = state.row // as it stands when the statement runs
      await state.hold
      return { rows: answer ? [{ methods: ['password'], proof_tenant: null, proven_at: new Date(state.now), ...answer }] : [] }
    },
  } as unknown as StampingPool
  const security = createSecurity({ system: { context: () => ({ read: async () => [[]] }) } as never, pool })
  const doorkeeper = createDoorkeeper({ pool, issuer: 'https://i', audience: 'https://a', keys: () => keys, security, now: () => state.now })
  const token = (claims: { sub: string; org: string | null; sid: string }, life = 600) =>
    new SignJWT({ org: claims.org, sid: claims.sid }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' }).setSubject(claims.sub).setIssuer('https://i').setAudience('https://a').setIssuedAt().setExpirationTime(Math.floor(Date.now() / 1000) + life).sign(privateKey)
  return { state, doorkeeper, token }
}
const claims = () => ({ sub: newId(), org: newId(), sid: newId() })
const event = (name: string, c: ReturnType<typeof claims>, subject = c.sub) => ({ name, tenant_id: c.org, person_id: c.sub, subject_id: subject })

test('a token is asked of the database once, then remembered', async () => {
  const { state, doorkeeper, token } = door()
  const c = claims()
  const t = await token(c)
  const first = await doorkeeper.authenticate(t)
  assert.deepEqual([first?.actor.id, first?.tenant, first?.session, first?.name], [c.sub, c.org, c.sid, 'Mia'])
  assert.equal(doorkeeper.authenticate(t), first) // not even a promise
  assert.equal(doorkeeper.roleIn(c.org, c.sub), 'member')
  assert.equal(state.asked, 1)
})

test('each event ends what it concerns, for all tokens of the person', async () => {
  for (const [name, subject, gone] of [['session.ended', 'sid', true], ['user.changed', 'sub', false], ['user.deleted', 'sub', false], ['member.removed', 'sub', false], ['member.changed', 'sub', false]] as const) {
    const { state, doorkeeper, token } = door()
    const c = claims()
    const [one, two] = [await token(c), await token(c, 500)]
    await doorkeeper.authenticate(one)
    await doorkeeper.authenticate(two)
    doorkeeper.hear(event(name, c, c[subject]))
    const asked = state.asked
    state.row = undefined
    assert.equal(await doorkeeper.authenticate(one), undefined, name)
    assert.equal(await doorkeeper.authenticate(two), undefined, name)
    assert.equal(state.asked > asked, !gone, name) // an ended session needs no second look
  }
})

test('an event that comes in while a token is looked up is not lost', async () => {
  for (const [name, subject] of [['session.ended', 'sid'], ['member.removed', 'sub'], ['user.changed', 'sub']] as const) {
    const { state, doorkeeper, token } = door()
    const c = claims()
    const t = await token(c)
    let go = () => {}
    state.hold = new Promise((resolve) => (go = resolve))
    const under = doorkeeper.authenticate(t)
    while (!state.asked) await new Promise((resolve) => setImmediate(resolve))
    doorkeeper.hear(event(name, c, c[subject]))
    state.row = undefined
    go()
    const answer = await under
    if (name === 'session.ended') assert.equal(answer, undefined)
    assert.equal(await doorkeeper.authenticate(t), undefined, `${name}: the old answer was kept`)
  }
})

test('nothing is believed past the token\'s end, nor longer than half a minute without asking', async () => {
  const { state, doorkeeper, token } = door()
  const t = await token(claims())
  await doorkeeper.authenticate(t)
  state.now += 29_000
  await doorkeeper.authenticate(t)
  assert.equal(state.asked, 1)
  state.now += 2_000
  await doorkeeper.authenticate(t)
  assert.equal(state.asked, 2)
  state.now += 600_000
  assert.equal(await doorkeeper.authenticate(t), undefined)
})

test('a token with a tenant whose person is no member is worth nothing; so are other algorithms, types, audiences', async () => {
  const { doorkeeper, token } = door({ name: 'Mia', operator: false, role: null })
  assert.equal(await doorkeeper.authenticate(await token(claims())), undefined)
  assert.ok(await doorkeeper.authenticate(await token({ ...claims(), org: null })))
  const open = door()
  const sign = (header: object, change: (jwt: SignJWT) => SignJWT = (jwt) => jwt) =>
    change(new SignJWT({ org: null, sid: newId() }).setSubject(newId()).setIssuer('https://i').setAudience('https://a').setExpirationTime('5m')).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k', ...header }).sign(privateKey)
  assert.ok(await open.doorkeeper.authenticate(await sign({})))
  for (const bad of [await sign({ typ: 'JWT' }), await sign({}, (j) => j.setAudience('https://b')), await sign({}, (j) => j.setIssuer('https://x')), await sign({}, (j) => j.setExpirationTime('-1m')), await sign({}, (j) => j.setSubject('nobody'))])
    assert.equal(await open.doorkeeper.authenticate(bad), undefined)
})
