// Answers of a SAML provider, as a kept library signs them, and what is known to be tried against those who read them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { samlProvider, selfSigned } from '../../testing/identity-provider.ts'
import { newRequestId, readMetadata, readResponse, samlMetadata, SamlRefused, samlRequest } from './saml.ts'

const pair = selfSigned()
const idp = samlProvider(pair)
const provider = { entityId: idp.entityId, ssoUrl: 'https://idp.example.test/sso', certificates: [pair.certificate] }
const asked = () => ({ requestId: newRequestId(), acs: 'http://app.test/login/saml/1', entityId: 'http://app.test/saml/1' })
const encode = (xml: string) => Buffer.from(xml).toString('base64')
const mia = { nameId: 'mia@example.test', name: 'Mia', group: 'engineers' }
const refusedFor = async (xml: string, to: ReturnType<typeof asked>, words: RegExp, what: string) =>
  assert.rejects(readResponse(encode(xml), provider, to), (error: Error) => (assert.ok(error instanceof SamlRefused, `${what}: ${error.stack}`), assert.match(error.message, words, what), true), what)
const assertionOf = (xml: string) => /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)![0]
const signatureOf = (xml: string) => /<ds:Signature.*?<\/ds:Signature>/s.exec(xml)![0]

test('a good answer is read, signed as a whole or in its assertion', async () => {
  for (const signed of ['assertion', 'message'] as const) {
    const to = asked()
    const read = await readResponse(encode(await idp.answer(to, mia, {}, { signed })), provider, to)
    assert.deepEqual([read.subject, read.email, read.name, read.all.groups], ['mia@example.test', 'mia@example.test', 'Mia', ['engineers']], signed)
    assert.ok(read.assertionId.startsWith('_a') && read.minutes > 0)
  }
})

test('one of several certificates is enough, so that they can be rotated; a foreign one is not', async () => {
  const to = asked()
  const xml = await idp.answer(to, mia)
  const other = selfSigned()
  await readResponse(encode(xml), { ...provider, certificates: [other.certificate, pair.certificate] }, to)
  await assert.rejects(readResponse(encode(xml), { ...provider, certificates: [other.certificate] }, to), /signature is not/)
  const forged = await samlProvider(other).answer(to, { nameId: 'root@example.test' }) // brings its own certificate in KeyInfo
  await refusedFor(forged, to, /signature is not/, 'signed by somebody else')
})

test('what was changed, stripped, wrapped, doubled or hidden is refused', async () => {
  const to = asked()
  const xml = await idp.answer(to, mia)
  const whole = assertionOf(xml)
  const evil = whole.replace(signatureOf(xml), '').replaceAll('mia@example.test', 'root@example.test').replace(/ID="_a[^"]+"/, 'ID="_evil"')
  await refusedFor(xml.replaceAll('mia@example.test', 'root@example.test'), to, /signature is not/, 'tampered NameID')
  await refusedFor(xml.replace(signatureOf(xml), ''), to, /not signed/, 'stripped signature')
  await refusedFor(xml.replace(whole, evil + whole), to, /are 2 Assertion/, 'a forged assertion before')
  await refusedFor(xml.replace(whole, whole + evil), to, /are 2 Assertion/, 'a forged assertion after')
  await refusedFor(xml.replace(whole, whole + evil.replaceAll('saml:', 'x:').replaceAll('xmlns:saml=', 'xmlns:x=')), to, /are 2 Assertion/, 'under another prefix')
  await refusedFor(xml.replace(whole, `<samlp:Extensions>${whole}</samlp:Extensions>${evil}`), to, /are 2 Assertion/, 'the signed one in Extensions')
  await refusedFor(xml.replace(whole, evil.replace('<saml:Subject>', `<saml:Advice>${whole}</saml:Advice><saml:Subject>`)), to, /are 2 Assertion/, 'the signed one in Advice')
  const wrapping = evil.replace('</saml:Issuer>', `</saml:Issuer>${signatureOf(xml).replace('</ds:Signature>', `<ds:Object>${whole.replace(signatureOf(xml), '')}</ds:Object></ds:Signature>`)}`)
  await refusedFor(xml.replace(whole, wrapping), to, /are 2 Assertion/, 'the signed one in ds:Object')
  await refusedFor(xml.replace(whole, `<samlp:Extensions>${whole}</samlp:Extensions>`), to, /does not stand where it belongs/, 'only in Extensions')
  await refusedFor(xml.replace(/ID="_r[^"]+"/, `ID="${/ID="(_a[^"]+)"/.exec(xml)![1]}"`), to, /ID stands twice|signature is not/, 'the response borrows the assertion\'s ID')
  await refusedFor(xml.replace(whole, `<saml:EncryptedAssertion/>${whole}`), to, /encrypted/, 'encrypted beside')
  await refusedFor(`<!DOCTYPE x [<!ENTITY a "b">]>${xml}`, to, /document type/, 'entities')
  await refusedFor(xml.replace('rsa-sha256', 'hmac-sha256'), to, /algorithm|signature is not/, 'an HMAC of the public key')
  await refusedFor('<x/>', to, /no SAML response/, 'something else')
  await refusedFor('nothing', to, /well-formed/, 'no XML')
})

test('a comment inside a signed NameID cuts nothing off', async () => {
  const to = asked()
  const xml = await idp.answer(to, { nameId: 'mia@example.test.evil.test' })
  const read = await readResponse(encode(xml.replaceAll('mia@example.test.evil.test', 'mia@example.test<!-- -->.evil.test')), provider, to)
  assert.equal(read.subject, 'mia@example.test.evil.test')
})

test('an answer for another request, address, audience, issuer or time is refused', async () => {
  const to = asked()
  const past = new Date(Date.now() - 600_000).toISOString()
  const future = new Date(Date.now() + 600_000).toISOString()
  for (const [over, words] of [
    [{ InResponseTo: newRequestId() }, /InResponseTo/], [{ InResponseTo: '' }, /no confirmation/], [{ Recipient: 'http://evil.test/' }, /no confirmation/], [{ Destination: 'http://evil.test/' }, /Destination/], [{ Audience: 'http://other.test' }, /audience/],
    [{ Issuer: 'https://evil.test' }, /another issuer/], [{ NotOnOrAfter: past }, /no confirmation|not valid now/], [{ NotBefore: future }, /not valid now/], [{ StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Responder' }, /Responder/],
  ] as [Record<string, string>, RegExp][]) await refusedFor(await idp.answer(to, mia, over), to, words, JSON.stringify(over))
})

test('metadata of a provider are read, ours name where answers go, and a request says who asks', async () => {
  assert.deepEqual({ ...(await readMetadata(idp.metadata())), certificates: 1 }, { entityId: idp.entityId, ssoUrl: 'https://idp.example.test/sso', certificates: 1 })
  await assert.rejects(readMetadata('<x/>'), SamlRefused)
  await assert.rejects(readMetadata(samlMetadata('http://a', 'b')), /IDPSSODescriptor/)
  const to = asked()
  const url = new URL(samlRequest(provider, to, 'relay'))
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest')!, 'base64')).toString()
  assert.equal(url.searchParams.get('RelayState'), 'relay')
  assert.ok(xml.includes(`ID="${to.requestId}"`) && xml.includes(to.acs) && xml.includes(to.entityId))
})
