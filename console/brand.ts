// The team's colour instead of ours: the same derivation as on the login page, in both schemes. Only properties are set, which the content policy allows.
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { get } from './api.ts'
import { useMe } from './reads.ts'
import type { Branding } from './things.ts'

export const useBranding = () => {
  const { tenant } = useMe()
  return useQuery({ queryKey: ['branding.get', { tenant: tenant?.id }], queryFn: ({ signal }) => get<Branding>('/branding', undefined, signal), enabled: !!tenant, staleTime: 300_000 })
}

const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
const light = (hex: string) => {
  const [r = 0, g = 0, b = 0] = channels(hex).map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
/** Contrast by WCAG 2.2, 1 to 21. */
export function contrast(one: string, other: string) {
  const [high = 0, low = 0] = [light(one), light(other)].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}
const mix = (from: string, to: string, part: number) =>
  `#${channels(from)
    .map((n, at) => Math.round(n + ((channels(to)[at] ?? 0) - n) * part).toString(16).padStart(2, '0'))
    .join('')}`
function reach(color: string, towards: string, surfaces: string[], least: number) {
  for (let part = 0; part < 1; part += 0.02) {
    const tried = mix(color, towards, part)
    if (surfaces.every((surface) => contrast(tried, surface) >= least)) return tried
  }
  return towards
}

const names = ['--accent', '--accent-soft', '--accent-line', '--mantine-primary-color-filled', '--mantine-primary-color-filled-hover', '--mantine-primary-color-contrast', '--mantine-color-petrol-filled', '--mantine-color-petrol-filled-hover']
function tokensOf(color: string, dark: boolean): string[] {
  const [surfaces, away] = dark ? [['#13171c', '#1b2027', '#20262e'], '#ffffff'] : [['#ffffff', '#f5f6f8', '#eceff3'], '#000000']
  const soft = mix(surfaces[0]!, color, dark ? 0.2 : 0.1)
  const filled = color // white stands on it: the server takes no other
  const hover = mix(color, '#000000', 0.1)
  return [reach(color, away, [...surfaces, soft], 4.5), soft, reach(color, away, surfaces, 3), filled, hover, '#ffffff', filled, hover]
}

/** Puts the colour on while the team is here, in the scheme that is on. */
export function useBrandColor(scheme: 'light' | 'dark') {
  const color = useBranding().data?.color ?? null
  useEffect(() => {
    const { style } = document.documentElement
    if (color) for (const [at, value] of tokensOf(color, scheme === 'dark').entries()) style.setProperty(names[at]!, value)
    return () => {
      for (const name of names) style.removeProperty(name)
    }
  }, [color, scheme])
}
