import { Button } from '@mantine/core'
import { useState } from 'react'
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

/** A value in full, with a button that copies it. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <div className="copyable">
      <span className="meta">{label}</span>
      <code>{value}</code>
      <Button size="compact-xs" variant="default" aria-label={t('Copy: {what}', { what: label })} onClick={() => void navigator.clipboard?.writeText(value).then(() => setCopied(true))}>
        {copied ? t('Copied') : t('Copy')}
      </Button>
    </div>
  )
}
