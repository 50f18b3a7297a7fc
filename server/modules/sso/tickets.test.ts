// A customer's IT sets single sign-on up by one link: from the link to a signed-in person, and what a used, ended, withdrawn or worthless link meets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signed } from '../../testing/app.ts'
import { oidcProvider } from '../../testing/identity-provider.ts'
import { faultOf, refreshOf, ssoApp, type SsoApp } from '../../testing/sso.ts'

type Browser = ReturnType<SsoApp['browser']>
type Page = Awaited<ReturnType<Browser['get']>>
/** The form of a page that leads to this address. */
const formOf = (page: Page, action: string): Page => {
  const at = String(page.body).indexOf(`<form method="post" action="${action}"`)
  assert.ok(at >= 0, `no form leads to ${action}: ${String(page.body).slice(-2500)}`)
  return { ...page, body: String(page.body).slice(at, String(page.body).indexOf('</form>', at)) }
}
const pathOf = (url: string) => url.replace('http://localhost:8080', '')
const begin = async (b: Browser, url: string) => b.submit(await b.get(pathOf(url)), {})
const step = (b: Browser) => b.get('/login/setup/step')

test('from the link to a sign-in: protocol, values, domain, trial, enable; a mistyped value burns nothing', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  await app.register('Operator')
  const ada = await app.register('Ada')
  const ticket = await app.ok(ada, 'POST', '/sso-tickets', { days: 2, note: 'for the IT of Acme' })
  assert.match(ticket.url, /\/login\/setup\?ticket=sst_[\w-]{43}$/)
  assert.deepEqual([ticket.status, ticket.createdBy], ['open', ada.user.id])
  const b = app.browser()
  await b.get(pathOf(ticket.url))
  await app.browser().get(pathOf(ticket.url)) // programs that follow links use nothing up
  assert.equal((await begin(b, ticket.url)).headers.location, '/login/setup/step')
  assert.match(String((await step(b)).body), /OpenID Connect[^]*SAML 2\.0/)
  const values = await b.get('/login/setup/step?protocol=oidc')
  assert.ok(!/<script/.test(String(values.body)))
  const wrong = await b.submit(values, { issuer: 'not an address', clientId: 'groundwork', clientSecret: 'x' })
  assert.equal(wrong.status, 422)
  assert.match(faultOf(wrong), /issuer/)
  assert.equal((await b.submit(wrong, { issuer: `${idp.issuer}/typo`, clientId: idp.clientId, clientSecret: idp.clientSecret })).headers.location, '/login/setup/step')
  const unreachable = await b.submit(formOf(await step(b), '/login/setup/test'), {})
  assert.deepEqual([unreachable.status, /cannot be asked/.test(faultOf(unreachable))], [422, true])
  const [{ id }] = (await app.ok(ada, 'GET', '/sso-providers')).items
  await app.ok(ada, 'PATCH', `/sso-providers/${id}`, { oidc: { issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret } })

  assert.equal((await b.submit(formOf(await step(b), '/login/setup/domain'), { name: 'no domain' })).status, 422)
  assert.equal((await b.submit(formOf(await step(b), '/login/setup/enable'), {})).status, 409)
  await b.submit(formOf(await step(b), '/login/setup/domain'), { name: 'acme.test' })
  const [domain] = (await app.ok(ada, 'GET', '/domains')).items
  app.records.set(domain.record.name, domain.record.value)
  await b.submit(formOf(await step(b), '/login/setup/verify'), {})
  assert.match(String((await step(b)).body), /acme\.test<\/strong> is proven/)

  idp.state.person = { sub: 'it', email: 'it@acme.test', email_verified: true, name: 'IT' }
  const tried = await b.submit(formOf(await step(b), '/login/setup/test'), {})
  const back = await b.get(pathOf(await idp.follow(String((await b.get(refreshOf(tried))).headers.location))))
  assert.equal(back.headers.location, '/login/setup/step', faultOf(back))
  assert.equal((await b.submit(formOf(await step(b), '/login/setup/enable'), {})).headers.location, '/login/setup/step')
  assert.match(String((await step(b)).body), /Single sign-on works/)

  const person = app.browser()
  const out = refreshOf(await person.submit(await person.get('/login/sso'), { email: 'it@acme.test' }))
  assert.equal((await person.get(pathOf(await idp.follow(out)))).status, 303)
  assert.equal((await person.post('/auth/session')).body.tenant.id, ada.tenant!.id)

  const log = async (tenant: string) => (await app.query<{ name: string; step: string | null }>(`select name, data ->> 'step' as step from events where tenant_id = $1 and name like 'sso-ticket.%' order by seq`, [tenant])).map((e) => [e.name.slice(11), e.step].filter(Boolean).join(' '))
  const told = ['issued', 'opened', 'step-taken configured', 'step-taken domain added', 'step-taken domain looked up', 'step-taken test passed', 'step-taken enabled']
  assert.deepEqual(await log(ada.tenant!.id), told)
  assert.deepEqual(await log('00000000-0000-0000-0000-000000000000'), told, 'the platform\'s log tells the same')
  const texts = (await app.query<{ text: string }>(`select data::text as text from events`)).map((e) => e.text).join('\n')
  assert.ok(!texts.includes('sst_') && !texts.includes(idp.clientSecret))
  assert.equal((await app.ok(ada, 'GET', '/sso-tickets')).items[0].status, 'used')
})

test('a link opens once: the second browser is refused, of two at once one wins, and the log tells', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const { url } = await app.ok(ada, 'POST', '/sso-tickets', {})
  const two = [app.browser(), app.browser()] as const
  const pages = [await two[0].get(pathOf(url)), await two[1].get(pathOf(url))] as const
  const answers = await Promise.all([two[0].submit(pages[0], {}), two[1].submit(pages[1], {})])
  assert.deepEqual(answers.map((a) => a.status).sort(), [303, 422])
  assert.match(faultOf(await app.browser().get(pathOf(url))), /opens once/)
  assert.equal((await step(app.browser())).status, 422)
  assert.ok((await app.query(`select 1 from events where name = 'sso-ticket.refused' and tenant_id = $1`, [ada.tenant!.id])).length >= 2)
})

test('an ended, withdrawn, invented or worthless link opens nothing, also in the midst of a set-up', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const admin = await app.member(ada, 'admin', 'Admin')
  const issue = async (who: Signed, body = {}) => app.ok(who, 'POST', '/sso-tickets', body)
  assert.equal((await app.as(ada, 'POST', '/sso-tickets', { days: 6 })).status, 422)
  assert.equal((await app.as(await app.member(ada, 'member'), 'POST', '/sso-tickets', {})).status, 403)
  const open = async (url: string) => {
    const b = app.browser()
    await begin(b, url)
    assert.equal((await step(b)).status, 200)
    return b
  }
  const withdrawn = await issue(ada)
  const b = await open(withdrawn.url)
  assert.equal((await app.as(ada, 'DELETE', `/sso-tickets/${withdrawn.id}`)).status, 204)
  assert.match(faultOf(await step(b)), /withdrawn/)
  const ended = await issue(ada)
  const late = await open(ended.url)
  await app.query(`update sso_tickets set expires_at = now() - interval '1 second' where id = $1`, [ended.id])
  assert.match(faultOf(await step(late)), /has ended/)
  const [theirs, unopened] = [await issue(admin), await issue(admin)]
  const demoted = await open(theirs.url)
  await app.ok(ada, 'PATCH', `/members/${admin.user.id}`, { role: 'member' })
  assert.match(faultOf(await step(demoted)), /may no longer/)
  assert.match(faultOf(await app.browser().get(pathOf(unopened.url))), /may no longer/)
  assert.match(faultOf(await app.browser().get('/login/setup?ticket=sst_invented')), /not known/)
  const eve = await app.register('Eve')
  assert.equal((await app.as(eve, 'DELETE', `/sso-tickets/${unopened.id}`)).status, 404)
  assert.deepEqual((await app.ok(eve, 'GET', '/sso-tickets')).items, [])
  const under = await open((await issue(ada)).url)
  await app.ok(ada, 'PATCH', `/tenants/${ada.tenant!.id}`, { status: 'suspended' })
  assert.match(faultOf(await step(under)), /The team is closed/)
})
