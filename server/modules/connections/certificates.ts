// Certificates of authorities that are no public ones, as people paste them: read, judged, and told what they are.
import { X509Certificate } from 'node:crypto'

const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g

/** As drivers want them; undefined for what holds anything else. What was pasted may have lost its line ends. */
export function certificatesOf(text: string): string[] | undefined {
  const found = [...text.matchAll(block)].map(([, body]) => `-----BEGIN CERTIFICATE-----\n${body!.replace(/\s/g, '').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`)
  if (!found.length || text.replace(block, '').trim()) return undefined
  try {
    for (const one of found) new X509Certificate(one)
  } catch {
    return undefined
  }
  return found
}

/** Why a text cannot be kept; never told with a part of it, as it may be a key. @param max characters */
export function certificateFault(value: unknown, max: number, now = Date.now()): string | undefined {
  if (typeof value !== 'string') return 'must be a text'
  if (value.length > max) return `must have at most ${max} characters: give the authority's certificates alone, no bundle of all public ones`
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) return 'holds a private key, which nobody outside should see: only certificates belong here'
  const found = certificatesOf(value)
  if (!found) return 'must be certificates in PEM: -----BEGIN CERTIFICATE----- and so on, nothing around them'
  const told = describeCertificates(value)
  const ended = told.every(({ validTo }) => Date.parse(validTo) < now)
  return ended ? `ended on ${told[0]!.validTo.slice(0, 10)} (${told[0]!.subject}): ask for the authority's present certificate` : undefined
}

export type Told = { subject: string; issuer: string; validFrom: string; validTo: string; authority: boolean }
/** Names are the certificate's own: lines of `CN=...` become one line. */
export function describeCertificates(text: string): Told[] {
  const line = (name: string) => name.split('\n').filter(Boolean).join(', ').replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 300)
  return (certificatesOf(text) ?? []).map((pem) => {
    const one = new X509Certificate(pem)
    return { subject: line(one.subject), issuer: line(one.issuer), validFrom: new Date(one.validFrom).toISOString(), validTo: new Date(one.validTo).toISOString(), authority: one.ca }
  })
}
