import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { makeClient } from './client-operations.ts'

const whole = (openapi: object) => Object.values(makeClient(openapi)).join('\n')
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }
const task = { $ref: '#/components/schemas/Task' }
const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const document = {
  openapi: '3.1.0',
  components: {
    schemas: {
      Task: {
        type: 'object', description: 'A piece of */ work', required: ['id', 'status'],
        properties: {
          id: { type: 'string' }, status: { enum: ['todo', "it's", 3, null] }, 'due-at': { anyOf: [{ type: 'string' }, { type: 'null' }] },
          labels: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } }, parent: { anyOf: [task, { type: 'null' }] },
          both: { allOf: [task, { type: 'object', properties: { x: { const: 1 } }, required: ['x'] }] }, size: { type: ['integer', 'null'] },
          fields: { type: 'object', additionalProperties: { type: 'number' } }, pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }] },
          any: {}, 'text"quoted': { type: 'string' },
        },
      },
      Record: { type: 'object', additionalProperties: false },
      'Task.List': { type: 'object', required: ['items', 'next'], properties: { items: { type: 'array', items: task }, next: { type: ['string', 'null'] } } },
    },
  },
  paths: {
    '/api/v1/tasks/{id}/move': {
      parameters: [id],
      patch: {
        operationId: 'tasks.move', summary: 'Move a task', parameters: [{ name: 'status', in: 'query', schema: { type: 'string' } }],
        requestBody: json({ type: 'object', properties: { before: { type: 'string' } } }), responses: { 200: json(task), '4xx': json({}) },
      },
    },
    '/api/v1/tasks': {
      get: {
        operationId: 'tasks.list', parameters: [{ name: 'projectId', in: 'query', required: true, schema: { type: 'string' } }, { name: 'after', in: 'query', schema: { type: 'string' } }],
        responses: { 200: { content: { ...json({ $ref: '#/components/schemas/Task.List' }).content, 'text/csv': { schema: { type: 'string' } } } } },
      },
    },
    '/api/v1/auth/login': { post: { operationId: 'auth.login', security: [], requestBody: { required: true, ...json({ type: 'object', properties: { email: { type: 'string' } }, required: ['email'] }) }, responses: { 200: json({ type: 'object' }), 202: {} } } },
    '/api/v1/auth/sessions/{id}': { delete: { operationId: 'auth.endSession', parameters: [id], responses: { 204: {} } } },
    '/health': { get: { operationId: 'health', responses: { 200: {} } } },
  },
}

test('an OpenAPI document becomes a table and types that say the same', () => {
  const text = whole(document)
  for (const line of [
    `    /** Move a task */\n    move(input: { id: string; query?: { status?: string }; body?: { before?: string } } & CallOptions): Promise<Task>\n`,
    `    list(input: { query: { projectId: string; after?: string } } & CallOptions): Promise<TaskList | string>\n`,
    `    login(input: { body: { email: string } } & CallOptions): Promise<Record<string, unknown> | void>\n`,
    `    endSession(input: { id: string } & CallOptions): Promise<void>\n`,
    `    move: { method: 'PATCH', path: '/api/v1/tasks/{id}/move' },\n`,
    `    login: { method: 'POST', path: '/api/v1/auth/login', public: true },\n`,
    `status: 'todo' | 'it\\'s' | 3 | null; 'due-at'?: string | null; labels?: (string | number)[]; parent?: Task | null;`,
    `both?: Task & { x: 1 }; size?: number | null; fields?: Record<string, number>; pair?: [string, boolean]; any?: unknown;`,
    `/** A piece of * / work */\nexport type Task = {`,
    `export type Record_ = Record<string, never>`,
  ]) assert.ok(text.includes(line), `${line}\nis missing in\n${text}`)
  assert.ok(!text.includes('health'))
  assert.equal(whole({ ...document, paths: Object.fromEntries(Object.entries(document.paths).reverse()) }), text)
})

test('a path under a server prefix is whole in the table', () => {
  const text = whole({ servers: [{ url: '/api/v1/' }], paths: { '/tasks': { get: { operationId: 'tasks.list', responses: {} } } } })
  assert.ok(text.includes(`list: { method: 'GET', path: '/api/v1/tasks' }`))
})

test('what cannot be expressed is refused by name', () => {
  const with1 = (spec: object, path = '/x') => ({ paths: { [path]: { get: { operationId: 'x.get', ...spec } } } })
  assert.throws(() => whole(with1({ responses: { 200: json({ $ref: '#/components/schemas/Gone' }) } })), /schemas\/Gone leads nowhere/)
  assert.throws(() => whole(with1({ parameters: [{ name: 'body', in: 'path' }] })), /x\.get.*body/)
  assert.throws(() => whole({ paths: { '/a': { get: { operationId: 'x.get' } }, '/b': { get: { operationId: 'x.get' } } } }), /x\.get.*two/)
})

test('the generated file is strict TypeScript without DOM types, and refuses wrong calls', (t) => {
  const client = resolve(import.meta.dirname, '../client')
  const folder = mkdtempSync(join(tmpdir(), 'operations-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(makeClient(document))) writeFileSync(join(folder, `${name}.ts`), text.replace('./request.ts', join(client, 'request.ts')))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'use.ts'), `
import type { Operations } from './operations.ts'
import { paths } from './paths.ts'
import type { Task } from './shapes.ts'
import { connect, each } from '${client}/client.ts'
export const client = connect(paths, { baseUrl: '' }) as unknown as Operations
export const task: Promise<Task> = client.tasks.move({ id: 'x', query: { status: 'done' }, idempotencyKey: 'k' })
// @ts-expect-error the id is missing
client.tasks.move({})
// @ts-expect-error no such field
client.auth.login({ body: { email: 'a', wrong: 1 } })
each(async (page) => (await client.tasks.list({ query: { projectId: 'p', ...page } })) as { items: Task[]; next: null })
`)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
    extends: resolve(import.meta.dirname, '../tsconfig.json'), include: ['.'],
    compilerOptions: { typeRoots: [resolve(import.meta.dirname, '../node_modules/@types')] },
  }))
  const run = () => execFileSync(process.execPath, [resolve(import.meta.dirname, '../node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
  try {
    run()
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout)
  }
})
