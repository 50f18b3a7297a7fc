// What a connection is to the console: its shape, its state in words, its kinds as the API names them, and its mark.
import { queryOptions } from '@tanstack/react-query'
import { Database, KeyRound, Mail, Plug, Webhook } from 'lucide-react'
import type { ReactNode } from 'react'
import { get, getAll } from '../../api.ts'
import type { Page, Thing } from '../../things.ts'
import { t } from '../../words.ts'
import './connections.css'

export type Certificate = { subject: string; issuer: string; validFrom: string; validTo: string; authority: boolean }
export type Connection = Thing & { name: string; type: string; settings: Record<string, unknown>; secrets: string[]; certificates: Certificate[]; status: 'untested' | 'working' | 'failing' | 'unauthorized'; testedAt: string | null; error: string | null }
export type Field = { name: string; kind: 'text' | 'url' | 'host' | 'port' | 'choice' | 'list' | 'pairs' | 'switch' | 'certificates'; title: string; required: boolean; secret: boolean; choices?: string[]; default?: unknown }
export type Kind = { type: string; title: string; fields: Field[]; operations: { name: string; title: string; method: string; path: string; documentation: string }[] }

export const connectionsQuery = queryOptions({ queryKey: ['connections.list'], queryFn: ({ signal }) => getAll<Connection>('/connections', {}, signal) })
export const kindsQuery = queryOptions({ queryKey: ['connections.types'], queryFn: async ({ signal }) => (await get<{ items: Kind[] }>('/connections/types', undefined, signal)).items, staleTime: 3_600_000 })
/** Workflows whose draft or active version names it. */
export const usesQuery = (id: string) =>
  queryOptions({ queryKey: ['workflows.using', { id }], queryFn: async ({ signal }) => (await get<Page<{ id: string; name: string; status: string }>>('/workflows', { connectionId: id, limit: 100 }, signal)).items })

/** A preset is a kind that brings operations with it. */
export const isPreset = (kind: Kind) => kind.operations.length > 0

/** Where a person's consent is asked for: OAuth 2.0 but for machines that sign in by their own secret. */
export const needsConsent = (kind: Kind | undefined, settings: Record<string, unknown>) => !!kind?.fields.some((field) => field.name === 'authorizeUrl') && settings.grant !== 'client_credentials'

/** The address it leads to, for people to tell two apart. */
export function placeOf({ settings }: Pick<Connection, 'settings'>): string {
  const text = String(settings.baseUrl ?? settings.url ?? settings.host ?? '')
  const port = settings.baseUrl || settings.url || !settings.port ? '' : `:${String(settings.port)}`
  return `${text.replace(/^https:\/\//, '')}${port}${settings.database ? ` / ${String(settings.database)}` : ''}`
}

const tones = { untested: undefined, working: 'positive', failing: 'danger', unauthorized: 'warning' } as const
export function StateChip({ of }: { of: Connection['status'] }) {
  const words = { untested: t('Not tried yet'), working: t('Works'), failing: t('Fails'), unauthorized: t('Consent is missing') }
  return (
    <span className="chip" data-tone={tones[of]}>
      {words[of]}
    </span>
  )
}

const icons: Record<string, ReactNode> = { database: <Database size={18} />, smtp: <Mail size={18} />, webhook: <Webhook size={18} />, api: <Plug size={18} /> }
/** Presets have the initial of their name, kinds a drawing of what they are. */
export function KindMark({ type, title, preset }: { type: string; title: string; preset: boolean }) {
  return (
    <span className="kind-mark" data-preset={preset || undefined} aria-hidden="true">
      {preset ? title.slice(0, 1) : (icons[type] ?? <KeyRound size={18} />)}
    </span>
  )
}

/** What one signs in with, in a word or two. */
export function aboutKind(kind: Kind): string {
  if (isPreset(kind)) return kind.fields.some((field) => field.name === 'clientId') ? t('Sign in by OAuth 2.0') : t('Sign in by a token')
  const abouts: Record<string, string> = {
    api: t('A public HTTP API'), api_key: t('A key in a header or the address'), basic: t('User and password'), bearer: t('A token in the header'), oauth: t('Any provider of OAuth 2.0'),
    database: t('PostgreSQL or MySQL'), webhook: t('An address that is sent to'), smtp: t('Mail over SMTP'),
  }
  return abouts[kind.type] ?? kind.type
}
