// From home back to the tenant's door at which somebody set out: providers and passkeys know PUBLIC_URL alone, and cookies are a host's own. What was
// proven at home waits for a moment under a random name that only the way back carries: whoever set out could tell any name that was known before,
// and fetch what somebody else proved. The browser that set out takes it, at the door where it did, while that is still the tenant's door.
import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from '../../kernel/errors.ts'
import type { Cookies } from './cookies.ts'
import type { Legs } from './legs.ts'
import type { PageForms } from './page-forms.ts'

/** The browser that sets out: hash of its cookie, and the origin of the tenant's door it stands at, null at home. */
export type Setting = { browser: string; door: string | null }
type Handed = Setting & { kind: string; value: unknown }
/** @param bound the only tenant that a sign-in there opens */
type Arrive = (req: FastifyRequest, reply: FastifyReply, value: never, bound: string | undefined) => Promise<unknown>
export type HandOver = ReturnType<typeof createHandOver>

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')

/** Only the browser that set out may come back. */
export function requireBrowser(out: Pick<Setting, 'browser'>, browser: string): void {
  if (!browser || out.browser !== browser) refuse('sso.refused', 'this sign-in was begun in another browser: begin again here')
}

export function createHandOver({ legs, forms: { doorOf, boundAt, cookiesOf, valueOf }, cookies }: { legs: Legs; forms: Pick<PageForms, 'doorOf' | 'boundAt' | 'cookiesOf' | 'valueOf'>; cookies: Cookies }) {
  const arrivals = new Map<string, Arrive>()
  const kept = (req: FastifyRequest) => cookiesOf(req)[cookies.names.outside] ?? ''
  /** A browser's mark, and the cookie that gives it. @param known what it carries already */
  function mark(known = ''): { browser: string; cookie: string } {
    const value = /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url')
    return { browser: hashOf(value), cookie: cookies.outside(value) }
  }
  return {
    mark,
    /** Binds what comes back to this browser, at the door it stands at. */
    async settingOf(req: FastifyRequest, reply: FastifyReply): Promise<Setting> {
      const { browser, cookie } = mark(kept(req))
      reply.header('set-cookie', cookie)
      return { browser, door: await doorOf(req.host) }
    },
    /** '' for a browser that carries none. */
    browserOf: (req: FastifyRequest): string => (kept(req) ? hashOf(kept(req)) : ''),
    /** @returns where the browser fetches what was proven: at its door, within two minutes, once */
    async pass(request: string, { browser, door }: Setting, kind: string, value: unknown): Promise<string> {
      const token = randomBytes(32).toString('base64url')
      await legs.keep(request, 'hand-over', token, { browser, door, kind, value } satisfies Handed, 2)
      return `${door ?? ''}/login/finish?token=${token}`
    },
    /** What is done with it there. */
    onArrival(kind: string, arrive: Arrive): void {
      arrivals.set(kind, arrive)
    },
    async arrive(req: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const handed = await legs.take<Handed>(req.id, 'hand-over', valueOf(req.query, 'token'))
      if (!handed) refuse('sso.refused', 'this answer was used already, or too long ago: begin again')
      requireBrowser(handed, this.browserOf(req))
      if (handed.door !== (await doorOf(req.host))) refuse('sso.refused', 'this address is no longer the door at which the sign-in was begun: begin again')
      const arrive = arrivals.get(handed.kind)
      if (!arrive) throw new Error(`nothing takes what is handed over as ${handed.kind}`)
      return arrive(req, reply, handed.value as never, await boundAt(req.host))
    },
  }
}
