// All the storage oidc-provider needs, on one table: ids kept as sha256, client secrets sealed, consume atomic, a short grace for concurrent
// refreshes. Bound to one issuer's tenant: what belongs to another does not exist here. Each trip to the database is most of what an answer costs:
// one presented token is looked for as all kinds at once, and a refresh token is used up by the statement that writes its successor.
import { hash } from 'node:crypto'
import Provider, { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import type { PlatformSealer } from './secrets.ts'
import type { StampingPool } from './pool.ts'

const hashOf = (id: string) => hash('sha256', id, 'buffer')
/** Found by uid or user code and saved again, so their own id must come back. */
const keepsId = new Set(['Session', 'DeviceCode'])
/** The reason of a lost race, which the answer of the token endpoint does not tell. */
export const raced = 'another request was quicker'

/** What may be presented without saying what it is. */
const presentable = new Set(['AccessToken', 'ClientCredentials', 'RefreshToken'])

export type ArtifactStore = { pool: StampingPool; sealer: PlatformSealer; /** null: the platform's own issuer */ tenant: string | null; graceMs: number; /** something was deleted, which may be in the log: rings the bell */ onEnd?: () => void }
type Row = { kind: string; payload: AdapterPayload; consumed_at: Date | null; in_grace: boolean | null }
type Shared = { /** by hash: kinds asked for in this turn */ asked: Map<string, { kinds: string[]; rows: Promise<Row[]> }>; /** refresh tokens whose successor is about to be written, by request */ used: WeakMap<object, Buffer> }

/** @returns the adapter of each kind, over one store */
export function openArtifacts(store: ArtifactStore): (kind: string) => ArtifactAdapter {
  const shared: Shared = { asked: new Map(), used: new WeakMap() }
  return (kind) => new ArtifactAdapter(kind, store, shared)
}

export class ArtifactAdapter implements Adapter {
  readonly #kind: string
  readonly #store: ArtifactStore
  readonly #shared: Shared
  constructor(kind: string, store: ArtifactStore, shared: Shared) {
    this.#kind = kind
    this.#store = store
    this.#shared = shared
  }
  #seal(text: string, field: string): string {
    return this.#store.sealer.sealForPlatform(text, `oauth.artifact/${this.#kind}/${field}`).toString('base64')
  }
  #open(text: string, field: string): string {
    return this.#store.sealer.openForPlatform(Buffer.from(text, 'base64'), `oauth.artifact/${this.#kind}/${field}`)
  }

  async upsert(id: string, payload: AdapterPayload, seconds?: number): Promise<void> {
    const { jti, ...kept } = payload
    if (keepsId.has(this.#kind) && jti) (kept as AdapterPayload).jti = this.#seal(jti, 'jti')
    if (kept.client_secret) kept.client_secret = this.#seal(kept.client_secret, 'client_secret')
    const values = [this.#kind, hashOf(id), kept, payload.grantId ?? null, payload.uid ?? null, payload.userCode ?? null, payload.clientId ?? payload.client_id ?? null, payload.accountId ?? null, this.#store.tenant, seconds ?? null]
    const used = this.#kind === 'RefreshToken' && Provider.ctx ? this.#shared.used.get(Provider.ctx) : undefined
    if (used) return this.#succeed(used, values)
    const { rowCount } = await this.#store.pool.query({
      name: 'artifact_upsert',
      text: `insert into oauth.artifact (kind, key_hash, payload, grant_id, uid, user_code, client_id, account_id, tenant_id, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10::int * interval '1 second')
             on conflict (kind, key_hash) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, account_id = excluded.account_id, expires_at = excluded.expires_at
             where artifact.tenant_id is not distinct from excluded.tenant_id`,
      values,
    })
    if (!rowCount) throw new Error('the artifact belongs to another tenant')
  }
  /** The successor of a refresh token, for the one request that finds it unused: a crash leaves either the old one or the new one. */
  async #succeed(used: Buffer, values: unknown[]): Promise<void> {
    this.#shared.used.delete(Provider.ctx!)
    const { rowCount } = await this.#store.pool.query({
      name: 'artifact_succeed',
      text: `with used as (update oauth.artifact set consumed_at = now() where kind = $1 and key_hash = $11 and tenant_id is not distinct from $9 and consumed_at is null returning 1)
             insert into oauth.artifact (kind, key_hash, payload, grant_id, uid, user_code, client_id, account_id, tenant_id, expires_at)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10::int * interval '1 second' from used`,
      values: [...values, used],
    })
    if (!rowCount) throw new errors.InvalidGrant(raced)
  }
  async find(id: string): Promise<AdapterPayload | undefined> {
    if (presentable.has(this.#kind)) return this.#read((await this.#presented(hashOf(id))).find((row) => row.kind === this.#kind), id)
    return this.#one('key_hash', hashOf(id), this.#kind === 'Client' ? undefined : id)
  }
  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#one('uid', uid)
  }
  findByUserCode(code: string): Promise<AdapterPayload | undefined> {
    return this.#one('user_code', code)
  }
  /** Two holders of the same code or token: exactly one wins. The library itself only checks, then consumes. */
  async consume(id: string): Promise<void> {
    if (this.#kind === 'RefreshToken' && Provider.ctx?.oidc.params?.grant_type === 'refresh_token') return void this.#shared.used.set(Provider.ctx, hashOf(id)) // with its successor
    const { rowCount } = await this.#store.pool.query({
      name: 'artifact_consume',
      text: 'update oauth.artifact set consumed_at = now() where kind = $1 and key_hash = $2 and tenant_id is not distinct from $3 and consumed_at is null',
      values: [this.#kind, hashOf(id), this.#store.tenant],
    })
    if (!rowCount) throw new errors.InvalidGrant(raced)
  }
  async destroy(id: string): Promise<void> {
    await this.#store.pool.query({
      name: 'artifact_destroy', text: 'delete from oauth.artifact where kind = $1 and key_hash = $2 and tenant_id is not distinct from $3', values: [this.#kind, hashOf(id), this.#store.tenant],
    })
    this.#store.onEnd?.()
  }
  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#store.pool.query({
      name: 'artifact_revoke', text: 'delete from oauth.artifact where kind = $1 and grant_id = $2 and tenant_id is not distinct from $3', values: [this.#kind, grantId, this.#store.tenant],
    })
    this.#store.onEnd?.()
  }

  /** Asked in one turn, answered by one statement. */
  #presented(key: Buffer): Promise<Row[]> {
    const { asked } = this.#shared
    const name = key.toString('base64')
    const known = asked.get(name)
    if (known) {
      known.kinds.push(this.#kind)
      return known.rows
    }
    const kinds = [this.#kind]
    const rows = Promise.resolve().then(async () => {
      asked.delete(name)
      return (await this.#store.pool.query<Row>({
        name: 'artifact_presented',
        text: `select kind, payload, consumed_at, consumed_at > now() - $4::int * interval '1 millisecond' as in_grace from oauth.artifact
               where kind = any ($1) and key_hash = $2 and tenant_id is not distinct from $3 and (expires_at is null or expires_at > now())`,
        values: [kinds, key, this.#store.tenant, this.#store.graceMs],
      })).rows
    })
    asked.set(name, { kinds, rows })
    return rows
  }
  async #one(column: 'key_hash' | 'uid' | 'user_code', value: unknown, id?: string): Promise<AdapterPayload | undefined> {
    const { rows: [row] } = await this.#store.pool.query<Row>({
      name: `artifact_by_${column}`,
      text: `select kind, payload, consumed_at, consumed_at > now() - $4::int * interval '1 millisecond' as in_grace from oauth.artifact
             where kind = $1 and ${column} = $2 and tenant_id is not distinct from $3 and (expires_at is null or expires_at > now())`,
      values: [this.#kind, value, this.#store.tenant, this.#store.graceMs], // by the database's clock, which also wrote consumed_at
    })
    return this.#read(row, id)
  }
  #read(row: Row | undefined, id?: string): AdapterPayload | undefined {
    if (!row) return undefined
    const payload: AdapterPayload = { ...row.payload }
    if (payload.jti) payload.jti = this.#open(payload.jti, 'jti')
    if (payload.client_secret) payload.client_secret = this.#open(payload.client_secret, 'client_secret')
    if (id) payload.jti = id
    // in the grace the library goes on to consume(), which then refuses the loser of the race without ending the chain
    if (row.consumed_at && !(this.#kind === 'RefreshToken' && row.in_grace)) payload.consumed = Math.floor(row.consumed_at.getTime() / 1000)
    return payload
  }
}
