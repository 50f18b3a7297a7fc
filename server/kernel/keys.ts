// Platform key -> key per tenant -> key per person, AES-256-GCM (NIST SP 800-38D). The key's id stands in the ciphertext, the place it belongs to
// (table, column, row) is bound as additional data; destroying a key is the erasure of all it sealed.
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import { Type } from 'typebox'
import type { Context } from './db.ts'
import { newId, platformId } from './ids.ts'
import { Nullable } from './schema.ts'
import { sql, statement } from './sql.ts'

const formatByte = 1
const bytesOfId = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex')
const idOfBytes = (b: Buffer) => b.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** format 1 | key id 16 | nonce 12 | tag 16 | ciphertext. Keys are KeyObjects: looking whether a buffer is one costs Node a third of a short sealing. */
function sealWith(key: KeyObject, keyId: string, text: string | Buffer, boundTo: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo))
  const body = Buffer.concat([typeof text === 'string' ? cipher.update(text, 'utf8') : cipher.update(text), cipher.final()])
  return Buffer.concat([Buffer.from([formatByte]), bytesOfId(keyId), nonce, cipher.getAuthTag(), body])
}
function openWith(key: KeyObject, sealed: Buffer, boundTo: string): Buffer {
  if (sealed[0] !== formatByte || sealed.length < 45) throw new Error('not a ciphertext of ours')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(17, 29)).setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(29, 45))
  return Buffer.concat([decipher.update(sealed.subarray(45)), decipher.final()])
}
const keyIdOf = (sealed: Buffer) => idOfBytes(sealed.subarray(1, 17))

const KeyRow = Type.Object({ id: Type.String(), tenant_id: Type.String(), person_id: Nullable(Type.String()), wrapped: Nullable(Type.Unknown()), wrapped_by: Nullable(Type.String()) })
const columns = sql`id, tenant_id, person_id, wrapped, wrapped_by`
const findKey = statement('keys.find', KeyRow, (id: string) => sql`select ${columns} from keys where id = ${id}`)
const findCurrent = statement('keys.current', KeyRow, (tenant: string, person: string | null) => sql`
  select ${columns} from keys where tenant_id = ${tenant} and coalesce(person_id, '00000000-0000-0000-0000-000000000000') = coalesce(${person}::uuid, '00000000-0000-0000-0000-000000000000') and current`)
const listPlatformKeys = statement('keys.of-platform', KeyRow, () => sql`select ${columns} from keys where tenant_id = ${platformId} and person_id is null and wrapped is not null`)
const insertKey = (id: string, tenant: string, person: string | null, wrapped: Buffer, by: string | null) => sql`
  insert into keys (id, tenant_id, person_id, wrapped, wrapped_by) values (${id}, ${tenant}, ${person}, ${wrapped}, ${by}) on conflict do nothing`
const listWrappedBy = statement('keys.wrapped-by', KeyRow, (by: string | null) => sql`select ${columns} from keys where wrapped_by is not distinct from ${by}::uuid and wrapped is not null for update`)
const rewrapKeys = (ids: readonly string[], wrapped: readonly string[]) => sql`
  update keys k set wrapped = decode(n.wrapped, 'hex') from unnest(${ids}::uuid[], ${wrapped}::text[]) as n (id, wrapped) where k.id = n.id and k.wrapped is not null`
const destroyKeys = statement('keys.destroy', Type.Object({ id: Type.String() }), (tenant: string, person: string | null) => sql`
  update keys set wrapped = null, destroyed_at = now(), current = false
  where tenant_id = ${tenant} and (${person}::uuid is null or person_id = ${person}::uuid) and wrapped is not null returning id`)
const retireKey = (tenant: string, person: string | null) => sql`
  update keys set current = false where tenant_id = ${tenant} and person_id is not distinct from ${person}::uuid and current`
const findCheck = statement('keys.check', Type.Object({ key_check: Nullable(Type.Unknown()) }), () => sql`select key_check from installation for update`)
const keepCheck = (check: Buffer) => sql`update installation set key_check = ${check}`

export type Owner = { tenant: string; person?: string | null }
export class WrongPlatformKey extends Error {}

/** The transaction the key ring needs: as gw_system. */
export type KeyStore = { transact<R>(body: (tx: { run: Context['read'] }) => Promise<R>): Promise<R> }
export type KeyRing = ReturnType<typeof createKeyRing>

/** @param platformKey 32 bytes @param onDestroyed tells the other processes, so that they forget the key too */
export function createKeyRing({ platformKey, store, onDestroyed = () => {}, now = Date.now }: { platformKey: Buffer; store: KeyStore; onDestroyed?: (id: string) => void; now?: () => number }) {
  if (platformKey.length !== 32) throw new RangeError('the platform key has 32 bytes')
  let root = createSecretKey(platformKey)
  const open = new Map<string, { key: KeyObject; until: number }>()
  const current = new Map<string, { id: string; until: number }>()
  const keepMs = 60_000 // a key destroyed by another process is forgotten at the latest then
  const platform = new Map<string, KeyObject>() // the platform's own, held as long as the process: nothing destroys them
  let ours: string | undefined
  const wrapping = (id: string) => `keys/wrapped/${id}`

  async function load(id: string): Promise<KeyObject | undefined> {
    const held = open.get(id)
    if (held && held.until > now()) return held.key
    const [[row]] = await store.transact((tx) => tx.run(findKey(id)))
    if (!row?.wrapped) return undefined
    const by = row.wrapped_by ? await load(row.wrapped_by) : root
    if (!by) return undefined
    const key = createSecretKey(openWith(by, row.wrapped as Buffer, wrapping(id)))
    open.set(id, { key, until: now() + keepMs })
    return key
  }

  async function currentKey({ tenant, person = null }: Owner): Promise<{ id: string; key: KeyObject }> {
    const name = `${tenant}/${person ?? ''}`
    const held = current.get(name)
    if (held && held.until > now()) {
      const key = await load(held.id)
      if (key) return { id: held.id, key }
    }
    let [[row]] = await store.transact((tx) => tx.run(findCurrent(tenant, person)))
    if (!row) {
      // the wrapping key first, outside of the insert; two processes at once: the index lets one in, both read it back
      const by = person ? await currentKey({ tenant }) : { id: null, key: root }
      const id = newId()
      const made = sealWith(by.key, by.id ?? platformId, randomBytes(32), wrapping(id))
      ;[, [row]] = await store.transact((tx) => tx.run(insertKey(id, tenant, person, made, by.id), findCurrent(tenant, person)))
    }
    const key = row && (await load(row.id))
    if (!row || !key) throw new Error(`no key for tenant ${tenant}: it was destroyed`)
    current.set(name, { id: row.id, until: now() + keepMs })
    return { id: row.id, key }
  }

  const forget = (id?: string) => (id ? open.delete(id) : open.clear(), current.clear())
  const sealForPlatform = (text: string, boundTo: string): Buffer => (ours ? sealWith(platform.get(ours)!, ours, text, boundTo) : sealWith(root, platformId, text, boundTo))
  function openForPlatform(sealed: Buffer, boundTo: string): string {
    const id = keyIdOf(sealed)
    const key = id === platformId ? root : platform.get(id)
    if (!key) throw new Error('sealed by a key of the platform that is not known here')
    return openWith(key, sealed, boundTo).toString('utf8')
  }
  return {
    /** Seals a text for a tenant, or for one person (under the tenant's key). @param boundTo `table/column/row` */
    async seal(owner: Owner, text: string, boundTo: string): Promise<Buffer> {
      const { id, key } = await currentKey(owner)
      return sealWith(key, id, text, boundTo)
    },
    /** @returns null when the key was destroyed; throws when the ciphertext was changed or belongs elsewhere */
    async open(sealed: Buffer, boundTo: string): Promise<string | null> {
      const key = await load(keyIdOf(sealed))
      return key ? openWith(key, sealed, boundTo).toString('utf8') : null
    },
    /** What must be readable before any tenant is known (signing keys, cookie secrets): under the platform's own key, which `check` makes, so that
        another platform key wraps that one anew and nothing else. Before it, under the platform key itself. */
    sealForPlatform,
    openForPlatform,
    /** @returns what was sealed under the platform key itself, sealed as it is today; undefined: it is already */
    resealForPlatform: (sealed: Buffer, boundTo: string): Buffer | undefined => (ours && keyIdOf(sealed) === platformId ? sealForPlatform(openForPlatform(sealed, boundTo), boundTo) : undefined),
    /** A new current key for the owner; what the old one sealed stays readable. */
    async rotate({ tenant, person = null }: Owner): Promise<void> {
      await store.transact((tx) => tx.run(retireKey(tenant, person)))
      forget()
      await currentKey({ tenant, person })
    },
    /** Another platform key: every key wrapped by the old one is wrapped anew, in one transaction. */
    async rewrap(newRoot: Buffer): Promise<number> {
      const next = createSecretKey(newRoot)
      const n = await store.transact(async (tx) => {
        const [rows] = await tx.run(listWrappedBy(null))
        const anew = rows.map((row) => sealWith(next, platformId, openWith(root, row.wrapped as Buffer, wrapping(row.id)), wrapping(row.id)).toString('hex'))
        await tx.run(rewrapKeys(rows.map(({ id }) => id), anew), keepCheck(checkValue(next)))
        return rows.length
      })
      root = next
      forget()
      return n
    },
    /** Destroys the keys of a tenant, or of one person in it: all they sealed reads as null from now on. A tombstone stays. */
    async destroy({ tenant, person = null }: Owner): Promise<number> {
      const [rows] = await store.transact((tx) => tx.run(destroyKeys(tenant, person)))
      for (const { id } of rows) onDestroyed(id)
      forget()
      return rows.length
    },
    /** What another process destroyed. */
    forget,
    /** Refuses a platform key that is not this database's; the first start keeps the check value, and makes the platform's own key. */
    async check(): Promise<void> {
      await store.transact(async (tx) => {
        const [[row]] = await tx.run(findCheck())
        const mine = checkValue(root)
        if (!row?.key_check) await tx.run(keepCheck(mine))
        else if (!timingSafeEqual(row.key_check as Buffer, mine)) throw new WrongPlatformKey('SECRET_KEY is not the key of this database: set the one it was made with; where rotate-key was cut off, run it again')
      })
      ours = (await currentKey({ tenant: platformId })).id
      const [rows] = await store.transact((tx) => tx.run(listPlatformKeys()))
      for (const { id } of rows) platform.set(id, (await load(id))!)
    },
  }
}

/** Tells a wrong key without revealing the right one (HKDF, RFC 5869). */
const checkValue = (key: KeyObject): Buffer => Buffer.from(hkdfSync('sha256', key, '', 'groundwork platform key check', 32))
/** A key of its own for another use, so that no key serves two purposes (HKDF, RFC 5869). */
export const deriveKey = (platformKey: Buffer, purpose: string, length = 32): Buffer => Buffer.from(hkdfSync('sha256', platformKey, '', `groundwork ${purpose}`, length))
