// Proof 3, over HTTP. Every operation of the OpenAPI document, by every role, by another tenant, by operators and by nobody. Every text of tenant A
// carries a mark; whoever may not see A must never meet it, and A's rows must not change under a stranger's calls.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../kernel/ids.ts'
import { roleReaches, roles, type TenantRole } from '../kernel/schema.ts'
import { readOperations, textOf, urlOf, type Operation } from '../testing/operations.ts'
import { assertNone, startProduct, type Answer } from '../testing/product.ts'
import { prepare, type Prepared } from '../testing/requests.ts'
import { openRows } from '../testing/rows.ts'
import { sendGood } from '../testing/send.ts'
import { openWorld, pause, type Person, type ProjectRole, type Side, type World } from '../testing/world.ts'

/** Operators see people, tenants, mails and jobs of all: that is their work. */
const seesAll = (op: Operation) => op.access === 'operator'
const succeeded = ({ status }: Answer) => status >= 200 && status < 300
const said = (op: Operation, request: Prepared, { status, text }: Answer) => `${op.method} ${urlOf(op, request)} ${JSON.stringify(request.body) ?? ''} answered ${status}: ${text.slice(0, 300)}`

test('nobody sees or changes what is not theirs', async (t) => {
  const product = await startProduct(t)
  const operations = await readOperations(product)
  const world = await openWorld(t, product, new Set(operations.map((op) => op.path)))
  const { alpha, beta } = world
  const rows = await openRows(world.sql)
  const tenantOps = operations.filter((op) => op.access === 'tenant')
  const caseFor = (by: Person, side: Side = alpha, secret = false) => ({ world, side, by, project: secret ? side.secret : undefined })
  const succeededOnce = new Set<string>()
  const triedByStrangers = new Set<string>()

  await t.test('the document asks for no less than the contract', () => {
    const faults: string[] = []
    for (const op of operations) {
      const { access, least } = floorOf(op)
      if (op.access !== access) faults.push(`${op.id} (${op.method} ${op.path}) is open to ${op.access}, should be to ${access}`)
      if (access === 'tenant' && !roleReaches((op.least ?? 'viewer') as TenantRole, least)) faults.push(`${op.id} (${op.method} ${op.path}) needs ${op.least ?? 'no role'}, should need ${least}`)
    }
    assertNone(faults)
  })

  await t.test('each role may do what the document says, and no more', async () => {
    const faults: string[] = []
    for (const op of operations) {
      const callers: [string, Person | undefined][] = op.access === 'operator' ? [['operator', world.ops]] : op.access === 'public' ? [['nobody', undefined]] : roles.map((role) => [role, alpha[role]])
      for (const [role, who] of callers) {
        const by = who ?? alpha.owner
        const request = await prepare(op, caseFor(op.access === 'operator' ? alpha.owner : by))
        const answer = await sendGood(world, op, request, who && (request.own ?? who))
        if (succeeded(answer)) succeededOnce.add(op.id)
        const denied = op.access === 'tenant' && !roleReaches(role as TenantRole, (op.least ?? 'viewer') as TenantRole)
        if (denied && (answer.status !== 403 || answer.body.code !== 'permission.denied')) faults.push(`${role} may do it, though it needs ${op.least}: ${said(op, request, answer)}`)
        if (!denied && !succeeded(answer) && (answer.status !== 403 || role === 'owner')) faults.push(`${role}: ${said(op, request, answer)}`)
      }
    }
    assertNone(faults)
  })

  await t.test('without a valid token, a tenant or the office nothing is answered', async () => {
    const faults: string[] = []
    const expect = async (op: Operation, request: Prepared, what: string, status: number, code: string | undefined, who: Person | undefined, headers: Record<string, string> = {}) => {
      const answer = await sendGood(world, op, request, who, headers)
      if (answer.status !== status || (code && answer.body?.code !== code)) faults.push(`${what} should meet ${status} ${code ?? ''}: ${said(op, request, answer)}`)
      if (status === 401 && !answer.headers.get('www-authenticate')) faults.push(`${what}: 401 without WWW-Authenticate: ${op.id}`)
    }
    for (const op of operations.filter((o) => o.access !== 'public')) {
      const request: Prepared = { params: Object.fromEntries(op.params.map((f) => [f.name, newId()])), query: {}, ...(op.body ? { body: {} } : {}) }
      await expect(op, request, 'nobody', 401, 'auth.required', undefined)
      await expect(op, request, 'a forged token', 401, 'auth.token_refused', undefined, { authorization: `Bearer ${alpha.owner.access.slice(0, -8)}AAAAAAAA` })
      if (op.access === 'operator') for (const role of roles) await expect(op, request, `the tenant's ${role}`, 403, 'operator.required', alpha[role])
      if (op.access !== 'tenant') continue
      await expect(op, request, 'a person without tenant', 400, 'tenant.required', world.stranger)
      await expect(op, request, 'a person without tenant who names one', 404, 'tenant.not_found', world.stranger, { 'org-id': alpha.id })
      await expect(op, request, 'another tenant\'s owner who names this one by id', 403, 'tenant.mismatch', beta.owner, { 'org-id': alpha.id })
      await expect(op, request, 'another tenant\'s owner who names this one by slug', 403, 'tenant.mismatch', beta.owner, { 'org-id': alpha.slug })
      await expect({ ...op, path: `/t/${alpha.slug}${op.path}` }, request, 'another tenant\'s owner on its path', 403, 'tenant.mismatch', beta.owner)
      await expect({ ...op, path: `/t/${beta.slug}${op.path}` }, request, 'hints that differ', 400, 'tenant.conflict', beta.owner, { 'org-id': alpha.id })
    }
    assertNone(faults)
  })

  await t.test('strangers with its ids, lists, searches and filters meet nothing of a tenant', async () => {
    const faults: string[] = []
    const requests = new Map<Operation, Prepared>()
    // what a stranger writes must not carry the mark itself
    const unmarked = ({ own, ...request }: Prepared, op: Operation): Prepared => ({ ...(op.method === 'GET' ? request : (JSON.parse(JSON.stringify(request).replaceAll(alpha.mark, 'stranger').replaceAll(alpha.secretMark, 'stranger')) as Prepared)), ...(own ? { own } : {}) })
    for (const op of operations.filter((o) => o.access !== 'public')) requests.set(op, unmarked(await prepare(op, caseFor(alpha.owner)), op))
    await world.settled()
    const before = await rows.ofTenant(alpha.id)
    const strangers: [string, Person][] = [['another tenant\'s owner', beta.owner], ['another tenant\'s member', beta.member], ['an operator', world.ops], ['a person without tenant', world.stranger]]
    for (const [name, stranger] of strangers) {
      for (const [op, request] of requests) {
        if (seesAll(op) && stranger === world.ops) {
          triedByStrangers.add(op.id)
          continue // proven above; changes things on purpose
        }
        const ownThing = request.own !== undefined || pointsNowhere(request, world)
        const by = ownThing && op.method !== 'GET' ? (stranger.tenant ? await world.member(stranger === world.ops ? { id: stranger.tenant, mark: 'ops' } : beta, stranger === beta.member ? 'member' : 'owner') : await world.person()) : stranger
        const answer = await sendGood(world, op, request, by)
        triedByStrangers.add(op.id)
        const visible = op.path.startsWith('/api/v1/tenants') && stranger === world.ops // the tenant itself, not its rows
        const leak = !visible && marksOf(alpha).find((mark) => answer.text.includes(mark) && !JSON.stringify(request).includes(mark))
        if (leak) faults.push(`${name} met ${leak}: ${said(op, request, answer)}`)
        if (answer.status >= 500) faults.push(`${name}: ${said(op, request, answer)}`)
        if (ownThing || (visible && op.method === 'GET')) continue
        const hidden = stranger.tenant === null ? [400, 403, 404] : op.params.length ? [403, 404] : [403, 404, 409, 422]
        const empty = op.method === 'GET' && !op.params.length && succeeded(answer)
        if (!hidden.includes(answer.status) && !empty) faults.push(`${name} was not refused: ${said(op, request, answer)}`)
      }
      for (const at of wanderings(operations, world)) {
        const answer = await world.call(stranger, 'GET', at)
        if (answer.status >= 500) faults.push(`${name}: GET ${at} answered ${answer.status}`)
        if (stranger === world.ops && seesAll(operations.find((op) => op.method === 'GET' && at.split('?')[0] === op.path)!)) continue
        const leak = marksOf(alpha).find((mark) => answer.text.includes(mark) && !decodeURIComponent(at).includes(mark))
        if (leak) faults.push(`${name} met ${leak} at GET ${at}: ${answer.text.slice(0, 300)}`)
        if (answer.status === 200 && decodeURIComponent(at).includes(alpha.mark) && /"items":\[\{/.test(answer.text)) faults.push(`${name} found something for ${alpha.mark} at GET ${at}: ${answer.text.slice(0, 300)}`)
      }
    }
    await world.settled()
    const after = await rows.ofTenant(alpha.id)
    for (const table of Object.keys(before)) if (before[table] !== after[table]) faults.push(`rows of the tenant changed in ${table}: ${before[table]} -> ${after[table]}`)
    assertNone(faults)
  })

  await t.test('a private project is 404 to all but its members and the tenant\'s admins', { skip: world.can.projects ? false : 'there are no projects' }, async () => {
    const faults: string[] = []
    const inside = tenantOps.filter((op) => /^\/api\/v1\/(projects\/\{id\}|tasks|comments)/.test(op.path))
    assert.ok(inside.length > 5, 'no operations of projects and tasks were found')
    for (const op of inside) {
      const callers: [string, Person, ProjectRole | undefined][] = [['a member outside', alpha.member, undefined], ['a viewer outside', alpha.viewer, undefined],
        ...(['viewer', 'editor', 'manager'] as const).map((role) => [`project ${role}`, alpha.inProject[role]!, role] as [string, Person, ProjectRole]), ['admin', alpha.admin, 'manager']]
      for (const [name, who, role] of callers) {
        const request = await prepare(op, caseFor(who, alpha, true))
        if (pointsNowhere(request, world) && op.method === 'GET') continue // lists follow below
        if (op.method === 'DELETE' && op.path === '/api/v1/projects/{id}' && role === 'manager') continue // it is needed further on
        const answer = await sendGood(world, op, request, who)
        const mine = /\/watchers\/me$|\/comments\/\{id\}$/.test(op.path) // a comment is its author's
        const needed: ProjectRole = op.method === 'GET' || /\/watchers\/me$/.test(op.path) ? 'viewer' : op.path.startsWith('/api/v1/projects') ? 'manager' : 'editor'
        const enough = role !== undefined && ['viewer', 'editor', 'manager'].indexOf(role) >= ['viewer', 'editor', 'manager'].indexOf(needed)
        if (role === undefined && !(answer.status === 404 || (answer.status === 403 && !roleReaches(who === alpha.viewer ? 'viewer' : 'member', (op.least ?? 'viewer') as TenantRole)))) faults.push(`${name} should meet 404: ${said(op, request, answer)}`)
        if (role === undefined && answer.text.includes(alpha.secretMark)) faults.push(`${name} met ${alpha.secretMark}: ${said(op, request, answer)}`)
        if (role !== undefined && !enough && answer.status !== 403) faults.push(`${name} should meet 403: ${said(op, request, answer)}`)
        if (enough && !succeeded(answer) && !(mine && answer.status === 403)) faults.push(`${name}: ${said(op, request, answer)}`)
      }
    }
    for (const at of wanderings(operations, world)) {
      const seen = await world.call(alpha.admin, 'GET', at)
      for (const [name, who] of [['a member outside', alpha.member], ['a viewer outside', alpha.viewer]] as const) {
        const answer = await world.call(who, 'GET', at)
        if (answer.text.includes(alpha.secretMark) && !decodeURIComponent(at).includes(alpha.secretMark)) faults.push(`${name} met ${alpha.secretMark} at GET ${at}: ${answer.text.slice(0, 300)}`)
        if (decodeURIComponent(at).includes(alpha.secretMark) && /"items":\[\{/.test(answer.text)) faults.push(`${name} found something for ${alpha.secretMark} at GET ${at}: ${answer.text.slice(0, 300)}`)
      }
      if (/\/(tasks|activity|search)\?/.test(at) && at.includes(alpha.secret!.id) && seen.status === 200 && !seen.text.includes(alpha.secretMark)) faults.push(`the admin does not see the private project at GET ${at}, so the mark proves nothing there`)
    }
    assertNone(faults)
  })

  await t.test('an answer kept for an Idempotency-Key is its caller\'s alone', async () => {
    const faults: string[] = []
    for (const op of operations.filter((o) => o.idempotent && o.access !== 'operator')) {
      const key = `shared-${newId()}`
      const request = await prepare(op, caseFor(alpha.owner))
      if (request.own) continue
      const first = await sendGood(world, op, request, alpha.owner, { 'idempotency-key': key })
      if (!succeeded(first)) continue
      for (const who of [alpha.admin, beta.owner, beta.member]) {
        const answer = await sendGood(world, op, request, who, { 'idempotency-key': key })
        if (answer.headers.get('idempotency-replayed')) faults.push(`${who.name} got the answer of ${alpha.owner.name}: ${said(op, request, answer)}`)
      }
    }
    assertNone(faults)
  })

  await t.test('a role taken, a session ended and a membership removed hold from the next moments on', async () => {
    const [first] = tenantOps.filter((op) => op.least === 'admin' && op.method === 'GET' && !op.params.length)
    assert.ok(first, 'no list for admins was found')
    const until = async (what: string, done: () => Promise<boolean>) => {
      for (const end = Date.now() + 10_000; ; await pause(50)) {
        if (await done()) return
        assert.ok(Date.now() < end, `${what} still holds after 10 s`)
      }
    }
    const at = first.path
    const [demoted, removed, left] = [await world.member(alpha, 'admin'), await world.member(alpha, 'admin'), await world.member(alpha, 'admin')]
    for (const who of [demoted, removed, left]) assert.equal((await world.call(who, 'GET', at)).status, 200)
    await world.ok(alpha.owner, 'PATCH', `/members/${demoted.id}`, { body: { role: 'member' } })
    await until('the old role', async () => (await world.call(demoted, 'GET', at)).status === 403)
    await world.ok(alpha.owner, 'DELETE', `/members/${removed.id}`)
    await until('the membership', async () => [401, 404].includes((await world.call(removed, 'GET', at)).status))
    await world.ok(left, 'POST', '/auth/logout')
    await until('the session', async () => (await world.call(left, 'GET', at)).status === 401)
    // by the libraries' way, past our own verbs: only the log tells
    const [quietly, closed] = [await world.member(alpha, 'admin'), await world.member(alpha, 'admin')]
    for (const who of [quietly, closed]) assert.equal((await world.call(who, 'GET', at)).status, 200)
    await world.sql.query(`delete from identity.member where "userId" = $1`, [quietly.id])
    await until('the membership', async () => [401, 404].includes((await world.call(quietly, 'GET', at)).status))
    await world.sql.query('delete from identity.session where "userId" = $1', [closed.id])
    await until('the session', async () => (await world.call(closed, 'GET', at)).status === 401)
  })

  assert.deepEqual(operations.filter((op) => !succeededOnce.has(op.id)).map((op) => op.id), [], 'no allowed call of these operations answered 2xx')
  assert.deepEqual(operations.filter((op) => op.access !== 'public' && !triedByStrangers.has(op.id)).map((op) => op.id), [], 'no stranger tried these operations')
  t.diagnostic(`${operations.length} operations, ${triedByStrangers.size} tried by strangers`)
})

/** Who may do it at the very least, from the tables of roles in the contract; independent of what a route declares. */
function floorOf({ method, path }: Operation): { access: Operation['access']; least: TenantRole } {
  const at = path.replace('/api/v1', '')
  const is = (...patterns: RegExp[]) => patterns.some((p) => p.test(`${method} ${at}`))
  if (is(/ \/auth\/(register|login|login\/code|passkey|passkey\/options|session|refresh|verify-email|resend-verification|forgot-password|reset-password)$/, / \/invitations\/preview$/, / \/domains\/ask$/)) return { access: 'public', least: 'viewer' }
  if (is(/ \/(readers|jobs|outbox|installation|plans|modules|service-keys|trusted-issuers)(\/|$)/, / \/impersonations$/, / \/users(\/\{id\})?$/)) return { access: 'operator', least: 'viewer' }
  if (is(/ \/(auth|users\/me|tenants)(\/|$)/, / \/invitations\/accept$/, / \/live$/, / \/connected-apps(\/|$)/)) return { access: 'person', least: 'viewer' }
  if (is(/ \/(invitations|tenant-settings|events|audit|security|sso-providers|sso-tickets|scim-tokens|api-keys|domains|tenant-issuers|oauth-clients|oauth-consents|scopes|usage|branding\/logo)/, /(PATCH|DELETE|PUT|POST) \/members\/\{/, /PATCH \/branding/)) return { access: 'tenant', least: 'admin' }
  if (method === 'GET' || is(/ \/(members\/me|notifications|impersonations)\//, / \/watchers\/me$/)) return { access: 'tenant', least: 'viewer' }
  return { access: 'tenant', least: 'member' }
}

const marksOf = (side: Side): string[] => [side.mark, side.secretMark]
/** Nothing in the request names a thing of the tenant's. */
const pointsNowhere = (request: Prepared, { alpha }: World): boolean => !Object.values(request.params).some((value) => /^[0-9a-f]{8}-/.test(value)) && !/[0-9a-f]{8}-[0-9a-f]{4}-7/.test(JSON.stringify([request.query, request.body])) && !JSON.stringify(request.body ?? '').includes(alpha.id)

/** Every list and search without path parameters, plain and with each filter set to what is tenant A's. */
function wanderings(operations: readonly Operation[], { alpha }: World): string[] {
  const things: Record<string, string[]> = {
    projectId: [alpha.open?.id ?? '', alpha.secret?.id ?? ''].filter(Boolean), tenant: [alpha.id, alpha.slug], tenantId: [alpha.id],
  }
  const people = [alpha.owner.id, alpha.member.id]
  return operations.filter((op) => op.method === 'GET' && !op.params.length && !op.stream && op.access !== 'public').flatMap((op) => {
    const needed = Object.fromEntries(op.query.filter((f) => f.required).map((f) => [f.name, things[f.name]?.[0] ?? alpha.mark]))
    const urls = [urlOf(op, { params: {}, query: { ...needed, ...(op.query.some((f) => f.name === 'limit') ? { limit: '200' } : {}) } })]
    for (const { name, schema } of op.query) {
      const text = textOf(schema)
      const values = things[name] ?? (schema.enum ? schema.enum.map(String) : text?.format === 'uuid' ? people : text && name !== 'after' ? [alpha.mark, alpha.secretMark] : [])
      for (const value of values) urls.push(urlOf(op, { params: {}, query: { ...needed, [name]: value } }))
    }
    return urls
  })
}
