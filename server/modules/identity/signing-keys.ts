// The keys that sign tokens of all issuers. One is published before it signs, so that every process and relying party knows it, and stays published
// until the last token it signed has ended: rotation breaks nobody. Which one signs follows from the clock, so no second step can be forgotten.
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type pg from 'pg'
import { newId } from '../../kernel/ids.ts'
import { inTransaction, type StampingPool } from './pool.ts'
import type { PlatformSealer } from './secrets.ts'

export type SigningAlg = 'ES256' | 'RS256'
type Row = { kid: string; alg: SigningAlg; sealed: Buffer; signs_from: Date; ends_at: Date | null }
type Key = { jwk: JWK; alg: SigningAlg; signsFrom: number; endsAt: number }
/** What is published and in which order it is used: the first of each algorithm signs. `epoch` differs whenever that does. */
export type KeySet = { epoch: string; private: readonly JWK[]; public: readonly Record<string, string>[] }
export type SigningKeys = Awaited<ReturnType<typeof openSigningKeys>>

/** From publication to the first signature: processes hear of it from the log, relying parties ask again within it. */
export const leadSeconds = 60
/** An id_token lives an hour, an access token ten minutes; clocks may differ. */
const tailSeconds = 3600 + 300
const place = (kid: string) => `oauth.signing_key/sealed/${kid}`

async function makeKey(alg: SigningAlg): Promise<JWK & { kid: string }> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: newId() }
}
const publicPart = ({ kty, n, e, crv, x, y, alg, use, kid }: JWK) => JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, alg, use, kid })) as Record<string, string>
const lock = (db: pg.ClientBase) => db.query(`select pg_advisory_xact_lock(hashtext('oauth.signing_key'))`)

/** @param first keys of an older installation, taken over when there are none yet */
export async function openSigningKeys(pool: StampingPool, sealer: PlatformSealer, first: readonly JWK[] = [], now: () => number = Date.now) {
  let keys: Key[] = []
  let current: KeySet | undefined
  const insert = (db: pg.ClientBase, jwk: JWK, afterSeconds: number) =>
    db.query(`insert into oauth.signing_key (kid, alg, sealed, signs_from) values ($1, $2, $3, now() + $4::int * interval '1 second') on conflict do nothing`, [jwk.kid, jwk.alg, sealer.sealForPlatform(JSON.stringify(jwk), place(jwk.kid!)), afterSeconds])
  const keyOf = ({ kid, alg, sealed, signs_from, ends_at }: Row): Key => ({ jwk: JSON.parse(sealer.openForPlatform(sealed, place(kid))) as JWK, alg, signsFrom: signs_from.getTime(), endsAt: ends_at?.getTime() ?? Infinity })

  async function reload(): Promise<void> {
    const { rows } = await pool.query<Row>('select kid, alg, sealed, signs_from, ends_at from oauth.signing_key where ends_at is null or ends_at > now() order by signs_from desc, kid desc')
    keys = rows.map(keyOf)
    current = undefined
  }
  await inTransaction(pool, { actor: null, request: 'start' }, async (db) => {
    await lock(db)
    const { rows } = await db.query<Pick<Row, 'kid' | 'sealed'>>('select kid, sealed from oauth.signing_key')
    for (const { kid, sealed } of rows) {
      const again = sealer.resealForPlatform(sealed, place(kid))
      if (again) await db.query('update oauth.signing_key set sealed = $2 where kid = $1', [kid, again])
    }
    if (rows.length) return
    for (const jwk of first.length ? first : [await makeKey('ES256'), await makeKey('RS256')]) await insert(db, jwk, 0)
  })
  await reload()

  return {
    reload,
    /** As of this moment. */
    set(): KeySet {
      const t = now()
      const living = keys.filter((k) => k.endsAt > t)
      const order = [...living.filter((k) => k.signsFrom <= t), ...living.filter((k) => k.signsFrom > t)]
      const epoch = order.map((k) => k.jwk.kid).join(' ')
      if (current?.epoch !== epoch) current = { epoch, private: order.map((k) => k.jwk), public: order.map((k) => publicPart(k.jwk)) }
      return current
    },
    /** New keys, which sign from `lead` on; those of now stay published until what they signed has ended. @returns their ids */
    async rotate(db: pg.ClientBase, lead: number = leadSeconds): Promise<{ kids: string[]; signFrom: string }> {
      await lock(db)
      const made = [await makeKey('ES256'), await makeKey('RS256')]
      await db.query(`update oauth.signing_key set ends_at = now() + ($1::int + $2::int) * interval '1 second' where ends_at is null`, [lead, tailSeconds])
      for (const jwk of made) await insert(db, jwk, lead)
      await db.query(`delete from oauth.signing_key where ends_at < now() - interval '1 day'`)
      return { kids: made.map((jwk) => jwk.kid), signFrom: new Date(now() + lead * 1000).toISOString().replace('Z', '000Z') }
    },
  }
}
