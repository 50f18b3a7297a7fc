import type { Thing } from '../../things.ts'

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
