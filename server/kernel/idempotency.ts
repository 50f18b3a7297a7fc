// Idempotency-Key: the first answer is kept in the transaction of the change itself, so a repeated POST gets it again and does nothing twice.
import { hash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import type { Context, Db, Tx, Who } from './db.ts'
import { refuse } from './errors.ts'
import { platformId } from './ids.ts'
import { Answer } from './route.ts'
import { Nullable } from './schema.ts'
import { sql, statement } from './sql.ts'

const Kept = Type.Object({ fingerprint: Type.String(), status: Nullable(Type.Integer()), body: Nullable(Type.Unknown()), headers: Nullable(Type.Unknown()), withheld: Type.Boolean(), young: Type.Unknown() })
const claimKey = (actor: string, key: string, fingerprint: string) => sql`insert into idempotency_keys (actor_id, key, fingerprint) values (${actor}, ${key}, ${fingerprint})`
const keepAnswer = (actor: string, key: string, a: Kept, withheld: boolean) => sql`
  update idempotency_keys set status = ${a.status}, body = ${withheld ? null : sql.json(a.body)}, headers = ${sql.json(a.headers)}, withheld = ${withheld} where actor_id = ${actor} and key = ${key}`
const releaseKey = (actor: string, key: string) => sql`delete from idempotency_keys where actor_id = ${actor} and key = ${key} and status is null`
const findAnswer = statement('idempotency.find', Kept, (actor: string, key: string) => sql`
  select fingerprint, status, body, headers, withheld, created_at > now() - interval '30 s' as young from idempotency_keys where actor_id = ${actor} and key = ${key}`)
/** Older than a day: a key is promised for 24 h. */
export const sweepKeys = () => sql`delete from idempotency_keys where created_at < now() - interval '24 hours'`

type Kept = { status: number; body: unknown; headers: Record<string, string | string[]> }
type Call = { who: Who; key: string; fingerprint: string; secret: boolean; settle(result: unknown): Kept }
export const fingerprintOf = (method: string, url: string, body: unknown): string => hash('sha256', `${method} ${url} ${JSON.stringify(body ?? null)}`)

const isTaken = (error: unknown) => (error as { constraint?: string }).constraint === 'idempotency_keys_pkey'
const isWaiting = (error: unknown) => (error as { code?: string }).code === '55P03'
const actorOf = (who: Who) => who.actor.id ?? platformId

/** The work is one transaction of ours: claim, change and answer commit together. */
export async function answerOnce(db: Db, call: Call, work: (tx: Tx) => Promise<unknown>): Promise<Answer> {
  const { who, key, fingerprint } = call
  const actor = actorOf(who)
  try {
    return await db.transact(who, async (tx) => {
      await tx(claimKey(actor, key, fingerprint)) // a second one with this key waits here
      const kept = call.settle(await work(tx))
      tx.later(keepAnswer(actor, key, kept, call.secret))
      return new Answer(kept.body, kept)
    })
  } catch (error) {
    if (isWaiting(error)) refuse('idempotency.running')
    if (!isTaken(error)) throw error
    return replay(db.context(who), call)
  }
}

/** The work writes elsewhere too: the key is written before, the answer after; an end that was never written down is told honestly. */
export async function answerAround(db: Db, call: Call, work: () => Promise<unknown>): Promise<Answer> {
  const { who, key, fingerprint } = call
  const actor = actorOf(who)
  try {
    await db.transact(who, (tx) => tx(claimKey(actor, key, fingerprint)))
  } catch (error) {
    if (isWaiting(error)) refuse('idempotency.running')
    if (!isTaken(error)) throw error
    return replay(db.context(who), call)
  }
  let kept: Kept
  try {
    kept = call.settle(await work())
  } catch (error) {
    await db.transact(who, (tx) => tx(releaseKey(actor, key))) // refused: nothing was done, the key is free again
    throw error
  }
  await db.transact(who, (tx) => tx(keepAnswer(actor, key, kept, call.secret)))
  return new Answer(kept.body, kept)
}

async function replay(ctx: Context, { who, key, fingerprint }: Call): Promise<Answer> {
  const [[row]] = await ctx.read(findAnswer(actorOf(who), key))
  if (!row) refuse('idempotency.running') // the first was taken back in this moment
  if (row.fingerprint !== fingerprint) refuse('idempotency.mismatch', 'this Idempotency-Key came with another request before: use a new key', { errors: [{ in: 'headers', path: '/idempotency-key', message: 'came with another request before' }] })
  if (row.status === null) refuse(row.young ? 'idempotency.running' : 'idempotency.unknown_outcome')
  if (row.withheld) refuse('idempotency.secret_shown_once')
  return new Answer(row.body, { status: row.status, headers: { ...(row.headers as Static<typeof Type.Unknown> as Record<string, string>), 'idempotency-replayed': 'true' } })
}
