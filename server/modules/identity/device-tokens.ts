// A device on which somebody signed in is known for their account from then on (OWASP's "device cookies"): its guesses have a count of their own, so
// that what strangers guess, who share one count, never keeps its owner out. A token opens nothing and tells nobody whose it is. It is made of the
// password's hash: a new password ends the tokens of whoever knew the old one.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** An account with a password, as both are now. */
export type WithPassword = { id: string; password: string }
/** A browser keeps those of several people who share it. */
const most = 4
const shape = /^[\w-]{22}\.[\w-]{43}$/
const nobody: WithPassword = { id: '00000000-0000-0000-0000-000000000000', password: '' }

export type DeviceTokens = ReturnType<typeof createDeviceTokens>

/** @param secret that all processes share */
export function createDeviceTokens(secret: string) {
  const sign = (nonce: string, { id, password }: WithPassword) => createHmac('sha256', secret).update(`device ${id} ${nonce} ${password}`).digest('base64url')
  const isOf = (token: string, account: WithPassword) => timingSafeEqual(Buffer.from(token.slice(23)), Buffer.from(sign(token.slice(0, 22), account)))
  const make = (account: WithPassword) => {
    const nonce = randomBytes(16).toString('base64url')
    return `${nonce}.${sign(nonce, account)}`
  }
  /** What was given for this account while it had this password. Looks at as much where there is no such account. */
  const find = (given: readonly string[], account: WithPassword | undefined) => {
    const found = given.filter((token) => isOf(token, account ?? nobody))
    return account && found[0]
  }
  return {
    /** What could be tokens of what a cookie or a body holds. */
    read: (text: string | undefined): string[] => (text ?? '').split('~').filter((token) => shape.test(token)).slice(0, most),
    find,
    make,
    /** The one that is there, so that signing in gives no fresh count, else a new one. */
    keep: (given: readonly string[], account: WithPassword): string => find(given, account) ?? make(account),
    /** For a browser's cookie: this one, and those of others. */
    join: (token: string, given: readonly string[]): string => [token, ...given.filter((other) => other !== token)].slice(0, most).join('~'),
  }
}
