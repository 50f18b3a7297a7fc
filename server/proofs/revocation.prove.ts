// What is taken away ends within two seconds, on two processes over one database: requests, refreshes, both kinds of streams, and what runs do
// with the rights. All is measured from the answer of the call that takes it away; that call goes to one process, the holders use both.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../kernel/ids.ts'
import { listen, type Listener, type Wire } from '../testing/listen.ts'
import { startPair } from '../testing/pair.ts'
import { fail, setupToken, type Product } from '../testing/product.ts'
import { pause, type Person } from '../testing/world.ts'

const boundMs = 2000
const password = 'herons under a tin roof 58'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

test('what is taken away ends within two seconds on both processes', async (t) => {
  const house = await openHouse(t)
  const figures: string[] = []
  const way = (name: string, work: (w: Way) => Promise<void>) =>
    t.test(name, async (inner) => {
      const w = new Way(inner, house)
      await work(w)
      figures.push(`${name}: ${w.figures.join(', ')}`)
    })

  await way('a membership removed', async (w) => {
    const { person } = await w.everything()
    await w.revoke(() => house.ok(house.owner, 'DELETE', `/members/${person.id}`))
  })
  await way('a person banned', async (w) => {
    const { person } = await w.everything()
    await w.revoke(() => house.ok(house.ops, 'PATCH', `/users/${person.id}`, { status: 'banned' }))
  })
  await way('deactivated by the directory (SCIM)', async (w) => {
    const { person } = await w.everything('acme.test')
    const { token } = await house.ok(house.owner, 'POST', '/scim-tokens', { name: 'Directory' })
    const scim = async (method: string, at: string, body: object) => {
      const answer = await fetch(`${house.near.url}/scim/v2${at}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' }, body: JSON.stringify(body) })
      assert.ok(answer.ok, `${method} ${at} answered ${answer.status}`)
      return (await answer.json()) as { id: string; active: boolean }
    }
    const { id } = await scim('POST', '/Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: person.email, active: true })
    await w.revoke(() => scim('PATCH', `/Users/${id}`, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'replace', path: 'active', value: false }] }))
  })
  await way('a password changed: all other devices', async (w) => {
    const person = await house.member()
    const other = await house.signIn(person)
    await w.holds('session', person, { refresh: person.refresh })
    await w.app(person)
    await w.revoke(() => house.ok(other, 'PATCH', '/users/me', { password: `${password} and more`, currentPassword: password }))
    for (const at of house.both) assert.equal((await at.call('GET', '/projects', { token: other.access })).status, 200, 'the device it was changed on goes on')
  })
  await way('signed out', async (w) => {
    const person = await house.member()
    const other = await house.signIn(person)
    await w.holds('session', person, { refresh: person.refresh })
    await w.revoke(() => house.ok(person, 'POST', '/auth/logout'))
    for (const at of house.both) assert.equal((await at.call('GET', '/projects', { token: other.access })).status, 200, 'another device goes on')
  })
  await way('a session ended from another device', async (w) => {
    const person = await house.member()
    const other = await house.signIn(person)
    await w.holds('session', person, { refresh: person.refresh })
    const { items } = await house.ok(person, 'GET', '/auth/sessions')
    await w.revoke(() => house.ok(other, 'DELETE', `/auth/sessions/${items.find((one: { current: boolean }) => one.current).id}`))
  })
  await way('a tenant left', async (w) => {
    const { person } = await w.everything()
    await w.revoke(() => house.ok(person, 'POST', '/members/me/leave'))
  })
  await way('an account deleted by its person', async (w) => {
    const { person } = await w.everything()
    await w.revoke(() => house.ok(person, 'DELETE', '/users/me'))
  })
  await way('a tenant suspended', async (w) => {
    const founder = await house.founder()
    const { key } = await house.ok(founder, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write'] })
    await w.holds('session', founder)
    await w.holds('key', { ...founder, access: key })
    await w.revoke(() => house.ok(house.ops, 'PATCH', `/tenants/${founder.tenant}`, { status: 'suspended' }))
    await house.ok(house.ops, 'PATCH', `/tenants/${founder.tenant}`, { status: 'active' })
    for (const at of house.both) await w.opensAgain(at, founder.access)
  })
  await way('a tenant deleted', async (w) => {
    const founder = await house.founder()
    const { key } = await house.ok(founder, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write'] })
    await w.holds('session', founder)
    await w.holds('key', { ...founder, access: key })
    await w.revoke(() => house.ok(founder, 'DELETE', `/tenants/${founder.tenant}`))
  })
  await way('an API key removed', async (w) => {
    const { id, key } = await house.ok(house.owner, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write'] })
    await w.holds('key', { ...house.owner, access: key })
    await w.run(house.owner, key)
    await w.revoke(() => house.ok(house.owner, 'DELETE', `/api-keys/${id}`))
  })
  await way('an API key made inactive', async (w) => {
    const { id, key } = await house.ok(house.owner, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write'] })
    await w.holds('key', { ...house.owner, access: key })
    await w.run(house.owner, key)
    await w.revoke(() => house.ok(house.owner, 'PATCH', `/api-keys/${id}`, { status: 'inactive' }))
  })
  await way('an application\'s token revoked', async (w) => {
    const { access, refresh } = await w.app(await house.member())
    await w.revoke(() => house.token(house.near, '/revoke', { token: access, token_type_hint: 'access_token' }))
    for (const at of house.both) assert.equal((await house.token(at, '/token', { grant_type: 'refresh_token', refresh_token: refresh })).status, 400, 'what it came from ends with it')
  })
  await way('consent withdrawn', async (w) => {
    const person = await house.member()
    const { refresh } = await w.app(person, true)
    await w.revoke(() => house.ok(person, 'DELETE', `/connected-apps/${house.client.id}`))
    for (const at of house.both) assert.equal((await house.token(at, '/token', { grant_type: 'refresh_token', refresh_token: refresh })).status, 400)
  })
  await way('consent taken back by an administrator', async (w) => {
    const person = await house.member()
    const { refresh } = await w.app(person, true)
    await w.revoke(() => house.ok(house.owner, 'DELETE', `/oauth-consents/${house.client.id}/${person.id}`))
    for (const at of house.both) assert.equal((await house.token(at, '/token', { grant_type: 'refresh_token', refresh_token: refresh })).status, 400)
  })
  t.diagnostic(`ms after the answer, the slowest of both processes:\n${figures.join('\n')}`)
})

/** What one way of taking away must end. */
class Way {
  readonly figures: string[] = []
  #t: TestContext
  #house: House
  #rest: { name: string; at: Product; token: string }[] = []
  #streams: { name: string; listener: Listener; at: () => number | undefined }[] = []
  #refreshes: { name: string; try: () => Promise<number> }[] = []
  #runs: { name: string; id: string }[] = []
  constructor(t: TestContext, house: House) {
    this.#t = t
    this.#house = house
  }

  /** A token that works on both processes, with streams open on each. */
  async holds(name: string, who: Person, { refresh }: { refresh?: string } = {}): Promise<void> {
    for (const at of this.#house.both) {
      assert.equal((await at.call('GET', '/projects', { token: who.access })).status, 200, `${name} opens nothing to begin with`)
      this.#rest.push({ name: `${name} requests`, at, token: who.access })
      for (const wire of ['websocket', 'sse'] as Wire[]) {
        const listener = await listen({ product: at }, who, ['tenant'], wire)
        this.#t.after(listener.close)
        assert.equal(listener.closed, undefined, `${name} hears nothing over ${wire} to begin with: ${listener.closed}`)
        let closedAt: number | undefined
        void listener.until(() => false).then(() => (closedAt = performance.now()))
        this.#streams.push({ name: `${name} ${wire}`, listener, at: () => closedAt })
      }
      if (refresh) this.#refreshes.push({ name: `${name} refresh`, try: async () => (await at.call('POST', '/auth/refresh', { body: { refreshToken: refresh } })).status })
    }
  }
  /** A person's grant to an application. */
  async app(person: Person, goesOn = false): Promise<{ access: string; refresh: string }> {
    const answer = await this.#house.token(this.#house.near, '/token', { grant_type: 'password', username: person.email, password, scope: 'read write' })
    const { access_token: access, refresh_token: refresh } = (await answer.json()) as { access_token: string; refresh_token: string }
    await this.holds('application', { ...person, access })
    if (!goesOn && this.#refreshes.length) for (const at of this.#house.both) this.#refreshes.push({ name: 'application refresh', try: async () => (await this.#house.token(at, '/token', { grant_type: 'refresh_token', refresh_token: refresh })).status })
    return { access, refresh }
  }
  /** A workflow of `publisher` that comments once a second, begun with a token. */
  async run(publisher: Person, token: string): Promise<void> {
    const { house, task } = { house: this.#house, task: this.#house.task }
    const nodes = [
      { id: 'start', primitive: 'trigger', type: 'manual', settings: {} },
      { id: 'again', primitive: 'condition', type: 'loop', settings: { items: 'Array.from({ length: 500 }, (_, n) => n)', limit: 500 } },
      { id: 'say', primitive: 'action', type: 'tasks.addComment', settings: { id: task, text: 'still here' } },
      { id: 'rest', primitive: 'action', type: 'wait', settings: { for: '1s' } },
    ]
    const edges = [{ from: 'start', to: 'again' }, { from: 'again', to: 'say', when: 'each' }, { from: 'say', to: 'rest' }, { from: 'rest', to: 'again' }]
    const workflow = await house.ok(publisher, 'POST', '/workflows', { name: `Talker ${newId()}`, definition: { nodes, edges } })
    await house.ok(publisher, 'POST', `/workflows/${workflow.id}/publish`, {})
    const { id } = await house.near.ok('POST', `/workflows/${workflow.id}/runs`, { token, body: {} })
    while ((await house.said(id)).count < 2) await pause(30)
    this.#runs.push({ name: 'runs', id })
  }
  /** A person with a session, a key of theirs, an application, and runs begun by each. */
  async everything(domain?: string): Promise<{ person: Person }> {
    const person = await this.#house.member('admin', domain)
    await this.holds('session', person, { refresh: person.refresh })
    await this.app(person)
    const { key } = await this.#house.ok(person, 'POST', '/api-keys', { name: 'Mine', scopes: ['read', 'write'] })
    await this.holds('key', { ...person, access: key })
    await this.run(person, person.access)
    await this.run(this.#house.owner, key)
    return { person }
  }

  /** What was given back works again, within the same time. */
  async opensAgain(at: Product, token: string): Promise<void> {
    const given = performance.now()
    while ((await at.call('GET', '/projects', { token })).status !== 200) {
      assert.ok(performance.now() - given < boundMs, 'it stays closed')
      await pause(10)
    }
  }

  /** Takes away, and waits until nothing works any more. */
  async revoke(take: () => Promise<unknown>): Promise<void> {
    await take()
    const answered = performance.now()
    const answeredAt = Date.now()
    const since = () => performance.now() - answered
    const late = new Map<string, number>()
    const note = (name: string, ms: number) => late.set(name, Math.max(late.get(name) ?? 0, Math.max(0, ms)))
    // a refresh asks the database itself: it is refused from the answer on
    const refreshes = Promise.all(this.#refreshes.map(async (one) => {
      const status = await one.try()
      assert.ok([400, 401].includes(status), `${one.name} answered ${status} after the answer`)
      note(one.name, 0)
    }))
    const requests = Promise.all(this.#rest.map(async ({ name, at, token }) => {
      for (;; await pause(10)) {
        const { status } = await at.call('GET', '/projects', { token })
        if ([401, 403, 404].includes(status)) return note(name, since())
        assert.ok(since() < 20_000, `${name} still answers ${status}`)
      }
    }))
    const streams = Promise.all(this.#streams.map(async ({ name, listener, at }) => {
      while (at() === undefined && since() < 20_000) await pause(10)
      note(name, (at() ?? Infinity) - answered)
      assert.ok(!listener.frames.some((frame) => frame.type === 'resync'))
    }))
    const runs = Promise.all(this.#runs.map(async ({ name, id }) => {
      for (;; await pause(20)) {
        const { status, last } = await this.#house.said(id)
        if (status === 'failed') {
          note(`${name}' last effect`, last - answeredAt)
          this.figures.push(`${name} ended ${Math.round(since())}`) // at its next step, which here comes each second
          return
        }
        assert.ok(since() < 20_000, `the run is still ${status}`)
      }
    }))
    await Promise.all([refreshes, requests, streams, runs])
    for (const [name, ms] of late) {
      this.figures.push(`${name} ${Math.round(ms)}`)
      assert.ok(ms < boundMs, `${name} ended ${Math.round(ms)} ms after the answer`)
    }
    assert.ok(late.size > 0)
  }
}

type House = Awaited<ReturnType<typeof openHouse>>
/** Two processes over one PostgreSQL, a tenant with its owner, an application, and a task to comment on. */
async function openHouse(t: TestContext) {
  const { near, far, sql } = await startPair(t)
  const both = [near, far]
  const personOf = (name: string, email: string, s: any): Person => ({ name, email, password, id: s.user.id, tenant: s.tenant?.id ?? null, access: s.accessToken, refresh: s.refreshToken, since: Date.now() })
  const register = async (name: string, more: object, email = `${name}@example.test`) => personOf(name, email, await near.ok('POST', '/auth/register', { body: { email, password, name, ...more } }))
  const ok = (who: Person, method: string, at: string, body?: object) => near.ok(method, at, { token: who.access, ...(body ? { body } : {}) })

  const ops = await register('ops', { setupToken })
  const owner = await register('owner', { tenantName: 'House' })
  const tenant = owner.tenant!
  await sql.query(`insert into domains (tenant_id, id, name, token, status, verified_at, checked_at) values ($1, $2, 'acme.test', 'x', 'verified', now(), now())`, [tenant, newId()])
  const project = await ok(owner, 'POST', '/projects', { key: 'TALK', name: 'Talk' })
  const task = await ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'Talk' })
  const client = await ok(owner, 'POST', '/oauth-clients', { name: 'Legacy', grantTypes: ['password', 'refresh_token'], scopes: ['read', 'write', 'offline_access'] })
  const basic = `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`
  const signIn = async (who: Person) => personOf(who.name, who.email, await far.ok('POST', '/auth/login', { body: { email: who.email, password, tenant } }))

  return {
    both, near, far, ops, owner, client: client as { id: string }, task: task.id as string, ok, signIn,
    /** Signed in on the other process. */
    async member(role = 'admin', domain = 'example.test'): Promise<Person> {
      const { url } = await ok(owner, 'POST', '/invitations', { role })
      const name = `person-${newId()}`
      const made = await register(name, { invitationToken: /token=([\w.~-]+)/.exec(String(url))?.[1] ?? fail('no token') }, `${name}@${domain}`)
      if (domain !== 'example.test') await sql.query('update identity."user" set "emailVerified" = true where id = $1', [made.id])
      return signIn(made)
    },
    /** The owner of a tenant of their own, signed in on the other process. */
    async founder(): Promise<Person> {
      const name = `founder-${newId()}`
      const made = await register(name, { tenantName: name })
      return personOf(name, made.email, await far.ok('POST', '/auth/login', { body: { email: made.email, password, tenant: made.tenant } }))
    },
    token: (at: Product, where: string, body: Record<string, string>) => fetch(`${at.url}/t/${tenant}/oauth${where}`, { method: 'POST', headers: { ...form, authorization: basic }, body: new URLSearchParams(body).toString() }),
    /** What a run has said so far, and when it last did. */
    async said(run: string): Promise<{ status: string; count: number; last: number }> {
      const { rows: [row] } = await sql.query<{ status: string; count: number; last: Date | null }>(
        `select r.status, count(e.id)::int as count, max(e.at) as last from runs r left join events e on e.request_id = 'run:' || r.id and e.name = 'comment.added' where r.id = $1 group by r.status`, [run])
      return { status: row!.status, count: row!.count, last: row!.last?.getTime() ?? 0 }
    },
  }
}
