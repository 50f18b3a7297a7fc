// A problem as a page, for a person whose browser went somewhere of ours that is not there, or failed. Programs get the document.
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ProblemDocument } from './problems.ts'
import { pageHeaders } from './site.ts'

/** First path segments that speak to programs alone, whatever they accept. */
const forPrograms = new Set(['api', 'scim', 'hooks', 'live', 'metrics', 'health', 'ready', 'ping', 'status', '.well-known'])
const style = `
:root { color-scheme: light dark; --app: #f5f6f8; --text: #1c222b; --dim: #545d6b; --accent: #0f6472 }
@media (prefers-color-scheme: dark) { :root { --app: #0d1014; --text: #e3e6ec; --dim: #a2abb9; --accent: #79c4d1 } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; box-sizing: border-box; background: var(--app); color: var(--text); font: 14px/22px 'Inter Variable', Inter, system-ui, sans-serif }
main { max-width: 26rem }
h1 { margin: 0 0 8px; font-size: 20px; line-height: 28px }
p { margin: 0 0 16px; color: var(--dim); overflow-wrap: anywhere }
a { color: var(--accent); font-weight: 600; text-underline-offset: 3px }
code { font-size: 12px }
`
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'`
const escape = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** A browser that goes to a page, not a program that asks. */
export const wantsPage = (req: FastifyRequest): boolean =>
  (req.method === 'GET' || req.method === 'HEAD') && (req.headers.accept ?? '').includes('text/html') && !forPrograms.has(req.url.split(/[/?]/, 2)[1] ?? '')

export function sendProblemPage(reply: FastifyReply, { status, code, title, detail, requestId }: ProblemDocument): FastifyReply {
  const [head, text] = status === 404 ? ['Nothing lives here', 'The address may be mistyped, or the thing was moved or deleted.'] : status >= 500 ? ['This did not work', 'The fault is on our side and was noted. Try again in a moment.'] : [title, detail ?? '']
  return pageHeaders(reply.code(status), policy).header('cache-control', 'no-store').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(head)} · Groundwork</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${style}</style>
</head>
<body>
<main>
<h1>${escape(head)}</h1>
<p>${escape(text)}</p>
<p><a href="/">Go home</a></p>
<p><code>${status} · ${escape(code)} · ${escape(requestId)}</code></p>
</main>
</body>
</html>`)
}
