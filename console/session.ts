// Who is signed in. The access token lives in this memory only; the refresh token is an HttpOnly cookie that script cannot read.
import type { Person, Tenant } from './things.ts'

export type Session =
  | { state: 'starting' }
  | { state: 'in'; user: Person; tenant: Tenant | null }
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

/** The signed-in person's id, for telling own changes from others'. */
export const myId = () => (current.state === 'in' ? current.user.id : null)

const marker = 'groundwork.signing-in'
let leaving = false

/** Leaves for the API's login page, which comes back to where the person was. */
export function leaveForLogin(next = location.pathname + location.search) {
  if (leaving) return
  leaving = true
  try {
    sessionStorage.setItem(marker, '1')
  } catch {
    // storage may be switched off: then the start tries the refresh cookie first, which is right as well
  }
  location.assign(`/login?next=${encodeURIComponent(next.startsWith('/login') ? '/' : next)}`)
}

/** True once after coming back from the login page: its cookie is newer than any refresh cookie of before. */
export function cameFromLogin() {
  try {
    const came = sessionStorage.getItem(marker) === '1'
    sessionStorage.removeItem(marker)
    return came
  } catch {
    return false
  }
}
