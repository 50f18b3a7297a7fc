// Which devices a person signs in from. The first one is theirs; each further one is told to them by mail, in the transaction of the sign-in.
import { hash } from 'node:crypto'
import type pg from 'pg'
import { wishLetter } from './letters.ts'
import type { PlatformSealer } from './secrets.ts'
import type { Caller } from './sign-in.ts'

const browsers: readonly [RegExp, string][] = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']]
const systems: readonly [RegExp, string][] = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']]
const find = (names: typeof browsers, userAgent: string) => names.find(([shape]) => shape.test(userAgent))?.[1]
/** In words, such as `Chrome on Linux`. */
export const wordsOf = (userAgent: string): string => `${find(browsers, userAgent) ?? 'An application'} on ${find(systems, userAgent) ?? 'an unknown system'}`
/** The same for each version of a browser and its system, so that an update is no new device. */
export const deviceOf = (userAgent: string): Buffer => hash('sha256', userAgent.replace(/[\d._]+/g, '').toLowerCase(), 'buffer')

export async function noteDevice(db: pg.ClientBase, sealer: PlatformSealer, { ip, userAgent }: Pick<Caller, 'ip' | 'userAgent'>, user: string): Promise<void> {
  const { rows: [row] } = await db.query<{ fresh: boolean; known: number; email: string }>({
    name: 'note_device',
    text: `with noted as (insert into known_device (user_id, device) values ($1, $2) on conflict (user_id, device) do update set seen_at = now() returning xmax = 0 as fresh)
           select n.fresh, (select count(*)::int from known_device k where k.user_id = $1) as known, u.email from noted n join "user" u on u.id = $1`, // as it was before this statement
    values: [user, deviceOf(userAgent)],
  })
  if (row?.fresh && row.known > 0) await wishLetter(db, sealer, { kind: 'device', email: row.email, what: `${wordsOf(userAgent)} signed in to your account from the address ${ip}, for the first time` })
}
