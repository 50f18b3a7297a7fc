// Every operation of the OpenAPI document against every set of scopes, by key, by token of a person, by token of a client, and by a person's own
// session: what the document says an operation needs is what opens it, and nothing else does (S2.2). New operations are tried by themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../kernel/ids.ts'
import { roleReaches, type TenantRole } from '../kernel/schema.ts'
import { scopes as all, type Scope } from '../kernel/scopes.ts'
import { readOperations, urlOf, type Operation } from '../testing/operations.ts'
import { assertNone, startProduct, type Answer } from '../testing/product.ts'
import { prepare, type Prepared } from '../testing/requests.ts'
import { sendGood } from '../testing/send.ts'
import { openStubIssuer } from '../testing/stub-issuer.ts'
import { openWorld, type Person } from '../testing/world.ts'

const sets: readonly (readonly Scope[])[] = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_scope, i) => bits & (1 << i)))
const nothing = (op: Operation): Prepared => ({ params: Object.fromEntries(op.params.map((f) => [f.name, newId()])), query: {}, ...(op.body ? { body: {} } : {}) })
const lacks = ({ status, body, headers }: Answer, scope: string | undefined) =>
  status === 403 && body.code === 'scope.denied' && (headers.get('www-authenticate') ?? '') === (scope === 'session' ? 'Bearer error="insufficient_scope"' : `Bearer error="insufficient_scope", scope="${scope}"`)
const said = (op: Operation, { status, text }: Answer) => `${op.id} (needs ${op.scope}) answered ${status} ${text.slice(0, 160)}`

test('a scope opens what the document says it does, and nothing else', async (t) => {
  const stub = await openStubIssuer(t)
  await stub.makePair('ES256')
  const mapping = { by: 'email', tenantClaim: 'org', scopes: all, scopeClaim: 'scope' }
  const product = await startProduct(t, { TRUSTED_ISSUERS: JSON.stringify([{ issuer: stub.url, audience: stub.audience, jwksUri: `${stub.url}/keys`, mapping }]) })
  const operations = await readOperations(product)
  const world = await openWorld(t, product, new Set(operations.map((op) => op.path)))
  const { alpha } = world
  const guarded = operations.filter((op) => op.access !== 'public' && !op.stream) // streams are judged by their own tests
  let asked = 0
  const ask = (op: Operation, token: string) => (asked++, world.product.call(op.method, urlOf(op, nothing(op)), { token, ...(op.body ? { body: {} } : {}) }))
  const tokenOf = (scopes: readonly string[]) => stub.sign({ claims: { email: alpha.owner.email, email_verified: true, org: alpha.id, scope: scopes.join(' ') }, expiresIn: '1h' })
  const eachOf = async (ops: readonly Operation[], work: (op: Operation) => Promise<void>) => {
    const line = [...ops]
    await Promise.all(Array.from({ length: 4 }, async () => { for (let op = line.pop(); op; op = line.pop()) await work(op) }))
  }

  await t.test('every operation that needs somebody needs a scope', () => {
    assertNone(guarded.filter((op) => !op.scope).map((op) => op.id))
    assertNone(operations.filter((op) => op.access === 'public' && op.scope).map((op) => op.id))
    // independent of what the routes declare: reading scopes write nothing, members' business is not the account's, an office needs admin
    assertNone(guarded.flatMap((op) => {
      const least: TenantRole = (op.least ?? 'viewer') as TenantRole
      const may = op.access === 'operator' || roleReaches(least, 'admin') ? ['admin'] : op.access === 'person' ? (op.path.startsWith('/api/v1/tenants') ? [op.method === 'GET' ? 'read' : 'admin'] : ['profile']) : [op.method === 'GET' ? 'read' : 'write']
      return op.scope === 'session' || may.includes(op.scope!) || op.id === 'impersonations.end' ? [] : [`${op.id} (${op.method} ${op.path}) is open to ${op.scope}, should be to ${may}`]
    }))
    for (const scope of [...all, 'session']) assert.ok(guarded.some((op) => op.scope === scope), `no operation needs ${scope}`)
  })

  for (const scopes of sets) {
    const name = scopes.join(' ') || 'none'
    await t.test(`a person's token with ${name}`, async () => {
      const faults: string[] = []
      const token = await tokenOf(scopes)
      await eachOf(guarded, async (op) => {
        const answer = await ask(op, token)
        const opened = scopes.includes(op.scope as Scope)
        if (op.access === 'operator') return void (answer.body?.code === 'operator.required' || faults.push(said(op, answer)))
        if (opened ? lacks(answer, op.scope) || answer.status === 401 : !lacks(answer, op.scope)) faults.push(said(op, answer))
      })
      assertNone(faults)
    })
    if (!scopes.length) continue // neither a key nor a client's token can be had without
    const judge = (op: Operation, answer: Answer) => {
      const opened = scopes.includes(op.scope as Scope)
      const code = answer.body?.code as string | undefined
      if (op.access === 'operator') return code === 'operator.required'
      if (answer.status < 400 && !opened) return false
      if (op.access === 'person' && code === 'permission.denied') return true // it has no account
      const role: TenantRole = scopes.includes('admin') ? 'admin' : scopes.includes('write') ? 'member' : 'viewer'
      const reaches = roleReaches(role, (op.least ?? 'viewer') as TenantRole)
      if (op.access === 'tenant' && !reaches) return code === 'permission.denied'
      return opened ? code !== 'scope.denied' && answer.status !== 401 : lacks(answer, op.scope)
    }
    await t.test(`a key with ${name}`, async () => {
      const faults: string[] = []
      const { key } = await world.apiKey(alpha, { scopes })
      await eachOf(guarded, async (op) => {
        const answer = await ask(op, key)
        if (!judge(op, answer)) faults.push(said(op, answer))
      })
      assertNone(faults)
    })
    await t.test(`a client's token with ${name}`, async () => {
      const faults: string[] = []
      const client = await world.ok(alpha.owner, 'POST', '/oauth-clients', { body: { name: world.word(alpha.mark), grantTypes: ['client_credentials'], scopes } })
      const answer = await fetch(`${product.url}/t/${alpha.id}/oauth/token`, {
        method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: scopes.join(' ') }),
      })
      const granted = (await answer.json()) as { access_token?: string }
      assert.ok(granted.access_token, JSON.stringify(granted))
      await eachOf(guarded, async (op) => {
        const got = await ask(op, granted.access_token!)
        if (!judge(op, got)) faults.push(said(op, got))
      })
      assertNone(faults)
    })
  }

  await t.test('a person\'s own session lacks no scope', async () => {
    const faults: string[] = []
    for (const op of guarded) {
      const who = op.access === 'operator' ? world.ops : op.access === 'person' ? await world.person() : alpha.owner
      const answer = await ask(op, who.access)
      if (answer.body?.code === 'scope.denied' || answer.status === 401) faults.push(said(op, answer))
    }
    assertNone(faults)
  })

  /** What they set going uses all rights of whoever asks, so a token must have been given all of them: the document says so. */
  const lending = new Set(['workflows.publish', 'workflows.activate'])
  await t.test('a token with that scope alone does it, unless it lends all rights', async () => {
    const faults: string[] = []
    for (const id of lending) assert.ok(guarded.some((op) => op.id === id && op.scope === 'write'), id)
    for (const op of guarded) {
      if (op.access === 'operator' || op.scope === 'session' || op.stream) continue
      const by: Person = { ...alpha.owner, access: await tokenOf(lending.has(op.id) ? ['read', 'write', 'admin'] : [op.scope!]), since: Date.now() }
      const request = await prepare(op, { world, side: alpha, by: alpha.owner, project: undefined })
      if (request.own) continue // made for one session of its own
      const answer = await sendGood(world, op, request, by)
      const proven = answer.body?.code === 'auth.step_up_required' // needs a fresh proof besides, which no token has
      if (!proven && (answer.status < 200 || answer.status > 299)) faults.push(said(op, answer))
    }
    assertNone(faults)
  })
  t.diagnostic(`${guarded.length} operations, ${sets.length} sets of scopes, ${asked} requests`)
})
