import { Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { ConnectionRow, type ConnectionStatus } from './schema.ts'
import type { Settings } from './kinds.ts'

const columns = sql`id, name, type, settings, secret_names as "secretNames", secret, status, tested_at as "testedAt", error, created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt", version`
const Gone = Type.Object({ id: Type.String() })

export const listConnections = statement('connections.list', ConnectionRow, (type: string | null, before: string, limit: number) => sql`
  select ${columns} from connections where id < ${before} and (${type}::text is null or type = ${type}) order by id desc limit ${limit}`)
export const findConnection = statement('connections.find', ConnectionRow, (id: string) => sql`select ${columns} from connections where id = ${id}`)
/** What a workflow may name. */
export const listTypes = statement('connections.types', Type.Object({ id: Type.String(), type: Type.String() }), () => sql`select id, type from connections order by id`)
export const lockConnection = statement('connections.lock', ConnectionRow, (id: string) => sql`select ${columns} from connections where id = ${id} for update`)
type Written = { id: string; name: string; type: string; settings: Settings; secretNames: readonly string[]; secret: Buffer | null; status: ConnectionStatus }
export const insertConnection = statement('connections.insert', ConnectionRow, (c: Written, by: string | null) => sql`
  insert into connections (id, name, type, settings, secret_names, secret, status, created_by) values (${c.id}, ${c.name}, ${c.type}, ${sql.json(c.settings)}, ${c.secretNames}, ${c.secret}, ${c.status}, ${by}) returning ${columns}`)
export const updateConnection = statement('connections.update', ConnectionRow, (c: Written) => sql`
  update connections set name = ${c.name}, settings = ${sql.json(c.settings)}, secret_names = ${c.secretNames}, secret = ${c.secret}, status = ${c.status}, error = null where id = ${c.id} returning ${columns}`)
export const deleteConnection = statement('connections.delete', Gone, (id: string) => sql`delete from connections where id = ${id} returning id`)
/** Of a connection that is still what was tested. */
export const noteTest = statement('connections.tested', Gone, (id: string, version: number, ok: boolean, error: string | null) => sql`
  update connections set status = ${ok ? 'working' : 'failing'}, tested_at = now(), error = ${error} where id = ${id} and version = ${version} returning id`)
export const noteStatus = (id: string, status: ConnectionStatus, error: string | null) => sql`update connections set status = ${status}, error = ${error} where id = ${id}`

const Token = Type.Object({ sealed: Nullable(Type.Unknown()), expired: Type.Boolean(), generation: Type.Integer(), refreshing: Type.Boolean() })
export const findToken = statement('connections.token', Token, (id: string) => sql`
  select sealed, coalesce(expires_at < now() + interval '30 seconds', false) as expired, generation, coalesce(refreshing_until > now(), false) as refreshing from connection_tokens where connection_id = ${id}`)
/** One refresher at a time, by the row: who gets the row back is it. */
export const claimRefresh = statement('connections.claim', Type.Object({ generation: Type.Integer() }), (id: string, generation: number, seconds: number) => sql`
  insert into connection_tokens as t (connection_id, refreshing_until) select c.id, now() + ${seconds}::int * interval '1 second' from connections c where c.id = ${id}
  on conflict (tenant_id, connection_id) do update set refreshing_until = excluded.refreshing_until where t.generation = ${generation} and coalesce(t.refreshing_until < now(), true)
  returning generation`)
/** Only over the generation that was refreshed. */
export const putToken = statement('connections.put-token', Type.Object({ generation: Type.Integer() }), (id: string, sealed: Buffer, expiresIn: number | null, generation: number) => sql`
  update connection_tokens set sealed = ${sealed}, expires_at = now() + ${expiresIn}::int * interval '1 second', generation = generation + 1, refreshing_until = null where connection_id = ${id} and generation = ${generation} returning generation`)
/** After a consent: whatever was there is void. */
export const replaceToken = (id: string, sealed: Buffer, expiresIn: number | null) => sql`
  insert into connection_tokens as t (connection_id, sealed, expires_at) values (${id}, ${sealed}, now() + ${expiresIn}::int * interval '1 second')
  on conflict (tenant_id, connection_id) do update set sealed = excluded.sealed, expires_at = excluded.expires_at, generation = t.generation + 1, refreshing_until = null`
export const dropToken = (id: string) => sql`delete from connection_tokens where connection_id = ${id}`
export const endRefresh = (id: string, generation: number) => sql`update connection_tokens set refreshing_until = null where connection_id = ${id} and generation = ${generation}`

const Pending = Type.Object({ connectionId: Type.String(), verifier: Type.Unknown() })
export const insertAuthorization = (hash: Buffer, connection: string, person: string, verifier: Buffer, minutes: number) => sql`
  insert into connection_authorizations (id, connection_id, person_id, verifier, expires_at) values (${hash}, ${connection}, ${person}, ${verifier}, now() + ${minutes}::int * interval '1 minute')`
/** Once, in time, by who began it. */
export const takeAuthorization = statement('connections.take-authorization', Pending, (hash: Buffer, person: string | null) => sql`
  delete from connection_authorizations where id = ${hash} and person_id = ${person} and expires_at > now() returning connection_id as "connectionId", verifier`)
export const sweepAuthorizations = (connection: string) => sql`delete from connection_authorizations where connection_id = ${connection} and expires_at < now()`
