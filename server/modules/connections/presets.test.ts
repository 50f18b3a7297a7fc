// Presets are data (S0.7): each is read, and each of its operations is asked of a stub and compared with what the provider's document says.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import PostalMime from 'postal-mime'
import { openSmtpMail } from '../../adapters/mail-smtp.ts'
import { testApp } from '../../testing/app.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { createDesk, type HttpConnection } from './api.ts'
import { letterFrom } from './letter.ts'
import { readPresets, requestOf } from './presets.ts'

type Expected = { input: Record<string, unknown>; method: string; path: string; query?: Record<string, string>; body?: unknown }
/** Written from the documents that the preset files name at each operation, not from the files. */
const documented: Record<string, { base: string; headers: Record<string, string>; test: [string, string]; operations: Record<string, Expected> }> = {
  slack: { // https://docs.slack.dev/apis/web-api/: JSON bodies need a bearer token in the header
    base: 'https://slack.com/api', headers: { authorization: 'Bearer tok' }, test: ['POST', '/auth.test'],
    operations: {
      'chat.postMessage': { input: { channel: 'C123', text: 'hi' }, method: 'POST', path: '/chat.postMessage', body: { channel: 'C123', text: 'hi' } },
      'conversations.list': { input: { limit: 5, types: 'public_channel' }, method: 'GET', path: '/conversations.list', query: { limit: '5', types: 'public_channel' } },
      'users.lookupByEmail': { input: { email: 'a@b.test' }, method: 'GET', path: '/users.lookupByEmail', query: { email: 'a@b.test' } },
    },
  },
  github: { // https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api: Accept, version and User-Agent
    base: 'https://api.github.com', headers: { authorization: 'Bearer tok', accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', 'user-agent': 'groundwork' }, test: ['GET', '/user'],
    operations: {
      'issues.create': { input: { owner: 'o', repo: 'r', title: 'T', body: 'B', labels: ['bug'] }, method: 'POST', path: '/repos/o/r/issues', body: { title: 'T', body: 'B', labels: ['bug'] } },
      'issues.list': { input: { owner: 'o', repo: 'r', state: 'open', per_page: 10 }, method: 'GET', path: '/repos/o/r/issues', query: { state: 'open', per_page: '10' } },
      'issues.comment': { input: { owner: 'o', repo: 'r', issue_number: 7, body: 'B' }, method: 'POST', path: '/repos/o/r/issues/7/comments', body: { body: 'B' } },
    },
  },
  hubspot: { // https://developers.hubspot.com/docs/api-reference/overview
    base: 'https://api.hubapi.com', headers: { authorization: 'Bearer tok', 'content-type': 'application/json' }, test: ['GET', '/crm/v3/objects/contacts'],
    operations: {
      'contacts.create': { input: { properties: { email: 'a@b.test' } }, method: 'POST', path: '/crm/v3/objects/contacts', body: { properties: { email: 'a@b.test' } } },
      'contacts.search': { input: { query: 'ada', limit: 3 }, method: 'POST', path: '/crm/v3/objects/contacts/search', body: { query: 'ada', limit: 3 } },
      'deals.create': { input: { properties: { dealname: 'D' } }, method: 'POST', path: '/crm/v3/objects/deals', body: { properties: { dealname: 'D' } } },
    },
  },
  gmail: { // https://developers.google.com/workspace/gmail/api/reference/rest: service endpoint gmail.googleapis.com, resource paths /gmail/v1/users/{userId}/...
    base: 'https://gmail.googleapis.com/gmail/v1', headers: { authorization: 'Bearer tok' }, test: ['GET', '/users/me/profile'],
    operations: {
      // `raw`: the message as RFC 2822 writes it, in base64url; https://developers.google.com/workspace/gmail/api/guides/sending
      'messages.send': {
        input: { to: 'ada@example.test, bob@example.test', subject: 'Grüße 🌷', text: 'Hello', threadId: 't1' }, method: 'POST', path: '/users/me/messages/send',
        body: { threadId: 't1', raw: Buffer.from('To: ada@example.test,\r\n bob@example.test\r\nSubject: =?utf-8?B?R3LDvMOfZSDwn4y3?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=').toString('base64url') },
      },
      'messages.sendRaw': { input: { raw: 'RnJvbTo' }, method: 'POST', path: '/users/me/messages/send', body: { raw: 'RnJvbTo' } },
      'messages.list': { input: { q: 'is:unread', maxResults: 2 }, method: 'GET', path: '/users/me/messages', query: { q: 'is:unread', maxResults: '2' } },
      'messages.get': { input: { id: 'a b/c', format: 'full' }, method: 'GET', path: '/users/me/messages/a%20b%2Fc', query: { format: 'full' } },
    },
  },
}

test('every operation of every preset asks what the provider documents: method, path, headers and body', async (t) => {
  const side = await openOtherSide(t, ({ path: asked }) => (asked.endsWith('/token') ? { body: { access_token: 'tok', token_type: 'Bearer' } } : { body: { ok: true } }))
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.9' } })
  const ada = await app.register('Ada')
  const desk = createDesk({ kernel: app.kernel, openMail: async (to) => openSmtpMail(to) })
  const ctx = app.kernel.app.context({ tenant: ada.tenant!.id, actor: { type: 'user', id: ada.user.id }, request: 'test', role: 'owner' })
  assert.deepEqual(desk.presets.map(({ type }) => type), Object.keys(documented).sort())
  for (const preset of desk.presets) {
    const { base, headers, test: ping, operations } = documented[preset.type]!
    assert.equal(preset.baseUrl, base)
    const folder = new URL(base).pathname.replace(/\/$/, '')
    const isOAuth = preset.auth.type === 'oauth'
    const { id } = await app.ok(ada, 'POST', '/connections', { name: preset.title, type: preset.type, settings: { baseUrl: `${side.url}${folder}`, ...(isOAuth ? { clientId: 'c', tokenUrl: `${side.url}/token` } : {}) }, secrets: isOAuth ? { clientSecret: 'secret' } : { token: 'tok' } })
    if (isOAuth) {
      const { url } = await app.ok(ada, 'POST', `/connections/${id}/authorize`)
      const asked = new URL(url).searchParams
      assert.deepEqual([new URL(url).origin, asked.get('access_type'), asked.get('scope')!.includes('gmail.send')], ['https://accounts.google.com', 'offline', true]) // https://developers.google.com/identity/protocols/oauth2/web-server
      await app.ok(ada, 'POST', '/connections/complete', { state: asked.get('state'), code: 'code' })
    }
    assert.deepEqual(Object.keys(preset.operations).sort(), Object.keys(operations).sort(), preset.type)
    const opened = (await desk.open(ctx, id)) as HttpConnection
    for (const [name, expected] of Object.entries(operations)) {
      await opened.operation(name, expected.input)
      const heard = side.heard.at(-1)!
      assert.deepEqual({ method: heard.method, path: heard.path, query: heard.query, body: heard.body ? (JSON.parse(heard.body) as unknown) : undefined }, { method: expected.method, path: `${folder}${expected.path}`, query: expected.query ?? {}, body: expected.body }, `${preset.type} ${name}`)
      for (const [header, value] of Object.entries(headers)) if (header !== 'content-type' || heard.body) assert.equal(heard.headers[header], value, `${preset.type} ${name} ${header}`)
      if (heard.body) assert.match(String(heard.headers['content-type']), /^application\/json/)
    }
    assert.deepEqual(await opened.test(), { ok: true, message: 'it answers 200' })
    assert.deepEqual([side.heard.at(-1)!.method, side.heard.at(-1)!.path], [ping[0], `${folder}${ping[1]}`])
  }
})

test('an answer that says it refuses is no success, though its status is 200', async (t) => {
  const side = await openOtherSide(t, () => ({ body: { ok: false, error: 'invalid_auth' } }))
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.9' } })
  const ada = await app.register('Ada')
  const { id } = await app.ok(ada, 'POST', '/connections', { name: 's', type: 'slack', settings: { baseUrl: side.url }, secrets: { token: 'xoxb-1' } })
  assert.deepEqual(await app.ok(ada, 'POST', `/connections/${id}/test`), { ok: false, message: 'it answers, and refuses: invalid_auth' })
})

test('values of a path stay one segment; what is missing or unknown is named', () => {
  const github = readPresets().find(({ type }) => type === 'github')!
  assert.equal(requestOf(github, 'issues.create', { owner: 'a/b', repo: 'c?d#e', title: 't' }).path, '/repos/a%2Fb/c%3Fd%23e/issues')
  for (const owner of ['.', '..']) assert.throws(() => requestOf(github, 'issues.list', { owner, repo: 'r' }), /cannot stand in a path/)
  assert.throws(() => requestOf(github, 'issues.create', { owner: 'o', repo: 'r' }), /needs title/)
  assert.throws(() => requestOf(github, 'issues.create', { owner: 'o', repo: 'r', title: 't', nonsense: 1 }), /knows no nonsense/)
  assert.throws(() => requestOf(github, 'issues.nonsense', {}), /no operation/)
})

test('a letter for a service is what was meant: any words, any length, and no recipient or header that nobody gave', async () => {
  const read = async (fields: Parameters<typeof letterFrom>[0]) => PostalMime.parse(Buffer.from(letterFrom(fields), 'base64url'))
  const subject = `Ein Gruß aus ${'Überlingen 🌷 '.repeat(40)}`.trim()
  const text = `${'Zeile é 🌷\n'.repeat(500)}.\n--=_alternative--\nEnd`
  const mail = await read({ to: ['ada@example.test', 'bob@example.test'], cc: 'eve@example.test', bcc: '', subject, text, html: '<p>é</p>' })
  assert.deepEqual([mail.to?.map(({ address }) => address), mail.cc?.map(({ address }) => address), mail.bcc, mail.subject], [['ada@example.test', 'bob@example.test'], ['eve@example.test'], undefined, subject])
  assert.deepEqual([mail.text?.replaceAll('\r\n', '\n').trimEnd(), mail.html?.trim()], [text, '<p>é</p>'])
  const trapped = await read({ to: 'ada@example.test', subject: 'Hi\r\nBcc: evil@example.test\r\n\r\nx', text: 7 })
  assert.deepEqual([trapped.bcc, trapped.subject, trapped.text?.trim()], [undefined, 'Hi Bcc: evil@example.test x', '7'])
  for (const to of ['ada@example.test>\r\nRCPT TO:<z@example.test', 'Ada <ada@example.test>', 'a@b.test;c@d.test', 'nobody', 'a@b.test\nBcc: c@d.test', ['a@b.test', 'ü@b.test']]) assert.throws(() => letterFrom({ to, subject: 's', text: 't' }), /to holds [^]* which is no address/, String(to))
})

test('a file that is no preset is named at the start', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'presets-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'broken.json'), '{ "type": "broken" }')
  assert.throws(() => readPresets(pathToFileURL(`${folder}/`)), /broken\.json is no preset/)
})
