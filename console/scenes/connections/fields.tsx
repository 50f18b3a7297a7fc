// The form of a connection, drawn from the fields its kind names: no kind has a form of its own.
import { PasswordInput, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { ApiProblem } from '../../api.ts'
import { t } from '../../words.ts'
import type { Field } from './connection.tsx'

/** What stands in the inputs, all of it text but switches. */
export type Entered = Record<string, string | boolean>
export type Faults = Record<string, string>

const seldom = new Set(['headers', 'testPath', 'audience', 'authorizeExtra', 'clientAuth'])
/** What most people leave as it is: a preset's own addresses, and the odd end of a kind. */
const isSeldom = (field: Field, preset: boolean) => !field.secret && (seldom.has(field.name) || (preset && field.default !== undefined))

/** How a setting is written in its input. */
export function toText(field: Field, value: unknown): string | boolean {
  if (field.kind === 'switch') return value === true
  if (value === undefined || value === null) return ''
  if (field.kind === 'list' && Array.isArray(value)) return value.join('\n')
  if (field.kind === 'pairs') return Object.entries(value as Record<string, string>).map(([name, text]) => `${name}: ${text}`).join('\n')
  return String(value)
}

/** Settings and secrets as the API wants them; what is empty is left out. */
export function fromText(fields: Field[], entered: Entered): { settings: Record<string, unknown>; secrets: Record<string, string> } {
  const settings: Record<string, unknown> = {}
  const secrets: Record<string, string> = {}
  for (const field of fields) {
    const value = entered[field.name]
    if (field.secret) {
      if (typeof value === 'string' && value !== '') secrets[field.name] = value
    } else if (typeof value === 'boolean') settings[field.name] = value
    else if (value?.trim()) settings[field.name] = valueOf(field, value.trim())
  }
  return { settings, secrets }
}
function valueOf(field: Field, text: string): unknown {
  if (field.kind === 'port') return Number(text)
  if (field.kind === 'list') return text.split(/[\s,]+/)
  if (field.kind === 'pairs') return Object.fromEntries(text.split('\n').filter((line) => line.trim()).map((line) => [line.split(':')[0]!.trim(), line.split(':').slice(1).join(':').trim()]))
  return text
}

/** The faults of a refusal by the name of their input; `other` for what belongs to none. */
export function faultsOf(error: unknown): { faults: Faults; other: ApiProblem | null } {
  const problem = error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: String(error) })
  const faults = Object.fromEntries(problem.errors.flatMap(({ path, message }) => {
    const [, first, second] = path.split('/')
    return first === 'name' ? [['name', message]] : (first === 'settings' || first === 'secrets') && second ? [[second, message]] : []
  })) as Faults
  return { faults, other: Object.keys(faults).length ? null : problem }
}

export function Fields({ fields, preset, entered, faults, change, kept }: { fields: Field[]; preset: boolean; entered: Entered; faults: Faults; change: (name: string, value: string | boolean) => void; kept?: string[] }) {
  const hidden = fields.filter((field) => isSeldom(field, preset))
  const draw = (field: Field) => <One key={field.name} field={field} value={entered[field.name] ?? ''} fault={faults[field.name]} preset={preset} change={(value) => change(field.name, value)} kept={kept?.includes(field.name)} />
  return (
    <>
      {fields.filter((field) => !hidden.includes(field)).map(draw)}
      {hidden.length > 0 && (
        <details open={hidden.some((field) => faults[field.name]) || undefined}>
          <summary>{t('More settings')}</summary>
          <div className="stack">{hidden.map(draw)}</div>
        </details>
      )}
    </>
  )
}

/** A choice in words; what has none, a kind made later, stands as it is named. */
const choiceWord = (field: string, choice: string): string => {
  const words: Record<string, string> = {
    'engine postgresql': 'PostgreSQL', 'engine mysql': 'MySQL', 'tls verify': t('Encrypted, certificate checked'), 'tls require': t('Encrypted, certificate not checked'), 'tls off': t('Not encrypted'),
    'security starttls': t('STARTTLS'), 'security tls': t('TLS from the start'), 'in header': t('A header'), 'in query': t('The address'),
    'grant authorization_code': t('A person signs in'), 'grant client_credentials': t('The client signs in by itself'), 'clientAuth basic': t('Its id and secret in a header'), 'clientAuth post': t('Its id and secret in the form'),
  }
  return words[`${field} ${choice}`] ?? choice
}

function One({ field, value, fault, preset, change, kept }: { field: Field; value: string | boolean; fault: string | undefined; preset: boolean; change: (value: string | boolean) => void; kept?: boolean }) {
  const text = typeof value === 'string' ? value : ''
  const common = { label: field.title, error: fault, required: field.required && !kept, withAsterisk: field.required && !kept }
  if (field.secret)
    return (
      <PasswordInput
        {...common}
        autoComplete="new-password"
        description={kept ? t('One is kept. It is never shown; what you write here takes its place.') : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('Show: {name}', { name: field.title }) }}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
      />
    )
  if (field.kind === 'switch') return <Switch label={field.title} checked={value === true} onChange={(event) => change(event.currentTarget.checked)} />
  if (field.kind === 'choice') return <Select {...common} data={(field.choices ?? []).map((value) => ({ value, label: choiceWord(field.name, value) }))} placeholder={t('Choose')} allowDeselect={!field.required && field.default === undefined} value={text || null} onChange={(next) => change(next ?? '')} />
  if (field.kind === 'list' || field.kind === 'pairs')
    return <Textarea {...common} autosize minRows={2} description={field.kind === 'pairs' ? t('One a line, as Name: value') : preset ? t('One a line; left empty, those its operations need') : t('One a line')} value={text} onChange={(event) => change(event.currentTarget.value)} />
  if (field.kind === 'certificates')
    return <Textarea {...common} className="pem" autosize minRows={3} maxRows={12} spellCheck={false} placeholder="-----BEGIN CERTIFICATE-----" description={t('In PEM, one or more below each other; left empty, the public authorities count')} value={text} onChange={(event) => change(event.currentTarget.value)} />
  return (
    <TextInput
      {...common}
      type={field.kind === 'url' ? 'url' : 'text'}
      inputMode={field.kind === 'port' ? 'numeric' : undefined}
      autoComplete="off"
      placeholder={field.kind === 'url' ? 'https://api.example.com/v1' : field.kind === 'port' ? t('The usual one') : undefined}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
    />
  )
}
