// Tokens of several kinds through one door: each kind knows its own by their form, and whatever no kind takes is a sign-in's.
import type { Doorkeeper, From, Principal } from './http.ts'
import type { Switches } from './switches.ts'

export type TokenKind = {
  /** By its form alone, such as a prefix; asks nothing. */
  takes(token: string): boolean
  /** @returns undefined for a token that is not valid, whatever the reason */
  authenticate(token: string, from: From): Principal | undefined | Promise<Principal | undefined>
  /** the optional module it belongs to: in a tenant that has it off its tokens are no good */
  feature?: string | undefined
}

/** @param signIn who takes what no kind does */
export function joinTokens(signIn: Doorkeeper, kinds: readonly TokenKind[], switches?: Switches): Doorkeeper {
  async function byKind(kind: TokenKind, token: string, from: From): Promise<Principal | undefined> {
    const principal = await kind.authenticate(token, from)
    if (!principal?.tenant || kind.feature === undefined || !switches) return principal // what stands above tenants is nobody's plan's
    return (await switches.isOn(principal.tenant, kind.feature)) ? principal : undefined
  }
  return {
    authenticate(token, from) {
      const known = signIn.recall?.(token)
      if (known) return known
      const kind = kinds.find((one) => one.takes(token))
      return kind ? byKind(kind, token, from) : signIn.authenticate(token, from)
    },
    roleIn: (tenant, person) => signIn.roleIn(tenant, person),
    ...(signIn.hindrance ? { hindrance: (tenant, principal, role) => signIn.hindrance!(tenant, principal, role) } : {}),
    ...(signIn.isFresh ? { isFresh: (principal, own) => signIn.isFresh!(principal, own) } : {}),
  }
}
