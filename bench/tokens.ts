// What does it cost to tell who asks, by JWT, opaque token or API key: the same small read with each, beside bare jose and bare sha256?
import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { openGenerator, request } from './harness/load.ts'
import { cpu, cpuSince } from './harness/processes.ts'
import { startProduct } from './harness/product.ts'
import { inTurn, median, percent, printTable, ratio, short } from './harness/rounds.ts'

const ms = 1500
const generator = openGenerator()
const product = await startProduct()
try {
  const token = await product.sign()
  const client = await product.product.ok('POST', '/oauth-clients', { token, body: { name: 'Machine', grantTypes: ['client_credentials'], scopes: ['read'] } })
  const given = await fetch(`${product.product.url}/t/${product.tenant}/oauth/token`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' }, body: 'grant_type=client_credentials',
  })
  const { access_token: opaque } = (await given.json()) as { access_token: string }
  const { key } = await product.product.ok('POST', '/api-keys', { token, body: { name: 'Bench', scopes: ['read'] } })
  const costs = new Map<string, number[]>()
  const judged = (name: string, bearer: string, path = '/api/v1/projects?limit=1') => async () => {
    const before = cpu(product.processes)
    const { count, seconds } = await generator.run({ host: '127.0.0.1', port: product.port, connections: 8, ms, requests: [request('GET', path, { token: bearer })] })
    const used = cpuSince(cpu(product.processes), before)
    costs.set(name, [...(costs.get(name) ?? []), ((used.server + used.database) / count) * 1000])
    return count / seconds
  }
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const keySet = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] })
  const signed = await new SignJWT({ sub: product.user }).setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt' }).setIssuer('https://i').setAudience('https://a').setExpirationTime('10m').sign(privateKey)
  const rate = (work: () => unknown) => async () => {
    const began = performance.now()
    let count = 0
    for (; performance.now() - began < ms; count++) await work()
    return count / ((performance.now() - began) / 1000)
  }
  const presented = randomBytes(32).toString('base64url')
  const rows: [name: string, run: () => Promise<number>][] = [
    ['request with a JWT', judged('JWT', token)], ['request with an opaque token', judged('opaque', opaque)], ['request with an API key', judged('key', key)],
    ['who am I (GET /users/me), with a JWT', judged('me', token, '/api/v1/users/me')],
    ['jose verifies ES256, one thread', rate(() => jwtVerify(signed, keySet, { issuer: 'https://i', audience: 'https://a', typ: 'at+jwt' }))],
    ['sha256 of a key, one thread', rate(() => createHash('sha256').update(presented).digest())],
  ]
  for (const [, run] of rows) await run() // warm
  costs.clear()
  const results = await inTurn(5, rows.map(([, run]) => run))
  const names = ['JWT', 'opaque', 'key', 'me']
  printTable(['who asks', 'a second', 'of bare jose', 'of the JWT', 'processor ms each'], rows.map(([name], n) => [
    name, short(median(results[n]!)), percent(ratio(results[n]!, results[4]!)), n < 4 ? percent(ratio(results[n]!, results[0]!)) : '', names[n] ? short(median(costs.get(names[n]!)!)) : '',
  ]))
} finally {
  generator.close()
  await product.stop()
}
