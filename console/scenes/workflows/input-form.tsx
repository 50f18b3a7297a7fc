// The input of a workflow that is started by hand: a person lists its fields here, and gets a JSON Schema without having to know one.
import { ActionIcon, Button, Checkbox, Select, TextInput } from '@mantine/core'
import { Plus, Trash2 } from 'lucide-react'
import { t } from '../../words.ts'
import type { Schema } from './graph/drawn.ts'
import { Group, JsonField, type Named } from './value-fields.tsx'

const kinds = (): { value: string; label: string }[] => [
  { value: 'text', label: t('Text') }, { value: 'long', label: t('Long text') }, { value: 'number', label: t('Number') }, { value: 'whole', label: t('Whole number') }, { value: 'yes', label: t('Yes or no') }, { value: 'email', label: t('Mail address') }, { value: 'date', label: t('Date') }, { value: 'choice', label: t('One of a list') },
]
const shapes: Record<string, Schema> = { text: { type: 'string' }, long: { type: 'string', maxLength: 10_000 }, number: { type: 'number' }, whole: { type: 'integer' }, yes: { type: 'boolean' }, email: { type: 'string', format: 'email' }, date: { type: 'string', format: 'date' }, choice: { enum: ['one', 'other'] } }

function kindOf(schema: Schema): string | undefined {
  const { title: _, ...bare } = schema
  if (bare.enum) return 'choice'
  return Object.entries(shapes).find(([, shape]) => JSON.stringify(shape) === JSON.stringify(bare))?.[0]
}

export function InputForm({ value, onChange, ...named }: Named & { value: Schema | undefined; onChange: (value: Schema | undefined) => void }) {
  const fields = Object.entries(value?.properties ?? {})
  const required = new Set(value?.required)
  const drawable = value === undefined || (value.type === 'object' && Object.keys(value).every((key) => ['type', 'properties', 'required', 'additionalProperties'].includes(key)) && fields.every(([, schema]) => kindOf(schema)))
  if (!drawable) return <JsonField {...named} value={value} onChange={(next) => onChange(next as Schema | undefined)} />
  const write = (next: [string, Schema][], demanded: Set<string>) => {
    const names = next.map(([name]) => name).filter((name) => demanded.has(name))
    onChange(next.length ? { type: 'object', ...(names.length ? { required: names } : {}), properties: Object.fromEntries(next) } : undefined)
  }
  const put = (at: number, name: string, schema: Schema) => {
    const was = fields[at]![0]
    write(fields.map((one, i) => (i === at ? [name, schema] : one)), required.has(was) ? new Set([...required, name]) : required)
  }
  return (
    <Group {...named} description={t('The fields somebody fills in when they start it; read them as trigger.name.')}>
      {fields.map(([name, schema], at) => (
        <div className="item" key={at}>
          <div className="input-row">
            <TextInput label={t('Name {number}', { number: at + 1 })} value={name} onChange={(event) => put(at, event.currentTarget.value.replace(/[^A-Za-z0-9_]/g, ''), schema)} />
            <Select label={t('Holds {number}', { number: at + 1 })} data={kinds()} value={kindOf(schema) ?? 'text'} onChange={(kind) => kind && put(at, name, { ...shapes[kind]!, ...(schema.title ? { title: schema.title } : {}) })} />
            {schema.enum && <TextInput label={t('Choices {number}', { number: at + 1 })} value={schema.enum.join(', ')} onChange={(event) => put(at, name, { ...schema, enum: event.currentTarget.value.split(',').map((part, i, all) => (i === all.length - 1 ? part.trimStart() : part.trim())) })} />}
            <Checkbox label={t('Required')} checked={required.has(name)} onChange={(event) => write(fields, event.currentTarget.checked ? new Set([...required, name]) : new Set([...required].filter((one) => one !== name)))} />
          </div>
          <ActionIcon aria-label={t('Remove {name}', { name: name || t('the unnamed') })} onClick={() => write(fields.filter((_, i) => i !== at), required)} mt={24}>
            <Trash2 size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button size="compact-xs" variant="default" leftSection={<Plus size={13} />} disabled={fields.some(([name]) => !name)} onClick={() => write([...fields, [freeName(fields.map(([name]) => name)), { type: 'string' }]], required)} style={{ alignSelf: 'flex-start' }} aria-label={t('Add to {field}', { field: named.label })}>
        {t('Add a field')}
      </Button>
    </Group>
  )
}
function freeName(taken: string[]) {
  for (let at = taken.length + 1; ; at++) if (!taken.includes(`field${at}`)) return `field${at}`
}
