// Contrast of colours, by WCAG 2.2 (relative luminance, 1.4.3): a brand's colour is taken only where people can read what stands on it.

type Rgb = readonly [number, number, number]
const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb
const format = (rgb: Rgb) => `#${rgb.map((n) => Math.round(n).toString(16).padStart(2, '0')).join('')}`
function luminance(hex: string): number {
  const [r, g, b] = parse(hex).map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
/** From 1 (the same) to 21 (black on white). */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
export const leastContrast = 4.5
const mix = (from: string, to: string, part: number): string => format(parse(from).map((n, at) => n + (parse(to)[at]! - n) * part) as unknown as Rgb)

/** The nearest colour on the way to another that can be read on a surface. */
export function reach(color: string, towards: string, surface: string, least = leastContrast): string {
  for (let part = 0; part <= 1; part += 0.02) {
    const tried = mix(color, towards, part)
    if (contrast(tried, surface) >= least) return tried
  }
  return towards
}

/** What a brand's colour becomes in both schemes: as text and line on the surfaces, filled with text on it, and as a soft ground under itself. */
export type Accent = { text: string; line: string; soft: string; filled: string; onFilled: string }
const accentOn = (color: string, surface: string, away: string, softness: number): Accent => {
  const soft = mix(surface, color, softness)
  return { text: reach(color, away, contrast(soft, away) < contrast(surface, away) ? soft : surface), line: reach(color, away, surface, 3), soft, filled: color, onFilled: contrast(color, '#ffffff') >= leastContrast ? '#ffffff' : '#0b1014' }
}
export const accents = (color: string): { light: Accent; dark: Accent } => ({ light: accentOn(color, '#ffffff', '#000000', 0.1), dark: accentOn(color, '#1b2027', '#ffffff', 0.18) })
