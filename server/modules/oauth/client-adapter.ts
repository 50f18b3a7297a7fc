// The clients of one tenant for the issuer's library: rows under row security, read and written as that tenant. What a client does to itself by
// RFC 7592 leaves its event as any other change does. A client is read once in a while, not with each request: any event about the tenant's clients
// brings a new provider with a new adapter, and what is kept is believed for so short that a lost event changes nothing.
import Provider, { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import { builtInScopes } from '../identity/api.ts'
import type { Context } from '../../kernel/db.ts'
import { isId } from '../../kernel/ids.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import { deleteClient, findClient, insertClient, lockClient, updateClient } from './queries.ts'
import type { Metadata } from './schema.ts'

export const secretBinding = (id: string): string => `oauth_clients/secret/${id}`
export type ClientAdapterOptions = {
  tenant: string
  customScopes: readonly string[]
  keys: Pick<KeyRing, 'seal' | 'open'>
  /** as nobody: whoever asks is not known yet */
  context: () => Context
  /** one registration less for this initial access token; false when none is left */
  takeRegistration: (initialAccessToken: string) => Promise<boolean>
}
/** A revocation holds within 2 s, whatever is lost on the way. */
const maxAgeMs = 1500
const mostHeld = 1000
const unused = (): never => {
  throw new Error('clients have no such identifier')
}

export class ClientAdapter implements Adapter {
  readonly #o: ClientAdapterOptions
  readonly #held = new Map<string, { payload: AdapterPayload; until: number }>()
  constructor(options: ClientAdapterOptions) {
    this.#o = options
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (!isId(id)) return undefined
    const held = this.#held.get(id)
    if (held && performance.now() < held.until) return held.payload
    this.#held.delete(id)
    const until = performance.now() + maxAgeMs // from before it was read
    const payload = await this.#load(id)
    if (payload) {
      if (this.#held.size >= mostHeld) this.#held.delete(this.#held.keys().next().value!)
      this.#held.set(id, { payload, until })
    }
    return payload
  }
  async #load(id: string): Promise<AdapterPayload | undefined> {
    const [[row]] = await this.#o.context().read(findClient(id))
    if (!row) return undefined
    const known = new Set([...builtInScopes, ...this.#o.customScopes])
    const secret = row.secret ? await this.#o.keys.open(row.secret as Buffer, secretBinding(id)) : null
    return {
      ...(row.metadata as Metadata), client_id: id, client_name: row.name, scope: row.scopes.filter((scope) => known.has(scope)).join(' '), client_id_issued_at: Math.floor(Date.parse(row.createdAt) / 1000),
      ...(secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    } as AdapterPayload
  }

  /** As the row says at this moment: the secret, and the one before the last rotation while the two overlap. */
  async secretsNow(id: string): Promise<string[]> {
    this.#held.delete(id)
    const [[row]] = await this.#o.context().read(findClient(id))
    const opened = await Promise.all([row?.secret, row?.previousSecret].filter(Boolean).map((sealed) => this.#o.keys.open(sealed as Buffer, secretBinding(id))))
    return opened.filter((secret) => secret !== null)
  }

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    await this.#write(id, payload).finally(() => this.#held.delete(id))
  }
  async #write(id: string, payload: AdapterPayload): Promise<void> {
    const { client_id: _id, client_name: name, scope, client_secret: secret, client_secret_expires_at: _expires, client_id_issued_at: _issued, ...metadata } = payload as Metadata & { client_name?: string; scope?: string; client_secret?: string }
    const scopes = scope?.split(' ') ?? []
    const sealed = secret === undefined ? null : await this.#o.keys.seal({ tenant: this.#o.tenant }, secret, secretBinding(id))
    const kept = { id, name: (name ?? 'Unnamed client').slice(0, 100), scopes, metadata, secret: sealed }
    const [[before]] = await this.#o.context().read(findClient(id))
    if (before) {
      await this.#o.context().change('oauth-client.changed', async (tx) => {
        await tx(lockClient(id))
        tx.later(updateClient(kept))
        return { subject: id, data: { clientId: id, fields: ['registration'] }, result: null }
      })
      return
    }
    // taken only now that the metadata has been judged good
    const token = Provider.ctx?.oidc.entities.InitialAccessToken?.jti
    if (!token || !(await this.#o.takeRegistration(token))) throw new errors.InvalidToken('the initial access token is used up')
    const grantTypes = (metadata.grant_types as string[] | undefined) ?? []
    await this.#o.context().change('oauth-client.registered', { subject: id, data: { clientId: id, name: kept.name, grantTypes, scopes }, run: [insertClient({ ...kept, origin: 'registration', createdBy: null })] })
  }

  async destroy(id: string): Promise<void> {
    await this.#o.context().happen(async (tx) => {
      const [row] = await tx(lockClient(id))
      if (!row) return { happened: [], result: null }
      tx.later(deleteClient(id))
      return { happened: [{ name: 'oauth-client.deleted', subject: id, data: { clientId: id, name: row.name } }], result: null }
    }).finally(() => this.#held.delete(id))
  }
  findByUid = unused
  findByUserCode = unused
  consume = unused
  revokeByGrantId = unused
}
