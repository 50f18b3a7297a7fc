// A passkey is for one host, and a tenant's own domain is another: whoever needs one there is sent home for the gesture and comes back with what it
// proved (hand-over.ts). The page at home says for whom and for which address it is; what comes of it waits for the browser that set out.
import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from '../../kernel/errors.ts'
import type { Setting } from './hand-over.ts'
import type { Identity } from './identity.ts'
import { localPath, type Fault } from './page-forms.ts'
import { html } from './page-html.ts'
import { passkeyScript } from './page-script.ts'
import type { GivenCredential, Kept, Place } from './passkeys.ts'

type Own = { person: string; session: string }
type Wish = { purpose: 'sign-in' } | ({ purpose: 'prove' } & Own) | ({ purpose: 'add'; name: string } & Own)
/** Kept from the door to home and back. `home`: the browser that arrived there. */
type Out = Setting & Wish & { tenant: string | null; next: string; home?: string }
type Proven = { purpose: 'sign-in'; next: string; user: string } | ({ purpose: 'prove'; next: string } & Own) | ({ purpose: 'add'; next: string; name: string; kept: Kept } & Own)
type Parts = Pick<Identity, 'legs' | 'handOver' | 'forms' | 'passkeys' | 'factors' | 'signIn' | 'people' | 'publicUrl'>

const minutes = 10
const begin = 'this was begun in another browser, used already, or too long ago: begin again where you came from'

export function credentialOf(text: string): GivenCredential | undefined {
  try {
    const given = JSON.parse(text) as GivenCredential | null
    return typeof given?.id === 'string' && typeof given.response?.clientDataJSON === 'string' ? given : undefined
  } catch {
    return undefined
  }
}
/** Longer than what people type. */
export const givenIn = (body: unknown): GivenCredential | undefined => credentialOf(String((body as { credential?: unknown } | null)?.credential ?? ''))

/** Begins the way home. @returns its address, at PUBLIC_URL */
export async function sendHome({ legs, forms, publicUrl }: Pick<Parts, 'legs' | 'forms' | 'publicUrl'>, request: string, { browser, door }: Setting, next: string, wish: Wish): Promise<string> {
  const tenant = (door && (await forms.tenantAt(new URL(door).host))) || null
  if (door && tenant) await forms.requireDoor(door, tenant)
  const leg = randomBytes(32).toString('base64url')
  await legs.keep(request, 'passkey-out', leg, { browser, door, tenant, next: localPath(next), ...wish } satisfies Out, minutes)
  return `${publicUrl}/login/passkey/at?leg=${leg}`
}

export function addPasskeyPages(pages: FastifyInstance, { legs, handOver, forms, passkeys, factors, signIn, people, publicUrl }: Parts): void {
  const { show, go, leave, formToken, answer, guarded, failed, letIn, callerOf, placeAt, requireDoor, brandOf, doorOf, valueOf } = forms

  /** Whoever arrives first at home with it keeps it: a copy of the address opens nothing afterwards. */
  async function meet(req: FastifyRequest, reply: FastifyReply): Promise<{ leg: string; out: Out }> {
    const leg = valueOf(req.query, 'leg')
    if ((await doorOf(req.host)) !== null) refuse('auth.passkey_refused', `this page is at ${publicUrl} alone`)
    const { browser: home } = await handOver.settingOf(req, reply)
    const fresh = await legs.take<Out>(req.id, 'passkey-out', leg)
    if (!fresh) return { leg, out: await met(leg, home) }
    await legs.keep(req.id, 'passkey-at', leg, { ...fresh, home }, minutes)
    return { leg, out: fresh }
  }
  async function met(leg: string, home: string): Promise<Out> {
    const out = await legs.read<Out>('passkey-at', leg)
    return out && home && out.home === home ? out : refuse('auth.passkey_refused', begin)
  }
  const placeOf = async (req: FastifyRequest, leg: string): Promise<Place> => ({ ...(await placeAt(req.host, { ...forms.cookiesOf(req) })), browser: '', leg })
  const actor = (req: FastifyRequest, out: Own) => ({ actor: { type: 'user' as const, id: out.person }, request: req.id })

  async function askPage(req: FastifyRequest, reply: FastifyReply, leg: string, out: Out, fault?: Fault, status = 200) {
    const place = await placeOf(req, leg)
    const options = out.purpose === 'add' ? await passkeys.beginRegistration(actor(req, out), place) : await passkeys.beginSignIn(req.id, place)
    const at = out.door ? new URL(out.door).host : new URL(publicUrl).host
    const whose = out.tenant ? ` of ${(await brandOf(out.tenant))?.name ?? 'a team'}` : ''
    const person = out.purpose === 'sign-in' ? '' : (await people.find(out.person)).email
    const words = {
      'sign-in': ['Sign in with a passkey', `Signs you in at ${at}${whose}, and takes you back there.`, 'Use a passkey'],
      prove: ['Prove that it is you', `As ${person} at ${at}${whose}, and takes you back there.`, 'Use a passkey'],
      add: ['Add a passkey', `It will sign in ${person}. Go back if that is not you.`, 'Add a passkey'],
    }[out.purpose] as [string, string, string]
    return show(reply, {
      title: words[0], lead: words[1], script: passkeyScript, foot: html`<a href="${out.door ?? ''}${out.purpose === 'sign-in' ? '/login' : out.next}">Go back</a>`,
      body: html`${fault && html`<p class="banner" role="alert">${fault.message}</p>`}
<form method="post" action="/login/passkey/at?leg=${leg}" id="passkey" data-options="${JSON.stringify(options)}" hidden>
<input type="hidden" name="form" value="${formToken(req, reply)}"><input type="hidden" name="credential" value="">
<button type="submit">${words[2]}</button>
<p class="fault" id="passkey-fault" role="alert" hidden></p>
</form>
<p class="hint" id="passkey-without">Passkeys need script, and a browser that knows them.</p>`,
    }, status)
  }
  /** What the gesture proved. */
  async function judge(req: FastifyRequest, leg: string, out: Out): Promise<Proven> {
    const given = givenIn(req.body) ?? refuse('auth.passkey_refused')
    const place = await placeOf(req, leg)
    if (out.purpose === 'sign-in') return { purpose: out.purpose, next: out.next, user: await passkeys.see(req.id, given, place) }
    const { person, session, next } = out
    if (out.purpose === 'add') return { purpose: out.purpose, person, session, next, name: out.name, kept: await factors.within(actor(req, out), (db) => passkeys.judge(db, person, given, place)) }
    await passkeys.requireOwn(actor(req, out), given, place)
    return { purpose: out.purpose, person, session, next }
  }

  pages.get('/login/passkey/leave', (req, reply) => guarded(req, reply, async () =>
    go(reply, await sendHome({ legs, forms, publicUrl }, req.id, await handOver.settingOf(req, reply), valueOf(req.query, 'next'), { purpose: 'sign-in' }))))
  pages.get('/login/passkey/at', (req, reply) => guarded(req, reply, async () => {
    const { leg, out } = await meet(req, reply)
    return askPage(req, reply, leg, out)
  }))
  pages.post('/login/passkey/at', (req, reply) => {
    const leg = valueOf(req.query, 'leg')
    const again = async (fault: Fault, status: number) => {
      const out = await met(leg, handOver.browserOf(req)).catch(() => undefined)
      return out ? askPage(req, reply, leg, out, fault, status) : failed(req, reply, fault, status)
    }
    return answer(req, reply, again, async () => {
      const out = await met(leg, handOver.browserOf(req))
      if (out.door && out.tenant) await requireDoor(out.door, out.tenant)
      const proven = await judge(req, leg, out)
      if (!(await legs.take(req.id, 'passkey-at', leg))) refuse('auth.passkey_refused', begin)
      return leave(reply, await handOver.pass(req.id, out, 'passkey', proven))
    })
  })

  handOver.onArrival('passkey', async (req, reply, proven: Proven, bound) => {
    const tenant = await forms.tenantAt(req.host)
    const door = await doorOf(req.host)
    if (door && tenant) await requireDoor(door, tenant)
    if (proven.purpose === 'sign-in') return letIn(req, reply, proven.next, await signIn.start(callerOf(req), async () => ({ user: proven.user, methods: ['passkey'], ...(bound ? { tenant: bound } : {}) })))
    const { person, session, next } = proven
    const who = actor(req, proven)
    await factors.within(who, async (db) => {
      const { rowCount } = await db.query('select 1 from session where id = $1 and "userId" = $2 and "expiresAt" > now()', [session, person])
      if (!rowCount) refuse('auth.passkey_refused', 'you were signed out meanwhile: sign in again')
      if (proven.purpose === 'add') await passkeys.keep(db, person, proven.name, proven.kept)
    })
    await factors.prove(who, session, 'passkey', bound)
    return go(reply, next)
  })
}
