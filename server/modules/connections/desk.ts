// A connection made ready for use: what others may do with it, without ever holding its secrets.
import type { Context } from '../../kernel/db.ts'
import type { EgressFor } from '../../kernel/egress.ts'
import { EgressFailed, EgressRefused } from '../../kernel/egress-reach.ts'
import { only, refuse } from '../../kernel/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Json, Letter, MailServer, OpenMail } from '../../kernel/ports.ts'
import { roleReaches } from '../../kernel/schema.ts'
import { certificatesOf } from './certificates.ts'
import { queryDatabase, type DatabaseRows } from './database.ts'
import { sendHttp, signerOf, WrongAddress, type HttpAnswer, type HttpRequest } from './http.ts'
import type { Kind, Secrets, Settings } from './kinds.ts'
import { maskDeep, maskingOf } from './masking.ts'
import { kindsOf, readPresets, requestOf, type Preset } from './presets.ts'
import { findConnection, listTypes } from './queries.ts'
import type { ConnectionRow } from './schema.ts'
import { ConnectionError, createTokens } from './tokens.ts'

type Common = { id: string; type: string; name: string; /** masks every secret of this connection in a text */ mask(text: string): string; /** whether it works, in words for a person */ test(): Promise<{ ok: boolean; message: string }> }
export type HttpConnection = Common & { speaks: 'http'; /** @throws ConnectionError, EgressRefused, EgressFailed */ request(request: HttpRequest): Promise<HttpAnswer>; /** one of the preset's operations */ operation(name: string, input: Record<string, unknown>): Promise<HttpAnswer> }
export type DatabaseConnection = Common & { speaks: 'database'; /** one statement, its values bound */ query(statement: string, parameters: readonly Json[], maxRows: number): Promise<DatabaseRows> }
export type MailConnection = Common & { speaks: 'smtp'; /** at least once, under the letter's key */ send(letter: Letter): Promise<void> }
export type OpenConnection = HttpConnection | DatabaseConnection | MailConnection

export const secretBinding = (id: string): string => `connections/secret/${id}`
export type Desk = ReturnType<typeof createDesk>

/** @param openMail how a mail server is spoken to */
export function createDesk({ kernel, openMail }: { kernel: Kernel; openMail: OpenMail }) {
  const presets = readPresets()
  const kinds = kindsOf(presets)
  const tokens = createTokens(kernel)
  const whoOf = (ctx: Context): EgressFor => ({ tenant: ctx.tenant, request: ctx.request, cause: ctx.cause })

  async function secretsOf(row: ConnectionRow): Promise<Secrets> {
    if (!row.secret) return {}
    const text = await kernel.keys.open(row.secret as Buffer, secretBinding(row.id))
    if (text === null) throw new ConnectionError('refused', 'its secrets are gone: the key of this tenant was destroyed')
    return JSON.parse(text) as Secrets
  }
  /** What the preset knows stands behind what a person set. */
  function withPreset(kind: Kind, settings: Settings): { settings: Settings; preset: Preset | undefined; oauth: boolean } {
    const preset = presets.find(({ type }) => type === kind.preset)
    const auth = preset?.auth.type === 'oauth' ? preset.auth : undefined
    const known: Settings = auth ? { grant: 'authorization_code', clientAuth: auth.clientAuth, scopes: auth.scopes, authorizeExtra: auth.authorizeExtra } : {}
    return { settings: { ...known, ...settings }, preset, oauth: kind.type === 'oauth' || auth !== undefined }
  }

  function ready(row: ConnectionRow, kind: Kind, given: Settings, secrets: Secrets, who: EgressFor): OpenConnection {
    const { settings, preset, oauth } = withPreset(kind, given)
    const seen: string[] = [] // tokens that were used
    const mask = (text: string) => maskingOf([...Object.values(secrets), ...seen, ...(kind.type === 'basic' ? [`${String(settings.username)}:${secrets.password}`] : [])])(text)
    const safely = async <R>(body: () => Promise<R>): Promise<R> => {
      try {
        return await body()
      } catch (error) {
        if (error instanceof ConnectionError || error instanceof EgressRefused || error instanceof EgressFailed) throw error // made of our own words
        const { message, permanent } = error as Error & { permanent?: boolean }
        throw new ConnectionError(error instanceof WrongAddress || permanent ? 'refused' : 'failed', mask(String(message || error)))
      }
    }
    const tested = (body: () => Promise<string>) => async () => {
      try {
        return { ok: true, message: await body() }
      } catch (error) {
        return { ok: false, message: mask(String((error as Error).message)).slice(0, 500) }
      }
    }
    const common = { id: row.id, type: kind.type, name: row.name, mask }
    if (kind.speaks === 'database') {
      const query: DatabaseConnection['query'] = (statement, parameters, maxRows) => safely(async () => maskDeep(mask, await queryDatabase(settings, secrets, (to) => kernel.egress.dial({ ...to, for: who }), statement, parameters, maxRows)))
      return { ...common, speaks: 'database', query, test: tested(() => query('select 1 as one', [], 1).then(() => 'the database answers')) }
    }
    if (kind.speaks === 'smtp') {
      const ca = typeof settings.ca === 'string' ? certificatesOf(settings.ca) : undefined
      const mail = () => openMail({ ...(ca ? { ca } : {}), url: mailUrl(settings, secrets), from: settings.from as string, dial: ({ host, port, connectMs }) => kernel.egress.dial({ host, port, connectMs, for: who }) })
      const using = <R>(use: (mail: MailServer) => Promise<R>) => safely(async () => {
        const opened = await mail()
        return use(opened).finally(() => opened.close())
      })
      return { ...common, speaks: 'smtp', send: (letter) => using((opened) => opened.send(letter)), test: tested(() => using((opened) => opened.verify()).then(() => 'the mail server answers, and takes the sign-in')) }
    }
    const once = async (request: HttpRequest, token?: string): Promise<HttpAnswer> => sendHttp({
      egress: kernel.egress, who, base: (settings.url ?? settings.baseUrl) as string, headers: { ...preset?.headers, ...(settings.headers as Record<string, string> | undefined) }, sign: signerOf(kind.type, settings, secrets, token), mask,
    }, request)
    const request: HttpConnection['request'] = (asked) => safely(async () => {
      if (!oauth) return once(asked)
      const connection = { who, id: row.id, settings, secrets }
      const note = ({ accessToken, refreshToken }: { accessToken: string; refreshToken?: string }) => (seen.push(accessToken, ...(refreshToken ? [refreshToken] : [])), accessToken)
      const token = note(await tokens.tokenOf(connection))
      const answer = await once(asked, token)
      return answer.status === 401 ? once(asked, note(await tokens.tokenOf(connection, token))) : answer // revoked before its time: once more with a new one
    })
    const operation: HttpConnection['operation'] = (name, input) => safely(async () => {
      if (!preset) throw new ConnectionError('refused', `a ${kind.type} connection has no operations`)
      const { method, path, query, body } = requestOf(preset, name, input)
      return request({ method, url: path, query, body })
    })
    const test = tested(async () => {
      const { method = 'GET', path = (settings.testPath as string | undefined) ?? '', ok } = preset?.test ?? {}
      const ping = kind.type === 'webhook' ? { method: 'POST', body: { type: 'ping', timestamp: new Date().toISOString(), data: {} } } : { method, url: path }
      const answer = await request(ping)
      if (answer.status >= 400) throw new Error(`it answers ${answer.status}${answer.status === 401 || answer.status === 403 ? ': the sign-in is refused' : ''}`)
      if (ok && (answer.body as Record<string, unknown> | null)?.[ok] !== true) throw new Error(`it answers, and refuses: ${String((answer.body as Record<string, unknown> | null)?.error ?? 'no reason')}`)
      return `it answers ${answer.status}`
    })
    return { ...common, speaks: 'http', request, operation, test }
  }

  return {
    presets, kinds, tokens, whoOf, secretsOf, withPreset,
    kindOf: (type: string): Kind => kinds.get(type) ?? refuse('state.conflict', `the type ${type} of this connection is not known here any more`),
    /** For whoever acts in the tenant as member or more. @throws connection.not_found, permission.denied */
    async open(ctx: Context, id: string): Promise<OpenConnection> {
      if (ctx.role !== undefined && !roleReaches(ctx.role, 'member')) refuse('permission.denied', 'connections are used by members of the tenant')
      const row = only((await ctx.read(findConnection(id)))[0], 'connection')
      return this.openRow(ctx, row)
    },
    /** Every connection of the tenant with its type. */
    typesOf: async (ctx: Context): Promise<ReadonlyMap<string, { kind: string }>> => new Map((await ctx.read(listTypes()))[0].map(({ id, type }) => [id, { kind: type }])),
    async openRow(ctx: Context, row: ConnectionRow): Promise<OpenConnection> {
      if (!(await kernel.switches.isOn(ctx.tenant, 'connections'))) refuse('module.off', 'connections are switched off for this tenant')
      return ready(row, this.kindOf(row.type), row.settings as Settings, await secretsOf(row), whoOf(ctx))
    },
  }
}

/** With a password the server must prove who it is, always encrypted. */
function mailUrl(settings: Settings, secrets: Secrets): string {
  const { host, port, security, username } = settings as { host: string; port?: number; security?: string; username?: string }
  const login = username ? `${encodeURIComponent(username)}:${encodeURIComponent(secrets.password ?? '')}@` : ''
  return `${security === 'tls' ? 'smtps' : 'smtp'}://${login}${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}${port ? `:${port}` : ''}${security === 'tls' ? '' : '?requireTLS=true'}`
}
