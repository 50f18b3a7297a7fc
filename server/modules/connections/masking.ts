// Secrets are masked by their value, wherever they come back: in an answer that echoes them, in a driver's error, in a redirect's address.

/** @returns a function that masks these values and the forms they travel in: base64, percent-encoded, escaped in JSON. Shorter than four characters is not masked. */
export function maskingOf(values: readonly string[]): (text: string) => string {
  const forms = values.flatMap((value) => (value.length < 4 ? [] : [value, encodeURIComponent(value), new URLSearchParams({ v: value }).toString().slice(2), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64'), Buffer.from(value).toString('base64').replace(/=+$/, ''), Buffer.from(value).toString('base64url')]))
  const known = [...new Set(forms)].sort((a, b) => b.length - a.length)
  return (text) => known.reduce((all, form) => all.replaceAll(form, '***'), text)
}

/** The same through a value of JSON, keys too. */
export function maskDeep<T>(mask: (text: string) => string, value: T): T {
  if (typeof value === 'string') return mask(value) as T
  if (Array.isArray(value)) return value.map((one: unknown) => maskDeep(mask, one)) as T
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mask(key), maskDeep(mask, inner as unknown)])) as T
  return value
}
