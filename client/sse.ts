// The live stream as Server-Sent Events over fetch, for places that let no WebSocket through. EventSource cannot send Authorization, and a
// token in a URL ends up in logs. The way is one-way: a new topic or token is a new request that resumes from the last cursor.
import { LiveClient, type LiveOptions } from './live.ts'
import type { Fetch, Transport } from './transport.ts'

/** LiveClient's face over Server-Sent Events. `url` is the HTTP one, such as `https://example.com/api/v1/live`. */
export class SseClient extends LiveClient {
  constructor(options: Omit<LiveOptions, 'WebSocket' | 'transport'> & { fetch?: Fetch }) {
    super({ ...options, transport: overSse(options.fetch ?? ((url, init) => (fetch as Fetch)(url, init))) })
  }
}

/** A one-way connection. HTTP refusals become the close codes that mean the same. */
export function overSse(fetch: Fetch): Transport {
  return ({ url, token, after, topics, heard, ended }) => {
    const abort = new AbortController()
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
    if (after !== undefined) headers['last-event-id'] = after
    let closed = false
    const end = (code: number, reason: string) => {
      if (!closed) ended(code, reason)
      closed = true
    }
    const run = async () => {
      const answer = await fetch(`${url}${url.includes('?') ? '&' : '?'}topics=${encodeURIComponent(topics.join(','))}`, { headers, signal: abort.signal })
      if (answer.status !== 200 || !answer.body) return end(closeCodeOf(answer.status), `HTTP ${answer.status}`)
      const reader = answer.body.getReader()
      const decoder = new TextDecoder()
      const split = createSplitter((text) => closed || heard(text))
      for (;;) {
        const { done, value } = await reader.read()
        if (done || closed) break
        split(decoder.decode(value, { stream: true }))
      }
      end(1006, 'the stream ended')
    }
    run().catch((error: unknown) => end(1006, String(error)))
    return {
      send: null,
      close() {
        closed = true
        abort.abort()
      },
    }
  }
}

const closeCodeOf = (status: number): number => {
  if (status === 401) return 4401
  if (status === 403 || status === 404) return 4403
  return status === 400 || status === 422 ? 4400 : 1006
}

/** Cuts a stream of text into the data of its events (HTML standard, 9.2.6): chunks may end anywhere, lines end in LF, CR or CRLF. */
export function createSplitter(give: (data: string) => void): (chunk: string) => void {
  let rest = ''
  let data: string[] = []
  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/) // a CR at the end may be half of a CRLF
    rest = lines.pop()!
    for (const line of lines) {
      if (line === '') {
        if (data.length) give(data.join('\n'))
        data = []
      } else if (line === 'data' || line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
    }
  }
}
