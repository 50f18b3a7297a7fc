// Requests that a connection signs. Its secrets go to its own base address and nowhere else, whatever path is asked for.
import { createHmac } from 'node:crypto'
import type { Egress, EgressFor } from '../../kernel/egress.ts'
import { newId } from '../../kernel/ids.ts'
import type { Json } from '../../kernel/ports.ts'
import type { Secrets, Settings } from './kinds.ts'
import { maskDeep } from './masking.ts'

export type HttpRequest = { method?: string; /** an address below the base, or a path that is put after it */ url?: string; query?: Record<string, string>; headers?: Record<string, string>; body?: unknown; totalMs?: number; signal?: AbortSignal }
export type HttpAnswer = { status: number; headers: Record<string, string>; body: Json }
/** What signs a request: headers and parameters. `token` is that of OAuth. */
export type Signer = (body: string) => { headers: Record<string, string>; query: Record<string, string> }

/** An address that the connection is not for: its secrets would go elsewhere. */
export class WrongAddress extends Error {}

export function signerOf(type: string, settings: Settings, secrets: Secrets, token?: string): Signer {
  const none = { headers: {}, query: {} }
  if (token !== undefined) return () => ({ headers: { authorization: `Bearer ${token}` }, query: {} })
  if (secrets.token !== undefined) return () => ({ headers: { authorization: `Bearer ${secrets.token}` }, query: {} })
  if (type === 'basic') return () => ({ headers: { authorization: `Basic ${Buffer.from(`${String(settings.username)}:${secrets.password}`).toString('base64')}` }, query: {} })
  if (type === 'api_key') {
    const value = `${(settings.prefix as string | undefined) ?? ''}${secrets.key}`
    return () => (settings.in === 'query' ? { headers: {}, query: { [settings.parameter as string]: value } } : { headers: { [settings.parameter as string]: value }, query: {} })
  }
  if (type === 'webhook' && secrets.signingSecret) return (body) => ({ headers: signatureOf(secrets.signingSecret!, body), query: {} })
  return () => none
}

/** Standard Webhooks 1.0: `whsec_` and base64, else the secret's own bytes. */
function signatureOf(secret: string, body: string, id = newId(), seconds = Math.floor(Date.now() / 1000)): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}` }
}

/** @throws WrongAddress for another origin, or a path that leaves the base's */
export function addressOf(base: string, url = '', query: Record<string, string> = {}): URL {
  const root = new URL(base)
  const folder = root.pathname.replace(/\/+$/, '')
  const at = /^[a-z][a-z0-9+.-]*:/i.test(url) ? new URL(url) : new URL(`${root.origin}${folder}${url && !/^[/?]/.test(url) ? '/' : ''}${url || (folder ? '' : '/')}`)
  if (at.origin !== root.origin || at.username || at.password || !(at.pathname === folder || at.pathname.startsWith(`${folder}/`))) throw new WrongAddress(`this connection is for ${root.origin}${folder}: choose a path below it`)
  for (const [name, value] of root.searchParams) if (!at.searchParams.has(name)) at.searchParams.append(name, value)
  for (const [name, value] of Object.entries(query)) at.searchParams.append(name, value)
  return at
}

export type HttpOptions = { egress: Pick<Egress, 'fetch'>; who: EgressFor; base: string; headers: Record<string, string>; sign: Signer; mask: (text: string) => string }
/** @returns the answer, its body read as its type says, with every secret masked @throws WrongAddress, EgressRefused, EgressFailed */
export async function sendHttp({ egress, who, base, headers, sign, mask }: HttpOptions, request: HttpRequest): Promise<HttpAnswer> {
  const at = addressOf(base, request.url, request.query)
  const own: [string, string][] = Object.entries({ accept: 'application/json, */*;q=0.5', 'user-agent': 'groundwork', ...lower(headers), ...lower(request.headers ?? {}) })
  const { text, type } = bodyOf(request.body, own.find(([name]) => name === 'content-type')?.[1])
  const signed = sign(text ?? '')
  for (const [name, value] of Object.entries(signed.query)) at.searchParams.set(name, value)
  const all = new Map([...own, ...(type ? [['content-type', type] as const] : []), ...Object.entries(lower(signed.headers))]) // its own come last: nobody signs in as somebody else
  const answer = await egress.fetch(at, { method: request.method ?? 'GET', headers: [...all], body: text, for: who, ...(request.totalMs ? { totalMs: request.totalMs } : {}), signal: request.signal })
  const shown = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'set-cookie').map(([name, value]) => [name, mask(value)]))
  return { status: answer.status, headers: shown, body: maskDeep(mask, readBody(answer.body, answer.headers.get('content-type') ?? '')) }
}
const lower = (headers: Record<string, string>) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
function bodyOf(body: unknown, type: string | undefined): { text: string | undefined; type: string | undefined } {
  if (body === undefined || body === null) return { text: undefined, type: undefined }
  if (typeof body === 'string') return { text: body, type: type ?? 'text/plain; charset=utf-8' }
  if (type?.startsWith('application/x-www-form-urlencoded')) return { text: new URLSearchParams(Object.fromEntries(Object.entries(body as object).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))).toString(), type }
  return { text: JSON.stringify(body), type: type ?? 'application/json' }
}
/** JSON as what it says, text as text, anything else in base64. */
function readBody(body: Buffer, type: string): Json {
  if (!body.length) return null
  if (/[/+]json\b/i.test(type)) {
    try {
      return JSON.parse(body.toString('utf8')) as Json
    } catch {
      return body.toString('utf8')
    }
  }
  return /^text\/|xml|javascript|x-www-form-urlencoded|^$/i.test(type) ? body.toString('utf8') : { base64: body.toString('base64') }
}
