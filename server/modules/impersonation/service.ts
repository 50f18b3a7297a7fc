// An operator acts with a person's rights in one tenant: for a reason, for a while, never more than the person may and less in what is secret.
// The token is opaque and of its own kind; the log names the operator as the actor, for whom the database applies the person's policies.
import { createHash, randomBytes } from 'node:crypto'
import type { Context, Db, Tx } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import type { Principal } from '../../kernel/http.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import type { EventRow } from '../../kernel/log.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { systemWho } from '../../kernel/readers.ts'
import { Answer } from '../../kernel/route.ts'
import type { List, TenantRole } from '../../kernel/schema.ts'
import type { TokenKind } from '../../kernel/tokens.ts'
import { checkImpersonation, endImpersonation, endLapsed, findTarget, insertImpersonation, listImpersonations, type Row } from './queries.ts'
import type { Impersonation, NewImpersonation, StartedImpersonation } from './schema.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const maxAgeMs = 5000
const governing = /^(impersonation|session|member|user|tenant)\./
const hashOf = (token: string) => createHash('sha256').update(token).digest()

export type Impersonations = ReturnType<typeof createImpersonations>
export function createImpersonations({ system, now = Date.now }: { system: Db; now?: () => number }) {
  const held = new Map<string, { principal: Principal; loadedAt: number }>()
  let heardCount = 0

  /** Into the tenant's log, in the same transaction as into the platform's. */
  const tellEnd = async (tx: Tx, { id, operatorId, userId, tenantId }: Row, by: 'operator' | 'time' | 'rights') => {
    const told = { subject: id, data: { operatorId, userId, tenantId, by } }
    await tx.within({ tenant: tenantId }).change('impersonation.ended', { ...told, run: [] })
    return { name: 'impersonation.ended' as const, ...told }
  }
  const tokens: TokenKind = {
    takes: (token) => token.startsWith('gwi_'),
    authenticate(token) {
      const hash = hashOf(token)
      const name = hash.toString('base64')
      const known = held.get(name)
      if (known && now() - known.loadedAt < maxAgeMs) return known.principal.expiresAt > now() ? known.principal : undefined
      const before = heardCount
      return system.context(systemWho('impersonation')).read(checkImpersonation(hash)).then(([[row]]) => {
        held.delete(name)
        if (!row) return undefined
        const principal: Principal = {
          actor: { type: 'user', id: row.operatorId }, onBehalfOf: [row.userId], impersonation: row.id, tenant: row.tenantId, operator: false, name: row.operatorName, role: row.role as TenantRole,
          scopes: ['read', 'write', 'admin'], permissions: [], expiresAt: Date.parse(row.expiresAt), watches: [row.id, row.operatorId, row.userId, row.sessionId, row.tenantId],
          proof: { methods: ['totp', 'passkey', 'sso'], tenant: row.tenantId, provenAt: 0 }, // the operator's own sign-in answers for the tenant's demands
        }
        if (before === heardCount) held.set(name, { principal, loadedAt: now() })
        return principal
      })
    },
  }

  return {
    tokens,
    hear({ name, subject_id: subject, person_id: person }: Pick<EventRow, 'name' | 'subject_id' | 'person_id'>): void {
      if (!governing.test(name)) return
      heardCount++
      for (const [key, { principal }] of held) if (principal.watches!.includes(subject) || (person && principal.watches!.includes(person))) held.delete(key)
    },
    /** @param ctx an operator's, of their own sign-in */
    async start(ctx: Context, { userId, tenantId, reason, minutes = 15 }: NewImpersonation): Promise<Answer<StartedImpersonation>> {
      const session = ctx.session ?? refuse('auth.token_refused')
      const token = `gwi_${randomBytes(32).toString('base64url')}`
      const started = await ctx.happen(async (tx) => {
        const [target] = await tx(findTarget(userId, tenantId))
        if (!target?.role) refuse('member.not_found', 'this person is no member of that tenant')
        if (target.operator) refuse('permission.denied', 'an operator cannot be impersonated')
        const id = newId()
        const [row] = await tx(insertImpersonation({ tenant: tenantId, id, operator: ctx.actor.id!, user: userId, session, hash: hashOf(token), minutes }))
        const told = { subject: id, data: { operatorId: ctx.actor.id!, userId, tenantId, reason, expiresAt: row!.expiresAt } }
        await tx.within({ tenant: tenantId }).change('impersonation.started', { ...told, run: [] })
        return { happened: [{ name: 'impersonation.started', ...told }], result: { ...row!, user: { id: userId, name: target.name }, role: target.role as TenantRole } }
      })
      const expiresIn = Math.round((Date.parse(started.expiresAt) - Date.parse(started.createdAt)) / 1000)
      return new Answer({ ...started, accessToken: token, tokenType: 'Bearer', expiresIn }, { status: 201, headers: { 'cache-control': 'no-store' } })
    },
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }): Promise<List<Impersonation>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listImpersonations(before!, limit + 1))
      return page(rows, limit, (one) => [one.id])
    },
    /** By whoever is in it. */
    async end(ctx: Context): Promise<void> {
      const id = ctx.impersonation ?? refuse('state.conflict', 'this token is no impersonation')
      await system.context({ tenant: platformId, actor: ctx.actor, request: ctx.request }).happen(async (tx) => {
        const [row] = await tx(endImpersonation(id))
        return { happened: row ? [await tellEnd(tx, row, 'operator')] : [], result: undefined }
      })
      heardCount++
      held.clear()
    },
    /** Tells both logs of those that ended by their time or with their operator's session; the check itself does not wait for it. */
    async sweep(): Promise<void> {
      await system.context(systemWho('impersonation.sweep')).happen(async (tx) => {
        const rows = await tx(endLapsed())
        const happened = []
        for (const row of rows.slice(0, 200)) happened.push(await tellEnd(tx, row, row.lapsed ? 'time' : 'rights'))
        return { happened, result: undefined }
      })
    },
  }
}
