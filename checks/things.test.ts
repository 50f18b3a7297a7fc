// Every thing that the API answers has `id`, `createdAt`, `updatedAt` and `version`; what belongs to somebody and is changed, such as settings, has all but
// the id. docs/openapi.json is kept equal to the code by another check.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Schema = { $ref?: string; type?: string; properties?: Record<string, Schema>; items?: Schema }
type Document = { paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema?: Schema }> }> }>>; components: { schemas: Record<string, Schema> } }

/** What has an id and is no thing of its own, with the reason. */
const others: Record<string, string> = {
  Event: 'it never changes: `at` is its time, `seq` its place', ActivityEvent: 'an event', Template: 'part of the program',
  InitialAccessToken: 'shown once, and not kept', SigningKeys: 'the answer of a verb', ReplayedWebhook: 'the answer of a verb',
}
/** A run's version is that of its workflow. */
const wanted = ['id', 'createdAt', 'updatedAt', 'version']

/** Names of the components that operations answer, alone or in a list, and which have an id. */
function things(document: Document): Map<string, string[]> {
  const { schemas } = document.components
  const named = (schema: Schema | undefined) => schema?.$ref?.split('/').pop()
  const found = new Map<string, string[]>()
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations)) {
      for (const [status, answer] of Object.entries(operation.responses)) {
        const name = status.startsWith('2') ? named(answer.content?.['application/json']?.schema) : undefined
        for (const one of name ? [name, named(schemas[name]?.properties?.items?.items)] : []) {
          const fields = one ? Object.keys(schemas[one]?.properties ?? {}) : []
          const changed = operations.get !== undefined && operations.patch !== undefined
          if (one && (fields.includes('id') || changed)) found.set(one, wanted.filter((field) => !fields.includes(field) && (field !== 'id' || fields.includes('id'))))
        }
      }
    }
  }
  return found
}
const document = () => JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as Document

test('every thing that is answered has an id, its times and a version', () => {
  const found = things(document())
  assert.ok(found.size > 40, `${found.size} things`)
  const poor = [...found].filter(([name, missing]) => missing.length && !(name in others)).map(([name, missing]) => `${name} lacks ${missing.join(', ')}`)
  assert.deepEqual(poor, [])
  assert.deepEqual(Object.keys(others).filter((name) => !found.get(name)?.length), [], 'exceptions that are none')
})

test('a thing without its times is found', () => {
  const planted = document()
  delete planted.components.schemas.Job!.properties!.updatedAt
  delete planted.components.schemas.Reader!.properties!.version
  delete planted.components.schemas.TenantSettings!.properties!.updatedAt
  assert.deepEqual(['Job', 'Reader', 'TenantSettings', 'Security'].map((name) => things(planted).get(name)), [['updatedAt'], ['version'], ['updatedAt'], []])
})
