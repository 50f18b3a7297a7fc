// Presets are data: a file per provider with its base address, how it signs in, its headers and its operations, each with the provider's published
// document. To add one is to add a file; a test asks each operation of a stub.
import { readdirSync, readFileSync } from 'node:fs'
import { Compile } from 'typebox/compile'
import { Type, type Static } from '../../kernel/schema.ts'
import { baseKinds, oauthFields, type Kind } from './kinds.ts'
import { letterFrom } from './letter.ts'

const OperationFile = Type.Object({
  title: Type.String(), method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), path: Type.String({ pattern: '^/' }), documentation: Type.String({ pattern: '^https://' }),
  /** a JSON Schema of an object; `x-in` of a property says where it goes: path, query, body, or the letter that is put together of them */
  input: Type.Object({ type: Type.Literal('object'), required: Type.Optional(Type.Array(Type.String())), properties: Type.Record(Type.String(), Type.Object({ 'x-in': Type.Enum(['path', 'query', 'body', 'letter']) })) }),
  /** the field of the body that takes that letter, in base64url */
  letter: Type.Optional(Type.String()),
})
const PresetFile = Type.Object({
  type: Type.String({ pattern: '^[a-z][a-z0-9_]+$' }), title: Type.String(), documentation: Type.String({ pattern: '^https://' }), baseUrl: Type.String({ pattern: '^https://' }), headers: Type.Record(Type.String(), Type.String()),
  auth: Type.Union([
    Type.Object({ type: Type.Literal('bearer'), title: Type.String() }),
    Type.Object({ type: Type.Literal('oauth'), authorizeUrl: Type.String(), tokenUrl: Type.String(), scopes: Type.Array(Type.String()), authorizeExtra: Type.Record(Type.String(), Type.String()), clientAuth: Type.Enum(['basic', 'post']) }),
  ]),
  /** what a test asks; `ok` names a field of the answer that must be true */
  test: Type.Object({ method: Type.Enum(['GET', 'POST']), path: Type.String(), ok: Type.Optional(Type.String()) }),
  operations: Type.Record(Type.String({ pattern: '^[a-z]+\\.[a-zA-Z]+$' }), OperationFile),
})
export type Preset = Static<typeof PresetFile>
export type PresetRequest = { method: string; path: string; query: Record<string, string>; body: Record<string, unknown> | undefined }

/** @throws Error naming the file that is no preset */
export function readPresets(folder = new URL('./presets/', import.meta.url)): readonly Preset[] {
  const check = Compile(PresetFile)
  return readdirSync(folder).filter((name) => name.endsWith('.json')).sort().map((name) => {
    const preset: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    if (!check.Check(preset)) throw new Error(`presets/${name} is no preset: ${check.Errors(preset).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')}`)
    return preset
  })
}

/** What a preset asks of a person: what it does not know itself. */
export function kindOf({ type, title, baseUrl, auth }: Preset): Kind {
  const place = { baseUrl: { kind: 'url', title: 'Base address', default: baseUrl, place: true } } as const
  if (auth.type === 'bearer') return { type, title, speaks: 'http', preset: type, settings: place, secrets: { token: { title: auth.title, required: true } } }
  const { clientId, authorizeUrl, tokenUrl, scopes } = oauthFields
  return {
    type, title, speaks: 'http', preset: type, secrets: { clientSecret: { title: 'Client secret', required: true } },
    settings: { ...place, clientId: clientId!, authorizeUrl: { ...authorizeUrl!, default: auth.authorizeUrl }, tokenUrl: { ...tokenUrl!, default: auth.tokenUrl }, scopes: scopes! },
  }
}
export const kindsOf = (presets: readonly Preset[]): ReadonlyMap<string, Kind> => new Map([...baseKinds, ...presets.map(kindOf)].map((kind) => [kind.type, kind]))

/** The request of an operation. Values of a path are encoded, so that none of them becomes a segment of its own. @throws Error naming what is missing or unknown */
export function requestOf({ operations }: Preset, name: string, input: Record<string, unknown>): PresetRequest {
  const operation = operations[name]
  if (!operation) throw wrong(`there is no operation ${name}: it has ${Object.keys(operations).join(', ')}`)
  const { properties, required = [] } = operation.input
  const unknown = Object.keys(input).find((key) => !Object.hasOwn(properties, key))
  if (unknown !== undefined) throw wrong(`${name} knows no ${unknown}: it has ${Object.keys(properties).join(', ')}`)
  const missing = required.find((key) => input[key] === undefined || input[key] === '')
  if (missing !== undefined) throw wrong(`${name} needs ${missing}`)
  const given = (place: string) => Object.entries(properties).filter(([key, property]) => property['x-in'] === place && input[key] !== undefined).map(([key]) => [key, input[key]] as const)
  const body = [...given('body'), ...(operation.letter === undefined ? [] : [[operation.letter, letterFrom(Object.fromEntries(given('letter')))] as const])]
  return {
    method: operation.method, path: given('path').reduce((path, [key, value]) => path.replace(`{${key}}`, segment(String(value))), operation.path),
    query: Object.fromEntries(given('query').map(([key, value]) => [key, String(value)])), body: body.length ? Object.fromEntries(body) : undefined,
  }
}
/** The same again would be as wrong. */
const wrong = (message: string) => Object.assign(new Error(message), { permanent: true })
/** Dots alone would climb. */
function segment(value: string): string {
  if (value === '.' || value === '..') throw wrong(`"${value}" cannot stand in a path`)
  return encodeURIComponent(value)
}
