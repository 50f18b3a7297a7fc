// What a directory may ask about this service (RFC 7643, 5 to 7).
const meta = (base: string, resourceType: string, at: string) => ({ resourceType, location: `${base}/${at}` })

export const serviceProvider = (base: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'], patch: { supported: true }, bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 }, filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false }, sort: { supported: false }, etag: { supported: false },
  authenticationSchemes: [{ type: 'oauthbearertoken', name: 'Bearer token', description: 'The tenant\'s provisioning token', specUri: 'https://www.rfc-editor.org/rfc/rfc6750', primary: true }],
  meta: meta(base, 'ServiceProviderConfig', 'ServiceProviderConfig'),
})
export const resourceTypes = (base: string) => ['User', 'Group'].map((id) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'], id, name: id, endpoint: `/${id}s`, schema: `urn:ietf:params:scim:schemas:core:2.0:${id}`, schemaExtensions: [], meta: meta(base, 'ResourceType', `ResourceTypes/${id}`),
}))

type Attribute = { name: string; type: string; multiValued: boolean; required: boolean; caseExact: boolean; mutability: string; returned: string; uniqueness: string; subAttributes?: Attribute[] }
const attribute = (name: string, type = 'string', more: Partial<Attribute> = {}): Attribute => ({ name, type, multiValued: false, required: false, caseExact: false, mutability: 'readWrite', returned: 'default', uniqueness: 'none', ...more })
const reference = (name: string, mutability: string) => attribute(name, 'complex', { multiValued: true, mutability, subAttributes: [attribute('value', 'string', { caseExact: true }), attribute('display'), attribute('$ref', 'reference')] })
export const schemas = (base: string) => [
  {
    id: 'urn:ietf:params:scim:schemas:core:2.0:User', name: 'User', description: 'A person', attributes: [
      attribute('userName', 'string', { required: true, uniqueness: 'server' }), attribute('externalId', 'string', { caseExact: true }), attribute('displayName'), attribute('active', 'boolean'),
      attribute('name', 'complex', { subAttributes: ['formatted', 'givenName', 'middleName', 'familyName'].map((n) => attribute(n)) }),
      attribute('emails', 'complex', { multiValued: true, subAttributes: [attribute('value'), attribute('type'), attribute('primary', 'boolean')] }), reference('groups', 'readOnly'),
    ],
  },
  { id: 'urn:ietf:params:scim:schemas:core:2.0:Group', name: 'Group', description: 'A group of people', attributes: [attribute('displayName', 'string', { required: true, uniqueness: 'server' }), attribute('externalId', 'string', { caseExact: true }), reference('members', 'readWrite')] },
].map((s) => ({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'], ...s, meta: meta(base, 'Schema', `Schemas/${s.id}`) }))
