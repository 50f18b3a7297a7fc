// Does a sign-in, a token and a request cost the same with one tenant, a hundred and ten thousand, and what does a tenant's issuer hold in memory?
import { setTimeout as wait } from 'node:timers/promises'
import { compareP50 } from './harness/compare.ts'
import { openGenerator, request } from './harness/load.ts'
import { memory } from './harness/processes.ts'
import { person, startProduct, type Running } from './harness/product.ts'
import { median, percentile, printTable, short } from './harness/rounds.ts'

const crowds = [1, 100, 10_000]
const people = 100
const connections = 4
const ms = 1000
const rounds = 5
const issuersKept = 500

type Client = { tenant: string; clientId: string; clientSecret: string }
type Stage = { product: Running; emails: string[]; tokens: string[]; clients: Client[]; tenants: string[] }
const running: Running[] = []
/** Up to a hundred people with an application each, and as many more tenants of theirs as it takes. */
async function stage(count: number): Promise<Stage> {
  const product = await startProduct()
  running.push(product)
  const made: Stage = { product, emails: [], tokens: [], clients: [], tenants: [] }
  const api = product.product
  for (let n = 0; n < Math.min(count, people); n++) {
    const email = n ? `person-${n}@example.test` : person.email
    if (n) await api.ok('POST', '/auth/register', { body: { ...person, email, tenantName: `Bench ${n}` } })
    const { accessToken: token, tenant } = await api.ok('POST', '/auth/login', { body: { email, password: person.password } })
    const { clientId, clientSecret } = await api.ok('POST', '/oauth-clients', { token, body: { name: 'Machine', grantTypes: ['client_credentials'], scopes: ['read'] } })
    made.emails.push(email)
    made.tokens.push(token)
    made.clients.push({ tenant: tenant.id, clientId, clientSecret })
    made.tenants.push(tenant.id)
    await Promise.all(Array.from({ length: 4 }, async (_, lane) => {
      for (let more = 1 + lane; more < count / people; more += 4) made.tenants.push((await api.ok('POST', '/tenants', { token, body: { name: `Bench ${n} ${more}` } })).id)
    }))
  }
  return made
}

const operations: Record<string, (s: Stage) => Promise<string[]>> = {
  'sign-in': async ({ emails }) => emails.map((email) => request('POST', '/api/v1/auth/login', { body: { email, password: person.password } })),
  'token (client credentials)': async ({ clients }) => clients.map(({ tenant, clientId, clientSecret }) => {
    const text = 'grant_type=client_credentials'
    const headers = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(text.length) }
    return `${request('POST', `/t/${tenant}/oauth/token`, { headers })}${text}`
  }),
  'GET /projects': async ({ product, emails }) => {
    const tokens = await Promise.all(emails.map(async (email) => (await product.product.ok('POST', '/auth/login', { body: { email, password: person.password } })).accessToken as string))
    return tokens.map((token) => request('GET', '/api/v1/projects?limit=1', { token }))
  },
}

const generator = openGenerator()
try {
  const stages: Stage[] = []
  for (const count of crowds) stages.push(await stage(count))
  await compareP50(generator, rounds, 'p50 ms by tenants', crowds.map((n) => n.toLocaleString('en')), Object.fromEntries(Object.entries(operations).map(([name, requestsOf]) => [
    name, () => Promise.all(stages.map(async (s) => ({ host: '127.0.0.1', port: s.product.port, connections: name === 'sign-in' ? 2 : connections, ms, requests: await requestsOf(s) }))),
  ])))

  const { product, tenants } = stages.at(-1)!
  const untouched = tenants.filter((_, n) => n % people !== 0).slice(0, issuersKept + 1)
  const discover = async (tenant: string) => {
    const since = performance.now()
    const answer = await fetch(`${product.product.url}/t/${tenant}/oauth/.well-known/openid-configuration`)
    if (answer.status !== 200) throw new Error(`discovery answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
    return performance.now() - since
  }
  await discover(untouched.pop()!)
  await wait(2000)
  const before = memory(product.processes).server
  const first: number[] = []
  for (const tenant of untouched) first.push(await discover(tenant))
  const again: number[] = []
  for (const tenant of untouched) again.push(await discover(tenant))
  await wait(2000)
  printTable(['a tenant\'s issuer', 'figure'], [
    ['first request to it, p50 and p95 ms', `${short(median(first))}, ${short(percentile(first, 0.95))}`],
    ['the next, p50 ms', short(median(again))],
    [`memory each, KB (${issuersKept} at most are kept)`, short(((memory(product.processes).server - before) / untouched.length) * 1024)],
  ])
} finally {
  generator.close()
  await Promise.all(running.map((one) => one.stop()))
}
