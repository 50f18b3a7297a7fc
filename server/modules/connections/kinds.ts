// What a connection can be, as data: which fields each type has, which of them are secret, and which say where the secrets go. Forms, validation and
// the rule that a secret never moves to another host all come from here.
import { URL } from 'node:url'
import { hostRuleShape } from '../../kernel/egress-reach.ts'
import { refuse, type FieldError } from '../../kernel/errors.ts'
import { certificateFault, certificatesOf } from './certificates.ts'

export type Field = {
  kind: 'text' | 'url' | 'host' | 'port' | 'choice' | 'list' | 'pairs' | 'switch' | 'certificates'
  title: string
  required?: boolean
  choices?: readonly string[]
  default?: string | number | boolean
  /** where the secrets go: to change it they are given anew */
  place?: boolean
  max?: number
}
export type Kind = { type: string; title: string; speaks: 'http' | 'database' | 'smtp'; settings: Record<string, Field>; secrets: Record<string, { title: string; required?: boolean; lines?: boolean }>; preset?: string }
export type Settings = Record<string, string | number | boolean | string[] | Record<string, string>>
export type Secrets = Record<string, string>

/** A server with a certificate of its own authority still has to prove who it is. */
const ca: Field = { kind: 'certificates', title: 'Certificates of its authority', place: true, max: 50_000 }
const baseUrl: Field = { kind: 'url', title: 'Base address', required: true, place: true }
const more: Record<string, Field> = { headers: { kind: 'pairs', title: 'Headers of every request; no secrets' }, testPath: { kind: 'text', title: 'Path that a test reads', max: 500 } }
export const oauthFields: Record<string, Field> = {
  grant: { kind: 'choice', title: 'Grant', choices: ['authorization_code', 'client_credentials'], default: 'authorization_code' },
  authorizeUrl: { kind: 'url', title: 'Authorization endpoint', place: true }, tokenUrl: { kind: 'url', title: 'Token endpoint', required: true, place: true },
  clientId: { kind: 'text', title: 'Client id', required: true, max: 500 }, scopes: { kind: 'list', title: 'Scopes' }, audience: { kind: 'text', title: 'Audience', max: 500 },
  clientAuth: { kind: 'choice', title: 'The client signs in by', choices: ['basic', 'post'], default: 'basic' }, authorizeExtra: { kind: 'pairs', title: 'More parameters of the authorization request' },
}
const clientSecret = { clientSecret: { title: 'Client secret' } }

export const baseKinds: readonly Kind[] = [
  { type: 'api', title: 'HTTP API without sign-in', speaks: 'http', settings: { baseUrl, ...more }, secrets: {} },
  { type: 'api_key', title: 'HTTP API with a key', speaks: 'http', settings: { baseUrl, in: { kind: 'choice', title: 'The key stands in', choices: ['header', 'query'], default: 'header' }, parameter: { kind: 'text', title: 'Name of the header or parameter', default: 'X-Api-Key', max: 100 }, prefix: { kind: 'text', title: 'Text before the key', max: 50 }, ...more }, secrets: { key: { title: 'Key', required: true } } },
  { type: 'basic', title: 'HTTP API with user and password', speaks: 'http', settings: { baseUrl, username: { kind: 'text', title: 'User', required: true, max: 500 }, ...more }, secrets: { password: { title: 'Password', required: true } } },
  { type: 'bearer', title: 'HTTP API with a token', speaks: 'http', settings: { baseUrl, ...more }, secrets: { token: { title: 'Token', required: true } } },
  { type: 'oauth', title: 'HTTP API with OAuth 2.0', speaks: 'http', settings: { baseUrl, ...oauthFields, ...more }, secrets: clientSecret },
  {
    type: 'database', title: 'Database', speaks: 'database', secrets: { password: { title: 'Password' } },
    settings: {
      engine: { kind: 'choice', title: 'Kind', choices: ['postgresql', 'mysql'], required: true }, host: { kind: 'host', title: 'Host', required: true, place: true }, port: { kind: 'port', title: 'Port', place: true },
      database: { kind: 'text', title: 'Database', required: true, max: 200 }, user: { kind: 'text', title: 'User', required: true, max: 200 },
      tls: { kind: 'choice', title: 'Encryption', choices: ['verify', 'require', 'off'], default: 'verify', place: true }, ca,
    },
  },
  { type: 'webhook', title: 'Webhook', speaks: 'http', settings: { url: { kind: 'url', title: 'Address', required: true, place: true }, headers: more.headers! }, secrets: { signingSecret: { title: 'Secret that signs (Standard Webhooks)' } } },
  {
    type: 'smtp', title: 'Mail server', speaks: 'smtp', secrets: { password: { title: 'Password' } },
    settings: { host: { kind: 'host', title: 'Host', required: true, place: true }, port: { kind: 'port', title: 'Port', place: true }, security: { kind: 'choice', title: 'Encryption', choices: ['starttls', 'tls'], default: 'starttls', place: true }, ca, username: { kind: 'text', title: 'User', max: 300 }, from: { kind: 'text', title: 'Sender', required: true, max: 300 } },
  },
]

/** @throws request.invalid naming every field at once @returns settings with their defaults */
export function readSettings(kind: Kind, given: Record<string, unknown>): Settings {
  const errors: FieldError[] = []
  const settings: Settings = {}
  for (const name of Object.keys(given)) if (!Object.hasOwn(kind.settings, name)) errors.push({ in: 'body', path: `/settings/${name}`, message: `is no setting of ${kind.type}: it has ${Object.keys(kind.settings).join(', ')}` })
  for (const [name, field] of Object.entries(kind.settings)) {
    const value = given[name] ?? field.default
    if (value === undefined || value === '') {
      if (field.required) errors.push({ in: 'body', path: `/settings/${name}`, message: 'is needed' })
      continue
    }
    const fault = faultOf(field, value)
    if (fault) errors.push({ in: 'body', path: `/settings/${name}`, message: fault })
    else settings[name] = field.kind === 'certificates' ? written(value) : (value as Settings[string])
  }
  if (settings.grant === 'authorization_code' && !settings.authorizeUrl) errors.push({ in: 'body', path: '/settings/authorizeUrl', message: 'is needed for the grant authorization_code' })
  if (errors.length) refuse('request.invalid', `the settings of a ${kind.type} connection do not fit: ${errors[0]!.path} ${errors[0]!.message}`, { errors })
  return settings
}

/** @param needed false when they may be left out, since those kept stay @throws request.invalid */
export function readSecrets(kind: Kind, given: Record<string, string>, needed: boolean): Secrets {
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(kind.secrets, name)) errors.push({ in: 'body', path: `/secrets/${name}`, message: `is no secret of ${kind.type}: it has ${Object.keys(kind.secrets).join(', ') || 'none'}` })
    else if (/[\r\n\0]/.test(value)) errors.push({ in: 'body', path: `/secrets/${name}`, message: 'must be one line' })
  }
  if (needed) for (const [name, { required }] of Object.entries(kind.secrets)) if (required && !given[name]) errors.push({ in: 'body', path: `/secrets/${name}`, message: 'is needed' })
  if (errors.length) refuse('request.invalid', `the secrets of a ${kind.type} connection do not fit: ${errors[0]!.path} ${errors[0]!.message}`, { errors })
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}

/** Whether a change sends kept secrets somewhere else. The same certificates with other line ends are the same. */
export const movesSecrets = (kind: Kind, before: Settings, after: Settings): boolean => {
  const of = (settings: Settings, name: string, field: Field) => JSON.stringify(field.kind === 'certificates' && settings[name] !== undefined ? written(settings[name]) : settings[name])
  return Object.entries(kind.settings).some(([name, field]) => field.place && of(before, name, field) !== of(after, name, field))
}
const written = (certificates: unknown): string => (certificatesOf(String(certificates)) ?? [String(certificates)]).join('')

const printable = (value: unknown, max: number) => typeof value === 'string' && value.length <= max && !/[\u0000-\u001f\u007f]/.test(value)
function faultOf(field: Field, value: unknown): string | undefined {
  switch (field.kind) {
    case 'text':
      return printable(value, field.max ?? 1000) ? undefined : `must be a text of one line with at most ${field.max ?? 1000} characters`
    case 'certificates':
      return certificateFault(value, field.max!)
    case 'url': {
      if (!printable(value, 2000) || !URL.canParse(value as string)) return 'must be an address such as https://api.example.com/v1'
      const url = new URL(value as string)
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
      if (url.username || url.password) return 'must hold no user and password: they are secrets'
      return url.hash ? 'must hold no #' : undefined
    }
    case 'host':
      return typeof value === 'string' && (hostRuleShape.test(value) || /^\[?[0-9a-f:.]+\]?$/i.test(value)) && !/^\*|:\d+$/.test(value.replace(/^.*::.*$/, '')) ? undefined : 'must be one host name or address: no path, no list, no socket, no port'
    case 'port':
      return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535 ? undefined : 'must be a number from 1 to 65535'
    case 'choice':
      return field.choices!.includes(value as string) ? undefined : `must be one of ${field.choices!.join(', ')}`
    case 'switch':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'list':
      return Array.isArray(value) && value.length <= 100 && value.every((one) => printable(one, 300) && !/\s/.test(one as string)) ? undefined : 'must be a list of texts without spaces'
    case 'pairs':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= 30 && Object.entries(value).every(([name, text]) => /^[A-Za-z0-9_.-]{1,100}$/.test(name) && printable(text, 2000)) ? undefined : 'must be names with texts'
  }
}
