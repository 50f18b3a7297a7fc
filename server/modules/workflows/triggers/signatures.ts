// How senders prove that a request is theirs, over the bytes as they came: Standard Webhooks, GitHub, Stripe, Slack, Twilio. Compared in constant
// time; what carries a time must be of the last five minutes.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Signature } from '../nodes/triggers.ts'

export type Signed = { headers: Readonly<Record<string, string>>; body: Buffer; /** as the sender called it */ url: string; now: number }
const toleranceSeconds = 300
const mostSignatures = 20

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)
const isFresh = (seconds: string | undefined, now: number): boolean => /^\d{1,12}$/.test(seconds ?? '') && Math.abs(now / 1000 - Number(seconds)) <= toleranceSeconds
const hmac = (algorithm: 'sha256' | 'sha1', secret: string | Buffer, ...parts: (string | Buffer)[]): Buffer => parts.reduce((h, part) => h.update(part), createHmac(algorithm, secret)).digest()

/** @returns undefined when the signature is right, else why it is not */
export function judgeSignature(kind: Signature, secret: string | null, { headers, body, url, now }: Signed): string | undefined {
  if (kind === 'none') return undefined
  if (secret === null) return 'the trigger has no secret to judge it by'
  switch (kind) {
    case 'standard-webhooks': {
      // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given } = headers
      if (!id || !given) return 'webhook-id or webhook-signature is missing'
      if (!isFresh(at, now)) return 'webhook-timestamp is missing or not of the last five minutes'
      const expected = hmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'), `${id}.${at}.`, body)
      return given.split(' ').slice(0, mostSignatures).some((one) => one.startsWith('v1,') && same(Buffer.from(one.slice(3), 'base64'), expected)) ? undefined : 'the signature is not right'
    }
    case 'github': {
      // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
      const given = headers['x-hub-signature-256']
      if (!given?.startsWith('sha256=')) return 'x-hub-signature-256 is missing'
      return same(Buffer.from(given.slice(7), 'hex'), hmac('sha256', secret, body)) ? undefined : 'the signature is not right'
    }
    case 'stripe': {
      // https://docs.stripe.com/webhooks#verify-manually
      const parts = (headers['stripe-signature'] ?? '').split(',').slice(0, mostSignatures).map((part) => part.trim().split('=', 2) as [string, string | undefined])
      const at = parts.find(([name]) => name === 't')?.[1]
      if (!isFresh(at, now)) return 'stripe-signature is missing or not of the last five minutes'
      const expected = hmac('sha256', secret, `${at}.`, body)
      return parts.some(([name, value]) => name === 'v1' && same(Buffer.from(value ?? '', 'hex'), expected)) ? undefined : 'the signature is not right'
    }
    case 'slack': {
      // https://docs.slack.dev/authentication/verifying-requests-from-slack
      const { 'x-slack-request-timestamp': at, 'x-slack-signature': given } = headers
      if (!isFresh(at, now)) return 'x-slack-request-timestamp is missing or not of the last five minutes'
      return same(Buffer.from((given ?? '').replace(/^v0=/, ''), 'hex'), hmac('sha256', secret, `v0:${at}:`, body)) ? undefined : 'the signature is not right'
    }
    case 'twilio': {
      // https://www.twilio.com/docs/usage/webhooks/webhooks-security: the address, then each form field by name
      const form = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') ? [...new URLSearchParams(body.toString('utf8'))].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) : []
      const given = headers['x-twilio-signature']
      if (!given) return 'x-twilio-signature is missing'
      return same(Buffer.from(given, 'base64'), hmac('sha1', secret, url, ...form.flat())) ? undefined : 'the signature is not right'
    }
  }
}
