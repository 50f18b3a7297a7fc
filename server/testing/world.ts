// People with every role in two tenants of a running product, and makers of the things they own. Every text carries its tenant's mark:
// where a mark turns up tells who saw what.
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import type pg from 'pg'
import { openLocalBus } from '../adapters/bus-local.ts'
import { openBareKernel } from '../app.ts'
import { readConfig } from '../config.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { mailBinding, type MailText } from '../kernel/mail.ts'
import type { TenantRole } from '../kernel/schema.ts'
import { readPlatformKey } from '../platform-key.ts'
import { connect, fail, setupToken, type Answer, type Call, type Product } from './product.ts'

const password = 'herons under a tin roof 58'
const renewAfter = 4 * 60_000 // access tokens live longer
export type Person = { name: string; email: string; password: string; id: string; tenant: string | null; access: string; refresh: string; since: number }
export type ProjectRole = 'viewer' | 'editor' | 'manager'
export type Side = {
  id: string; slug: string; name: string
  /** stands in every text of this tenant */
  mark: string
  /** stands in every text of its private projects instead */
  secretMark: string
  owner: Person; admin: Person; member: Person; viewer: Person
  /** tenant members with a role in the private project; `member` and `viewer` have none */
  inProject: Partial<Record<ProjectRole, Person>>
  open?: Thing; secret?: Thing
}
export type Thing = { id: string; [field: string]: any }
export type Can = { projects: boolean; tasks: boolean; comments: boolean; notifications: boolean }

export class World {
  readonly product: Product
  /** the superuser */
  readonly sql: pg.Client
  readonly kernel: Kernel
  ops!: Person
  /** a person without any tenant */
  stranger!: Person
  alpha!: Side
  beta!: Side
  can: Can = { projects: false, tasks: false, comments: false, notifications: false }
  #serial = 0

  constructor(product: Product, sql: pg.Client, kernel: Kernel) {
    this.product = product
    this.sql = sql
    this.kernel = kernel
  }

  /** A name that is not taken; letters only, so that search finds it as one word. */
  word = (stem = 'w'): string => `${stem}${[...randomBytes(6)].map((b) => String.fromCharCode(97 + (b % 26))).join('')}${String.fromCharCode(97 + (this.#serial++ % 26))}`

  /** As a person; their token is renewed in time. */
  async call(who: Person | undefined, method: string, at: string, how: Call = {}): Promise<Answer> {
    if (who) await this.refresh(who)
    return this.product.call(method, at, { ...(who ? { token: who.access } : {}), ...how })
  }
  async ok(who: Person | undefined, method: string, at: string, how: Call = {}): Promise<any> {
    const answer = await this.call(who, method, at, how)
    if (answer.status < 200 || answer.status > 299) fail(`${method} ${at} by ${who?.name ?? 'nobody'} answered ${answer.status}: ${answer.text.slice(0, 500)}`)
    return answer.body
  }
  /** Signs in anew, which starts another session. */
  /** Signs them in again when their token is older than this. */
  async refresh(who: Person, afterMs = renewAfter): Promise<void> {
    if (Date.now() - who.since > afterMs) await this.renew(who)
  }
  async renew(who: Person): Promise<void> {
    const login = await this.product.ok('POST', '/auth/login', { body: { email: who.email, password: who.password, ...(who.tenant ? { tenant: who.tenant } : {}) } })
    Object.assign(who, { access: login.accessToken, refresh: login.refreshToken, since: Date.now() })
  }

  async person(name = this.word('person'), more: object = {}): Promise<Person> {
    const email = `${name}@example.test`
    const made = await this.product.ok('POST', '/auth/register', { body: { email, password, name, ...more } })
    return { name, email, password, id: made.user.id, tenant: made.tenant?.id ?? null, access: made.accessToken, refresh: made.refreshToken, since: Date.now() }
  }
  /** A new person in a tenant. The membership is written as the libraries write it: triggers make its event. */
  async member(side: Pick<Side, 'id' | 'mark'>, role: TenantRole, name = this.word(`${side.mark}-${role}-`)): Promise<Person> {
    const made = await this.person(name)
    await this.sql.query(`insert into identity.member ("organizationId", "userId", role, "createdAt") values ($1, $2, $3, now())`, [side.id, made.id, role])
    const login = await this.product.ok('POST', '/auth/switch', { token: made.access, body: { tenant: side.id } })
    return Object.assign(made, { tenant: side.id, access: login.accessToken, refresh: login.refreshToken ?? made.refresh })
  }
  async side(letter: string): Promise<Side> {
    const mark = this.word(`${letter}mark`)
    const owner = await this.person(`${mark}-owner`, { tenantName: `${mark} tenant` })
    const tenant = await this.tenantOf(owner)
    const base = { id: tenant.id, slug: tenant.slug, name: tenant.name, mark, secretMark: this.word(`${letter}secret`) }
    const [admin, member, viewer] = [await this.member(base, 'admin'), await this.member(base, 'member'), await this.member(base, 'viewer')]
    const side: Side = { ...base, owner, admin, member, viewer, inProject: {} }
    if (!this.can.projects) return side
    side.open = await this.project(side)
    side.secret = await this.project(side, { visibility: 'private' })
    for (const role of ['viewer', 'editor', 'manager'] as const) {
      const who = (side.inProject[role] = await this.member(side, 'member', this.word(`${mark}-project-${role}-`)))
      await this.ok(owner, 'PUT', `/projects/${side.secret.id}/members/${who.id}`, { body: { role } })
    }
    for (const project of [side.open, side.secret]) {
      const task = this.can.tasks ? await this.task(side, project) : undefined
      if (task && this.can.comments) await this.comment(side, task)
    }
    return side
  }
  private async tenantOf(owner: Person): Promise<{ id: string; slug: string; name: string }> {
    const { rows: [found] } = await this.sql.query(`select o.id, o.slug, o.name from identity.organization o join identity.member m on m."organizationId" = o.id where m."userId" = $1`, [owner.id])
    if (!found) fail(`registering with tenantName made no tenant for ${owner.name}`)
    owner.tenant = found.id
    await this.renew(owner)
    return found
  }

  markOf = (side: Side, project?: Thing): string => (project && project.id === side.secret?.id ? side.secretMark : side.mark)
  async project(side: Side, { visibility = 'open', by = side.owner }: { visibility?: string; by?: Person } = {}): Promise<Thing> {
    const mark = visibility === 'private' ? side.secretMark : side.mark
    return this.ok(by, 'POST', '/projects', { body: { key: this.word('K').slice(0, 9).toUpperCase(), name: `${mark} project ${this.word()}`, description: `${mark} description`, visibility } })
  }
  async task(side: Side, project = side.open!, more: object = {}, by = side.owner): Promise<Thing> {
    const mark = this.markOf(side, project)
    return this.ok(by, 'POST', '/tasks', { body: { projectId: project.id, title: `${mark} task ${this.word()}`, description: `${mark} text`, labels: [mark], ...more } })
  }
  async comment(side: Side, task: Thing, by = side.owner): Promise<Thing> {
    return this.ok(by, 'POST', `/tasks/${task.id}/comments`, { body: { text: `${this.markOf(side, [side.open, side.secret].find((p) => p?.id === task.projectId))} says ${this.word()}` } })
  }
  /** `url` holds the token. */
  async invitation(side: Pick<Side, 'owner' | 'mark'>, email: string | null = `${this.word(side.mark)}@example.test`): Promise<Thing & { token: string }> {
    const made = await this.ok(side.owner, 'POST', '/invitations', { body: { email, role: 'member' } })
    return { ...made, token: String(made.url).split('token=')[1]! }
  }
  /** `key` is the key. */
  async apiKey(side: Pick<Side, 'owner' | 'mark'>, more: object = {}): Promise<Thing & { key: string }> {
    return this.ok(side.owner, 'POST', '/api-keys', { body: { name: `${side.mark} key ${this.word()}`, scopes: ['read'], ...more } })
  }
  async issuer(by: Person, path: string, mark = ''): Promise<Thing> {
    return this.ok(by, 'POST', path, { body: { issuer: `https://${this.word(mark)}.example.test`, audience: `${mark} audience`, mapping: { by: 'email' } } })
  }
  /** The operator as the tenant's member. */
  async impersonation(side: Side): Promise<Person> {
    const { accessToken } = await this.ok(this.ops, 'POST', '/impersonations', { body: { userId: side.member.id, tenantId: side.id, reason: `${side.mark} reason`, minutes: 30 } })
    return { ...this.ops, access: accessToken, since: Date.now(), tenant: side.id }
  }
  async serviceKey(more: object = {}): Promise<Thing & { key: string }> {
    return this.ok(this.ops, 'POST', '/service-keys', { body: { name: this.word(), scopes: ['admin'], ...more } })
  }
  /** What a person is told of: somebody else assigns a task to them. */
  async notification(side: Side, who: Person, project = side.open!): Promise<Thing> {
    const task = await this.task(side, project, { assigneeId: who.id }, who === side.owner ? side.admin : side.owner)
    await this.settled()
    const { items } = await this.ok(who, 'GET', '/notifications?limit=200')
    return items.find((n: any) => JSON.stringify(n).includes(task.id)) ?? fail(`${who.name} was not told of the task ${task.id}`)
  }
  /** The token in the newest letter to an address, once it is there. */
  async linkFor(email: string): Promise<string> {
    for (;;) {
      const { rows } = await this.sql.query<{ id: string; sealed: Buffer }>('select id, sealed from mails order by id desc limit 30')
      for (const { id, sealed } of rows) {
        const letter = JSON.parse((await this.kernel.keys.open(sealed, mailBinding(id))) ?? '{}') as Partial<MailText>
        const token = letter.to === email ? /token=([\w.~%-]+)/.exec(letter.text ?? '')?.[1] : undefined
        if (token) return decodeURIComponent(token)
      }
      await pause(30)
    }
  }

  /** Waits until readers and jobs have done what follows from everything committed so far: from then on only requests write. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const { rows: [now] } = await this.sql.query<{ behind: number; jobs: number }>(`select
        (select count(*)::int from readers r where not r.paused and exists (select from events e where (e.pos, e.seq) > (r.pos, r.seq))) as behind,
        (select count(*)::int from jobs where name <> 'proof.none' and status in ('ready', 'running') and run_at < now() + interval '1 second')
        + (select count(*)::int from runs where status in ('pending', 'running') or (status = 'waiting' and due_at < now() + interval '1 second')) as jobs`)
      quiet = now!.behind + now!.jobs === 0 ? quiet + 1 : 0
      await pause(25)
    }
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Two tenants with everybody in them. @param paths of the OpenAPI document: what is not there yet is left out */
export async function openWorld(t: Pick<TestContext, 'after'>, product: Product, paths: ReadonlySet<string>): Promise<World> {
  const database = await product.attach()
  const sql = await connect(t, database.superuser())
  const config = readConfig({ DATA_DIR: product.dataDir })
  const bus = await openLocalBus()
  const kernel = await openBareKernel({ config, database, bus, platformKey: readPlatformKey(config) })
  t.after(async () => (await kernel.close(), await bus.close()))
  const world = new World(product, sql, kernel)
  const has = (path: string) => paths.has(`/api/v1${path}`)
  world.can = { projects: has('/projects'), tasks: has('/tasks'), comments: has('/tasks/{id}/comments'), notifications: has('/notifications') }
  world.ops = await world.person('ops', { setupToken })
  world.stranger = await world.person('stranger')
  world.alpha = await world.side('a')
  world.beta = await world.side('b')
  return world
}
