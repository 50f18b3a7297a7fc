// The console's use of the client: one requester for the page, the access token in memory only, the refresh token a cookie that script cannot read.
// Scenes name paths; a lost session goes to the login page once, not once per query.
import { connect } from '../client/client.ts'
import { ApiProblem } from '../client/problem.ts'
import { askForProof, setDemand } from './proof.ts'
import { forgetHere, leaveForLogin, mayBeHere, session, setSession } from './session.ts'
import type { Page, Person, Tenant } from './things.ts'

export { ApiProblem } from '../client/problem.ts'

type Pair = { user: Person; tenant: Tenant | null; accessToken: string }
type Query = Record<string, string | number | boolean | null | undefined>
type Options = { query?: Query; body?: unknown; ifMatch?: number; idempotencyKey?: string; signal?: AbortSignal }

const own = connect(
  {},
  {
    baseUrl: '',
    tokens: {
      cookie: true,
      onSignedOut: () => {
        if (session().state !== 'in') return
        setSession({ state: 'out' })
        leaveForLogin()
      },
    },
  },
)

/** While an operator acts for somebody: a client that knows that one token and gets no other. */
let acting: typeof own | null = null
const client = () => acting ?? own

/** Field name -> message of a refusal, for forms. */
export const fieldsOf = (problem: ApiProblem) =>
  Object.fromEntries(problem.errors.filter((error) => error.in === 'body').map((error) => [error.path.split('/')[1] ?? '', error.message]))

/** One call below /api/v1. @throws ApiProblem */
export async function call<Answer>(method: string, path: string, { query, ...rest }: Options = {}): Promise<Answer> {
  const send = async () => (await client().requester.send({ method, path: `/api/v1${path}` }, { ...rest, query: query && present(query) })).body as Answer
  try {
    return await send()
  } catch (error) {
    const code = error instanceof ApiProblem ? error.code : ''
    if (acting && error instanceof ApiProblem && error.status === 401) void stopActing()
    if (code === 'auth.step_up_required' && (await askForProof())) return send()
    if (demands.has(code)) setDemand(code)
    throw error
  }
}
/** What a team may demand of a session before it shows anything, and why it shows nothing at all. */
const demands = new Set(['tenant.second_factor_required', 'tenant.passkey_required', 'tenant.sso_required', 'tenant.other_provider', 'tenant.suspended', 'tenant.deleting'])

export const get = <Answer>(path: string, query?: Query, signal?: AbortSignal) => call<Answer>('GET', path, { query, signal })
export const post = <Answer>(path: string, body?: unknown) => call<Answer>('POST', path, { body, idempotencyKey: key() })
export const patch = <Answer>(path: string, body?: unknown, query?: Query) => call<Answer>('PATCH', path, { body, query })
export const put = <Answer>(path: string, body?: unknown) => call<Answer>('PUT', path, { body })
export const remove = (path: string, body?: unknown) => call<void>('DELETE', path, { body })

/** The pages of a list up to `most` items; `cut` when there are more. */
export async function getMost<Item>(path: string, query: Query, signal: AbortSignal | undefined, most: number): Promise<{ items: Item[]; cut: boolean }> {
  const items: Item[] = []
  let after: string | null = null
  do {
    const page: Page<Item> = await get<Page<Item>>(path, { ...query, limit: 200, after }, signal)
    items.push(...page.items)
    after = page.next
  } while (after && items.length < most)
  return { items, cut: !!after }
}
/** Every page of a list that is known to be short. */
export const getAll = async <Item>(path: string, query: Query = {}, signal?: AbortSignal, most = 2000): Promise<Item[]> => (await getMost<Item>(path, query, signal, most)).items

/** Saves a list as CSV; a plain link could not carry the token. */
export async function download(path: string, query: Query, name: string) {
  const answer = await client().requester.send({ method: 'GET', path: `/api/v1${path}` }, { query: present(query), accept: 'text/csv' })
  const url = URL.createObjectURL(new Blob([typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)], { type: 'text/csv' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** The token for the live stream; `fresh` asks for another than the last. */
export const liveToken = (fresh: boolean) => client().tokens.get(fresh)

/** Finds out who is here, by the refresh cookie, else by the login page's own. Settles the session either way; who was never signed in here is not asked about. */
export async function startSession() {
  if (!mayBeHere()) return setSession({ state: 'out' })
  const refused = (error: unknown) => error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.status !== 429
  try {
    await adopt(await open('/auth/refresh').catch((error: unknown) => (refused(error) ? open('/auth/session') : Promise.reject(error))))
  } catch (error) {
    if (refused(error)) forgetHere()
    setSession(refused(error) ? { state: 'out' } : { state: 'failed', error })
  }
}

/** First account or a further one. Answers false where the server wants the address verified first. */
export async function register(body: { email: string; password: string; name: string; tenantName?: string; setupToken?: string; invitationToken?: string }) {
  const pair = await openly('/auth/register', body)
  if (!pair?.accessToken) return false
  await adopt(pair)
  return true
}

/** What may be asked without an account, such as what an invitation is for. */
export const askOpenly = async <Answer>(path: string, body: unknown) => (await openly(path, body)) as Answer

/** Makes another tenant the active one, in this tab. */
export async function switchTenant(tenant: string) {
  await adopt(await call<Pair>('POST', '/auth/switch', { body: { tenant } }))
}

/** Ends the session here and at the server. */
export async function logout() {
  await call('POST', '/auth/logout').catch(() => undefined)
  await forget()
}

type Started = { user: { id: string; name: string }; role: Tenant['role']; expiresAt: string; accessToken: string }

/**
 * Acts with a person's rights in a tenant, until the time is over or `stopActing`. Both logs name the operator.
 * @param leave goes to a page that both of them may see, before the one becomes the other @throws ApiProblem
 */
export async function startActing(wish: { userId: string; tenantId: string; reason: string; minutes: number }, team: Pick<Tenant, 'slug' | 'name'>, leave: () => Promise<unknown>) {
  const self = session()
  if (self.state !== 'in' || acting) return
  const started = await post<Started>('/impersonations', wish)
  const { accessToken } = started
  await leave()
  acting = connect({}, { baseUrl: '', tokens: { store: { read: () => ({ accessToken }), write: () => undefined } } })
  const { user, role, expiresAt: until } = started
  setDemand(null)
  setSession({ state: 'in', user: { ...user, email: '', role: 'user' }, tenant: { id: wish.tenantId, ...team, role }, acting: { until, reason: wish.reason, self } })
  // the token lives in this page alone: whoever leaves it does not act any more, and the logs say when
  const end = () => void (acting && fetch('/api/v1/impersonations/current', { method: 'DELETE', keepalive: true, headers: { authorization: `Bearer ${accessToken}` } }))
  window.addEventListener('pagehide', end, { once: true })
}

/** Ends acting for somebody; the operator is themselves again. */
export async function stopActing() {
  const now = session()
  const ending = acting
  if (!ending || now.state !== 'in' || !now.acting) return
  await ending.requester.send({ method: 'DELETE', path: '/api/v1/impersonations/current' }, {}).catch(() => undefined) // over already: the logs have its end
  if (acting !== ending) return
  acting = null
  setDemand(null)
  setSession(now.acting.self)
}

/** Deletes the account, and with it every session. */
export async function deleteAccount() {
  await remove('/users/me')
  await forget()
}

async function forget() {
  leaveForLogin('/') // before the session is told: who comes next does not land on this page
  await own.tokens.keep(null)
  setSession({ state: 'out' })
}

async function adopt(pair: Pair) {
  await own.tokens.keep(pair)
  setDemand(null)
  setSession({ state: 'in', user: pair.user, tenant: pair.tenant })
}

async function open(path: string, tries = 4): Promise<Pair> {
  try {
    return (await openly(path, path === '/auth/refresh' ? {} : undefined)) as Pair
  } catch (error) {
    if (!(error instanceof ApiProblem && error.code === 'auth.refresh_raced' && tries > 0)) throw error
    await new Promise((resolve) => setTimeout(resolve, 250)) // another tab was quicker: its cookie is here now
    return open(path, tries - 1)
  }
}

const openly = async (path: string, body: unknown) =>
  (await own.requester.send({ method: 'POST', path: `/api/v1${path}`, public: true }, { body })).body as (Pair & Record<string, unknown>) | undefined

const present = (query: Query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ''))

/** A key for safe repetition; works without a secure context too. */
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
