// Identity providers for tests: OpenID Connect on a port of its own, and SAML by a kept library that signs as real ones do.
import { generateKeyPairSync, sign } from 'node:crypto'
import http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type IdpPerson = { sub: string; email?: string; email_verified?: boolean; name?: string; groups?: string[]; [claim: string]: unknown }
/** What a dishonest or broken provider would do. */
export type Mischief = Partial<{ nonce: string; issuer: string; audience: string; subject: string; key: 'other' | 'none'; expired: boolean; iss: string }>

/** Signs `person` in at once, whoever asks; checks client, secret, redirect and PKCE as a provider must. */
export async function oidcProvider(t: Pick<TestContext, 'after'>, { clientId = 'groundwork', clientSecret = 'secret of the client' } = {}) {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const other = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, { challenge: string; nonce: string; redirect: string; person: IdpPerson }>()
  const state = { person: { sub: 'nobody' } as IdpPerson, mischief: {} as Mischief, asked: [] as string[] }
  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url!, issuer)
    state.asked.push(`${req.method} ${url.pathname}`)
    const json = (body: unknown, status = 200) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const parts: Buffer[] = []
    for await (const part of req) parts.push(part as Buffer)
    const form = new URLSearchParams(Buffer.concat(parts).toString())
    if (url.pathname === '/.well-known/openid-configuration') return json({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/userinfo`, authorization_response_iss_parameter_supported: true, id_token_signing_alg_values_supported: ['RS256'], response_types_supported: ['code'], subject_types_supported: ['public'] })
    if (url.pathname === '/jwks') return json({ keys: [jwk] })
    if (url.pathname === '/authorize') {
      const code = `code-${codes.size}-${Math.random()}`
      codes.set(code, { challenge: url.searchParams.get('code_challenge')!, nonce: url.searchParams.get('nonce')!, redirect: url.searchParams.get('redirect_uri')!, person: state.person })
      const back = new URL(url.searchParams.get('redirect_uri')!)
      for (const [name, value] of [['code', code], ['state', url.searchParams.get('state')!], ['iss', state.mischief.iss ?? issuer]]) back.searchParams.set(name!, value!)
      return res.writeHead(302, { location: back.href }).end()
    }
    if (url.pathname === '/token') {
      const found = codes.get(form.get('code') ?? '')
      codes.delete(form.get('code') ?? '')
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(form.get('code_verifier') ?? ''))).toString('base64url')
      const basic = Buffer.from((req.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString().split(':').map(decodeURIComponent).map((v) => v.replaceAll('+', ' '))
      if (basic[0] !== clientId || basic[1] !== clientSecret) return json({ error: 'invalid_client' }, 401)
      if (!found || found.challenge !== digest || found.redirect !== form.get('redirect_uri')) return json({ error: 'invalid_grant' }, 400)
      const m = state.mischief
      const { sub, ...claims } = found.person
      const token = new SignJWT({ ...claims, nonce: m.nonce ?? found.nonce }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).setSubject(m.subject ?? sub).setIssuer(m.issuer ?? issuer).setAudience(m.audience ?? clientId).setIssuedAt().setExpirationTime(m.expired ? '-10m' : '5m')
      let id = await token.sign(m.key === 'other' ? other.privateKey : privateKey)
      if (m.key === 'none') id = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${id.split('.')[1]}.`
      return json({ access_token: `at ${JSON.stringify(found.person)}`, token_type: 'Bearer', expires_in: 300, id_token: id })
    }
    if (url.pathname === '/userinfo') return json(JSON.parse((req.headers.authorization ?? '').replace(/^Bearer at /, '') || '{}'))
    return json({}, 404)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))))
  /** Follows the way out, as a browser would. @returns the address it is sent back to */
  const follow = async (out: string): Promise<string> => (await globalThis.fetch(out, { redirect: 'manual' })).headers.get('location') ?? out
  return { issuer, clientId, clientSecret, state, follow }
}

/** As much of the library as is used; its own types bring the browser's globals with them. */
type Samlify = {
  setSchemaValidator(validator: { validate(xml: string): Promise<string> }): void
  SamlLib: { replaceTagsByValue(template: string, values: Record<string, string>): string }
  Constants: { namespace: { binding: Record<'redirect' | 'post', string> } }
  ServiceProvider(settings: object): object
  IdentityProvider(settings: object): { getMetadata(): string; createLoginResponse(sp: object, request: object, binding: string, user: object, more: object): Promise<{ context: string }> }
}
/** A key and a certificate that it signed itself (RFC 5280), in PEM. @param of the server it is for: a name, an address (IPv4), or none */
export function selfSigned({ name: dns, address }: { name?: string; address?: string } = {}): { certificate: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const size = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
    return Buffer.concat([Buffer.from([tag, ...size]), body])
  }
  const algorithm = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex')) // sha256WithRSAEncryption
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('idp')))))
  const time = (text: string) => der(0x17, Buffer.from(text))
  const names = [...(dns ? [der(0x82, Buffer.from(dns))] : []), ...(address ? [der(0x87, Buffer.from(address.split('.').map(Number)))] : [])]
  // version 3 with subjectAltName, where there is a name to say
  const extensions = names.length ? [der(0xa3, der(0x30, der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, der(0x30, ...names)))))] : []
  const body = der(0x30, ...(names.length ? [der(0xa0, der(0x02, Buffer.from([2])))] : []), der(0x02, Buffer.from([1])), algorithm, name, der(0x30, time('250101000000Z'), time('490101000000Z')), name, publicKey.export({ type: 'spki', format: 'der' }), ...extensions)
  const whole = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)))
  return { certificate: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}
/** @param certificate, key PEM */
export function samlProvider({ certificate, key, entityId = 'https://idp.example.test/saml' }: { certificate: string; key: string; entityId?: string }) {
  const samlify = createRequire(import.meta.url)('samlify') as Samlify
  samlify.setSchemaValidator({ validate: async () => 'skipped' })
  const { SamlLib, IdentityProvider, ServiceProvider, Constants } = samlify
  const idp = IdentityProvider({
    entityID: entityId, signingCert: certificate, privateKey: key, isAssertionEncrypted: false, requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', messageSigningOrder: 'sign-then-encrypt',
    nameIDFormat: ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
    singleSignOnService: [{ Binding: Constants.namespace.binding.redirect, Location: 'https://idp.example.test/sso' }], singleLogoutService: [{ Binding: Constants.namespace.binding.redirect, Location: 'https://idp.example.test/slo' }],
    loginResponseTemplate: {
      context: `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ID}" Version="2.0" IssueInstant="{IssueInstant}" Destination="{Destination}" InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="{StatusCode}"/></samlp:Status><saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{AssertionID}" Version="2.0" IssueInstant="{IssueInstant}"><saml:Issuer>{Issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">{NameID}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{NotOnOrAfter}" Recipient="{Recipient}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{NotBefore}" NotOnOrAfter="{NotOnOrAfter}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AttributeStatement><saml:Attribute Name="displayName"><saml:AttributeValue>{Name}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>{Group}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`,
      attributes: [],
    },
  })
  return {
    entityId,
    metadata: () => idp.getMetadata(),
    /** @param over values of the template to tell lies with @returns the XML, signed */
    async answer(to: { acs: string; entityId: string; requestId: string }, person: { nameId: string; name?: string; group?: string }, over: Record<string, string> = {}, { signed = 'assertion' as 'assertion' | 'message' } = {}): Promise<string> {
      const sp = ServiceProvider({ entityID: to.entityId, wantAssertionsSigned: signed === 'assertion', wantMessageSigned: signed === 'message', assertionConsumerService: [{ Binding: Constants.namespace.binding.post, Location: to.acs }] })
      const now = Date.now()
      const values: Record<string, string> = {
        ID: `_r${now}${Math.random()}`.replace('.', ''), AssertionID: `_a${now}${Math.random()}`.replace('.', ''), IssueInstant: new Date(now).toISOString(), Destination: to.acs, InResponseTo: to.requestId, Issuer: entityId, StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success',
        NameID: person.nameId, NotBefore: new Date(now - 1000).toISOString(), NotOnOrAfter: new Date(now + 300_000).toISOString(), Recipient: to.acs, Audience: to.entityId, Name: person.name ?? 'Somebody', Group: person.group ?? '', ...over,
      }
      const { context } = await idp.createLoginResponse(sp, { extract: { request: { id: to.requestId } } }, 'post', {}, { customTagReplacement: (template: string) => ({ id: values.ID!, context: SamlLib.replaceTagsByValue(template, values) }) })
      return Buffer.from(context, 'base64').toString('utf8')
    },
  }
}
