import { randomFillSync } from 'node:crypto'

/** The tenant of what belongs to no tenant: a person's account, an operator's act. No token can make it its active tenant. */
export const platformId = '00000000-0000-0000-0000-000000000000'

const pool = Buffer.allocUnsafe(4096) // chance for many ids at once: asking the system for ten bytes costs as much as for thousands
let used = pool.length

/** A uuid version 7 (RFC 9562, section 5.7): sorts by time. PostgreSQL has uuidv7() only from 18, so ids are made here. */
export function newId(now = Date.now()): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const chance = pool.toString('hex', used, (used += 10))
  const time = now.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(1, 4)}-${((parseInt(chance[4]!, 16) & 3) | 8).toString(16)}${chance.slice(5, 8)}-${chance.slice(8)}`
}

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isId = (text: string): boolean => shape.test(text)
