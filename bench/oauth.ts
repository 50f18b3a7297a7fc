// How many tokens does a tenant's issuer give, refresh, introspect, and how many requests carry one, and how near is that to bare signing with jose?
import { exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose'
import { openGenerator, request } from './harness/load.ts'
import { cpu, cpuSince } from './harness/processes.ts'
import { person, startProduct } from './harness/product.ts'
import { inTurn, median, percent, printTable, ratio, short } from './harness/rounds.ts'

const ms = 2000
const connections = 8
const generator = openGenerator()
const product = await startProduct()
try {
  const token = await product.sign()
  const make = (body: object) => product.product.ok('POST', '/oauth-clients', { token, body })
  const issuer = `/t/${product.tenant}/oauth`
  const machine = await make({ name: 'Machine', grantTypes: ['client_credentials'], scopes: ['read'] })
  const legacy = await make({ name: 'Legacy', grantTypes: ['password', 'refresh_token'], scopes: ['read'] })
  const basic = (client: { clientId: string; clientSecret: string }) => `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`
  const ask = async (path: string, client: { clientId: string; clientSecret: string }, body: Record<string, string>) => {
    const answer = await fetch(`${product.product.url}${issuer}${path}`, { method: 'POST', headers: { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(body).toString() })
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as { access_token: string; refresh_token: string }
  }
  const form = (path: string, client: { clientId: string; clientSecret: string }, body: Record<string, string>) => {
    const text = new URLSearchParams(body).toString()
    return `${request('POST', `${issuer}${path}`, { headers: { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(text.length) } })}${text}`
  }
  const given = await ask('/token', machine, { grant_type: 'client_credentials' })
  const costs = new Map<string, number[]>()
  const measured = (name: string, run: () => Promise<{ count: number; seconds: number }>) => async () => {
    const before = cpu(product.processes)
    const { count, seconds } = await run()
    const used = cpuSince(cpu(product.processes), before)
    costs.set(name, [...(costs.get(name) ?? []), ((used.server + used.database) / count) * 1000])
    return count / seconds
  }
  const loaded = (name: string, text: string) => measured(name, () => generator.run({ host: '127.0.0.1', port: product.port, connections, ms, requests: [text] }))
  const chains = await Promise.all(Array.from({ length: connections }, async () => (await ask('/token', legacy, { grant_type: 'password', username: person.email, password: person.password })).refresh_token))
  const refreshes = measured('refresh', async () => {
    const began = performance.now()
    let count = 0
    await Promise.all(chains.map(async (_, n) => {
      for (; performance.now() - began < ms; count++) chains[n] = (await ask('/token', legacy, { grant_type: 'refresh_token', refresh_token: chains[n]! })).refresh_token
    }))
    return { count, seconds: (performance.now() - began) / 1000 }
  })
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = (await importJWK(await exportJWK(privateKey), 'ES256')) as CryptoKey
  const bare = async () => {
    const began = performance.now()
    let count = 0
    for (; performance.now() - began < ms; count++) await new SignJWT({ sub: product.user, org: product.tenant }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).setIssuer('https://i').setAudience('https://a').setIssuedAt().setExpirationTime('10m').sign(key)
    return count / ((performance.now() - began) / 1000)
  }
  const rows = [
    ['client credentials', loaded('client credentials', form('/token', machine, { grant_type: 'client_credentials' }))],
    ['refresh with rotation', refreshes],
    ['introspection', loaded('introspection', form('/introspect', machine, { token: given.access_token }))],
    ['GET /projects with an opaque token', loaded('opaque', request('GET', '/api/v1/projects', { token: given.access_token }))],
    ['GET /projects with a JWT', loaded('jwt', request('GET', '/api/v1/projects', { token }))],
    ['jose signs ES256, one thread', bare],
  ] as const
  for (const [, run] of rows) await run() // warm
  costs.clear()
  const names = ['client credentials', 'refresh', 'introspection', 'opaque', 'jwt']
  const results = await inTurn(5, rows.map(([, run]) => run))
  const signing = results.at(-1)!
  printTable(['of one tenant\'s issuer', 'a second', 'of bare signing', 'processor ms each'], rows.map(([name], n) => [name, short(median(results[n]!)), percent(ratio(results[n]!, signing)), names[n] ? short(median(costs.get(names[n]!)!)) : '']))
} finally {
  generator.close()
  await product.stop()
}
