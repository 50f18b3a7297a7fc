// The pages of sign-in as HTML and one stylesheet, without script: they work in any browser, and nothing on them can read what is typed.
import { createHash } from 'node:crypto'
import { pageStyle } from './page-style.ts'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Part = string | number | Html | undefined | false | readonly Html[]
const textOf = (part: Part): string => (part === undefined || part === false ? '' : part instanceof Html ? part.text : typeof part === 'object' ? part.map((p) => p.text).join('') : String(part).replace(/[&<>"']/g, (c) => entities[c]!))
/** Everything put in is escaped, but for what came from this tag itself. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html => new Html(strings.reduce((all, s, i) => all + textOf(parts[i - 1]) + s))

export const stylePath = `/login/style-${createHash('sha256').update(pageStyle).digest('hex').slice(0, 12)}.css`

const mark = html`<svg class="mark" width="26" height="26" viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 5.5h8.2l2.8 6.5H8.8z" fill="currentColor" opacity="0.55"/><path d="M9.3 5.5h5.4l2.8 6.5H9.3z" fill="currentColor"/><rect x="2.5" y="15.5" width="19" height="3" rx="1.5" fill="currentColor"/></svg>`

/** How the tenant looks whose page it is; paths of ours. */
export type PageBrand = { name: string; logoUrl?: string | null; styleUrl?: string | null }
/** `refresh`: where the browser goes by itself, in a navigation of its own. */
export type Page = { title: string; lead?: string; body?: Html; foot?: Html; brand?: PageBrand; refresh?: string; script?: string }
export function pageOf({ title, lead, body, foot, brand = { name: 'Groundwork' }, refresh, script }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · ${brand.name}</title>
${refresh !== undefined && html`<meta http-equiv="refresh" content="0; url=${refresh}">`}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${stylePath}">
${brand.styleUrl ? html`<link rel="stylesheet" href="${brand.styleUrl}">` : undefined}
</head>
<body>
<main>
<p class="wordmark">${brand.logoUrl ? html`<img class="logo" src="${brand.logoUrl}" alt="">` : mark}${brand.name}</p>
<section>
<h1>${title}</h1>
${lead !== undefined && html`<p class="lead">${lead}</p>`}
${body}
</section>
${foot && html`<p class="foot">${foot}</p>`}
</main>
${script !== undefined && new Html(`<script>${script}</script>`)}
</body>
</html>`.text
}

export type Field = { name: string; label: string; type: 'email' | 'password' | 'text' | 'area'; complete: string; value?: string; hint?: string; focus?: boolean; aside?: Html }
export type Form = { action: string; verb: string; hidden: Record<string, string>; fields: readonly Field[]; fault?: { message: string; field?: string | undefined } | undefined; /** not what is to be done next */ quiet?: boolean | undefined }
/** A form that says what is wrong beside the field, or above when no single field is to blame. */
export function formOf({ action, verb, hidden, fields, fault, quiet = false }: Form): Html {
  const blamed = fields.find((f) => f.name === fault?.field)
  const inputs = fields.map((f, n) => {
    const wrong = blamed === f
    const described = [f.hint && `${f.name}-hint`, wrong && `${f.name}-fault`].filter(Boolean).join(' ')
    return html`<div class="field">
<div class="label"><label for="${f.name}">${f.label}</label>${f.aside}</div>
${f.type === 'area' ? html`<textarea id="${f.name}" name="${f.name}" rows="8" required spellcheck="false"${wrong && html` aria-invalid="true"`}${described && html` aria-describedby="${described}"`}>${f.value}</textarea>` : html`<input id="${f.name}" name="${f.name}" type="${f.type}" autocomplete="${f.complete}"${f.type === 'text' && html` spellcheck="false" autocapitalize="off"`} required maxlength="${f.type === 'email' ? 254 : 256}"${f.value !== undefined && html` value="${f.value}"`}${(wrong || (!blamed && n === 0) || f.focus) && html` autofocus`}${wrong && html` aria-invalid="true"`}${described && html` aria-describedby="${described}"`}>`}
${f.hint && html`<p class="hint" id="${f.name}-hint">${f.hint}</p>`}
${wrong && html`<p class="fault" id="${f.name}-fault" role="alert">${fault!.message}</p>`}
</div>`
  })
  return html`<form method="post" action="${action}">
${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${fault && !blamed && html`<p class="banner" role="alert">${fault.message}</p>`}
${inputs}
<button type="submit"${quiet && html` class="quiet"`}>${verb}</button>
</form>`
}
