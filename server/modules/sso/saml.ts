// The service provider's side of SAML 2.0 Web Browser SSO: requests by redirect, answers by POST. Nothing is read from a document but what stands inside
// the one reference its signature covers, as the library canonicalised it; so wrapped, doubled and hidden assertions have nothing to say.
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { Document, Element, Node } from '@xmldom/xmldom'

export type SamlProvider = { entityId: string; ssoUrl: string; /** PEM, or the base64 inside */ certificates: readonly string[] }
export type SamlClaims = { subject: string; email: string | null; name: string; all: Record<string, unknown>; assertionId: string; /** minutes until the assertion ends */ minutes: number }
export type Asked = { requestId: string; acs: string; entityId: string }

const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'
const assertion = 'urn:oasis:names:tc:SAML:2.0:assertion'
const signature = 'http://www.w3.org/2000/09/xmldsig#'
const metadata = 'urn:oasis:names:tc:SAML:2.0:metadata'
const bindings = { redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' }
const c14n = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const transforms = new Set([`${signature}enveloped-signature`, c14n, `${c14n}WithComments`])
const signings = new Set(['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512'])
const digests = new Set(['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'])
const skewMs = 90_000
const mostBytes = 256_000

export class SamlRefused extends Error {}
const no = (reason: string): never => {
  throw new SamlRefused(reason)
}
const escape = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text.replace(/-----[A-Z ]+-----|\s/g, '').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`

async function parse(xml: string): Promise<Document> {
  if (xml.length > mostBytes) no('it is too large')
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) no('it holds a document type')
  const { DOMParser } = await import('@xmldom/xmldom')
  const fail = (level: string, message: string) => {
    if (level !== 'warning') throw new Error(message)
  }
  try {
    return new DOMParser({ onError: fail as never }).parseFromString(xml, 'text/xml')
  } catch (error) {
    return no(`it is no well-formed XML: ${String((error as Error).message).split('\n')[0]!.slice(0, 200)}`)
  }
}
const elements = (root: Document | Element, name: string, ns = '*') => [...(root.getElementsByTagNameNS(ns, name) as unknown as Iterable<Element>)]
const children = (of: Node, name: string, ns: string) => [...(of.childNodes as unknown as Iterable<Element>)].filter((c) => c.nodeType === 1 && c.localName === name && c.namespaceURI === ns)
const textOf = (of: Element | undefined) => (of?.textContent ?? '').trim()
const only = (list: Element[], what: string): Element => (list.length === 1 ? list[0]! : no(`there ${list.length ? `are ${list.length}` : 'is no'} ${what}${list.length ? ', not one' : ''}`))

/** Address to send the browser to. The request carries no signature: what counts is that the answer names it. */
export function samlRequest(provider: SamlProvider, { requestId, acs, entityId }: Asked, relayState: string, now = new Date()): string {
  const xml = `<samlp:AuthnRequest xmlns:samlp="${protocol}" xmlns:saml="${assertion}" ID="${requestId}" Version="2.0" IssueInstant="${now.toISOString()}" Destination="${escape(provider.ssoUrl)}" ProtocolBinding="${bindings.post}" AssertionConsumerServiceURL="${escape(acs)}"><saml:Issuer>${escape(entityId)}</saml:Issuer></samlp:AuthnRequest>`
  const url = new URL(provider.ssoUrl)
  url.searchParams.set('SAMLRequest', deflateRawSync(xml).toString('base64'))
  url.searchParams.set('RelayState', relayState)
  return url.href
}
export const newRequestId = (): string => `_${randomBytes(20).toString('hex')}`

/** What a customer's IT gives their provider. */
export const samlMetadata = (acs: string, entityId: string): string => `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="${metadata}" entityID="${escape(entityId)}"><md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="${protocol}"><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat><md:AssertionConsumerService Binding="${bindings.post}" Location="${escape(acs)}" index="0" isDefault="true"/></md:SPSSODescriptor></md:EntityDescriptor>`

/** @throws SamlRefused with words for whoever pasted it */
export async function readMetadata(xml: string): Promise<SamlProvider> {
  const root = (await parse(xml)).documentElement!
  const entity = root.localName === 'EntityDescriptor' ? root : only(elements(root, 'EntityDescriptor', metadata), 'EntityDescriptor')
  const idp = only(children(entity, 'IDPSSODescriptor', metadata), 'IDPSSODescriptor')
  const ssoUrl = children(idp, 'SingleSignOnService', metadata).find((s) => s.getAttribute('Binding') === bindings.redirect)?.getAttribute('Location') ?? no('it names no SingleSignOnService for HTTP-Redirect')
  const keys = children(idp, 'KeyDescriptor', metadata).filter((k) => (k.getAttribute('use') ?? 'signing') === 'signing')
  const certificates = keys.flatMap((k) => elements(k, 'X509Certificate', signature)).map((c) => textOf(c).replace(/\s/g, ''))
  if (!certificates.length) no('it holds no certificate for signing')
  return { entityId: entity.getAttribute('entityID') || no('it names no entityID'), ssoUrl, certificates: [...new Set(certificates)] }
}

/** Whether an answer names no request at all: a sign-in begun at the provider. One that names a request is never taken for such, so that a provider
    that loses the RelayState sends nobody round in circles. Nothing else is believed of it. */
export function isUnasked(encoded: string): boolean {
  const xml = Buffer.from(encoded, 'base64').toString('utf8')
  return xml.length <= mostBytes && /^\s*(<\?[^>]*>\s*)?<([\w.-]+:)?Response\s/.test(xml) && !/InResponseTo/.test(xml)
}

/** Checks an answer and reads it. @param encoded SAMLResponse as posted @throws SamlRefused */
export async function readResponse(encoded: string, provider: SamlProvider, asked: Asked, nowMs = Date.now()): Promise<SamlClaims> {
  const xml = Buffer.from(encoded, 'base64').toString('utf8')
  const document = await parse(xml)
  const response = document.documentElement!
  if (response.localName !== 'Response' || response.namespaceURI !== protocol) no('it is no SAML response')
  const status = elements(response, 'StatusCode', protocol).map((s) => s.getAttribute('Value') ?? '')
  if (!status[0]?.endsWith(':Success')) no(`the provider said ${(status.at(-1) ?? 'nothing').split(':').at(-1)}`)
  if (elements(response, 'EncryptedAssertion').length) no('the assertion is encrypted: turn encryption off for this application, the connection is')
  const given = only(elements(response, 'Assertion'), 'Assertion')
  if (given.parentNode !== response || given.namespaceURI !== assertion) no('the assertion does not stand where it belongs')
  const signed = await signedPart(document, xml, response, given, provider.certificates)
  const proven = signed.localName === 'Assertion' ? signed : only(children(signed, 'Assertion', assertion), 'Assertion')
  if (elements(proven, 'Assertion').length) no('an assertion stands inside the assertion')

  for (const [what, value, expected] of [['Destination', response.getAttribute('Destination'), asked.acs], ['InResponseTo', response.getAttribute('InResponseTo'), asked.requestId]] as const)
    if (value && value !== expected) no(`${what} of the response is not ours`)
  if (textOf(only(children(proven, 'Issuer', assertion), 'Issuer')) !== provider.entityId) no('the assertion comes from another issuer')
  const subject = only(children(proven, 'Subject', assertion), 'Subject')
  const nameId = only(children(subject, 'NameID', assertion), 'NameID')
  const ends = children(subject, 'SubjectConfirmation', assertion).filter((c) => c.getAttribute('Method')?.endsWith(':bearer')).flatMap((c) => children(c, 'SubjectConfirmationData', assertion))
    .filter((d) => d.getAttribute('Recipient') === asked.acs && d.getAttribute('InResponseTo') === asked.requestId && !d.getAttribute('NotBefore')).map((d) => Date.parse(d.getAttribute('NotOnOrAfter') ?? ''))
  const end = Math.max(...ends.filter((e) => e > nowMs - skewMs), 0)
  if (!end) no('no confirmation of the subject is for this request, this address and this time')
  const conditions = only(children(proven, 'Conditions', assertion), 'Conditions')
  const [from, until] = [Date.parse(conditions.getAttribute('NotBefore') ?? ''), Date.parse(conditions.getAttribute('NotOnOrAfter') ?? '')]
  if (from > nowMs + skewMs || until <= nowMs - skewMs) no('the assertion is not valid now: the clocks may differ')
  const audiences = children(conditions, 'AudienceRestriction', assertion)
  if (!audiences.length || !audiences.every((a) => children(a, 'Audience', assertion).some((one) => textOf(one) === asked.entityId))) no('the assertion is for another audience')

  const all: Record<string, string[]> = {}
  for (const attribute of children(proven, 'AttributeStatement', assertion).flatMap((s) => children(s, 'Attribute', assertion))) {
    const name = attribute.getAttribute('Name') ?? ''
    ;(all[name] ??= []).push(...children(attribute, 'AttributeValue', assertion).map(textOf))
  }
  const attribute = (...ends: string[]) => Object.entries(all).find(([name]) => ends.some((e) => name.toLowerCase() === e || name.toLowerCase().endsWith(`/claims/${e}`)))?.[1][0]
  const id = textOf(nameId)
  if (!id) no('the NameID is empty')
  const email = attribute('email', 'mail', 'emailaddress', 'urn:oid:0.9.2342.19200300.100.1.3') ?? (id.includes('@') ? id : null)
  const transient = nameId.getAttribute('Format')?.endsWith(':transient')
  const name = attribute('displayname', 'name', 'urn:oid:2.16.840.1.113730.3.1.241') ?? [attribute('givenname', 'firstname', 'urn:oid:2.5.4.42'), attribute('surname', 'lastname', 'sn', 'urn:oid:2.5.4.4')].filter(Boolean).join(' ')
  return { subject: transient ? (email ?? id) : id, email, name, all, assertionId: proven.getAttribute('ID')!, minutes: Math.ceil((end - nowMs + 2 * skewMs) / 60_000) }
}

/** The element that a valid signature covers, read anew from what was signed. */
async function signedPart(document: Document, xml: string, response: Element, given: Element, certificates: readonly string[]): Promise<Element> {
  const all = elements(document, 'Signature')
  const [ofAssertion, ofResponse] = [children(given, 'Signature', signature), children(response, 'Signature', signature)]
  if (!all.length) no('it is not signed')
  if (all.length !== ofAssertion.length + ofResponse.length || ofAssertion.length > 1 || ofResponse.length > 1) no('a signature does not stand where it belongs')
  const [holder, node] = ofAssertion[0] ? [given, ofAssertion[0]] : [response, ofResponse[0]!]
  const ids = elements(document, '*').map((e) => e.getAttribute('ID')).filter(Boolean)
  if (new Set(ids).size !== ids.length) no('an ID stands twice')
  const { SignedXml } = await import('xml-crypto')
  for (const certificate of certificates) {
    const check = new SignedXml({ publicCert: pem(certificate), getCertFromKeyInfo: () => null })
    try {
      check.loadSignature(node as never)
      const references = check.getReferences() as { uri?: string; transforms: readonly string[]; digestAlgorithm: string }[]
      const [reference] = references
      if (references.length !== 1 || reference!.uri !== `#${holder.getAttribute('ID')}`) no('the signature covers something else')
      if (!reference!.transforms.every((t) => transforms.has(t)) || !digests.has(reference!.digestAlgorithm) || !signings.has(check.signatureAlgorithm ?? '')) no('it is signed by an algorithm that is not accepted: use RSA with SHA-256')
      if (!check.checkSignature(xml)) continue
    } catch (error) {
      if (error instanceof SamlRefused) throw error
      continue
    }
    const [canonical] = check.getSignedReferences()
    const root = canonical && (await parse(canonical)).documentElement
    if (root && root.localName === holder.localName && root.namespaceURI === holder.namespaceURI && root.getAttribute('ID') === holder.getAttribute('ID')) return root
  }
  return no('the signature is not the provider\'s')
}
