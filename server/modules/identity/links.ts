// One-time links in mails: the token stands in the mail alone, here only its hash; it is taken by one DELETE, so two clicks at once cannot both win.
import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { refuse } from '../../kernel/errors.ts'

/** email: proves an address, also a new one. password: sets a new password. */
export type LinkKind = 'email' | 'password'
export type LinkValue = { user: string; email: string }
const nameOf = (kind: LinkKind, token: string) => `${kind}:${createHash('sha256').update(token).digest('base64url')}`
const minutes: Record<LinkKind, number> = { email: 24 * 60, password: 60 }

export async function makeLink(db: pg.ClientBase, kind: LinkKind, value: LinkValue): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await db.query(`insert into verification (identifier, value, "expiresAt") values ($1, $2, now() + $3::int * interval '1 minute')`, [nameOf(kind, token), JSON.stringify(value), minutes[kind]])
  return token
}

/** @throws auth.link_refused for one that is used, too old or invented */
export async function takeLink(db: pg.ClientBase, kind: LinkKind, token: string): Promise<LinkValue> {
  const { rows: [row] } = await db.query<{ value: string }>(`delete from verification where identifier = $1 and "expiresAt" > now() returning value`, [nameOf(kind, token)])
  return row ? (JSON.parse(row.value) as LinkValue) : refuse('auth.link_refused')
}

/** All open links of a kind for one person: a new password ends the older mails. */
export async function dropLinks(db: pg.ClientBase, kind: LinkKind, user: string): Promise<void> {
  await db.query(`delete from verification where identifier like $1 and value::jsonb ->> 'user' = $2`, [`${kind}:%`, user])
}
