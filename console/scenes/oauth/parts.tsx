import type { Thing } from '../../things.ts'
import { t } from '../../words.ts'

export type Application = Thing & {
  clientId: string
  name: string
  origin: 'admin' | 'registration'
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  grantTypes: string[]
  scopes: string[]
  tokenEndpointAuthMethod: string
  previousSecretEndsAt: string | null
  clientSecret?: string
}
export type Scope = Thing & { name: string; description: string; permissions: string[] }
export type ConnectedApp = { id: string; clientId: string; name: string; tenantId: string; tenantName: string; scopes: string[]; createdAt: string }

export const device = 'urn:ietf:params:oauth:grant-type:device_code'
export const isPublic = (one: Application) => one.tokenEndpointAuthMethod === 'none'

/** What an application does, in words: one may do several things. */
export function usesOf(one: Application): string {
  const words: Record<string, string> = {
    authorization_code: isPublic(one) ? t('Public client') : t('Server-side'), client_credentials: t('Works in its own name'), [device]: t('Device'), password: t('Takes passwords (legacy)'),
  }
  return Object.keys(words).filter((grant) => one.grantTypes.includes(grant)).map((grant) => words[grant]).join(', ') || t('Nothing yet')
}
