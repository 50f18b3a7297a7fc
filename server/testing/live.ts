// A live server on a port of its own, over a kernel; several over the same database stand for several processes. Tokens say who they stand for.
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { ServerFrame } from '../../client/frames.ts'
import { event, Sealed, type EventDeclaration } from '../kernel/events.ts'
import { watchConnections } from '../kernel/closing.ts'
import { createServer, type Doorkeeper } from '../kernel/http.ts'
import { newId } from '../kernel/ids.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { createPermissions } from '../kernel/permissions.ts'
import { Id, Nullable, Strict, Type, type TenantRole } from '../kernel/schema.ts'
import type { ScopeRule } from '../kernel/module.ts'
import { startTail } from '../kernel/running.ts'
import { createLive } from '../modules/live/module.ts'
import { headerDoors } from './http.ts'

/** Boards and their cards, and what ends a stream; ids of `board` are in `hidden` for whom the rule says no. */
export const boardEvents = {
  'card.moved': event(Strict({ boardId: Id, cardId: Nullable(Id), n: Type.Integer(), title: Sealed(Type.String()) }), { scope: 'boardId', parent: 'cardId' }),
  'board.changed': event(Strict({ boardId: Id }), { scope: 'boardId' }),
  'key.rotated': event(Strict({ n: Type.Integer() }), { audience: 'admins' }),
  'nudge.sent': event(Strict({ n: Type.Integer() }), { audience: 'person' }),
  'member.removed': event(Strict({})), 'member.changed': event(Strict({})), 'session.ended': event(Strict({})), 'user.changed': event(Strict({ banned: Type.Boolean() })), 'tenant-plan.changed': event(Strict({})),
} satisfies Record<string, EventDeclaration>
declare module '../kernel/events.ts' {
  interface EventMap {
    'card.moved': { boardId: string; cardId: string | null; n: number; title: string }
    'board.changed': { boardId: string }
    'key.rotated': { n: number }
    'nudge.sent': { n: number }
  }
}

export type Guest = { id: string; token: string; session: string; tenant: string | null; role: TenantRole; expiresAt: number; operator: boolean; scopes?: string[]; watches?: string[] }
export type Guests = { list: Guest[]; hidden: Set<string>; doorkeeper: Doorkeeper; asked: { rules: number }; invite(over?: Partial<Guest>): Guest }

/** Who may come; shared by the servers of a test. */
export function createGuests(): Guests {
  const list: Guest[] = []
  const guests: Guests = {
    list, hidden: new Set(), asked: { rules: 0 },
    invite(over = {}) {
      const guest: Guest = { id: newId(), token: `t-${newId()}`, session: newId(), tenant: newId(), role: 'member', expiresAt: Date.now() + 600_000, operator: false, ...over }
      list.push(guest)
      return guest
    },
    doorkeeper: {
      authenticate: async (token) => {
        const g = list.find((one) => one.token === token)
        return g && { actor: { type: 'user', id: g.id }, tenant: g.tenant, operator: g.operator, session: g.session, expiresAt: g.expiresAt, ...(g.scopes ? { scopes: g.scopes } : {}), ...(g.watches ? { watches: g.watches } : {}) }
      },
      roleIn: (tenant, person) => list.find((g) => g.id === person && g.tenant === tenant)?.role,
    },
  }
  return guests
}

export type LiveServer = { kernel: Kernel; ws: string; http: string; origin: string; size(): number; /** of both protocols, to be killed */ connections: Set<Socket>; /** @returns how many connections had to be cut, which is never */ close(): Promise<number> }
export async function openLiveServer(t: Pick<TestContext, 'after'>, kernel: Kernel, guests: Guests, more: { heartbeatMs?: number; helloMs?: number; floorMs?: number; page?: number; /** modules switched off for every tenant: `boards` is what there is */ off?: ReadonlySet<string> } = {}): Promise<LiveServer> {
  const tail = await startTail(kernel, { floorMs: more.floorMs ?? 20 })
  const board: ScopeRule = async (viewer, id) => {
    guests.asked.rules++
    return viewer.role === 'admin' || !guests.hidden.has(id)
  }
  const doors = { ...headerDoors((hint) => guests.list.find((g) => g.tenant === hint)?.tenant ?? undefined), stateOf: () => ({ status: 'active' as const, off: new Set(more.off) }) }
  const { 'card.moved': moved, 'board.changed': changed } = boardEvents
  const modules = [{ name: 'boards', optional: { title: 'Boards', gives: 'Boards with cards.' }, scopes: { board, card: board }, events: { 'card.moved': moved, 'board.changed': changed } }]
  const live = createLive({ kernel, tail, doorkeeper: guests.doorkeeper, doors, trustProxy: [], scopes: { board, card: async (_, id) => !guests.hidden.has(id) }, modules, corsOrigins: ['http://app.test'], tenantHeader: 'org-id', ...more })
  const app = await createServer({
    operations: [], permissions: createPermissions([]), app: kernel.app, system: kernel.system, doorkeeper: guests.doorkeeper, doors, bus: kernel.bus, log: kernel.log,
    tenantHeader: 'org-id', corsOrigins: ['http://app.test'], trustProxy: [], limits: false,
  })
  live.mount(app)
  const closeHttp = watchConnections(app, { lateMs: 30_000 })
  const connections = new Set<Socket>()
  app.server.on('connection', (socket) => connections.add(socket.on('close', () => connections.delete(socket))))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  let closing: Promise<number> | undefined
  const close = () => (closing ??= (async () => {
    const cut = await closeHttp()
    await tail.stop()
    return cut
  })())
  t.after(close)
  return { kernel, ws: `ws://127.0.0.1:${port}/live`, http: `http://127.0.0.1:${port}/api/v1/live`, origin: `http://127.0.0.1:${port}`, size: live.size, connections, close }
}

/** A bare WebSocket that keeps what it hears. */
export function connect(t: Pick<TestContext, 'after'>, url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers })
  const frames: ServerFrame[] = []
  const opened = new Promise<void>((resolve, reject) => socket.on('open', resolve).on('error', reject))
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  opened.catch(() => {})
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as ServerFrame))
  t.after(() => socket.terminate())
  const send = async (frame: unknown) => {
    await opened
    socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }
  /** The first frame for which this holds, past or to come. The runner's own limit ends what never comes. */
  const until = async <F extends ServerFrame['type']>(type: F, holds: (frame: Extract<ServerFrame, { type: F }>) => boolean = () => true) => {
    for (;;) {
      const found = frames.find((f) => f.type === type && holds(f as never))
      if (found) return found as Extract<ServerFrame, { type: F }>
      if (socket.readyState === WebSocket.CLOSED) throw new Error(`closed before ${type} came; heard ${JSON.stringify(frames).slice(0, 500)}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  return { socket, frames, opened, closed, send, until }
}
