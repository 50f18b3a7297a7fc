// A letter as MIME writes it (RFC 5322, 2045, 2047), for services that take one whole. Whatever a person or a run gives is judged or encoded: none of
// it becomes a header or a recipient of its own.
import { isEmail } from '../../kernel/validation.ts'

export type LetterFields = { to?: unknown; cc?: unknown; bcc?: unknown; subject?: unknown; text?: unknown; html?: unknown }
const mostRecipients = 100
const textOf = (value: unknown): string => (value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value))
const inBase64 = (text: string): string => Buffer.from(text.toWellFormed()).toString('base64').replace(/.{76}/g, '$&\r\n')

/** Encoded words of at most 45 bytes, none of which ends inside of a character. */
function encoded(text: string): string {
  if (/^[\x20-\x7e]{0,60}$/.test(text) && !text.includes('=?')) return text
  const words: string[] = []
  let word = ''
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(word + character) > 45) words.push(word), (word = '')
    word += character
  }
  return [...words, word].map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ')
}

/** A list, or one text with commas. @throws Error naming what is no address */
function recipients(name: string, given: unknown): string[] {
  const all = (Array.isArray(given) ? given.map(textOf) : textOf(given).split(',')).map((one) => one.trim()).filter(Boolean)
  const wrong = all.find((one) => !isEmail(one) || !/^[\x21-\x7e]+$/.test(one) || /[,;<>"]/.test(one))
  if (wrong !== undefined) throw Object.assign(new Error(`${name} holds "${wrong.slice(0, 100)}", which is no address`), { permanent: true })
  if (all.length > mostRecipients) throw Object.assign(new Error(`${name} holds ${all.length} addresses, at most ${mostRecipients}`), { permanent: true })
  return all
}

/** @returns the letter in base64url @throws Error naming what is wrong */
export function letterFrom(fields: LetterFields): string {
  const heads = (['to', 'cc', 'bcc'] as const).flatMap((name) => {
    const all = recipients(name, fields[name])
    return all.length ? [`${name.replace(/^./, (first) => first.toUpperCase())}: ${all.join(',\r\n ')}`] : []
  })
  heads.push(`Subject: ${encoded(textOf(fields.subject).replace(/[\r\n\0]+/g, ' ').trim())}`, 'MIME-Version: 1.0')
  const part = (type: string, text: string) => [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', inBase64(text)]
  const [text, html] = [textOf(fields.text), textOf(fields.html)]
  const boundary = '=_alternative' // its parts are in base64, which has no such letters
  const lines = !html ? part('text/plain', text) : [`Content-Type: multipart/alternative; boundary="${boundary}"`, '', `--${boundary}`, ...part('text/plain', text), `--${boundary}`, ...part('text/html', html), `--${boundary}--`, '']
  return Buffer.from([...heads, ...lines].join('\r\n')).toString('base64url')
}
