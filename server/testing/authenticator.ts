// A passkey in software: what a browser and its authenticator answer, for tests that have neither (WebAuthn level 3, section 6).
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()
const head = (major: number, n: number) => (n < 24 ? Buffer.from([(major << 5) | n]) : n < 256 ? Buffer.from([(major << 5) | 24, n]) : Buffer.from([(major << 5) | 25, n >> 8, n & 255]))
/** As much of CBOR (RFC 8949) as an attestation takes. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  const map = value as Map<unknown, unknown>
  return Buffer.concat([head(5, map.size), ...[...map].flatMap(([k, v]) => [cbor(k), cbor(v)])])
}

export type Options = { challenge: string; rp?: { id?: string }; rpId?: string; user?: { id: string } }
export type Doctored = { origin?: string; challenge?: string; verified?: boolean; counter?: number; type?: string }

export function createAuthenticator(origin: string) {
  const id = randomBytes(24)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  let counter = 0
  let userHandle = ''
  const clientData = (type: string, challenge: string, o: Doctored) => Buffer.from(JSON.stringify({ type: o.type ?? type, challenge: o.challenge ?? challenge, origin: o.origin ?? origin, crossOrigin: false }))
  function authData(rpId: string, flags: number, o: Doctored, attested = Buffer.alloc(0)) {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(o.counter ?? ++counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags | (o.verified === false ? 0 : 4)]), count, attested])
  }
  return {
    id: id.toString('base64url'),
    /** navigator.credentials.create() */
    create(options: Options, o: Doctored = {}) {
      userHandle = options.user!.id
      const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string }
      const cose = cbor(new Map<number, unknown>([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]))
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cose])
      const attestation = cbor(new Map<string, unknown>([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData(options.rp!.id!, 0x41, o, attested)]]))
      return {
        id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key', clientExtensionResults: {},
        response: { clientDataJSON: clientData('webauthn.create', options.challenge, o).toString('base64url'), attestationObject: attestation.toString('base64url'), transports: ['internal'] },
      }
    },
    /** navigator.credentials.get() */
    get(options: Options, o: Doctored = {}, key: KeyObject = privateKey) {
      const client = clientData('webauthn.get', options.challenge, o)
      const data = authData(options.rpId!, 1, o)
      return {
        id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key', clientExtensionResults: {},
        response: { clientDataJSON: client.toString('base64url'), authenticatorData: data.toString('base64url'), signature: sign('sha256', Buffer.concat([data, sha256(client)]), key).toString('base64url'), userHandle },
      }
    },
  }
}
