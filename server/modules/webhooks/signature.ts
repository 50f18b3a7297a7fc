// Standard Webhooks 1.0 (standardwebhooks.com), symmetric scheme: HMAC-SHA256 over `id.timestamp.body`.
import { createHmac, randomBytes } from 'node:crypto'

/** `whsec_` and 32 bytes in base64. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/**
 * The three headers of one attempt. The time is that of the attempt: receivers refuse what is older than five minutes.
 * @param secrets the current one first; each signs, so that a receiver may know either while they change @param now milliseconds
 */
export function signedHeaders(secrets: readonly string[], { id, body, now }: { id: string; body: string; now: number }): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const sign = (secret: string) => `v1,${createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': secrets.map(sign).join(' ') }
}
