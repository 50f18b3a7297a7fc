// Providers that hand on letters, text messages and what devices say by webhook, as data: a file each with its signature, where its message stands
// and what it wants to hear, from its published document. To add one is to add a file; a test sends what the document shows.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Compile } from 'typebox/compile'
import { Type, type Static } from '../../../kernel/schema.ts'
import type { Json } from '../engine/port.ts'
import { judgeSignature } from './signatures.ts'

const Source = Type.Union([Type.Object({ header: Type.String() }), Type.Object({ field: Type.String() })])
const Path = Type.String({ pattern: '^[\\w-]+(\\.[\\w-]+)*$' })
const SenderFile = Type.Object({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]+$' }), title: Type.String(), for: Type.Enum(['email', 'sms', 'iot']), documentation: Type.String({ pattern: '^https://' }), /** what the person does there */ setUp: Type.String(),
  sign: Type.Union([
    /** a scheme of signatures.ts */
    Type.Object({ kind: Type.Literal('scheme'), scheme: Type.Literal('twilio') }),
    /** the secret itself in a header; base64 where it is user:password */
    Type.Object({ kind: Type.Literal('token'), header: Type.String(), prefix: Type.Optional(Type.String()), encoding: Type.Optional(Type.Literal('base64')) }),
    Type.Object({
      kind: Type.Enum(['hmac-sha256', 'ed25519', 'ecdsa-sha256']), given: Source, encoding: Type.Enum(['hex', 'base64']),
      over: Type.Array(Type.Union([Source, Type.Object({ text: Type.String() }), Type.Object({ part: Type.Enum(['body', 'url', 'base-url']) })])),
      time: Type.Optional(Type.Object({ of: Source, withinSeconds: Type.Integer() })),
    }),
  ]),
  /** notices of other kinds are kept and begin nothing */
  when: Type.Optional(Type.Object({ in: Type.Enum(['body', 'query']), path: Path, is: Type.String() })),
  /** the field that holds the letter as it came */
  letter: Type.Optional(Path),
  /** field of `trigger.message` -> where it stands in the body; the message's id makes one run of it */
  message: Type.Optional(Type.Record(Type.String(), Path)),
  answer: Type.Object({ status: Type.Integer(), type: Type.Optional(Type.String()), body: Type.Optional(Type.String()) }),
})
export type Sender = Static<typeof SenderFile>
type Asked = { headers: Readonly<Record<string, string>>; raw: Buffer; /** as it was read */ body: Json; url: string; now: number }

/** @throws Error naming the file that is none */
export function readSenders(folder = new URL('./presets/', import.meta.url)): readonly Sender[] {
  const check = Compile(SenderFile)
  return readdirSync(folder).filter((name) => name.endsWith('.json')).sort().map((name) => {
    const sender: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    if (!check.Check(sender)) throw new Error(`presets/${name} is no sender: ${check.Errors(sender).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')}`)
    return sender
  })
}

const at = (body: Json, path: string): Json | undefined => {
  // providers' fields may hold dashes, never dots
  let value: unknown = body
  for (const part of path.split('.')) value = typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined
  return value as Json | undefined
}
const textAt = (body: Json, path: string): string | undefined => {
  const value = at(body, path)
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}
const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** @param secret what the provider signs with, or its public key in base64 @returns undefined when the request is the provider's, else why it is not */
export function judgeSender({ sign }: Sender, secret: string | null, { headers, raw, body, url, now }: Asked): string | undefined {
  if (secret === null) return 'the trigger has no secret to judge it by'
  if (sign.kind === 'scheme') return judgeSignature(sign.scheme, secret, { headers, body: raw, url, now })
  if (sign.kind === 'token') {
    const said = headers[sign.header]
    if (!said?.startsWith(sign.prefix ?? '')) return `${sign.header} is missing`
    const value = said.slice((sign.prefix ?? '').length)
    return isSame(Buffer.from(value, sign.encoding ?? 'utf8'), Buffer.from(secret)) ? undefined : `${sign.header} is not right`
  }
  const read = (source: Static<typeof Source>) => ('header' in source ? headers[source.header] : textAt(body, source.field))
  const nameOf = (source: Static<typeof Source>) => ('header' in source ? source.header : source.field)
  const given = read(sign.given)
  if (!given) return `${nameOf(sign.given)} is missing`
  if (sign.time) {
    const seconds = read(sign.time.of)
    if (!/^\d{1,12}$/.test(seconds ?? '') || Math.abs(now / 1000 - Number(seconds)) > sign.time.withinSeconds) return `${nameOf(sign.time.of)} is missing or too old`
  }
  const parts: Buffer[] = []
  for (const part of sign.over) {
    const value = 'text' in part ? part.text : 'part' in part ? (part.part === 'body' ? raw : part.part === 'url' ? url : url.split('?', 1)[0]!) : read(part)
    if (value === undefined) return `${nameOf(part as Static<typeof Source>)} is missing`
    parts.push(Buffer.from(value as string))
  }
  const signature = Buffer.from(given, sign.encoding)
  return rightly(sign.kind, secret, Buffer.concat(parts), signature) ? undefined : 'the signature is not right'
}
function rightly(kind: 'hmac-sha256' | 'ed25519' | 'ecdsa-sha256', secret: string, signed: Buffer, signature: Buffer): boolean {
  if (kind === 'hmac-sha256') return isSame(createHmac('sha256', secret).update(signed).digest(), signature)
  try {
    const der = Buffer.from(secret.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
    const key = createPublicKey({ key: kind === 'ed25519' && der.length === 32 ? Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), der]) : der, format: 'der', type: 'spki' }) // RFC 8410: a bare key gets its header
    return verify(kind === 'ed25519' ? null : 'sha256', signed, key, signature)
  } catch {
    return false // no key, or a signature of another form
  }
}

/** Why a provider's notice begins nothing. */
export function otherNotice({ when, title }: Sender, body: Json, query: Json): string | undefined {
  if (!when) return undefined
  const said = textAt(when.in === 'body' ? body : query, when.path)
  return said === when.is ? undefined : `a notice of another kind (${when.path}: ${String(said ?? 'missing').slice(0, 60)}): ${title} sends more than what this trigger is for`
}
/** `trigger.message`; what is not there is null. */
export const messageOf = ({ message = {} }: Sender, body: Json): { [field: string]: Json } => Object.fromEntries(Object.entries(message).map(([field, path]) => [field, at(body, path) ?? null]))
/** The letter as it came, of a provider that hands on letters. */
export const letterOf = ({ letter }: Sender, body: Json): Buffer | undefined => {
  const text = letter === undefined ? undefined : textAt(body, letter)
  return text === undefined ? undefined : Buffer.from(text)
}
