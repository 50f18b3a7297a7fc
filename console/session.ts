// Who is signed in. The access token lives in this memory only; the refresh token is an HttpOnly cookie that script cannot read.
import type { Person, Tenant } from './things.ts'

export type SignedIn = { state: 'in'; user: Person; tenant: Tenant | null; acting?: Acting }
/** An operator uses somebody's rights for a while: `self` is who they are themselves. */
export type Acting = { until: string; reason: string; self: SignedIn }
export type Session =
  | { state: 'starting' }
  | SignedIn
  | { state: 'out' }
  | { state: 'failed'; error: unknown }

let current: Session = { state: 'starting' }
const listeners = new Set<() => void>()

/** The session as it is now; the same object until it changes. */
export const session = () => current

/** For React's useSyncExternalStore. */
export function onSession(listener: () => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Replaces the session and tells everybody who listens. */
export function setSession(next: Session) {
  current = next
  for (const listener of listeners) listener()
}

/** The id that own changes carry, for telling them from others': who acts for somebody is still themselves. */
export const myId = () => (current.state === 'in' ? (current.acting?.self ?? current).user.id : null)

let leaving = false

/** Leaves for the API's login page, which comes back to where the person was. */
export function leaveForLogin(next = location.pathname + location.search) {
  if (leaving) return
  leaving = true
  location.assign(`/login?next=${encodeURIComponent(next.startsWith('/login') ? '/' : next)}`)
}

const hint = /(?:^|; )((?:__Secure-)?groundwork_here)=1/

/** Whether this browser was signed in here: the refresh cookie itself no script sees, so the server sets a word beside it. */
export const mayBeHere = () => hint.test(document.cookie)

/** The session the word stood for is over. */
export function forgetHere() {
  const name = hint.exec(document.cookie)?.[1]
  if (name) document.cookie = `${name}=; Path=/; Max-Age=0; SameSite=Lax${name.startsWith('__Secure-') ? '; Secure' : ''}`
}
