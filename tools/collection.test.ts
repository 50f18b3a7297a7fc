// The exported collection (S0.14) by the rules of its format: what importers look for is there, and each operation once.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { collectionOf, type Collection, type OpenApi } from './collection.ts'

const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as OpenApi
const collection = collectionOf(document)
const items = collection.item.flatMap((folder) => folder.item)

/** The parts of https://schema.getpostman.com/json/collection/v2.1.0/collection.json that are used here, closed: a misspelt field is a fault. */
const text = { type: 'string' }
const closed = (properties: object, required: string[] = []) => ({ type: 'object', properties, required, additionalProperties: false })
const pairs = { type: 'array', items: closed({ key: { ...text, minLength: 1 }, value: text, disabled: { type: 'boolean' }, description: text }, ['key', 'value']) }
const url = closed({ raw: { ...text, pattern: '^\\{\\{baseUrl\\}\\}/' }, host: { type: 'array', items: text }, path: { type: 'array', items: { ...text, pattern: '^[^{}/?]*$' } }, query: pairs, variable: pairs }, ['raw', 'host', 'path'])
const auth = { type: 'object', properties: { type: { enum: ['noauth', 'bearer'] }, bearer: { type: 'array', items: closed({ key: text, value: text, type: text }, ['key']) } }, required: ['type'] }
const request = closed({ method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }, description: text, header: pairs, url, auth, body: closed({ mode: { const: 'raw' }, raw: text, options: { type: 'object' } }, ['mode', 'raw']) }, ['method', 'header', 'url'])
const item = closed({ name: { ...text, minLength: 1 }, request }, ['name', 'request'])
const schema = closed({ info: closed({ name: text, version: text, description: text, schema: { const: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' } }, ['name', 'schema']), auth, variable: pairs, item: { type: 'array', minItems: 10, items: closed({ name: text, description: text, item: { type: 'array', minItems: 1, items: item } }, ['name', 'item']) } }, ['info', 'item'])

test('the collection keeps the format, and a broken one does not', () => {
  const valid = new Ajv({ allErrors: true }).compile(schema)
  assert.ok(valid(collection), JSON.stringify(valid.errors?.slice(0, 5)))
  const broken = structuredClone(collection) as Collection & { item: { item: { request: { verb?: string } }[] }[] }
  broken.item[0]!.item[0]!.request.verb = 'GET'
  assert.equal(valid(broken), false)
})

test('every operation is in it once, with its parameters, in the folder of its tag', () => {
  const asked = (method: string, path: string) => `${method.toUpperCase()} ${path.replace(/\{([^}]+)\}/g, ':$1')}`
  const expected = Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).filter((method) => method !== 'parameters').map((method) => asked(method, path))).sort()
  assert.deepEqual(items.map(({ request: { method, url } }) => `${method} /${url.path.join('/')}`).sort(), expected)
  for (const { name, request: { url, header, body, method } } of items) {
    assert.deepEqual(url.path.filter((part) => part.startsWith(':')).map((part) => part.slice(1)).sort(), (url.variable ?? []).map(({ key }) => key).sort(), name)
    assert.equal(url.raw.split('?')[0], `{{baseUrl}}/${url.path.join('/')}`)
    if (body && /json/.test(header.find(({ key }) => key === 'Content-Type')?.value ?? '')) assert.doesNotThrow(() => JSON.parse(body.raw), `${method} ${name}`)
  }
})

test('public operations carry no token, all others the collection\'s', () => {
  const open = items.filter(({ request }) => request.auth?.type === 'noauth').map(({ request }) => `/${request.url.path.join('/')}`)
  assert.ok(open.includes('/api/v1/auth/login') && !open.includes('/api/v1/tasks'), open.join())
  assert.deepEqual((collection.auth as { bearer: { value: string }[] }).bearer[0]!.value, '{{token}}')
})
