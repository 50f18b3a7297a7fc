// Forms from JSON Schemas: the settings of a node, the input of a run, the parameters of a template. What no form can show is shown as JSON.
import { ActionIcon, Button, Checkbox, NumberInput, Select, TextInput } from '@mantine/core'
import { Plus, Trash2 } from 'lucide-react'
import { useMembers, useProjects } from '../../reads.ts'
import { t } from '../../words.ts'
import { ConditionField } from './condition-field.tsx'
import type { Schema } from './graph/drawn.ts'
import { InputForm } from './input-form.tsx'
import { DurationField, ScheduleField } from './schedule-field.tsx'
import { useWorkflows } from './reads.ts'
import { usePlace } from './values.ts'
import { Group, inWords, JsonField, ValueField, type Named } from './value-fields.tsx'

type Settings = Record<string, unknown>
type FieldProps = Named & { schema: Schema; value: unknown; onChange: (value: unknown) => void; pointer: string; errors: Record<string, string> }

/** Every field of an object's schema; `errors` by JSON pointer below it. */
export function Fields({ schema, value, onChange, errors = {}, pointer = '' }: { schema: Schema; value: Settings; onChange: (value: Settings) => void; errors?: Record<string, string>; pointer?: string }) {
  const fields = schema.properties ?? {}
  const one = (name: string, field: Schema) => {
    const at = `${pointer}/${name}`
    const named = { label: field.title ?? name, description: inWords(field.description), required: schema.required?.includes(name), error: errorAt(errors, at) }
    const beside = field['x-schedule']
    if (beside) {
      const zone = fields[beside.timeZone]
      return <ScheduleField key={name} {...named} error={named.error ?? errorAt(errors, `${pointer}/${beside.every}`)} name={name} schema={field} value={value} onChange={onChange} zone={zone && one(beside.timeZone, zone)} />
    }
    const set = (next: unknown) => {
      const { [name]: _, ...rest } = value
      onChange(next === undefined || (next === '' && !schema.required?.includes(name)) ? rest : { ...rest, [name]: next })
    }
    return <Field key={name} {...named} schema={field} value={value[name]} onChange={set} pointer={at} errors={errors} />
  }
  const withinSchedules = new Set(Object.values(fields).flatMap((field) => Object.values(field['x-schedule'] ?? {})))
  return <>{Object.entries(fields).map(([name, field]) => !withinSchedules.has(name) && one(name, field))}</>
}
/** The fault of a field: at its own place, or below it where no field shows it. */
const errorAt = (errors: Record<string, string>, at: string) => errors[at]

function Field(props: FieldProps) {
  const { schema, value, onChange, pointer, errors, ...named } = props
  if (schema['x-expression']) return <ValueField {...named} value={textOf(value)} onChange={onChange} whole />
  if (schema['x-condition']) return <ConditionField {...named} value={value} onChange={onChange} />
  if (schema['x-code']) return <ValueField {...named} value={textOf(value)} onChange={onChange} whole={false} mono />
  if (schema['x-pick']) return <Pick {...props} kind={schema['x-pick']} />
  if (schema['x-duration']) return <DurationField {...named} units={schema['x-duration']} value={textOf(value ?? schema.default)} onChange={onChange} />
  if (schema['x-template'] && schema.anyOf) return <Filled {...props} />
  if (schema['x-template'] && schema.type === 'string') return <ValueField {...named} value={textOf(value)} onChange={onChange} whole={false} long={schema['x-long']} />
  if (schema['x-template'] && !schema.patternProperties) return <JsonField {...named} value={value} onChange={onChange} values />
  return <Plain {...props} />
}

/** What a schema without marks holds. */
function Plain(props: FieldProps) {
  const { schema, value, onChange, pointer, errors, ...named } = props
  const shape = schema.anyOf ? (schema.anyOf.find(({ type }) => type !== 'null') ?? schema) : schema
  const { label, description, required, error } = named
  if (shape.enum) return <Select {...named} withAsterisk={required} value={value === undefined ? null : String(value)} data={shape.enum.filter((one) => one !== null).map(String)} onChange={(next) => onChange(next ?? undefined)} allowDeselect={!required} clearable={!required} placeholder={shape.default === undefined ? undefined : String(shape.default)} />
  if (shape.type === 'boolean') return <Checkbox label={label} description={description} error={error} checked={Boolean(value ?? shape.default)} onChange={(event) => onChange(event.currentTarget.checked)} />
  if (shape.type === 'integer' || shape.type === 'number')
    return <NumberInput {...named} withAsterisk={required} value={typeof value === 'number' ? value : ''} onChange={(next) => onChange(typeof next === 'number' ? next : undefined)} min={shape.minimum} max={shape.maximum} allowDecimal={shape.type === 'number'} placeholder={shape.default === undefined ? undefined : String(shape.default)} clampBehavior="none" />
  if (shape.type === 'array' && shape.items) return <Items {...props} schema={shape} items={shape.items} />
  if (shape.patternProperties) return <Pairs {...props} schema={shape} />
  if (shape.type === 'object' && shape.properties)
    return (
      <Group {...named}>
        <Fields schema={shape} value={(value as Settings | undefined) ?? {}} onChange={onChange} errors={errors} pointer={pointer} />
      </Group>
    )
  if (shape.type === 'object' && label === 'Input') return <InputForm {...named} value={value as Schema | undefined} onChange={onChange} />
  if (shape.type === 'string') return shape['x-long'] || (shape.maxLength ?? 0) > 1000 ? <ValueField {...named} value={textOf(value)} onChange={onChange} whole={false} long /> : <TextInput {...named} withAsterisk={required} value={textOf(value)} onChange={(event) => onChange(event.currentTarget.value)} placeholder={shape.examples ? String(shape.examples[0]) : shape.default === undefined ? undefined : String(shape.default)} type={shape.format === 'email' ? 'email' : 'text'} />
  return <JsonField {...named} value={value} onChange={onChange} />
}
const textOf = (value: unknown) => (value === undefined || value === null ? '' : typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value))

/** A value of a schema, or an expression that gives one. */
function Filled(props: FieldProps) {
  const { schema, value, onChange, pointer, errors, ...named } = props
  const plain = schema.anyOf!.find((one) => one.type !== 'string' || one.enum) ?? schema.anyOf![0]!
  const free = plain.type === 'array' && plain.items?.type === 'string' && !plain.items.enum
  const written = typeof value === 'string' && value.includes('${{')
  // a list of texts is written in one line, with commas
  if (free) return <ValueField {...named} value={textOf(value)} onChange={(next) => onChange(next.includes('${{') || schema.anyOf!.some((one) => one.type === 'string' && !('pattern' in one)) ? next : listOf(next))} whole={false} />
  if (!usePlace()) return <Plain {...props} schema={plain} />
  return (
    <div className="side">
      {written ? <ValueField {...named} value={value} onChange={onChange} whole={false} /> : <Plain {...props} schema={plain} />}
      <button type="button" className="link small" onClick={() => onChange(written ? undefined : '${{ }}')} aria-label={written ? t('{field}: write a value', { field: named.label }) : t('{field}: read a value', { field: named.label })}>
        {written ? t('Write a value') : t('Read a value')}
      </button>
    </div>
  )
}
const listOf = (text: string) => {
  const parts = text.split(',').map((part, at, all) => (at === all.length - 1 ? part.trimStart() : part.trim()))
  return parts.length === 1 && !parts[0] ? undefined : parts
}

/** A list, each item with a form of its own. */
function Items({ schema, items, value, onChange, pointer, errors, ...named }: FieldProps & { items: Schema }) {
  const list = Array.isArray(value) ? (value as unknown[]) : []
  const set = (at: number, next: unknown) => onChange(list.map((one, i) => (i === at ? next : one)))
  const fresh = () => (items.type === 'object' ? {} : items.enum ? items.enum[0] : items.type === 'integer' || items.type === 'number' ? 0 : '')
  const one = items.title ?? named.label
  return (
    <Group {...named}>
      {list.map((item, at) => (
        <div className="item" key={at}>
          <div className="grow stack tight">
            {items.type === 'object' && items.properties ? (
              <Fields schema={items} value={(item as Settings | undefined) ?? {}} onChange={(next) => set(at, next)} errors={errors} pointer={`${pointer}/${at}`} />
            ) : (
              <Field schema={items} value={item} onChange={(next) => set(at, next ?? '')} label={`${one} ${at + 1}`} error={errors[`${pointer}/${at}`]} pointer={`${pointer}/${at}`} errors={errors} />
            )}
          </div>
          <ActionIcon aria-label={t('Remove {name} {number}', { name: one, number: at + 1 })} onClick={() => onChange(list.filter((_, i) => i !== at))}>
            <Trash2 size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button size="compact-xs" variant="default" leftSection={<Plus size={13} />} onClick={() => onChange([...list, fresh()])} style={{ alignSelf: 'flex-start' }} aria-label={t('Add to {field}', { field: named.label })}>
        {t('Add')}
      </Button>
    </Group>
  )
}

/** Names and values, each of one's own making. */
function Pairs({ schema, value, onChange, pointer, errors, ...named }: FieldProps) {
  const held = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {}
  const pairs = Object.entries(held)
  const of = Object.values(schema.patternProperties ?? {})[0] ?? {}
  const write = (next: [string, unknown][]) => onChange(Object.fromEntries(next))
  return (
    <Group {...named}>
      {pairs.map(([name, one], at) => (
        <div className="item" key={at}>
          <TextInput label={t('Name {number}', { number: at + 1 })} value={name} onChange={(event) => write(pairs.map(([key, inner], i) => (i === at ? [event.currentTarget.value, inner] : [key, inner])))} className="pair-name" />
          <div className="grow">
            <Field schema={of['x-template'] ? { ...of, type: 'string' } : of} value={one} onChange={(next) => write(pairs.map(([key, inner], i) => (i === at ? [key, next ?? ''] : [key, inner])))} label={t('Value {number}', { number: at + 1 })} error={errors[`${pointer}/${name}`]} pointer={`${pointer}/${name}`} errors={errors} />
          </div>
          <ActionIcon aria-label={t('Remove {name}', { name: name || t('the unnamed') })} onClick={() => write(pairs.filter((_, i) => i !== at))} mt={24}>
            <Trash2 size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button size="compact-xs" variant="default" leftSection={<Plus size={13} />} disabled={Object.hasOwn(held, '')} onClick={() => write([...pairs, [pairs.length ? '' : 'value', '']])} style={{ alignSelf: 'flex-start' }} aria-label={t('Add to {field}', { field: named.label })}>
        {t('Add')}
      </Button>
    </Group>
  )
}

/** One of the things that are here: a person, a project, an event. Where expressions may stand, one may be written instead. */
function Pick(props: FieldProps & { kind: string }) {
  const { schema, value, onChange, kind, pointer: _p, errors: _e, ...named } = props
  const choices = useChoices(kind)
  const mayRead = Boolean(schema['x-template']) && !!usePlace()
  const several = schema.anyOf?.some(({ type }) => type === 'array')
  const text = textOf(value)
  const known = choices.some((choice) => choice.value === text)
  if (several || (mayRead && text.includes('${{')) || kind === 'task')
    return (
      <div className="side">
        <ValueField {...named} value={text} onChange={onChange} whole={false} />
        {choices.length > 0 && kind !== 'task' && (
          <Select size="xs" aria-label={t('Choose for {field}', { field: named.label })} placeholder={t('Choose')} searchable value={null} data={choices} onChange={(next) => next && onChange(several && text ? `${text}, ${next}` : next)} comboboxProps={{ withinPortal: true }} />
        )}
      </div>
    )
  return (
    <div className="side">
      <Select {...named} withAsterisk={named.required} searchable value={text || null} data={known || !text ? choices : [...choices, { value: text, label: text }]} onChange={(next) => onChange(next ?? undefined)} clearable={!named.required && schema.default === undefined} nothingFoundMessage={t('Nothing fits')} placeholder={schema.default === undefined ? t('Choose') : String(schema.default)} />
      {mayRead && (
        <button type="button" className="link small" onClick={() => onChange('${{ }}')} aria-label={t('{field}: read a value', { field: named.label })}>
          {t('Read a value')}
        </button>
      )}
    </div>
  )
}

function useChoices(kind: string): { value: string; label: string }[] {
  const place = usePlace()
  const members = useMembers().data
  const projects = useProjects().data
  const workflows = useWorkflows({}, kind === 'workflow').data
  if (kind === 'person') return (members ?? []).map(({ userId, name }) => ({ value: userId, label: name }))
  if (kind === 'project') return (projects ?? []).filter(({ status }) => status === 'active').map(({ id, name }) => ({ value: id, label: name }))
  if (kind === 'workflow') return (workflows ?? []).filter(({ id }) => id !== place?.workflowId).map(({ id, name }) => ({ value: id, label: name }))
  if (kind === 'event') return (place?.catalogue.events ?? []).map(({ name }) => ({ value: name, label: name }))
  if (kind === 'entity') return [...new Set((place?.catalogue.events ?? []).map(({ name }) => name.split('.')[0]!))].sort().map((name) => ({ value: name, label: name }))
  if (kind === 'timeZone') return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')].map((name) => ({ value: name, label: name }))
  return []
}
