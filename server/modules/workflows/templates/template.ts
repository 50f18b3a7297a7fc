// A template: a definition with places for parameters. `{{name}}` in its texts becomes the parameter; a text that is nothing else takes its type.
import type { Definition } from '../definitions/definition.ts'
import type { ScheduleMark } from '../nodes/fields.ts'

export type WorkflowTemplate = { id: string; name: string; description: string; category: 'Projects' | 'Team' | 'Reports' | 'Integration'; parameters: Record<string, unknown>; definition: Definition }

/** Two parameters, `cron` and `timeZone`, which a form asks for as one: when it comes, in words. */
export const schedule = (title: string, preset: string) => ({
  cron: { type: 'string', title, default: preset, minLength: 9, maxLength: 100, 'x-schedule': { timeZone: 'timeZone' } satisfies ScheduleMark },
  timeZone: { type: 'string', title: 'Time zone', default: 'UTC', maxLength: 60, 'x-pick': 'timeZone' },
})

const place = /\{\{(\w+)\}\}/g
/** @param values as judged by the template's schema; what was left out has its default */
export function fillTemplate<T>(value: T, values: Readonly<Record<string, unknown>>): T {
  if (typeof value === 'string') {
    const whole = /^\{\{(\w+)\}\}$/.exec(value)
    // inside ${{ }} the braces belong to an expression
    if (whole) return values[whole[1]!] as T
    return value.replace(place, (text, name: string, at: number) => (value[at - 1] === '$' || !Object.hasOwn(values, name) ? text : String(values[name]))) as T
  }
  if (Array.isArray(value)) return value.map((one: unknown) => fillTemplate(one, values)) as T
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillTemplate(one, values)])) as T
  return value
}
