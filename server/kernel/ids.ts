import { randomBytes } from 'node:crypto'

/** The tenant of what belongs to no tenant: a person's account, an operator's act. No token can make it its active tenant. */
export const platformId = '00000000-0000-0000-0000-000000000000'

/** A uuid version 7 (RFC 9562, section 5.7): sorts by time. PostgreSQL has uuidv7() only from 18, so ids are made here. */
export function newId(now = Date.now()): string {
  const hex = now.toString(16).padStart(12, '0') + '7' + randomBytes(10).toString('hex').slice(1)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${((parseInt(hex[16]!, 16) & 3) | 8).toString(16)}${hex.slice(17, 20)}-${hex.slice(20)}`
}

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isId = (text: string): boolean => shape.test(text)
