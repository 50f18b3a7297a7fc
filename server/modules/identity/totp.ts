// Time-based one-time passwords (RFC 6238 over RFC 4226): SHA-1, six digits, steps of 30 seconds, which every authenticator app speaks.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
export const stepSeconds = 30

/** RFC 4648 base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, '0'), 2)]).join('')
}
function bytesOf(text: string): Buffer {
  const bits = [...text].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)))
}

/** 160 bits, as RFC 4226 recommends. */
export const newTotpSecret = (): string => base32(randomBytes(20))
export const stepAt = (ms: number): number => Math.floor(ms / 1000 / stepSeconds)

export function codeAt(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', bytesOf(secret)).update(counter).digest()
  const at = mac[mac.length - 1]! & 15
  return String((mac.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}

/** The step a code belongs to, one step of clock drift either way; undefined: a wrong code. Whether the step was used already is the caller's to ask. */
export function stepOfCode(secret: string, code: string, nowMs: number): number | undefined {
  const given = Buffer.from(code.replaceAll(/\s/g, ''))
  const now = stepAt(nowMs)
  return [now, now - 1, now + 1].find((step) => given.length === 6 && timingSafeEqual(given, Buffer.from(codeAt(secret, step))))
}

/** What a QR code for an authenticator app says. */
export const otpauthUri = (secret: string, account: string, issuer: string): string =>
  `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?${new URLSearchParams({ secret, issuer, algorithm: 'SHA1', digits: '6', period: String(stepSeconds) }).toString().replaceAll('+', '%20')}`
