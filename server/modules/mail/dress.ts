// A tenant's mail in the tenant's colours: the same words as HTML under its name and logo. Inline styles, since mail programs take no others.
export type LetterBrand = { name: string; color: string | null; logoUrl: string | null }

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => entities[c]!)

/** @param publicUrl where the logo is fetched from */
export function dressed(text: string, { name, color, logoUrl }: LetterBrand, publicUrl: string): string {
  const accent = color ?? '#0f6472'
  const words = escaped(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}" style="color:${accent}">${url}</a>`)
  const logo = logoUrl ? `<img src="${escaped(publicUrl + logoUrl)}" alt="" height="28" style="vertical-align:middle;margin-right:10px">` : ''
  return `<!doctype html><html><body style="margin:0;padding:24px;background:#f5f6f8;color:#1c222b;font:15px/1.5 system-ui,sans-serif"><div style="max-width:560px;margin:0 auto;background:#fff;border:1px solid #e5e8ed;border-top:3px solid ${accent};border-radius:8px;padding:24px"><p style="margin:0 0 16px;font-weight:600">${logo}${escaped(name)}</p><div style="white-space:pre-line">${words}</div></div></body></html>`
}
