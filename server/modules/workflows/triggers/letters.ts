// A letter as expressions read it: plain JSON of a size that fits a run, whatever its sender wrote.
import { hash } from 'node:crypto'
import PostalMime, { type Address, type Email } from 'postal-mime'
import type { Json } from '../engine/port.ts'

export const letterType = 'message/rfc822'
/** More of it is not looked at: a letter of nothing but parts or headers would hold up everybody else. */
const bounds = { maxNestingDepth: 50, maxHeadersSize: 256 * 1024, maxRfc822NestingDepth: 1 }
const most = { headers: 200, people: 200, attachments: 200, name: 400, headerCharacters: 4000 }
/** Of what a run takes, left for what stands around the letter. */
const around = 2048

export type Letter = { [field: string]: Json }
export type Read = { letter: Letter; /** for reasons of its headers it begins nothing */ automatic: 'no' | 'sent' | 'replied' | 'ours'; hops: number; sender: string }

const mailboxes = (given: Address | readonly Address[] | undefined): { name: string; address: string }[] =>
  [given ?? []].flat().flatMap((one) => one.group ?? [one]).slice(0, most.people).map(({ name, address }) => ({ name: (name ?? '').slice(0, most.name), address: (address ?? '').slice(0, most.name) }))

/** @param budget characters of JSON it may have @param hidden a word that is not told again: the local part of the address it came to @throws when it is no letter */
export async function readLetter(raw: Buffer, budget: number, hidden?: string): Promise<Read> {
  const mail = await PostalMime.parse(raw, { ...bounds, attachmentEncoding: 'base64' })
  const without = (text: string): string => (hidden ? text.replaceAll(new RegExp(hidden, 'gi'), '***') : text)
  let left = budget - around
  /** As much of a text as still fits. */
  const fit = (text: string | undefined, share = 1): string => {
    const clean = without((text ?? '').toWellFormed().replaceAll('\0', '\ufffd'))
    let cut = clean.slice(0, Math.max(0, Math.floor(left * share)))
    while (JSON.stringify(cut).length > left * share) cut = cut.slice(0, Math.floor(cut.length * 0.7))
    left -= JSON.stringify(cut).length
    return cut.toWellFormed()
  }
  const headers: Record<string, Json> = Object.create(null) as Record<string, Json>
  for (const { key, value } of mail.headers.slice(0, most.headers)) {
    if (!/^[a-z][a-z0-9-]{0,76}$/.test(key)) continue // what is no name of a header may be a name of something else
    const said = fit(value.slice(0, most.headerCharacters), 0.2)
    const held = headers[key]
    headers[key] = held === undefined ? said : Array.isArray(held) ? [...held, said] : [held, said]
    left -= key.length + 6
  }
  const people = (given: Address | readonly Address[] | undefined) => mailboxes(given).map(({ name, address }) => ({ name: fit(name, 0.1), address: fit(address, 0.1) }))
  const from = mailboxes(mail.from)[0] ?? { name: '', address: '' }
  const letter: Letter = {
    from: people(mail.from)[0] ?? { name: '', address: '' }, to: people(mail.to), cc: people(mail.cc), replyTo: people(mail.replyTo), subject: fit(mail.subject, 0.2), date: fit(mail.date, 0.1), messageId: fit(mail.messageId, 0.1), inReplyTo: fit(mail.inReplyTo, 0.1),
    text: fit(mail.text, 0.6), html: fit(mail.html, 0.6), headers: { ...headers },
  }
  let cut = (mail.text?.length ?? 0) > String(letter.text).length || (mail.html?.length ?? 0) > String(letter.html).length
  const attachments: Json[] = []
  for (const part of mail.attachments.slice(0, most.attachments)) {
    const content = String(part.content)
    const one = { name: fit(part.filename?.slice(0, most.name), 0.1), type: fit(part.mimeType.slice(0, most.name), 0.1), bytes: Buffer.byteLength(content, 'base64') }
    const fits = content.length + 100 <= left
    left -= 100 + (fits ? content.length : 0)
    if (!fits) cut = true
    attachments.push({ ...one, content: fits ? content : null })
  }
  return { letter: { ...letter, attachments, cut: cut || mail.attachments.length > most.attachments }, automatic: automaticOf(mail), hops: mail.headers.filter(({ key }) => key === 'received').length, sender: from.address.toLowerCase() }
}

/** RFC 3834: who answers a letter that a machine sent may answer for ever. */
function automaticOf({ headers, returnPath }: Email): Read['automatic'] {
  const said = (name: string) => headers.find(({ key }) => key === name)?.value.trim().toLowerCase() ?? ''
  if (said('x-loop') === 'groundwork') return 'ours'
  const submitted = said('auto-submitted').replace(/[;(\s].*$/s, '')
  if (submitted === 'auto-replied' || headers.some(({ key }) => key === 'x-autoreply' || key === 'x-autorespond') || said('precedence') === 'auto_reply' || returnPath === '<>') return 'replied'
  return submitted !== '' && submitted !== 'no' ? 'sent' : 'no'
}

/**
 * The same for one letter however often it is handed over, another for any other: its Message-ID with everything below its headers, for those above
 * are added to on the way. A Message-ID alone would let one sender silence another's letter.
 */
export function sumOf(raw: Buffer): string {
  const crlf = raw.indexOf('\r\n\r\n')
  const lf = raw.indexOf('\n\n')
  const end = crlf >= 0 && (lf < 0 || crlf <= lf) ? crlf : lf >= 0 ? lf : raw.length
  const head = raw.subarray(0, Math.min(end, 1 << 20)).toString('latin1').replace(/\r?\n[ \t]+/g, ' ')
  const named = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  const own = ['message-id', 'from', 'date', 'subject'].map(named)
  return hash('sha256', Buffer.concat([Buffer.from(`${own.join('\n')}\n\n`, 'latin1'), raw.subarray(end)]))
}

/** Why a letter begins nothing; null: nothing speaks against it. @param from the envelope's sender, where it is known */
export function objectionTo(settings: { senders?: string[]; automatic?: 'leave' | 'take' }, { automatic, sender }: Pick<Read, 'automatic' | 'sender'>, from: string | null): string | null {
  if (automatic === 'ours') return 'a Groundwork sent it: taking it could go on for ever'
  if (automatic === 'replied' || from === '') return 'a machine answers or reports with it: taking it could go on for ever'
  if (automatic === 'sent' && settings.automatic !== 'take') return 'it was sent by a machine: the trigger leaves such letters'
  const { senders } = settings
  if (senders && !senders.some((one) => (one.startsWith('@') ? sender.endsWith(one.toLowerCase()) : sender === one.toLowerCase()))) return 'its sender is none of those the trigger takes letters from'
  return null
}
