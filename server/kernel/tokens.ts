// Tokens of several kinds through one door: each kind knows its own by their form, and whatever no kind takes is a sign-in's.
import type { Doorkeeper, From, Principal } from './http.ts'

export type TokenKind = {
  /** By its form alone, such as a prefix; asks nothing. */
  takes(token: string): boolean
  /** @returns undefined for a token that is not valid, whatever the reason */
  authenticate(token: string, from: From): Principal | undefined | Promise<Principal | undefined>
}

/** @param signIn who takes what no kind does */
export function joinTokens(signIn: Doorkeeper, kinds: readonly TokenKind[]): Doorkeeper {
  return {
    authenticate: (token, from) => signIn.recall?.(token) ?? (kinds.find((kind) => kind.takes(token)) ?? signIn).authenticate(token, from),
    roleIn: (tenant, person) => signIn.roleIn(tenant, person),
    ...(signIn.hindrance ? { hindrance: (tenant, principal, role) => signIn.hindrance!(tenant, principal, role) } : {}),
    ...(signIn.isFresh ? { isFresh: (principal, own) => signIn.isFresh!(principal, own) } : {}),
  }
}
