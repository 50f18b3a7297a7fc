// What operators do with readers: look, pause, go on, go back, leave out, repeat. The cursor's row is locked for each, so a running batch ends first.
import { createHash } from 'node:crypto'
import type { Context } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { comparePositions, findHolder, formatPosition, parsePosition } from '../../kernel/log.ts'
import { page, parseCursor } from '../../kernel/pages.ts'
import { actingOn, parkEvent, type Reader as Declared } from '../../kernel/readers.ts'
import type { List } from '../../kernel/schema.ts'
import { ensureReader, findHead, findPlaceAt, findPlaceBack, listParked, listParkedIds, listReaders, lockParked, lockReader, pauseReader, placeReader, unpark, type Place } from './queries.ts'
import type { Reader, Rewind } from './schema.ts'

/** Events name their subject by uuid: a reader's is version 8 (RFC 9562) of its name's sha256, the same everywhere. */
export function readerId(name: string): string {
  const h = createHash('sha256').update(name).digest('hex')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-${'89ab'[parseInt(h[16]!, 16) & 3]}${h.slice(17, 20)}-${h.slice(20, 32)}`
}
type Holder = { pid: number | null; database: string | null; since: string | null; application: string | null }
export const describeHolder = (h: Holder): string => `process ${h.pid ?? '?'} of the database server (${[h.database, h.application].filter(Boolean).join(', ')}) writes since ${h.since ?? 'a moment'}`

/** Who a declared or former reader is, and how it does. */
export async function readReaders(ctx: Pick<Context, 'read'>, declared: readonly Declared[]): Promise<Reader[]> {
  const names = declared.map((r) => r.name)
  const [rows, parked, [holder]] = await ctx.read(listReaders(names), listParked(names), findHolder())
  return rows.map(({ pos, seq, error, waits, ...row }) => ({
    ...row, id: readerId(row.name), takes: [...(declared.find((d) => d.name === row.name)?.takes ?? [])], position: formatPosition({ pos, seq }), lastError: error,
    status: row.paused ? ('paused' as const) : row.tries > 0 || error ? ('failing' as const) : ('running' as const),
    heldBackBy: waits && holder ? describeHolder(holder) : null,
    parked: parked.filter((p) => p.reader === row.name).map(({ reader: _, ...p }) => p),
  }))
}

export function createReaderDesk(kernel: Pick<Kernel, 'open'>, declared: () => readonly Declared[]) {
  const find = async (ctx: Context, name: string) => (await readReaders(ctx, declared())).find((r) => r.name === name) ?? refuse('reader.not_found')
  const declaredAs = (name: string) => declared().find((r) => r.name === name) ?? refuse('state.conflict', `no module declares the reader ${name} any more: nothing would handle the events`)
  const lock = async (tx: Context, name: string) => {
    const [, [cursor]] = await tx.read(ensureReader(name), lockReader(name))
    return cursor!
  }
  const setPaused = async (ctx: Context, name: string, paused: boolean): Promise<Reader> => {
    await find(ctx, name)
    const verb = paused ? 'reader.paused' : 'reader.resumed'
    await ctx.happen(async (tx) => {
      if ((await lock(tx, name)).paused === paused) return { happened: [], result: null }
      await tx(pauseReader(name, paused))
      return { happened: [{ name: verb, subject: readerId(name), data: { name } }], result: null }
    })
    return find(ctx, name)
  }
  async function placeFor(tx: Context, { takes }: Declared, now: Place, wish: Rewind): Promise<Place> {
    if (wish.to !== undefined) {
      const to = parsePosition(wish.to) ?? refuseField('/to', 'is no cursor of an event')
      if (comparePositions(to, now) > 0) refuseField('/to', `lies ahead of the reader, which stands at ${formatPosition(now)}: skip parks single events`)
      return to
    }
    const [found] = wish.at !== undefined ? (await tx.read(findPlaceAt(wish.at, now)))[0] : (await tx.read(findPlaceBack([...takes], now, wish.events!)))[0]
    if (found) return { pos: found.pos, seq: found.seq - 1 }
    return wish.at !== undefined ? now : { pos: 0, seq: 0 } // nothing was written since; or it took fewer than that
  }

  return {
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }): Promise<List<Reader>> {
      const [from] = parseCursor(after, [''], [/^[a-z0-9.-]*$/])
      return page((await readReaders(ctx, declared())).filter((r) => r.name > from!), limit, (r) => [r.name])
    },
    find,
    pause: (ctx: Context, name: string) => setPaused(ctx, name, true),
    resume: (ctx: Context, name: string) => setPaused(ctx, name, false),
    /** Effects are written once per event by the readers themselves, so going back repeats nothing but the work. */
    async rewind(ctx: Context, name: string, wish: Rewind): Promise<Reader> {
      await find(ctx, name)
      const reader = declaredAs(name)
      await ctx.change('reader.rewound', async (tx) => {
        const now = await lock(tx, name)
        const to = await placeFor(tx, reader, now, wish)
        await tx(placeReader(name, to))
        return { subject: readerId(name), data: { name, from: formatPosition(now), to: formatPosition(to) }, result: null }
      })
      return find(ctx, name)
    },
    /** Parks the event that the reader fails on, or stands before while paused. @throws state.conflict when it is not stuck */
    async skip(ctx: Context, name: string): Promise<Reader> {
      await find(ctx, name)
      const { takes } = declaredAs(name)
      await ctx.change('reader.skipped', async (tx) => {
        const now = await lock(tx, name)
        const [head] = await tx(findHead([...takes], now))
        if (!head || !(now.tries > 0 || now.paused)) refuse('state.conflict', 'the reader is not stuck: skip is for an event it fails on, or for the next one of a paused reader')
        await tx.run(parkEvent(name, head, 'skipped by an operator'), placeReader(name, head))
        return { subject: readerId(name), data: { name, eventId: head.id }, result: null }
      })
      return find(ctx, name)
    },
    /** Handles parked events again, in the log's order, each in a transaction of its own; those that fail stay parked. Give a context outside of any change. */
    async replay(ctx: Context, name: string, eventId: string | undefined): Promise<{ replayed: number; failed: { eventId: string; error: string }[]; reader: Reader }> {
      await find(ctx, name)
      const reader = declaredAs(name)
      const [ids] = await ctx.read(listParkedIds(name, eventId ?? null))
      if (eventId && !ids.length) refuse('not_found', 'this reader has not parked such an event')
      const failed: { eventId: string; error: string }[] = []
      for (const { event_id: id } of ids) {
        try {
          await ctx.change('reader.replayed', async (tx) => {
            const [row] = await tx(lockParked(name, id))
            if (!row) throw new Error('the event is gone: replayed by somebody else, or older than its tenant keeps the log')
            await reader.handle(tx.within(actingOn(row, ctx.request)), await kernel.open(row))
            await tx(unpark(name, id))
            return { subject: readerId(name), data: { name, eventId: id }, result: null }
          })
        } catch (error) {
          failed.push({ eventId: id, error: String((error as Error)?.message ?? error).slice(0, 500) })
        }
      }
      return { replayed: ids.length - failed.length, failed, reader: await find(ctx, name) }
    },
  }
}
