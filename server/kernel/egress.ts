// The one way out: every request and every connection of the server to somewhere else. No spelling of an address, no redirect and no changing
// answer of a name server leads to the inside (OWASP, Server-Side Request Forgery Prevention); what comes back is bounded in time and size.
import net from 'node:net'
import type { Agent, Response as Answered } from 'undici' // and its fetch: Node's own refuses an Agent of the package
import { checkRules, createReach, EgressFailed, EgressRefused, readHost, type HostRule, type Reach, type Resolve } from './egress-reach.ts'

/** Whose wish it is, when it is a tenant's: refusals become its events, and a host that fails is left alone for it. */
export type EgressFor = { tenant: string; request?: string; cause?: string | null | undefined }
type Common = {
  for?: EgressFor | undefined
  /** The address stands in a setting: whoever runs the installation chose it, so it may be private. Never for an address that a tenant wrote. */
  fromSetting?: boolean
  /** only these hosts, at every hop; absent: any public one */
  hosts?: readonly HostRule[] | undefined
  signal?: AbortSignal | undefined
}
export type EgressRequest = Common & {
  method?: string
  headers?: Iterable<readonly [string, string]> | Record<string, string>
  body?: string | Uint8Array | undefined
  /** of the answer, decoded */
  maxBytes?: number
  totalMs?: number
  /** `manual` gives the answer that redirects */
  redirect?: 'follow' | 'manual'
}
export type EgressAnswer = { status: number; headers: Headers; /** after redirects */ url: string; body: Buffer }
export type DialTo = Common & { host: string; port: number; connectMs?: number }

export type Egress = {
  /** @param url http or https, without credentials @throws EgressRefused, EgressFailed */
  fetch(url: string | URL, request?: EgressRequest): Promise<EgressAnswer>
  /** The same with the standard's face, for libraries that take a `fetch`; bodies stream. */
  fetchAs(request: Omit<EgressRequest, 'method' | 'headers' | 'body' | 'redirect'>): typeof globalThis.fetch
  /** A connected TCP socket, for drivers of mail and databases. @throws EgressRefused, EgressFailed */
  dial(to: DialTo): Promise<net.Socket>
  close(): Promise<void>
}

export const egressLimits = { connectMs: 5000, headersMs: 10_000, idleMs: 10_000, totalMs: 15_000, redirects: 5, bytes: 5_000_000, perOrigin: 16 }
/** What goes on to another origin. Everything else may be a secret under a name of its own. */
const travels = new Set(['accept', 'accept-language', 'content-type', 'user-agent', 'traceparent'])
/** Of the connection, or naming another host than the one that was judged (RFC 9110, 7.6.1). */
const ofTheConnection = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect', 'keep-alive', 'proxy-authorization', 'proxy-connection'])

/** Connects, and loads what it needs, at its first use only. @param allow EGRESS_ALLOW @throws TypeError when it cannot be read */
export function openEgress({ allow, resolve }: { allow?: readonly string[]; resolve?: Resolve } = {}): Egress {
  const reach = createReach({ allow, resolve })
  const undici = () => import('undici')
  // two, for a kept connection is not judged again: what a setting opened must not serve a tenant
  const agents = new Map<boolean, Promise<Agent>>()
  const agentFor = (trusted: boolean) => {
    if (!agents.has(trusted)) agents.set(trusted, undici().then((library) => makeAgent(library, reach, trusted)))
    return agents.get(trusted)!
  }

  /** Follows redirects by hand: each hop is judged like the first. */
  async function open(url: string | URL, request: EgressRequest): Promise<{ answer: Answered; url: URL; signal: AbortSignal }> {
    let at = readUrl(url)
    const first = at.origin
    const { totalMs = egressLimits.totalMs, redirect = 'follow' } = request
    const signal = AbortSignal.any([AbortSignal.timeout(totalMs), ...(request.signal ? [request.signal] : [])])
    let method = (request.method ?? 'GET').toUpperCase()
    let body = request.body
    const headers = new Headers()
    for (const [name, value] of pairs(request.headers)) if (!ofTheConnection.has(name.toLowerCase())) headers.append(name, value)
    for (let hop = 0; ; hop++) {
      const trusted = request.fromSetting === true && at.origin === first
      const [host, port] = placeOf(at)
      checkRules(request.hosts, host, port)
      if (!trusted) reach.checkLiteral(host, port) // no lookup happens for an address
      const { fetch } = await undici()
      const answer = await fetch(at, { method, headers: [...headers], body: body ?? null, redirect: 'manual', signal, dispatcher: await agentFor(trusted) }).catch((error: unknown) => explain(error, host, signal, request.signal))
      const location = answer.headers.get('location')
      if (redirect === 'manual' || answer.status < 300 || answer.status > 399 || !location) return { answer, url: at, signal }
      await answer.body?.cancel()
      if (hop >= egressLimits.redirects) throw new EgressRefused(host, `more than ${egressLimits.redirects} redirects`)
      const next = readUrl(location, at)
      if (at.protocol === 'https:' && next.protocol === 'http:') throw new EgressRefused(next.hostname, 'a redirect from https to http is not followed')
      if (next.origin !== at.origin) for (const name of [...headers.keys()]) if (!travels.has(name)) headers.delete(name)
      if (answer.status === 303 || ((answer.status === 301 || answer.status === 302) && method === 'POST')) {
        method = method === 'HEAD' ? 'HEAD' : 'GET'
        body = undefined
        headers.delete('content-type')
      }
      at = next
    }
  }

  return {
    async fetch(url, request = {}) {
      const { answer, url: at, signal } = await open(url, request)
      const parts: Uint8Array[] = []
      try {
        for await (const part of bounded(answer, at.hostname, request.maxBytes)) parts.push(part)
      } catch (error) {
        explain(error, at.hostname, signal, request.signal)
      }
      return { status: answer.status, headers: new Headers([...answer.headers]), url: at.href, body: Buffer.concat(parts) }
    },
    fetchAs: (request) => async (input, init) => {
      const asked = new Request(input, init)
      const body = asked.body ? new Uint8Array(await asked.arrayBuffer()) : undefined
      const { answer, url: at } = await open(asked.url, {
        ...request, method: asked.method, headers: asked.headers, ...(body ? { body } : {}), redirect: asked.redirect === 'follow' ? 'follow' : 'manual',
        signal: request.signal ? AbortSignal.any([request.signal, asked.signal]) : asked.signal,
      })
      const headers = new Headers([...answer.headers].filter(([name]) => name !== 'content-encoding' && name !== 'content-length')) // it is decoded
      const empty = answer.status === 204 || answer.status === 205 || answer.status === 304
      const given = new Response(empty || !answer.body ? null : ReadableStream.from(bounded(answer, at.hostname, request.maxBytes)), { status: answer.status, statusText: answer.statusText, headers })
      return Object.defineProperty(given, 'url', { value: at.href })
    },
    async dial({ host: written, port, connectMs = egressLimits.connectMs, hosts, fromSetting = false, signal }) {
      const host = readHost(written)
      if (!Number.isInteger(port) || port < 1 || port > 65535) throw new EgressRefused(host, 'the port must be from 1 to 65535')
      checkRules(hosts, host, port)
      const until = AbortSignal.any([AbortSignal.timeout(connectMs), ...(signal ? [signal] : [])])
      let failure: unknown
      for (const { address } of await reach.addressesOf(host, port, fromSetting)) {
        try {
          const socket = await connect(address, port, until)
          if (!fromSetting) reach.checkPeer(socket, host, port)
          return socket
        } catch (error) {
          if (error instanceof EgressRefused || until.aborted) return explain(error, host, until, signal)
          failure = error
        }
      }
      return explain(failure, host, until, signal)
    },
    async close() {
      for (const agent of agents.values()) await (await agent).destroy()
    },
  }
}

function makeAgent({ Agent, buildConnector }: typeof import('undici'), reach: Reach, trusted: boolean): Agent {
  const connectors = new Map<number, ReturnType<typeof buildConnector>>() // by port: a lookup is not told it, and EGRESS_ALLOW may name one
  const connectorFor = (port: number) => {
    const lookup: net.LookupFunction = (host, { all }, done) => {
      reach.addressesOf(host, port, trusted).then((list) => (all ? done(null, list) : done(null, list[0]!.address, list[0]!.family)), (error: Error) => done(error, ''))
    }
    const made = connectors.get(port) ?? buildConnector({ timeout: egressLimits.connectMs, lookup, allowH2: false })
    if (connectors.size < 100) connectors.set(port, made)
    return made
  }
  return new Agent({
    headersTimeout: egressLimits.headersMs, bodyTimeout: egressLimits.idleMs, connections: egressLimits.perOrigin, keepAliveTimeout: 4000,
    connect(target, done) {
      const host = target.hostname.replace(/^\[|\]$/g, '')
      const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80)
      connectorFor(port)(target, (error, socket) => {
        if (error) return done(error, null)
        try {
          if (!trusted) reach.checkPeer(socket, host, port)
        } catch (refused) {
          return done(refused as Error, null)
        }
        done(null, socket)
      })
    },
  })
}

function connect(address: string, port: number, until: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port, noDelay: true })
    const stop = () => socket.destroy(until.reason as Error)
    if (until.aborted) stop()
    until.addEventListener('abort', stop, { once: true })
    socket.once('error', reject).once('connect', () => {
      until.removeEventListener('abort', stop)
      socket.off('error', reject).on('error', () => {}) // until its driver listens, a reset must not end the process
      resolve(socket)
    })
  })
}

/** @throws EgressRefused unless http or https, and for credentials in it: they end up in logs */
function readUrl(url: string | URL, base?: URL): URL {
  if (!URL.canParse(String(url), base?.href)) throw new EgressRefused('', 'this is no address: it must look like https://example.com/path')
  const read = new URL(url, base)
  if (read.protocol !== 'https:' && read.protocol !== 'http:') throw new EgressRefused(read.hostname, `only http and https leave, not ${read.protocol.slice(0, 20)}`)
  if (read.username || read.password) throw new EgressRefused(read.hostname, 'the address holds a user or password: put them into a header')
  return read
}
const placeOf = (url: URL): [host: string, port: number] => [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port) || (url.protocol === 'https:' ? 443 : 80)]
const pairs = (headers: EgressRequest['headers'] = {}) => (Symbol.iterator in headers ? [...(headers as Iterable<readonly [string, string]>)] : Object.entries(headers))

/** Decoded bytes are counted: what a compressed bomb costs, not what it weighs. */
async function* bounded(answer: Answered, host: string, most = egressLimits.bytes): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += (part as Uint8Array).length
    if (bytes > most) throw new EgressRefused(host, `the answer is larger than ${most} bytes`)
    yield part as Uint8Array
  }
}

const words: Record<string, string> = {
  ECONNREFUSED: 'refuses connections', ECONNRESET: 'closed the connection', UND_ERR_SOCKET: 'closed the connection', EHOSTUNREACH: 'cannot be reached', ENETUNREACH: 'cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'does not take connections in time', ETIMEDOUT: 'does not take connections in time', UND_ERR_HEADERS_TIMEOUT: 'does not answer in time', UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer',
}
/** One of our two errors, whatever the libraries wrapped it in; what the caller aborted stays the caller's. */
function explain(error: unknown, host: string, signal: AbortSignal, callers: AbortSignal | undefined): never {
  if (callers?.aborted) throw callers.reason
  let cause = error as { cause?: unknown; code?: string; message?: string }
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof EgressRefused || inner instanceof EgressFailed) throw inner
    cause = inner
  }
  if (cause.message === 'bad port') throw new EgressRefused(host, 'this port belongs to another protocol than HTTP') // fetch standard, 2.9
  if (signal.aborted) throw new EgressFailed(host, 'TIMEOUT', `${host} takes too long`, error)
  const code = typeof cause.code === 'string' ? cause.code : 'FAILED'
  throw new EgressFailed(host, code, `${host} ${words[code] ?? (/^(ERR_TLS|CERT|DEPTH|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code) ? `has no certificate that can be trusted (${code})` : `could not be asked (${code})`)}`, error)
}
