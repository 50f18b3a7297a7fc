// The API reference at /api/docs: one HTML page made from the OpenAPI document, no script, readable offline and under the strictest policy.
import type { FastifyInstance } from 'fastify'
import { codes } from './errors.ts'
import { pageHeaders, plainPolicy } from './site.ts'

type Json = Record<string, unknown>
type Schema = { $ref?: string; type?: string | string[]; anyOf?: Schema[]; items?: Schema; properties?: Record<string, Schema>; required?: string[]; enum?: unknown[]; const?: unknown; format?: string; description?: string; minLength?: number; maxLength?: number; minimum?: number; maximum?: number; default?: unknown }
type Parameter = { name: string; in: string; required: boolean; schema: Schema; description?: string }
type Operation = { operationId: string; summary: string; description: string; security?: unknown[]; parameters: Parameter[]; requestBody?: { required: boolean; content: Record<string, { schema: Schema; example?: unknown }> }; responses: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }> }
type Document = { info: { title: string; version: string; description: string }; servers: { url: string }[]; tags: { name: string; description: string }[]; paths: Record<string, Record<string, Operation & { tags: string[] }>>; components: { schemas: Record<string, Schema> } }

const escape = (text: unknown) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
/** Prose of the declarations: `names` in it are code. */
const words = (text: unknown) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')
const nameOf = (ref: string) => ref.split('/').at(-1)!

function typeOf(s: Schema | undefined): string {
  if (!s) return 'any'
  if (s.$ref) return `<a href="#schema-${escape(nameOf(s.$ref))}">${escape(nameOf(s.$ref))}</a>`
  if (s.const !== undefined) return s.const === null ? 'null' : `<code>${escape(JSON.stringify(s.const))}</code>`
  if (s.enum) return s.enum.map((v) => `<code>${escape(v)}</code>`).join(' or ')
  if (s.anyOf) return s.anyOf.map(typeOf).join(' or ')
  if (s.type === 'array') return `list of ${typeOf(s.items)}`
  const bounds = s.minLength !== undefined || s.maxLength !== undefined ? ` ${s.minLength ?? 0} to ${s.maxLength ?? '∞'} characters` : s.minimum !== undefined || s.maximum !== undefined ? ` ${s.minimum ?? '−∞'} to ${s.maximum ?? '∞'}` : ''
  return escape(`${[s.type ?? 'object'].flat().join(' or ')}${s.format ? ` (${s.format})` : ''}`) + escape(bounds)
}
const fields = (s: Schema): string =>
  !s.properties ? '' : `<table><tr><th>field</th><th>type</th><th>meaning</th></tr>${Object.entries(s.properties).map(([name, p]) => `<tr><td><code>${escape(name)}</code>${s.required?.includes(name) ? '' : ' <i>optional</i>'}</td><td>${typeOf(p)}</td><td>${words(p.description ?? '')}${p.default === undefined ? '' : ` default <code>${escape(JSON.stringify(p.default))}</code>`}</td></tr>`).join('')}</table>`

/** A value that fits a schema, for the example calls. */
function sample(s: Schema | undefined, all: Record<string, Schema>, depth = 0): unknown {
  if (!s || depth > 4) return null
  if (s.$ref) return sample(all[nameOf(s.$ref)], all, depth + 1)
  if (s.const !== undefined) return s.const
  if (s.enum) return s.enum[0]
  if (s.anyOf) return sample(s.anyOf.find((x) => x.type !== 'null') ?? s.anyOf[0], all, depth + 1)
  if (s.type === 'object' || s.properties) return Object.fromEntries(Object.entries(s.properties ?? {}).filter(([name]) => s.required?.includes(name)).map(([name, p]) => [name, sample(p, all, depth + 1)]))
  if (s.type === 'array') return []
  if (s.type === 'integer' || s.type === 'number') return s.minimum ?? 1
  if (s.type === 'boolean') return true
  return s.format === 'uuid' ? '01997a3c-0000-7000-8000-000000000000' : s.format === 'date-time' ? '2026-11-21T13:27:04.928085Z' : s.format === 'email' ? 'ada@example.com' : 'text'
}

function curlOf(method: string, path: string, op: Operation, d: Document): string {
  const body = op.requestBody?.content['application/json']
  return [`curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${d.servers[0]?.url ?? ''}${path}`, op.security ? '' : ` -H "Authorization: Bearer $TOKEN"`,
    body ? ` -H 'content-type: application/json' -d '${JSON.stringify(body.example ?? sample(body.schema, d.components.schemas))}'` : ''].filter(Boolean).join(' \\\n ')
}

function operationHtml(method: string, path: string, op: Operation, d: Document): string {
  const parameters = op.parameters.map((p) => `<tr><td><code>${escape(p.name)}</code>${p.required ? '' : ' <i>optional</i>'}</td><td>${escape(p.in)}</td><td>${typeOf(p.schema)}</td><td>${words(p.description ?? '')}</td></tr>`).join('')
  const body = op.requestBody?.content['application/json']?.schema
  const [status, answer] = Object.entries(op.responses)[0] ?? []
  const returned = answer?.content?.['application/json']?.schema
  return `<section id="${escape(op.operationId)}"><h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>
<p><b>${escape(op.summary)}.</b> ${words(op.description)} <span class="id">${escape(op.operationId)}</span></p>
${parameters ? `<table><tr><th>parameter</th><th>in</th><th>type</th><th>meaning</th></tr>${parameters}</table>` : ''}
${body ? `<h4>Body${op.requestBody!.required ? '' : ' (optional)'}: ${typeOf(body)}</h4>${fields(body)}` : ''}
<h4>Answers <code>${escape(status)}</code>${returned ? `: ${typeOf(returned)}` : ''}</h4>
<pre>${escape(curlOf(method, path, op, d))}</pre></section>`
}

/** @returns the page; `css` stands under /api/docs/style.css */
export function referencePage(document: Json): string {
  const d = document as unknown as Document
  const all = Object.entries(d.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, op]) => ({ path, method, op })))
  const groups = d.tags.map((tag) => ({ ...tag, operations: all.filter(({ op }) => op.tags.includes(tag.name)) }))
  const nav = groups.map((g) => `<details><summary>${escape(g.name)}</summary><a href="#tag-${escape(g.name)}">About ${escape(g.name)}</a>${g.operations.map(({ op, method }) => `<a href="#${escape(op.operationId)}"><span class="method ${method}">${method === 'delete' ? 'DEL' : method.toUpperCase()}</span> ${escape(op.summary)}</a>`).join('')}</details>`).join('')
  const main = groups.map((g) => `<h2 id="tag-${escape(g.name)}">${escape(g.name)}</h2><p>${escape(g.description)}</p>${g.operations.map(({ method, path, op }) => operationHtml(method, path, op, d)).join('')}`).join('')
  const schemas = Object.entries(d.components.schemas).map(([name, s]) => `<section id="schema-${escape(name)}"><h3>${escape(name)}</h3><p>${words(s.description ?? '')}</p>${fields(s) || `<p>${typeOf(s)}</p>`}</section>`).join('')
  return shell('API reference', `<nav aria-label="Operations"><p class="brand">Groundwork API <small>${escape(d.info.version)}</small></p><a href="/api/openapi.json">openapi.json</a><a href="/api/docs/errors">Problem codes</a><a href="#schemas">Schemas</a>${nav}</nav>
<main><h1>API reference</h1><p>${words(d.info.description)}</p><p>Sign in with <code>POST /api/v1/auth/login</code> and send its <code>accessToken</code> as <code>Authorization: Bearer</code>. Lists page with <code>?after=</code> and <code>next</code>; single things carry an <code>ETag</code>; every <code>POST</code> takes an <code>Idempotency-Key</code>; refusals are <a href="/api/docs/errors">problem documents</a> that name the field and the cure.</p>${main}<h2 id="schemas">Schemas</h2>${schemas}</main>`)
}
export function errorsPage(): string {
  const rows = Object.entries(codes).map(([code, { status, title, cure }]) => `<tr id="${escape(code)}"><td><code>${escape(code)}</code></td><td>${status}</td><td>${escape(title)}</td><td>${words(cure)}</td></tr>`).join('')
  return shell('Problem codes', `<main><p><a href="/api/docs">API reference</a></p><h1>Problem codes</h1><p>Every refusal is an <code>application/problem+json</code> document (RFC 9457) with one of these codes.</p><table class="codes"><tr><th>code</th><th>status</th><th>title</th><th>what to do</th></tr>${rows}</table></main>`)
}
const shell = (title: string, inner: string) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)} · Groundwork</title><link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/api/docs/style.css"></head><body>${inner}</body></html>`

const css = `:root{color-scheme:light dark;--bg:#f5f6f8;--surface:#fff;--line:#e5e8ed;--text:#1c222b;--dim:#545d6b;--accent:#0f6472;--code:#eef0f4}
@media(prefers-color-scheme:dark){:root{--bg:#0d1014;--surface:#13171c;--line:#232932;--text:#e3e6ec;--dim:#a2abb9;--accent:#79c4d1;--code:#1d222a}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:16px}@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;display:flex;background:var(--bg);color:var(--text);font:14px/1.55 Inter,system-ui,sans-serif}
nav{position:sticky;top:0;height:100vh;width:300px;flex:none;overflow:auto;padding:16px;border-right:1px solid var(--line);background:var(--surface)}
nav a{display:flex;gap:8px;padding:3px 8px;border-radius:6px;color:var(--text);text-decoration:none;font-size:13px}nav a:hover{background:var(--code)}
nav summary{font-weight:600;margin:6px 0;cursor:pointer}.brand{font-weight:600;font-size:16px;margin:0 8px 12px}
main{flex:1;min-width:0;max-width:980px;padding:24px 32px 96px;margin:0 auto}h1{font-size:24px}h2{font-size:20px;margin-top:48px;text-transform:capitalize;border-bottom:1px solid var(--line);padding-bottom:4px}
h3{font-size:14px;margin:0 0 4px;overflow-wrap:anywhere}h4{margin:12px 0 4px;font-size:13px;font-weight:500}section{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:16px;margin:12px 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:12.5px}code{background:var(--code);border-radius:4px;padding:1px 4px}pre{background:var(--code);border-radius:6px;padding:12px;white-space:pre-wrap;overflow-wrap:anywhere}
.codes code{white-space:nowrap}table{border-collapse:collapse;width:100%;font-size:13px}td{overflow-wrap:anywhere}th{text-align:left;font-weight:500;color:var(--dim)}td,th{padding:4px 12px 4px 0;border-top:1px solid var(--line);vertical-align:top}i,.id,small{color:var(--dim);font-style:normal;font-size:12px}
a{color:var(--accent)}.method{font:600 11px/20px ui-monospace,monospace;min-width:36px}.get{color:#0b7a53}.post{color:#0f6472}.patch,.put{color:#8a5a00}.delete{color:#b3261e}@media(prefers-color-scheme:dark){.get{color:#5fd3a2}.post{color:#79c4d1}.patch,.put{color:#e5b567}.delete{color:#ff9c94}}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}@media(max-width:800px){body{display:block}nav{position:static;width:auto;height:auto;border-right:0;border-bottom:1px solid var(--line)}nav details:not([open]){margin:0}main{padding:16px}
.codes tr{display:block;padding:8px 0;border-top:1px solid var(--line)}.codes td{display:block;border:0}.codes tr:first-child{display:none}.codes td:nth-child(-n+2){display:inline-block}}`

/** /api/openapi.json, /api/docs, /api/docs/errors. */
export function addDocs(app: FastifyInstance, document: Json): void {
  const json = JSON.stringify(document)
  const page = referencePage(document)
  app.get('/api/openapi.json', (_req, reply) => reply.header('cache-control', 'no-cache').type('application/json').send(json))
  app.get('/api/docs', (_req, reply) => pageHeaders(reply, plainPolicy()).send(page))
  app.get('/api/docs/errors', (_req, reply) => pageHeaders(reply, plainPolicy()).send(errorsPage()))
  app.get('/api/docs/style.css', (_req, reply) => reply.header('cache-control', 'public, max-age=3600').type('text/css').send(css))
}
