// All live streams of a process: who is let in, where each begins, what ends it. WebSocket and Server-Sent Events are two wires to the same.
import { hintOf, isUnknown, requireOpen, type Doors, type Hinting, type TenantState } from '../../kernel/doors.ts'
import { codes, Problem, type ErrorCode } from '../../kernel/errors.ts'
import type { Doorkeeper, From, Principal } from '../../kernel/http.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { comparePositions, epochOf, findEnd, findLogState, listEventsUpTo, listPersonEventsUpTo, parsePosition, type EventRow, type Position } from '../../kernel/log.ts'
import type { Module, ScopeRule } from '../../kernel/module.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import { opens } from '../../kernel/scopes.ts'
import type { History, Tail } from '../../kernel/tail.ts'
import { bodyOf, newPassage, Pack, type Passage } from './packs.ts'
import { Stream, type Member, type Wire, type Works } from './subscription.ts'
import { maxTopics, readTopic, topicsOf } from './topics.ts'
import { createGate, createVisibility, featuresOf } from './visibility.ts'

export type HubOptions = {
  kernel: Pick<Kernel, 'app' | 'open' | 'registry' | 'log' | 'metrics'>
  tail: Tail
  doorkeeper: Doorkeeper
  doors: Doors
  tenantHeader: string
  /** noun -> rule, of all modules */
  scopes: Readonly<Record<string, ScopeRule>>
  /** those that may be switched off for a tenant: their topics are refused then, and their events stay away */
  modules?: readonly Pick<Module, 'name' | 'optional' | 'scopes' | 'events'>[]
  heartbeatMs?: number
  /** rows of the past read at once */
  page?: number
}
/** Why nobody is let in, or a stream ended: a WebSocket close code, and what an HTTP answer says instead. */
export class Ended extends Error {
  readonly code: number
  readonly problem: ErrorCode
  constructor(code: number, reason: string, problem: ErrorCode = code === 4401 ? 'auth.token_refused' : 'tenant.not_found') {
    super(reason)
    this.code = code
    this.problem = problem
  }
}
/** What a token gives that may differ the next time it is asked. */
const granted = ({ session, expiresAt, role, operator, scopes, permissions, off }: Member) => ({ session, expiresAt, role, operator, scopes, permissions, off })
const nothingOff: ReadonlySet<string> = new Set()
/** The code of a topic whose module is switched off. */
const switchedOff = 'module.off'
export type Hub = ReturnType<typeof createHub>

export function createHub({ kernel, tail, doorkeeper, doors, tenantHeader, scopes, modules = [], heartbeatMs = 10_000, page = 500 }: HubOptions) {
  const gate = createGate(4)
  const features = featuresOf(modules)
  const visibility = createVisibility({ scopes, features, registry: kernel.registry, gate })
  const streams = new Set<Stream>()
  const byPerson = new Map<string, Set<Stream>>()
  const byWatch = new Map<string, Set<Stream>>()
  const passages = new WeakMap<EventRow, Passage>()
  let packs = new Map<string, Pack>()
  let due: Stream[] = []
  let draining = false

  const flushAll = () => {
    const now = due
    due = []
    packs = new Map()
    for (const stream of now) stream.flush()
  }
  const works: Works = {
    at: tail.at,
    passageOf(row) {
      let passage = passages.get(row)
      if (!passage) passages.set(row, (passage = newPassage(row, topicsOf(row, kernel.registry.find(row.name)))))
      return passage
    },
    open: (passage) => (passage.opening ??= kernel.open(passage.row).then((event) => (passage.body = bodyOf(event)), (error: unknown) => {
      passage.opening = undefined
      throw error
    })),
    maySee: visibility.maySee,
    packAt(cursor) {
      let pack = packs.get(cursor)
      if (!pack) packs.set(cursor, (pack = new Pack(cursor)))
      return pack
    },
    dueNow(stream) {
      if (due.push(stream) === 1) queueMicrotask(flushAll) // the tail's whole batch comes in one turn
    },
  }

  const endAll = (person: string | null, code: number, reason: string, which: (stream: Stream) => boolean = () => true) => {
    for (const stream of [...(byPerson.get(person ?? '') ?? [])]) if (which(stream)) stream.close(code, reason)
  }
  /** What comes after the change is judged by the new role. */
  const askRole = (stream: Stream) => {
    const { viewer } = stream
    const asked = Promise.resolve().then(() => doorkeeper.roleIn(viewer.tenant!, viewer.person)) // after all watchers, the doorkeeper among them
    stream.hold(asked.then((role) => {
      viewer.role = role
      if (!role) stream.close(4403, 'no longer a member')
    }))
  }
  /** The token itself is asked again: of a key, or of whoever stands behind one. */
  const askAgain = (stream: Stream) => {
    const { viewer } = stream
    const asked = Promise.resolve().then(() => admit(viewer.token, viewer.from, viewer.tenant ?? undefined))
    stream.hold(asked.then((now) => void Object.assign(viewer, granted(now)), (error: unknown) => {
      if (error instanceof Ended) return stream.close(error.code, error.message)
      throw error
    }))
  }
  const isOff = (viewer: Pick<Member, 'off'>, noun: string): boolean => viewer.off.size > 0 && viewer.off.has(features.ofNoun(noun) ?? '')
  /** What comes after the change is judged by what is on now; topics of what was switched off end, and say so; what is shown is to be loaded anew. */
  const askModules = (stream: Stream) => {
    const { viewer, topics } = stream
    if (viewer.tenant === null) return
    if (viewer.session === undefined) askAgain(stream) // a key of a module that is off is none
    const asked = Promise.resolve().then(() => doors.stateOf(viewer.tenant!))
    stream.hold(asked.then(({ off }) => {
      const same = off.size === viewer.off.size && [...off].every((name) => viewer.off.has(name))
      viewer.off = off
      for (const text of [...topics]) {
        const topic = readTopic(text)
        if (typeof topic !== 'object' || !isOff(viewer, topic.noun)) continue
        topics.delete(text)
        stream.refuse(text, switchedOff)
      }
      if (!same) stream.tell('resync', { prev: null }) // members hear nothing of plans
    }))
  }
  const watchers = (row: EventRow) => new Set([...(byWatch.get(row.subject_id) ?? []), ...(byWatch.get(row.person_id ?? '') ?? [])])
  const deaf = [
    tail.prepare((events) => Promise.all(events.filter((row) => tail.isFollowed(row.tenant_id)).map((row) => works.open(works.passageOf(row))))),
    tail.watch((row) => {
      visibility.hear(row)
      if (byWatch.size) for (const stream of watchers(row)) askAgain(stream)
      switch (row.name) {
        case 'member.removed':
          return endAll(row.person_id, 4403, 'no longer a member', (s) => s.viewer.tenant === row.tenant_id)
        case 'tenant.changed': {
          const { status } = row.data as { status?: string }
          if (status === 'suspended' || status === 'deleting') for (const stream of [...streams]) if (stream.viewer.tenant === row.tenant_id) stream.close(4403, codes[`tenant.${status}`].title)
          return
        }
        case 'session.ended':
          return endAll(row.person_id, 4401, 'signed out', (s) => s.viewer.session === row.subject_id)
        case 'user.deleted':
          return endAll(row.subject_id, 4401, 'the account is gone')
        case 'user.changed':
          return (row.data as { banned?: unknown }).banned === true ? endAll(row.subject_id, 4401, 'the account is blocked') : undefined
        case 'tenant-plan.changed':
        case 'plan.changed': // of many tenants, under the platform's id
          for (const stream of streams) if (row.tenant_id === platformId || stream.viewer.tenant === row.tenant_id) askModules(stream)
          return
        case 'security.changed': // whoever lacks what is demanded from now on goes
          for (const stream of streams) if (stream.viewer.tenant === row.tenant_id) askAgain(stream)
          return
        case 'member.changed':
          for (const stream of byPerson.get(row.person_id ?? '') ?? []) if (stream.viewer.tenant === row.tenant_id && !stream.viewer.watches.includes(row.person_id!)) askRole(stream)
      }
    }),
  ]
  const tick = setInterval(() => {
    const now = Date.now()
    for (const stream of streams) {
      if (stream.viewer.expiresAt <= now) stream.close(4401, 'the token ended')
      else if (stream.nextBeat <= now && stream.isIdle) {
        stream.nextBeat = now + heartbeatMs
        stream.tell('heartbeat', {}, true)
      }
    }
  }, Math.min(1000, heartbeatMs))

  /** A closed tenant's streams have ended, and none begins. */
  async function requireOpenTenant(tenant: string): Promise<TenantState> {
    try {
      const state = await doors.stateOf(tenant)
      requireOpen(state)
      return state
    } catch (error) {
      throw error instanceof Problem ? new Ended(4403, error.message, error.code) : error
    }
  }
  /** @param hinted as hintedBy() found it @throws Ended */
  async function admit(token: string, from: From, hinted?: string): Promise<Member> {
    const principal = await doorkeeper.authenticate(token, from)
    if (!principal || principal.expiresAt <= Date.now()) throw new Ended(4401, 'the token is not valid')
    if (!opens(principal, 'read')) throw new Ended(4403, 'the token lacks the scope read', 'scope.denied')
    if (hinted && !isUnknown(hinted) && principal.tenant && hinted !== principal.tenant) throw new Ended(4403, 'the token is for another tenant', 'tenant.mismatch')
    const tenant = isUnknown(hinted) ? hinted! : (principal.tenant ?? hinted ?? null)
    if (principal.above && tenant !== null) {
      if (!principal.above.operations.includes('live.listen') || principal.above.tenants?.includes(tenant) === false) throw new Ended(4403, 'this service key was not made for live streams of tenants')
      await principal.onUse?.({ operation: 'live.listen', tenant })
    }
    const role = tenant === null ? undefined : (principal.role ?? (await roleOf(tenant, principal.actor.id)))
    const off = tenant === null ? nothingOff : (await requireOpenTenant(tenant)).off
    const hindrance = tenant !== null && role && (await doorkeeper.hindrance?.(tenant, principal, role))
    if (hindrance) throw new Ended(4403, codes[hindrance].title, hindrance)
    return memberOf(principal, tenant, role, off, token, from)
  }
  /** The tenant that address, header and path name. @throws Ended when they differ */
  const hintedBy = (request: Hinting): Promise<string | undefined> =>
    hintOf(request, tenantHeader, doors).catch((error: unknown) => {
      throw error instanceof Problem ? new Ended(4403, error.message, error.code) : error
    })
  async function roleOf(tenant: string, person: string): Promise<TenantRole> {
    const role = isUnknown(tenant) ? undefined : await doorkeeper.roleIn(tenant, person)
    if (!role) throw new Ended(4403, 'no such tenant, or you are no member of it')
    return role
  }
  function memberOf(principal: Principal, tenant: string | null, role: TenantRole | undefined, off: ReadonlySet<string>, token: string, from: From): Member {
    const { actor, operator, session, expiresAt, scopes, permissions, onBehalfOf } = principal
    const member: Member = {
      person: onBehalfOf?.[0] ?? actor.id, tenant, role, operator, off, session, expiresAt, token, from, scopes, permissions, watches: principal.watches ?? [],
      context: () => kernel.app.context({ tenant: tenant ?? platformId, actor, request: newId(), role: member.role!, operator, session: member.session!, ...(member.scopes ? { scopes: member.scopes, permissions: member.permissions } : {}), ...(onBehalfOf ? { onBehalfOf } : {}) }),
    }
    return member
  }

  /** @returns why not; undefined when the topic is granted */
  async function refusalOf(viewer: Member, text: string): Promise<string | undefined> {
    const topic = readTopic(text)
    if (topic === 'me') return opens(viewer, 'profile') ? undefined : 'scope.denied'
    if (topic === undefined) return 'request.invalid'
    if (viewer.tenant === null) return 'tenant.required'
    if (topic !== 'tenant' && isOff(viewer, topic.noun)) return switchedOff
    if (topic === 'tenant' || (await visibility.maySubscribe(viewer, topic.noun, topic.id))) return undefined
    return `${topic.noun}.not_found` in codes ? `${topic.noun}.not_found` : 'not_found'
  }
  async function sortOut(viewer: Member, topics: readonly string[]) {
    const asked = await Promise.all([...new Set(topics)].map(async (topic) => ({ topic, code: await refusalOf(viewer, topic) })))
    return { granted: asked.filter((a) => a.code === undefined).map((a) => a.topic), refused: asked.filter((a) => a.code !== undefined) as { topic: string; code: string }[] }
  }

  /** The past of one viewer, read under row security: the tenant's, and under the platform's id their own. */
  const historyOf = (viewer: Member): History => (after, to) =>
    gate(async () => {
      const own = kernel.app.context({ tenant: platformId, actor: viewer.context().actor, request: newId() }).read(listPersonEventsUpTo(platformId, viewer.person, after, to, page))
      const [[mine], [tenants]] = await Promise.all([own, viewer.tenant ? viewer.context().read(listEventsUpTo(viewer.tenant, after, to, page)) : [[] as EventRow[]]])
      // where one of the two is cut off, the other must not go beyond
      const ends = [mine!, tenants!].filter((rows) => rows.length === page).map((rows) => rows.at(-1)!)
      const end = ends.length ? ends.reduce((a, b) => (comparePositions(a, b) < 0 ? a : b)) : undefined
      const events = [...mine!, ...tenants!].sort(comparePositions).filter((row) => !end || comparePositions(row, end) <= 0)
      return { events, next: end ? { pos: end.pos, seq: end.seq } : null }
    })

  /** Where to begin: behind the client's cursor, or at the log's end, which the tail may not have reached yet. */
  async function findStart(viewer: Member, after: string | undefined): Promise<{ start: Position; lost: boolean }> {
    const [[state], [end]] = await viewer.context().read(findLogState(), findEnd())
    if (after === undefined) return { start: end!, lost: false }
    const given = parsePosition(after)
    const floor = { pos: state!.floor_pos, seq: state!.floor_seq }
    const kept = given && epochOf(given.pos) === epochOf(state!.base) && given.pos <= end!.pos && comparePositions(given, floor) >= 0
    return kept ? { start: given, lost: false } : { start: end!, lost: true }
  }

  return {
    admit,
    hintedBy,
    size: () => streams.size,
    isDraining: () => draining,
    /** Begins a stream on a wire. Settles once it is acknowledged; the past may still be on its way. @throws Ended */
    async begin(viewer: Member, token: string, wire: Wire, { after, topics }: { after?: string | undefined; topics: readonly string[] }): Promise<Stream> {
      const { granted, refused } = await sortOut(viewer, topics)
      const { start, lost } = await findStart(viewer, after)
      if (draining) throw new Ended(1001, 'going away')
      // one turn from here to the tail: whatever it passes from now on is offered
      const stream = new Stream(works, wire, viewer, granted, start)
      streams.add(stream)
      const files: [Map<string, Set<Stream>>, string][] = [[byPerson, viewer.person], ...viewer.watches.map((id): [Map<string, Set<Stream>>, string] => [byWatch, id])]
      for (const [file, id] of files) file.set(id, (file.get(id) ?? new Set()).add(stream))
      let leaveTail = () => {}
      stream.leave = () => {
        leaveTail()
        streams.delete(stream)
        for (const [file, id] of files) if (file.get(id)?.delete(stream) && file.get(id)!.size === 0) file.delete(id)
        kernel.metrics.streams.set(streams.size)
      }
      kernel.metrics.streams.set(streams.size)
      stream.nextBeat = Date.now() + heartbeatMs
      for (const { topic, code } of refused) stream.refuse(topic, code)
      if (lost) {
        stream.tell('resync', { prev: null })
        stream.tell('ready')
      } else stream.tell('ready', { prev: after ?? null })
      stream.caughtUp = tail.subscribe(stream, historyOf(viewer)).then(
        (leave) => {
          stream.catchingUp = false
          leaveTail = leave
          if (stream.over) leave()
        },
        (error: unknown) => {
          if (stream.over) return
          kernel.log.warn({ error: String(error) }, 'the past of a live stream could not be read')
          stream.close(1011, 'the past could not be read: resume')
        },
      )
      // what ended between the first look and the registration was heard by nobody here
      const again = await admit(token, viewer.from, viewer.tenant ?? undefined).catch((error: Ended) => error)
      if (again instanceof Error) stream.close(again instanceof Ended ? again.code : 1011, again.message)
      else if (again.role !== viewer.role && !stream.over) viewer.role = again.role
      return stream
    },
    /** Acknowledged in the same turn in which the topics begin to count. @throws Ended */
    async subscribe(stream: Stream, topics: readonly string[]): Promise<void> {
      if (new Set([...stream.topics, ...topics]).size > maxTopics) throw new Ended(4400, `at most ${maxTopics} topics`)
      const { granted, refused } = await sortOut(stream.viewer, topics)
      await stream.caughtUp
      while (!stream.isIdle && !stream.over) await stream.idle()
      // one turn from here: the tail passes nothing between
      for (const topic of granted) stream.topics.add(topic)
      for (const { topic, code } of refused) stream.refuse(topic, code)
      if (granted.length) stream.tell('subscribed', { topics: granted }, true)
    },
    /** A new token of the same person for the same tenant. @throws Ended */
    async renew(stream: Stream, token: string): Promise<void> {
      const next = await admit(token, stream.viewer.from, stream.viewer.tenant ?? undefined)
      if (next.person !== stream.viewer.person || next.tenant !== stream.viewer.tenant) throw new Ended(4401, 'the token is of another person or tenant')
      Object.assign(stream.viewer, granted(next), { token })
    },
    /** Sends everybody elsewhere; they reconnect at once. */
    drain(): void {
      draining = true
      clearInterval(tick)
      for (const quiet of deaf) quiet()
      for (const stream of [...streams]) stream.close(1001, 'going away: reconnect now')
    },
  }
}
