// The link between processes that share a PostgreSQL: one connection that listens and notifies. Hints are packed, since each NOTIFY is a
// transaction of its own and notifying transactions commit one after the other. LISTEN needs a direct connection: a transaction pooler
// answers yes and delivers nothing, so the link listens for its own voice.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { BusHealth } from '../kernel/ports.ts'
import { Batch, pack, unpack, type Hint, type Log } from './bus-hints.ts'

const channel = 'groundwork_bus'
const maxBytes = 7_900 // PostgreSQL takes less than 8,000
const presence = ' here' // channels of the link itself begin with a blank
export type LinkTiming = { everyMs: number; beatMs: number; deafMs: number; retryMs: number }
const usual: LinkTiming = { everyMs: 10, beatMs: 10_000, deafMs: 5_000, retryMs: 200 }

export type Link = { send(channel: string, message: string): void; peers(): number; health(): BusHealth; connected: Promise<void>; close(): Promise<void> }
/** @param heard hints of other processes only; `again` after each connect: what was said before is lost */
export function openLink(o: { connection: pg.ClientConfig; heard: (hint: Hint) => void; again: () => void; log: Log; timing?: Partial<LinkTiming> }): Link {
  const timing = { ...usual, ...o.timing }
  const origin = randomUUID()
  const lastSeen = new Map<string, number>()
  let client: pg.Client | undefined
  let coming: pg.Client | undefined // the same, or the one being connected
  let health: BusHealth = { ok: false, detail: 'not connected yet' }
  let failures = 0
  let closed = false
  let retry: NodeJS.Timeout | undefined
  let deaf: NodeJS.Timeout | undefined
  let firstTried = () => {}
  const connected = new Promise<void>((resolve) => (firstTried = resolve))

  const batch = new Batch(timing.everyMs, async (hints) => {
    const texts = client ? pack(origin, hints, maxBytes) : []
    if (texts.length) await client!.query(`select pg_notify($1, t) from unnest($2::text[]) t`, [channel, texts])
  })

  function take(text: string | undefined): void {
    const packed = text === undefined ? undefined : unpack(text)
    if (!packed) return
    if (packed.origin === origin) {
      if (packed.hints.some(([name]) => name === presence)) clearTimeout(deaf)
      return
    }
    const isNew = !lastSeen.has(packed.origin)
    lastSeen.set(packed.origin, Date.now())
    if (isNew) batch.add(presence, '') // so that it knows of us before the next beat
    for (const hint of packed.hints) if (!hint[0].startsWith(' ')) o.heard(hint)
  }

  async function connect(): Promise<void> {
    const mine = new pg.Client({ ...o.connection, keepAlive: true, connectionTimeoutMillis: 10_000, application_name: 'groundwork bus' })
    coming = mine
    mine.on('error', () => {}) // 'end' follows
    mine.on('notification', ({ payload }) => mine === client && take(payload))
    mine.on('end', () => mine === client && lose('the connection ended'))
    try {
      await mine.connect()
      await mine.query(`listen ${channel}`)
    } catch (error) {
      void mine.end().catch(() => {})
      lose(error instanceof Error ? error.message : String(error))
      return
    }
    if (closed) return void mine.end().catch(() => {})
    if (failures) o.log('the bus is connected again')
    client = mine
    failures = 0
    health = { ok: true, detail: 'NOTIFY' }
    beat()
    o.again()
  }

  function lose(reason: string): void {
    if (closed) return
    client = undefined
    clearTimeout(deaf)
    if (failures++ === 0) o.log(`the bus has lost its link to other processes (${reason}); polling goes on`)
    health = { ok: false, detail: reason }
    retry = setTimeout(() => void connect(), Math.min(timing.retryMs * 2 ** Math.min(failures - 1, 5), 5_000))
  }

  /** Tells the others that we are here, and expects to hear itself. */
  function beat(): void {
    if (!client) return
    for (const [peer, at] of lastSeen) if (Date.now() - at > timing.beatMs * 3) lastSeen.delete(peer)
    const mine = client
    clearTimeout(deaf)
    deaf = setTimeout(() => {
      if (mine !== client) return
      lose('it does not hear itself: LISTEN needs a direct connection, not a transaction pooler')
      void mine.end().catch(() => {})
    }, timing.deafMs)
    batch.add(presence, '')
  }

  const beats = setInterval(beat, timing.beatMs)
  void connect().finally(() => firstTried())
  return {
    send: (name, message) => batch.add(name, message),
    peers: () => lastSeen.size,
    health: () => health,
    connected,
    async close() {
      closed = true
      batch.close()
      clearInterval(beats)
      clearTimeout(retry)
      clearTimeout(deaf)
      const mine = coming
      client = undefined
      await mine?.end().catch(() => {})
    },
  }
}
