// TRUSTED_ISSUERS: the platform's issuers that stand in the settings. Whoever writes them runs the installation, so their addresses may be private.
import { createHash } from 'node:crypto'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { IssuerSetting, type Mapping, type TrustedIssuer } from './schema.ts'
import type { Trusting } from './check.ts'

/** @throws with what is wrong in it, for whoever starts the server */
export function readIssuerSetting(text: string | undefined): readonly Trusting[] {
  if (typeof text !== 'string' || !text.trim()) return []
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (error) {
    throw new Error(`TRUSTED_ISSUERS is no JSON: ${(error as Error).message}. It is a list: [{"issuer": "https://...", "audience": "...", "mapping": {"by": "email"}}]`)
  }
  const check = new Ajv2020({ strict: false }).compile<{ issuer: string; audience: string; jwksUri?: string | null; mapping?: Mapping }[]>(IssuerSetting)
  if (!check(list)) {
    const [first] = check.errors!
    const extra = (first!.params as { additionalProperty?: string }).additionalProperty
    throw new Error(`TRUSTED_ISSUERS${first!.instancePath}: ${first!.message}${extra ? ` (${extra})` : ''}`)
  }
  return list.map(({ issuer, audience, jwksUri = null, mapping = { by: 'email' } }) => ({ id: idOf(issuer, audience), tenant: null, issuer, audience, jwksUri, mapping, fromSetting: true }))
}
/** The same at every start, so that lists show it as one thing. */
const idOf = (issuer: string, audience: string) => createHash('sha256').update(`${issuer}\n${audience}`).digest('hex').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5')

export const shownSetting = ({ id, issuer, audience, jwksUri, mapping }: Trusting, since: string): TrustedIssuer => ({ id, issuer, audience, jwksUri, mapping, status: 'active', source: 'setting', createdAt: since, updatedAt: since, version: 1 })
