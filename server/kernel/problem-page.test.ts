import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../testing/app.ts'
import { testHttp } from '../testing/http.ts'

const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
test('a browser that goes where nothing is reads a page with a way home; programs and the API get the document', async (t) => {
  const { http } = await testApp(t)
  for (const url of ['/login/none', '/t/nobody/none', '/assets/%3Cscript%3E']) {
    const page = await http.inject({ url, headers: { accept: html } })
    assert.deepEqual([page.statusCode, page.headers['content-type'], page.headers['cache-control']], [404, 'text/html; charset=utf-8', 'no-store'], url)
    assert.match(page.body, /<h1>Nothing lives here<\/h1>[^]*<a href="\/">Go home<\/a>[^]*404 · /)
    assert.ok(!/<script/i.test(page.body))
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'self'; frame-ancestors 'none'/)
  }
  for (const [url, accept] of [['/api/v1/none', html], ['/login/none', 'application/json'], ['/hooks/none', html]] as const)
    assert.match(String((await http.inject({ url, headers: { accept } })).headers['content-type']), /^application\/problem\+json/, url)
})

test('what fails says so, without a word of why', async (t) => {
  const { app } = await testHttp(t, { modules: () => [], groups: [] })
  app.get('/broken', async () => { throw new Error('secret <detail>') })
  const { statusCode, headers, body } = await app.inject({ url: '/broken', headers: { accept: html } })
  assert.deepEqual([statusCode, headers['content-type'], body.includes('secret')], [500, 'text/html; charset=utf-8', false])
  assert.match(body, /<h1>This did not work<\/h1>[^]*500 · internal · /)
})
