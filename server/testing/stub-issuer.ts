// An outside issuer for tests: key pairs that come and go, a key set and a discovery document behind HTTP, and tokens of every kind, good and forged.
import { createHmac } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { afterwards } from './afterwards.ts'

type Pair = { kid: string; alg: string; privateKey: CryptoKey; publicKey: CryptoKey; jwk: JWK }
export type StubIssuer = Awaited<ReturnType<typeof openStubIssuer>>
export type TokenWish = { claims?: object; audience?: string; issuer?: string; expiresIn?: string | number; kid?: string; pair?: Pair }

export async function openStubIssuer(t: Pick<TestContext, 'after'>) {
  const published: Pair[] = []
  let fetches = 0
  let down = false
  const server = http.createServer((req, res) => {
    if (down) return void res.writeHead(500).end()
    if (req.url === '/.well-known/openid-configuration') return void res.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))
    fetches++
    res.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  afterwards(t, () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))))

  /** Not published unless `publish`. */
  async function makePair(alg = 'RS256', { publish = true } = {}): Promise<Pair> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const kid = `key-${Math.random().toString(36).slice(2)}`
    const pair = { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
    if (publish) published.push(pair)
    return pair
  }
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claimsOf = (claims: object) => ({ iss: url, aud: 'groundwork', sub: 'outside-1', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
  return {
    url, audience: 'groundwork', published, makePair,
    fetches: () => fetches,
    fail: (yes: boolean) => void (down = yes),
    sign({ claims = {}, audience = 'groundwork', issuer = url, expiresIn = '10m', kid, pair = published[0]! }: TokenWish = {}): Promise<string> {
      return new SignJWT({ sub: 'outside-1', ...claims }).setProtectedHeader({ alg: pair.alg, kid: kid ?? pair.kid, typ: 'JWT' }).setIssuer(issuer).setAudience(audience).setIssuedAt().setExpirationTime(expiresIn).sign(pair.privateKey)
    },
    /** `alg: none`, RFC 7519 6. */
    unsigned: (claims: object) => `${base64({ alg: 'none' })}.${base64(claimsOf(claims))}.`,
    /** Signed with the public key as if it were a shared secret (RFC 8725, 2.1). */
    async confused(claims: object, pair = published[0]!): Promise<string> {
      const body = `${base64({ alg: 'HS256', kid: pair.kid })}.${base64(claimsOf(claims))}`
      return `${body}.${createHmac('sha256', await exportSPKI(pair.publicKey)).update(body).digest('base64url')}`
    },
  }
}
