import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { describeApp } from '../server/describe-app.ts'
import { createValidators } from '../server/kernel/validation.ts'
import { eventsDocument } from './events-document.ts'
import { Strict, Type } from '../server/kernel/schema.ts'
import { event, Sealed } from '../server/kernel/events.ts'

type Media = { content?: Record<string, { schema?: object; example?: unknown }> }
type Spec = { operationId: string; summary: string; tags: string[]; parameters: { name: string; in: string; required: boolean }[]; requestBody?: Media; responses: Record<string, Media> }
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as { paths: Record<string, Record<string, Spec>>; tags: { name: string }[]; components: Record<string, Record<string, unknown>> }
const specs = Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, spec]) => ({ path, method, spec })))

test('the document has every operation once, with what a client needs to know', () => {
  const { operations, modules } = describeApp()
  const streams = modules.flatMap((module) => module.streams ?? [])
  assert.deepEqual(streams.map(({ id }) => id), ['live.listen'])
  assert.deepEqual(specs.map(({ spec }) => spec.operationId).sort(), [...operations, ...streams].map(({ id }) => id).sort())
  assert.equal(new Set(specs.map(({ spec }) => spec.operationId)).size, specs.length)
  for (const { path, spec } of specs) {
    assert.ok(spec.summary.length > 3 && document.tags.some(({ name }) => name === spec.tags[0]), spec.operationId)
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    assert.deepEqual(spec.parameters.filter((one) => one.in === 'path').map(({ name, required }) => [name, required]), named.map((name) => [name, true]), spec.operationId)
    assert.ok(Object.keys(spec.responses).some((status) => status.startsWith('2')) && spec.responses.default, spec.operationId)
  }
})

test('every reference of the document leads somewhere, and every component is used', () => {
  const wanted = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].map(([, kind, name]) => `${kind}/${name}`))
  const there = Object.entries(document.components).filter(([kind]) => kind !== 'securitySchemes').flatMap(([kind, list]) => Object.keys(list).map((name) => `${kind}/${name}`))
  assert.deepEqual([...wanted].sort(), there.sort())
})

test('every example is one that its operation takes', () => {
  const validators = createValidators()
  const examples = describeApp().operations.filter(({ example }) => example !== undefined)
  assert.ok(examples.length > 3, `${examples.length} examples`)
  for (const { id, body, example } of examples) {
    const judge = validators.compile(body!, 'body')
    assert.ok(judge(structuredClone(example)), `${id}: ${JSON.stringify(judge.errors)}`)
  }
})

test('the events document names what is sealed, who reads it and what may be absent', () => {
  const text = eventsDocument([{ 'note.written': event(Strict({ projectId: Type.String({ format: 'uuid' }), text: Sealed(Type.String()), at: Type.Optional(Type.String({ format: 'date-time' })) }), { scope: 'projectId', audience: 'admins', about: 'Somebody wrote.' }) }])
  assert.ok(text.includes('| `note.written` | Somebody wrote. | admins and owners who may see the project | `projectId` id (scope)<br>`text` text (**sealed**)<br>`at?` time |'), text)
})
