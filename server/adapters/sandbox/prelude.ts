// What a guest finds beside the language: runs inside QuickJS before its own code. What it needs later it keeps now, since guest code may replace
// JSON or Promise; the functions of the host are taken out of reach. Web standards as far as they go: no Intl, AbortController or streams.
export const prelude = String.raw`(() => {
  const { parse, stringify } = JSON
  const { __host: host, __timer: timer, __log: write } = globalThis
  delete globalThis.__host
  delete globalThis.__timer
  delete globalThis.__log
  const P = Promise, then = Promise.prototype.then, S = String, E = Error, U8 = Uint8Array, M = Map
  const encode = (text) => new TextEncoder().encode(text)
  const decode = (bytes) => new TextDecoder().decode(bytes)
  const unbase64 = (text) => { const raw = atob(text); const bytes = new U8(raw.length); for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i); return bytes }

  class Body {
    #b
    constructor(b) { this.#b = b ?? '' }
    async text() { return typeof this.#b === 'string' ? this.#b : decode(this.#b) }
    async json() { return parse(await this.text()) }
    async arrayBuffer() { return (typeof this.#b === 'string' ? encode(this.#b) : new U8(this.#b)).buffer }
    async bytes() { return new U8(await this.arrayBuffer()) }
  }
  globalThis.Response = class Response extends Body {
    constructor(b, i = {}) {
      super(b)
      this.status = i.status ?? 200
      this.ok = this.status >= 200 && this.status < 300
      this.headers = new Headers(i.headers)
      this.url = i.url ?? ''
    }
    static json(v, i) { return new Response(stringify(v), { ...i, headers: { 'content-type': 'application/json', ...(i && i.headers) } }) }
  }
  globalThis.Request = class Request extends Body {
    constructor(u, i = {}) { super(i.body); this.url = S(new URL(u)); this.method = i.method ?? 'GET'; this.headers = new Headers(i.headers); this.body = i.body }
  }
  globalThis.fetch = async (u, i = {}) => {
    const body = i.body ?? (u && u.body)
    const headers = i.headers ?? (u && u.headers)
    const given = headers ? [...new Headers(headers)] : []
    if (body instanceof URLSearchParams && !given.some(([n]) => n === 'content-type')) given.push(['content-type', 'application/x-www-form-urlencoded;charset=UTF-8'])
    const r = parse(await host(stringify({ url: S((u && u.url) || u), method: S(i.method ?? (u && u.method) ?? 'GET'), headers: given.map(([n, v]) => [S(n), S(v)]), body: body == null ? null : S(body) })))
    return new Response(r.base64 === undefined ? r.text : unbase64(r.base64), { status: r.status, headers: r.headers, url: r.url })
  }

  // this build takes a text or pairs only
  const Params = URLSearchParams
  globalThis.URLSearchParams = class URLSearchParams extends Params {
    constructor(init = '') { super(typeof init === 'string' || init instanceof Params ? S(init) : ''); if (typeof init === 'object' && init && !(init instanceof Params)) for (const [n, v] of typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)) this.append(S(n), S(v)) }
  }
  // searchParams is missing in the URL of this build; it writes through, as the standard says
  const kept = new WeakMap()
  Object.defineProperty(URL.prototype, 'searchParams', {
    configurable: true,
    get() {
      const url = this
      if (!kept.has(url)) {
        const params = new URLSearchParams(url.search)
        for (const name of ['append', 'delete', 'set', 'sort']) {
          const plain = params[name]
          Object.defineProperty(params, name, { configurable: true, value: (...a) => { const r = plain.apply(params, a); const text = S(params); url.search = text ? '?' + text : ''; return r } })
        }
        kept.set(url, params)
      }
      return kept.get(url)
    },
  })

  let last = 0
  const pending = new M()
  globalThis.setTimeout = (f, ms = 0, ...a) => {
    const id = ++last
    pending.set(id, true)
    then.call(timer(S(+ms || 0)), () => { if (pending.delete(id)) f(...a) })
    return id
  }
  globalThis.clearTimeout = (id) => { pending.delete(id) }
  const shown = (v) => { try { return typeof v === 'string' ? v : v instanceof E ? S(v.stack || v.message) : stringify(v) ?? S(v) } catch { return 'a value that cannot be shown' } }
  const log = (...a) => { write(a.map(shown).join(' ')) }
  globalThis.console = { log, info: log, warn: log, error: log, debug: log }

  globalThis.__run = (f, s) => {
    const { input, key } = parse(s)
    const ctx = { fetch, idempotencyKey: key, log, secret: (name) => '{{secret.' + S(name) + '}}' }
    return then.call(then.call(P.resolve(), () => f(input, ctx)), (r) => stringify(r) ?? 'null')
  }
})()`
