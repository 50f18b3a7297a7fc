// The body of a request as expressions read it: by its content type JSON, a form, or text; what is none of them in base64.
import type { Json } from '../engine/port.ts'

const mostFields = 1000

/** @throws nothing: what is not what it says it is comes as text */
export async function readBody(body: Buffer, contentType: string): Promise<Json> {
  if (!body.length) return null
  const text = body.toString('utf8')
  const isText = Buffer.compare(Buffer.from(text, 'utf8'), body) === 0
  if (/^multipart\/form-data\b/i.test(contentType)) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData().catch(() => undefined)
    if (form) return clean(fieldsOf(await Promise.all([...form].map(async ([name, value]): Promise<[string, Json]> => [name, typeof value === 'string' ? value : { name: value.name, type: value.type, base64: Buffer.from(await value.arrayBuffer()).toString('base64') }]))))
  }
  if (!isText) return { base64: body.toString('base64') }
  if (/^application\/([\w.+-]*\+)?json\b/i.test(contentType) || (contentType === '' && /^\s*[[{]/.test(text))) {
    try {
      return clean(JSON.parse(text) as Json)
    } catch {
      return text
    }
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return clean(fieldsOf(new URLSearchParams(text)))
  return text
}

/** A name that comes twice holds a list. */
export function fieldsOf(given: Iterable<[string, Json]>): { [name: string]: Json } {
  const fields: Record<string, Json> = Object.create(null) as Record<string, Json>
  const lists = new Set<string>()
  for (const [name, value] of [...given].slice(0, mostFields)) {
    const held = fields[name]
    if (held === undefined) fields[name] = value
    else if (lists.has(name)) (held as Json[]).push(value)
    else {
      fields[name] = [held, value]
      lists.add(name)
    }
  }
  return { ...fields }
}
/** `$ref` is the engine's own word: what holds it comes as text. */
export const clean = (value: Json): Json => {
  const text = JSON.stringify(value)
  return text.includes('"$ref"') ? text : value
}
