import { randomFillSync } from 'node:crypto'

/** The tenant of what belongs to no tenant: a person's account, an operator's act. No token can make it its active tenant. */
export const platformId = '00000000-0000-0000-0000-000000000000'

const pool = Buffer.allocUnsafe(4096) // chance for many ids at once: asking the system for ten bytes costs as much as for thousands
let used = pool.length

let last = 0 // milliseconds of the newest id
let counter = 0

/**
 * A uuid version 7 (RFC 9562): sorts by time, and within a millisecond by the order of making in this process (section 6.2, method 1: twelve
 * bits of counter, begun by chance in their lower half; full, they carry over into the time). PostgreSQL has uuidv7() only from 18, so ids are made here.
 */
export function newId(): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const now = Date.now()
  const chance = pool.toString('hex', used, (used += 10))
  if (now > last) {
    last = now
    counter = parseInt(chance.slice(17), 16) & 0x7ff
  } else if (++counter > 0xfff) {
    last++
    counter = 0
  }
  const time = last.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${((parseInt(chance[0]!, 16) & 3) | 8).toString(16)}${chance.slice(1, 4)}-${chance.slice(4, 16)}`
}

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isId = (text: string): boolean => shape.test(text)
