// Who the browser in front of an issuer is: the sign-in of the application, whether that person may enter the tenant, and how they proved who they are.
import { codes, type ErrorCode } from '../../kernel/errors.ts'
import type { SessionProof } from '../../kernel/http.ts'
import type { OAuthParts } from './issuers.ts'

export type SignOn = { session: string; user: string; name: string; email: string; /** epoch seconds of the sign-in */ since: number; member: boolean; /** what the tenant's rules still ask for */ hindrance: ErrorCode | undefined; amr: string[] }

/** Authentication methods (RFC 8176 in spirit, our names), as tokens carry them; `sso` only for the tenant's own provider. */
export const amrOf = (proof: SessionProof | undefined, tenant: string): string[] => (proof ? [...new Set([...proof.methods.filter((method) => method !== 'sso'), ...(proof.tenant === tenant && proof.methods.includes('sso') ? ['sso'] : [])])].sort() : [])
/** What a token's methods prove at the API. */
export const proofOf = (amr: readonly string[] | null, tenant: string): SessionProof => ({ methods: amr ?? [], tenant: amr?.includes('sso') ? tenant : null, provenAt: 0 })

export async function findSignOn({ identity }: Pick<OAuthParts, 'identity'>, tenant: string, cookie: string | undefined): Promise<SignOn | undefined> {
  const found = await identity.accounts.findCookieSession(cookie ?? '')
  if (!found) return undefined
  const { rows: [row] } = await identity.pool.query<{ name: string; email: string; since: number }>({
    name: 'oauth_sign_on', text: 'select u.name, u.email, extract(epoch from s."createdAt")::int as since from session s join "user" u on u.id = s."userId" where s.id = $1', values: [found.session],
  })
  if (!row) return undefined
  const who = { tenant, session: found.session, actor: { type: 'user', id: found.user } }
  const [role, proof] = await Promise.all([identity.doorkeeper.roleIn(tenant, found.user), identity.doorkeeper.proofOf(who)])
  const hindrance = role && (await identity.doorkeeper.hindrance(tenant, { ...who, ...(proof ? { proof } : {}) }, role))
  return { ...found, ...row, member: role !== undefined, hindrance, amr: amrOf(proof, tenant) }
}

/** In words for the person. */
export const wordsOf = (code: ErrorCode): { title: string; cure: string } => codes[code]
