// What a guest's `fetch` becomes: a request judged and sent by this process through the egress guard. Secrets are put in here and masked on the way back.
import type { Egress } from '../../kernel/egress.ts'
import type { GuestAnswer, GuestCall, GuestRequest } from '../../kernel/ports.ts'
import { sandboxLimits } from '../../kernel/sandbox.ts'
import { isUtf8 } from 'node:buffer'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** @param text of the guest: anything @throws Error in words for the guest */
function readRequest(text: string): GuestRequest {
  const { url, method, headers, body } = JSON.parse(text) as Partial<GuestRequest>
  const known = typeof url === 'string' && url.length <= 8000 && typeof method === 'string' && Array.isArray(headers) && headers.length <= 100
    && headers.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')) && (body === null || typeof body === 'string')
  if (!known) throw new Error('this is no request')
  if (!methods.has(method!.toUpperCase())) throw new Error('the method is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  return { url: url!, method: method!.toUpperCase(), headers: headers!, body: body ?? null }
}

/** @returns answers the requests of one call; the numbers of its keys begin anew with each */
export function createBroker(egress: Pick<Egress, 'fetch'>, call: GuestCall): (request: string) => Promise<string> {
  const secrets = Object.entries(call.secrets ?? {})
  const withSecrets = (text: string) => secrets.reduce((all, [name, value]) => all.replaceAll(`{{secret.${name}}}`, value), text)
  const masked = (text: string) => secrets.reduce((all, [, value]) => (value.length < 4 ? all : all.replaceAll(value, '***')), text)
  const send = call.fetch ?? (async (request: GuestRequest): Promise<GuestAnswer> => {
    const { status, headers, body } = await egress.fetch(request.url, {
      method: request.method, headers: request.headers.map(([name, value]) => [name, withSecrets(value)] as const), body: request.body ?? undefined, hosts: call.hosts ?? [], for: call.for,
    })
    return { status, headers: [...headers], body }
  })
  let asked = 0
  return async (text) => {
    if (++asked > sandboxLimits.hostCalls) throw new Error(`more than ${sandboxLimits.hostCalls} requests in one call`)
    const request = readRequest(text)
    const changes = request.method !== 'GET' && request.method !== 'HEAD'
    if (changes && call.idempotencyKey && !request.headers.some(([name]) => name.toLowerCase() === 'idempotency-key')) request.headers.push(['idempotency-key', `${call.idempotencyKey}/${asked}`])
    try {
      const { status, headers, body } = await send(request)
      const kept = headers.filter(([name]) => name !== 'set-cookie').map(([name, value]) => [name, masked(value)])
      return JSON.stringify({ status, headers: kept, url: masked(request.url), ...(isUtf8(body) ? { text: masked(body.toString('utf8')) } : { base64: body.toString('base64') }) })
    } catch (error) {
      throw new Error(masked(String((error as Error).message)))
    }
  }
}
