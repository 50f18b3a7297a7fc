// Access tokens of OAuth 2.0 connections (RFC 6749; PKCE, RFC 7636). A token that ends is renewed by one process while the others wait for what it
// brings: providers that rotate refresh tokens end the whole chain when two of one generation are used.
import { createHash, randomBytes } from 'node:crypto'
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import type { EgressFor } from '../../kernel/egress.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { Query } from '../../kernel/sql.ts'
import type { RowsOf } from '../../kernel/batch.ts'
import type { Secrets, Settings } from './kinds.ts'
import { maskingOf } from './masking.ts'
import { claimRefresh, endRefresh, findToken, insertAuthorization, noteStatus, putToken, replaceToken, sweepAuthorizations, takeAuthorization } from './queries.ts'

/** Why a connection cannot be used. unauthorized: a person must give consent (again). Its words hold no secret. */
export class ConnectionError extends Error {
  readonly code: 'unauthorized' | 'refused' | 'failed'
  constructor(code: 'unauthorized' | 'refused' | 'failed', message: string) {
    super(message.slice(0, 500))
    this.name = 'ConnectionError'
    this.code = code
  }
}
type Held = { accessToken: string; refreshToken?: string }
/** What the authorization server says (RFC 6749, 5.1 and 5.2). */
type Granted = { held: Held; expiresIn: number | null; scopes: string[] }
export type OAuthConnection = { who: EgressFor; id: string; settings: Settings; secrets: Secrets }

const leaseSeconds = 20
const waitMs = 25_000
const consentMinutes = 10
const tokenBinding = (id: string) => `connection_tokens/sealed/${id}`
const verifierBinding = (id: string) => `connection_authorizations/verifier/${id}`
const hashOf = (text: string) => createHash('sha256').update(text).digest()

export type Tokens = ReturnType<typeof createTokens>
export function createTokens({ system, keys, egress, publicUrl }: Pick<Kernel, 'system' | 'keys' | 'egress' | 'publicUrl'>) {
  const redirectUri = `${publicUrl}/connections/callback`
  /** Leases and consents under way are machinery, not state that the log tells of. As gw_app of the tenant. */
  const machinery = <Q extends readonly Query[]>(tenant: string, ...queries: Q): Promise<RowsOf<Q>> => system.transact(systemWho('connections'), (tx) => tx.within({ tenant }).run(...queries))
  const contextOf = ({ tenant, request = 'connections', cause = null }: EgressFor) => system.context({ tenant, actor: { type: 'system', id: null }, request, cause })

  async function ask(c: OAuthConnection, form: Record<string, string>): Promise<Granted> {
    const { clientId, tokenUrl, clientAuth = 'basic' } = c.settings as { clientId: string; tokenUrl: string; clientAuth?: string }
    const secret = c.secrets.clientSecret
    const mask = maskingOf([...Object.values(c.secrets), ...Object.entries(form).flatMap(([name, value]) => (/token|code|verifier/.test(name) ? [value] : []))])
    const encode = (text: string) => new URLSearchParams({ v: text }).toString().slice(2) // RFC 6749, 2.3.1
    const byHeader: Record<string, string> = secret && clientAuth === 'basic' ? { authorization: `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}` } : {}
    const inBody: Record<string, string> = byHeader.authorization ? {} : { client_id: clientId, ...(secret ? { client_secret: secret } : {}) }
    const answer = await egress.fetch(tokenUrl, {
      method: 'POST', redirect: 'manual', for: c.who, maxBytes: 200_000, headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...byHeader },
      body: new URLSearchParams({ ...form, ...inBody }).toString(), // a redirect is not followed: the body is a secret
    })
    let said: Record<string, unknown> = {}
    try {
      said = JSON.parse(answer.body.toString('utf8')) as typeof said
    } catch {
      said = {} // judged below: without an access token it is refused
    }
    if (answer.status !== 200 || typeof said.access_token !== 'string') {
      const error = typeof said.error === 'string' ? said.error : `status ${answer.status}`
      const words = mask([error, said.error_description].filter((one) => typeof one === 'string').join(': '))
      throw new ConnectionError(error === 'invalid_grant' ? 'unauthorized' : answer.status >= 500 || answer.status === 429 ? 'failed' : 'refused', `the authorization server refuses: ${words}`)
    }
    if (!/^bearer$/i.test(String(said.token_type ?? 'bearer'))) throw new ConnectionError('refused', 'the authorization server gives tokens of another type than Bearer')
    const seconds = Number(said.expires_in)
    return {
      held: { accessToken: said.access_token, ...(typeof said.refresh_token === 'string' ? { refreshToken: said.refresh_token } : {}) },
      expiresIn: Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.floor(seconds), 315_360_000) : null, scopes: typeof said.scope === 'string' ? said.scope.split(' ').slice(0, 100) : [],
    }
  }
  const seal = (c: Pick<OAuthConnection, 'who' | 'id'>, held: Held) => keys.seal({ tenant: c.who.tenant }, JSON.stringify(held), tokenBinding(c.id))

  /** @param refused a token that the other side no longer takes, although its time is not over @returns an access token @throws ConnectionError */
  async function tokenOf(c: OAuthConnection, refused?: string): Promise<Held> {
    const until = Date.now() + waitMs
    for (;;) {
      const [[row]] = await machinery(c.who.tenant, findToken(c.id))
      const text = row?.sealed ? await keys.open(row.sealed as Buffer, tokenBinding(c.id)) : null
      const held = text ? (JSON.parse(text) as Held) : undefined
      if (held && !row!.expired && held.accessToken !== refused) return held
      const form = c.settings.grant === 'client_credentials' ? grantOf(c) : held?.refreshToken ? { grant_type: 'refresh_token', refresh_token: held.refreshToken } : undefined
      if (!form) throw new ConnectionError('unauthorized', 'a person must give consent first: authorize the connection')
      const [claimed] = row?.refreshing ? [] : (await machinery(c.who.tenant, claimRefresh(c.id, row?.generation ?? 1, leaseSeconds)))[0]
      if (claimed) return renew(c, form, held, claimed.generation)
      if (Date.now() > until) throw new ConnectionError('failed', 'another process renews the token and does not come to an end')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  async function renew(c: OAuthConnection, form: Record<string, string>, before: Held | undefined, generation: number): Promise<Held> {
    try {
      const { held, expiresIn } = await ask(c, form)
      const next = { ...(before?.refreshToken ? { refreshToken: before.refreshToken } : {}), ...held } // a server that rotates none leaves the old one valid
      await contextOf(c.who).change('connection.refreshed', { subject: c.id, data: { expiresIn: expiresIn ?? 0 }, run: [putToken(c.id, await seal(c, next), expiresIn, generation)] })
      return next
    } catch (error) {
      await machinery(c.who.tenant, endRefresh(c.id, generation))
      if (error instanceof ConnectionError && error.code === 'unauthorized') await contextOf(c.who).change('connection.changed', { subject: c.id, data: { fields: ['status'] }, run: [noteStatus(c.id, 'unauthorized', error.message)] })
      throw error
    }
  }

  return {
    tokenOf,
    /** Where to send the browser of the person who began it; they come back with a state that works once, for them only. */
    async begin(ctx: Context, { id, settings }: Pick<OAuthConnection, 'id' | 'settings'>, extra: Record<string, string>): Promise<{ url: string; expiresAt: string }> {
      const person = ctx.actor.type === 'user' ? ctx.actor.id : null
      if (!person) refuse('permission.denied', 'only a person can give consent')
      const [state, verifier] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
      await machinery(ctx.tenant, sweepAuthorizations(id), insertAuthorization(hashOf(state), id, person, await keys.seal({ tenant: ctx.tenant }, verifier, verifierBinding(id)), consentMinutes))
      const url = new URL(settings.authorizeUrl as string)
      const asked: Record<string, string> = {
        ...extra, ...(settings.authorizeExtra as Record<string, string> | undefined), response_type: 'code', client_id: settings.clientId as string, redirect_uri: redirectUri, state,
        code_challenge: hashOf(verifier).toString('base64url'), code_challenge_method: 'S256', ...((settings.scopes as string[] | undefined)?.length ? { scope: (settings.scopes as string[]).join(' ') } : {}),
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return { url: url.href, expiresAt: new Date(Date.now() + consentMinutes * 60_000).toISOString().replace('Z', '000Z') }
    },
    /** What a state stands for; once. */
    async take(ctx: Context, state: string): Promise<{ connectionId: string; verifier: string } | undefined> {
      const [[pending]] = await machinery(ctx.tenant, takeAuthorization(hashOf(state), ctx.actor.type === 'user' ? ctx.actor.id : null))
      const verifier = pending && (await keys.open(pending.verifier as Buffer, verifierBinding(pending.connectionId)))
      return pending && verifier ? { connectionId: pending.connectionId, verifier } : undefined
    },
    /** Exchanges the code. @returns the statement that keeps the tokens, and the scopes that were given @throws ConnectionError */
    async exchange(c: OAuthConnection, code: string, verifier: string): Promise<{ keep: Query; scopes: string[] }> {
      const { held, expiresIn, scopes } = await ask(c, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier })
      return { keep: replaceToken(c.id, await seal(c, held), expiresIn), scopes }
    },
  }
}
const grantOf = ({ settings }: OAuthConnection): Record<string, string> => ({
  grant_type: 'client_credentials', ...((settings.scopes as string[] | undefined)?.length ? { scope: (settings.scopes as string[]).join(' ') } : {}), ...(settings.audience ? { audience: settings.audience as string } : {}),
})
