import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NotThere, type Dns } from '../../kernel/ports.ts'
import { testApp, type Answered, type Caller, type TestApp } from '../../testing/app.ts'
import { canonicalHost, isDomain, slugBelow, withParents } from './hosts.ts'

/** A domain name system that says what the test wrote into it. */
function writtenDns() {
  const records = new Map<string, string[] | Error>()
  const dns: Dns = {
    async txt(name) {
      const found = records.get(name)
      if (found instanceof Error) throw found
      if (!found) throw new NotThere(name)
      return found
    },
  }
  return { dns, records }
}
const settings = { TENANT_BASE_DOMAIN: 'apps.example.com', PUBLIC_URL: 'https://groundwork.example.com' }
const codeOf = async (answer: Promise<Answered>) => {
  const { status, body } = await answer
  return `${status} ${body?.code ?? ''}`.trim()
}
async function setUp(t: TestContext, more: Record<string, string> = {}) {
  const { dns, records } = writtenDns()
  const app = await testApp(t, { settings: { ...settings, ...more }, dns })
  await app.register('Operator')
  const [ada, eve] = [await app.register('Ada', { tenantName: 'Lighthouse' }), await app.register('Eve', { tenantName: 'Harbour' })]
  const prove = async (app: TestApp, who: Caller, name: string) => {
    const domain = await app.ok(who, 'POST', '/domains', { name })
    records.set(domain.record.name, ['something else', domain.record.value])
    return app.ok(who, 'POST', `/domains/${domain.id}/verify`)
  }
  /** A person without active tenant, who belongs to Ada's and to Eve's. */
  const both = async () => {
    const guest = await app.register('Guest', { tenantName: null })
    for (const owner of [ada, eve]) {
      const { url } = await app.ok(owner, 'POST', '/invitations', { role: 'viewer' })
      await app.ok(guest, 'POST', '/invitations/accept', { token: /#token=(.+)/.exec(url)![1] })
    }
    return guest
  }
  return { app, ada, eve, records, prove: (who: Caller, name: string) => prove(app, who, name), both }
}
const members = (app: TestApp, who: Caller, headers: Record<string, string>, path = '/api/v1/members') => app.as(who, 'GET', path, undefined, headers)

test('all four doors open the same tenant, for a token that names none and for one that names it (S2.7)', async (t) => {
  const { app, ada, prove, both } = await setUp(t)
  await prove(ada, 'work.lighthouse.example')
  const guest = await both()
  const { id, slug } = ada.tenant!
  const doors: [string, Record<string, string>, string?][] = [
    ['header, id', { 'org-id': id }], ['header, slug', { 'org-id': slug }], ['header, upper case', { 'org-id': slug.toUpperCase() }], ['header, twice the same', { 'org-id': `${slug}, ${id}` }],
    ['path, slug', {}, `/t/${slug}/api/v1/members`], ['path, id', {}, `/t/${id}/api/v1/members`],
    ['subdomain', { host: `${slug}.apps.example.com` }], ['subdomain with port', { host: `${slug}.apps.example.com:8443` }], ['subdomain, upper case', { host: `${slug.toUpperCase()}.Apps.Example.COM` }],
    ['subdomain, root dot', { host: `${slug}.apps.example.com.` }], ['subdomain, root dot and port', { host: `${slug}.apps.example.com.:443` }],
    ['domain', { host: 'work.lighthouse.example' }], ['domain, upper case, dot, port', { host: 'WORK.Lighthouse.example.:8080' }],
    ['all at once', { host: 'work.lighthouse.example', 'org-id': id }, `/t/${slug}/api/v1/members`],
  ]
  const { body: expected } = await members(app, ada, {})
  assert.equal(expected.items.length, 2)
  for (const [what, headers, path] of doors)
    for (const who of [ada, guest]) {
      const { status, body } = await members(app, who, headers, path)
      assert.deepEqual([status, body], [200, expected], what)
    }
})

test('hosts that say nothing leave the token\'s tenant: our own, addresses, names nobody proved', async (t) => {
  const { app, ada, both } = await setUp(t)
  const guest = await both()
  for (const host of ['groundwork.example.com', 'groundwork.example.com:443', 'apps.example.com', 'www.apps.example.com', 'localhost:8080', '127.0.0.1', '[::1]:8080', '10.0.0.7:80', 'api', 'stranger.example', 'xn--bcher-kva.example', 'a_b.example', 'a..b', '%00', 'apps.example.com.evil.example', 'evilapps.example.com']) {
    assert.equal((await members(app, ada, { host })).status, 200, host)
    assert.equal(await codeOf(members(app, guest, { host })), '400 tenant.required', host)
  }
})

test('a name below our own domain that is nobody\'s opens nothing', async (t) => {
  const { app, ada, both } = await setUp(t)
  const guest = await both()
  for (const label of ['nobody', 'xn--lighthuse-4gb', `a.${ada.tenant!.slug}`, `${ada.tenant!.slug}.${ada.tenant!.slug}`, '0numbers']) {
    const host = `${label}.apps.example.com`
    assert.equal(await codeOf(members(app, ada, { host })), '404 tenant.not_found', host)
    assert.equal(await codeOf(members(app, guest, { host })), '404 tenant.not_found', host)
  }
})

test('hints that differ are 400, another tenant\'s door is 403, and who is no member meets 404', async (t) => {
  const { app, ada, eve, prove } = await setUp(t)
  await prove(ada, 'work.lighthouse.example')
  const [a, b] = [ada.tenant!, eve.tenant!]
  const outsider = await app.register('Outsider', { tenantName: null })
  const conflicts: [Record<string, string>, string?][] = [
    [{ 'org-id': `${a.slug},${b.slug}` }], [{ 'org-id': b.slug, host: `${a.slug}.apps.example.com` }], [{ 'org-id': b.id, host: 'work.lighthouse.example' }], [{ 'org-id': 'nobody', host: 'work.lighthouse.example' }],
    [{ host: `${a.slug}.apps.example.com` }, `/t/${b.slug}/api/v1/members`], [{ 'org-id': a.slug }, `/t/${b.slug}/api/v1/members`], [{ 'org-id': 'nobody' }, '/t/no-one/api/v1/members'],
  ]
  for (const [headers, path] of conflicts) for (const who of [ada, eve, outsider]) assert.equal(await codeOf(members(app, who, headers, path)), '400 tenant.conflict', JSON.stringify([headers, path]))
  for (const headers of [{ 'org-id': a.id }, { host: `${a.slug}.apps.example.com` }, { host: 'work.lighthouse.example' }] as Record<string, string>[]) {
    assert.equal(await codeOf(members(app, eve, headers)), '403 tenant.mismatch')
    assert.equal(await codeOf(members(app, outsider, headers)), '404 tenant.not_found')
  }
  assert.equal(await codeOf(members(app, eve, {}, `/t/${a.slug}/api/v1/members`)), '403 tenant.mismatch')
})

test('a forwarded host is believed from a trusted proxy only, and the path\'s own header from nobody', async (t) => {
  const spoof = async (more: Record<string, string>) => {
    const { app, ada, eve } = await setUp(t, more)
    const forwarded = { 'x-forwarded-host': `${ada.tenant!.slug}.apps.example.com` }
    const answers = [await codeOf(members(app, eve, forwarded)), (await members(app, ada, forwarded)).status, await codeOf(members(app, ada, { ...forwarded, host: `${eve.tenant!.slug}.apps.example.com` })),
      await codeOf(members(app, eve, { 'x-gw-path-tenant': ada.tenant!.slug })), await codeOf(members(app, eve, { forwarded: `host=${forwarded['x-forwarded-host']}`, 'x-original-host': forwarded['x-forwarded-host'] }))]
    return answers
  }
  assert.deepEqual(await spoof({}), ['200', 200, '403 tenant.mismatch', '200', '200'])
  assert.deepEqual(await spoof({ TRUST_PROXY: '127.0.0.1' }), ['403 tenant.mismatch', 200, '200', '200', '200'])
  assert.deepEqual(await spoof({ TRUST_PROXY: '10.0.0.0/8' }), ['200', 200, '403 tenant.mismatch', '200', '200'], 'a proxy elsewhere')
})

test('a domain opens its tenant once its record is found, and no longer once the record or the domain is gone', async (t) => {
  const { app, ada, records, both } = await setUp(t)
  const guest = await both()
  const at = (name: string) => codeOf(members(app, guest, { host: name }))
  const name = 'bücher.lighthouse.example'
  const domain = await app.ok(ada, 'POST', '/domains', { name })
  assert.deepEqual([domain.name, domain.status, domain.verifiedAt], ['xn--bcher-kva.lighthouse.example', 'pending', null])
  assert.equal(domain.record.name, '_groundwork-challenge.xn--bcher-kva.lighthouse.example')
  const verify = () => app.ok(ada, 'POST', `/domains/${domain.id}/verify`)
  assert.match((await verify()).problem, /no TXT record/)
  records.set(domain.record.name, ['groundwork-verification=of-somebody-else'])
  assert.match((await verify()).problem, /another value/)
  records.set(domain.record.name, new Error('the domain name system gave no answer (ETIMEOUT)'))
  assert.match((await verify()).problem, /no answer/)
  assert.equal(await at('bücher.lighthouse.example'), '400 tenant.required', 'named is not proved')
  records.set(domain.record.name, [domain.record.value])
  const proved = await verify()
  assert.deepEqual([proved.status, proved.problem], ['verified', null])
  await app.settled()
  for (const host of ['xn--bcher-kva.lighthouse.example', 'XN--BCHER-KVA.lighthouse.example:443']) assert.equal(await at(host), '200', host)

  const look = async () => {
    await app.query(`update domains set checked_at = now() - interval '1 day'`)
    await app.query(`update jobs set run_at = now(), status = 'ready' where id = (select id from jobs where name = 'tenancy.recheck-domains' order by id limit 1)`)
    app.kernel.bell.ring()
    await app.settled()
    return (await app.ok(ada, 'GET', `/domains/${domain.id}`)).status
  }
  assert.equal(await look(), 'verified')
  records.set(domain.record.name, new Error('the domain name system gave no answer (ETIMEOUT)'))
  assert.equal(await look(), 'verified', 'trouble on the way is forgiven')
  await app.query(`update domains set failing_since = now() - interval '4 days'`)
  assert.equal(await look(), 'lapsed', 'but not for ever')
  assert.equal(await at('xn--bcher-kva.lighthouse.example'), '400 tenant.required')
  records.set(domain.record.name, [domain.record.value])
  assert.equal((await verify()).status, 'verified')
  records.delete(domain.record.name)
  assert.equal(await look(), 'lapsed', 'a record that is gone is not waited for')
  records.set(domain.record.name, [domain.record.value])
  await verify()
  await app.settled()
  assert.equal(await at('xn--bcher-kva.lighthouse.example'), '200')
  assert.equal((await app.as(ada, 'DELETE', `/domains/${domain.id}`)).status, 204)
  await app.settled()
  assert.equal(await at('xn--bcher-kva.lighthouse.example'), '400 tenant.required')
  const again = await app.ok(ada, 'POST', '/domains', { name })
  assert.notEqual(again.record.value, domain.record.value, 'a fresh value')
  const names = (await app.query<{ name: string }>(`select name from events where subject_id = $1 order by seq`, [domain.id])).map((e) => e.name)
  assert.deepEqual(names, ['domain.added', 'domain.refused', 'domain.refused', 'domain.refused', 'domain.verified', 'domain.rechecked', 'domain.refused', 'domain.lapsed', 'domain.verified', 'domain.lapsed', 'domain.verified', 'domain.removed'])
})

test('what another tenant proved is nobody else\'s, nor what lies under it; of two at once one wins', async (t) => {
  const { app, ada, eve, records, prove } = await setUp(t)
  await prove(ada, 'lighthouse.example')
  for (const name of ['lighthouse.example', 'LIGHTHOUSE.example.', 'shop.lighthouse.example', 'a.b.lighthouse.example']) assert.equal(await codeOf(app.as(eve, 'POST', '/domains', { name })), '409 domain.taken', name)
  assert.equal((await app.as(ada, 'POST', '/domains', { name: 'shop.lighthouse.example' })).status, 201, 'its own tenant may')
  assert.equal((await app.as(eve, 'POST', '/domains', { name: 'notlighthouse.example' })).status, 201)
  // named by both before either proved it
  const [mine, theirs] = [await app.ok(ada, 'POST', '/domains', { name: 'pier.example' }), await app.ok(eve, 'POST', '/domains', { name: 'east.pier.example' })]
  assert.notEqual(mine.record.value, theirs.record.value)
  records.set(mine.record.name, [mine.record.value])
  records.set(theirs.record.name, [theirs.record.value])
  await app.ok(ada, 'POST', `/domains/${mine.id}/verify`)
  assert.equal(await codeOf(app.as(eve, 'POST', `/domains/${theirs.id}/verify`)), '409 domain.taken')
  const [one, other] = [await app.ok(ada, 'POST', '/domains', { name: 'quay.example' }), await app.ok(eve, 'POST', '/domains', { name: 'quay.example' })]
  records.set(one.record.name, [one.record.value, other.record.value])
  const answers = await Promise.all([app.as(ada, 'POST', `/domains/${one.id}/verify`), app.as(eve, 'POST', `/domains/${other.id}/verify`)])
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 409])
})

test('what is no domain of one\'s own is refused by field', async (t) => {
  const { app, ada } = await setUp(t)
  for (const name of ['https://work.example', 'work.example/path', 'work', 'localhost', 'a.local', '192.168.0.1', '[::1]', '*.example.com', 'groundwork.example.com', 'apps.example.com', 'x.apps.example.com', '-a.example', 'a..example', 'a b.example', '1.2.3', `${'a'.repeat(64)}.example`]) {
    const { status, body } = await app.as(ada, 'POST', '/domains', { name })
    assert.deepEqual([status, body.errors?.[0]?.path], [422, '/name'], name)
  }
  await app.ok(ada, 'POST', '/domains', { name: 'work.example' })
  assert.equal(await codeOf(app.as(ada, 'POST', '/domains', { name: 'Work.Example.' })), '409 conflict')
})

test('a proxy may fetch certificates for proved domains and tenants\' subdomains, and for nothing else', async (t) => {
  const { app, ada, eve, prove } = await setUp(t)
  await prove(ada, 'work.lighthouse.example')
  await app.ok(eve, 'POST', '/domains', { name: 'only.named.example' })
  const ask = (domain: string) => codeOf(app.as(undefined, 'GET', `/domains/ask?domain=${encodeURIComponent(domain)}`))
  for (const name of ['work.lighthouse.example', 'WORK.lighthouse.example.', `${ada.tenant!.slug}.apps.example.com`]) assert.equal(await ask(name), '200', name)
  for (const name of ['only.named.example', 'nobody.apps.example.com', 'groundwork.example.com', 'apps.example.com', 'a.work.lighthouse.example', '127.0.0.1', 'evil.example']) assert.equal(await ask(name), '404 domain.not_found', name)
  await app.ok(ada, 'DELETE', `/tenants/${ada.tenant!.id}`)
  await app.settled()
  assert.equal(await ask('work.lighthouse.example'), '404 domain.not_found', 'a closed tenant')
})

test('a tenant that is being deleted is closed at once, with its reason, and open again when taken back', async (t) => {
  const { app, ada } = await setUp(t)
  await app.ok(ada, 'DELETE', `/tenants/${ada.tenant!.id}`)
  await app.settled()
  assert.equal(await codeOf(app.as(ada, 'GET', '/members')), '403 tenant.deleting')
  assert.equal((await app.as(ada, 'GET', '/users/me')).status, 200, 'the person is not')
  await app.ok(ada, 'POST', `/tenants/${ada.tenant!.id}/restore`)
  await app.settled()
  assert.equal((await app.as(ada, 'GET', '/members')).status, 200)
})

test('with one tenant for all there are no doors to tell apart', async (t) => {
  const app = await testApp(t, { settings: { ...settings, ENABLE_MULTI_TENANT: 'false' } })
  const ada = await app.register('Ada', { tenantName: 'Only' })
  for (const host of ['nobody.apps.example.com', 'anything.example']) assert.equal((await members(app, ada, { host })).status, 200, host)
  assert.equal(await codeOf(app.as(ada, 'GET', '/domains')), '404 not_found')
  assert.equal(await codeOf(app.as(ada, 'POST', '/domains', { name: 'work.example' })), '404 not_found')
})

test('names of hosts have one form', () => {
  for (const [given, name] of [['Example.COM:443', 'example.com'], ['example.com.', 'example.com'], ['bücher.example', 'xn--bcher-kva.example'], ['ｅxample.com', 'example.com'], ['127.0.0.1:80', undefined], ['[::1]', undefined], ['', undefined], ['a/b', undefined], ['a@b.c', undefined], ['-a.b', undefined], ['a..b', undefined]] as const) assert.equal(canonicalHost(given), name, given)
  assert.deepEqual(['a.b', 'a', 'a.localhost', 'a.1'].map(isDomain), [true, false, false, false])
  assert.deepEqual(['team.base.example', 'a.b.base.example', 'base.example', 'xn--a.base.example', 'www.base.example'].map((name) => slugBelow('base.example', name)), ['team', null, undefined, null, null])
  assert.deepEqual(withParents('a.b.example.com'), ['a.b.example.com', 'b.example.com', 'example.com'])
})
