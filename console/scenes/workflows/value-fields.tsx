// Fields that hold an expression, or a text with `${{ expressions }}`: what can be read is offered while typing, and below stands what it gives on the
// values of the last run. Evaluated by the server's sandbox; nothing is evaluated here.
import { ActionIcon, Combobox, Input, Textarea, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Braces } from 'lucide-react'
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { t } from '../../words.ts'
import { partsOf, shortly, usePlace, usePreview, valuesAt, type Value } from './values.ts'

/** What a schema says, with `code` as code. */
export const inWords = (text: string | undefined): ReactNode => (text?.includes('`') ? text.split('`').map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part)) : text)

export type Named = { label: string; description?: ReactNode; required?: boolean; error?: string }
type Props = Named & { value: string; onChange: (value: string) => void; /** the whole field is one expression */ whole: boolean; long?: boolean; mono?: boolean; placeholder?: string }

/** What is being typed at the caret: the piece of a path that a suggestion would replace. */
function pieceAt(text: string, caret: number, whole: boolean): { from: number; piece: string } | null {
  const left = text.slice(0, caret)
  if (!whole && left.lastIndexOf('${{') <= left.lastIndexOf('}}')) return null
  const piece = /[\w$.[\]"]*$/.exec(left)?.[0] ?? ''
  return { from: caret - piece.length, piece }
}

export function ValueField({ value, onChange, whole, long, mono, label, description, required, error, placeholder }: Props) {
  const place = usePlace()
  const scope = usePreview(place, [])
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null)
  const [caret, setCaret] = useState<number | null>(null)
  const [all, setAll] = useState(false)
  const box = useCombobox({ onDropdownClose: () => (setAll(false), box.resetSelectedOption()) })
  const values = place ? valuesAt(place, scope.data?.scope) : []
  const at = caret === null ? null : pieceAt(value, caret, whole)
  const search = all ? '' : (at?.piece ?? '').toLowerCase()
  const offered = all ? values : at ? values.filter(({ path }) => path.toLowerCase() !== search && (search ? path.toLowerCase().includes(search) : true)) : []
  const shown = offered.sort((one, other) => Number(other.path.toLowerCase().startsWith(search)) - Number(one.path.toLowerCase().startsWith(search))).slice(0, 40)

  const follow = () => {
    const next = field.current?.selectionStart ?? null
    setCaret(next)
    const piece = next === null ? null : pieceAt(field.current!.value, next, whole)
    if (piece && (piece.piece || (!whole && field.current!.value.slice(0, next!).endsWith('${{ ')))) box.openDropdown()
    else if (!all) box.closeDropdown()
  }
  const take = (path: string) => {
    const caretNow = caret ?? value.length
    const here = pieceAt(value, caretNow, whole)
    const from = here && !all ? here.from : caretNow
    const text = here ? path : `\${{ ${path} }}`
    const next = value.slice(0, from) + text + value.slice(caretNow)
    onChange(next)
    box.closeDropdown()
    const to = from + text.length
    requestAnimationFrame(() => {
      field.current?.focus()
      field.current?.setSelectionRange(to, to)
      setCaret(to)
    })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && box.dropdownOpened) {
      event.preventDefault()
      event.stopPropagation()
      box.closeDropdown()
    }
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault()
      setAll(true)
      box.openDropdown()
    }
  }
  const input = {
    ref: field, label, description, required, error, placeholder, value, onKeyDown, spellCheck: !whole && !mono, autoComplete: 'off', withAsterisk: required,
    className: whole || mono ? 'mono-field' : undefined,
    onChange: (event: { currentTarget: { value: string } }) => {
      onChange(event.currentTarget.value)
      requestAnimationFrame(follow)
    },
    onFocus: () => setCaret(field.current?.selectionStart ?? null),
    onClick: follow,
    onBlur: () => box.closeDropdown(),
    onKeyUp: (event: KeyboardEvent) => /^(Arrow(Left|Right)|Home|End)$/.test(event.key) && follow(),
    rightSection: place ? (
      <ActionIcon size={24} aria-label={t('Insert a value into {field}', { field: label })} aria-haspopup="listbox" onMouseDown={(event) => event.preventDefault()} onClick={() => (setCaret(caret ?? value.length), setAll(true), box.openDropdown(), field.current?.focus())}>
        <Braces size={13} />
      </ActionIcon>
    ) : undefined,
  }
  return (
    <div className="value-field">
      <Combobox store={box} onOptionSubmit={take} withinPortal width="target" position="bottom-start">
        <Combobox.Target withKeyboardNavigation={box.dropdownOpened && shown.length > 0}>{long || mono ? <Textarea {...input} autosize minRows={mono ? 3 : 2} maxRows={14} /> : <TextInput {...input} />}</Combobox.Target>
        <Combobox.Dropdown hidden={!shown.length}>
          <Combobox.Options mah={260} style={{ overflowY: 'auto' }} aria-label={t('Values that can be read here')}>
            {shown.map((one) => (
              <Combobox.Option key={one.path} value={one.path}>
                <ValueLine value={one} />
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      <Preview value={value} whole={whole} />
    </div>
  )
}

function ValueLine({ value }: { value: Value }) {
  return (
    <span className="value-line">
      <code className="truncate">{value.path}</code>
      <span className="meta truncate">{value.example === undefined || value.example === null ? value.type : shortly(value.example, 40)}</span>
    </span>
  )
}

/** What the field gives, on the values of the last run or on samples. */
function Preview({ value, whole }: { value: string; whole: boolean }) {
  const place = usePlace()
  const [settled] = useDebouncedValue(value, 350)
  const sources = (whole ? [settled.trim()].filter(Boolean) : partsOf(settled)).slice(0, 20)
  const preview = usePreview(sources.length ? place : null, sources)
  const id = useId()
  if (!place || !sources.length || place.ofEvent || !preview.data || settled !== value) return null
  const { values } = preview.data
  const broken = values.find(({ error }) => error)
  const text = whole ? shortly(values[0]?.value) : filled(settled, values.map(({ value: one }) => one))
  return (
    <output className="preview" id={id} data-broken={broken ? true : undefined}>
      <span aria-hidden="true">{broken ? '!' : '='}</span>
      <span className="sr">{t('Preview: ')}</span>
      <span className="preview-value">{broken ? broken.error : text}</span>
      {!broken && <span className="meta">{place.runId ? t('last run') : t('sample')}</span>}
    </output>
  )
}
function filled(text: string, values: unknown[]) {
  let at = 0
  return shortly(text.replace(/\$\{\{[\s\S]*?\}\}/g, () => {
    const value = values[at++]
    return value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  }), 200)
}

/** Any JSON, or a text: what reads as JSON is kept as it. */
export function JsonField({ value, onChange, label, description, required, error, values }: Named & { value: unknown; onChange: (value: unknown) => void; /** texts in it may read values */ values?: boolean }) {
  const written = (one: unknown) => (one === undefined ? '' : typeof one === 'string' ? one : JSON.stringify(one, null, 2))
  const [text, setText] = useState(() => written(value))
  const [last, setLast] = useState(value)
  if (JSON.stringify(last) !== JSON.stringify(value)) {
    setLast(value)
    setText(written(value))
  }
  const change = (next: string) => {
    setText(next)
    const read = readJson(next)
    setLast(read)
    onChange(read)
  }
  const broken = /^\s*[[{]/.test(text) && typeof readJson(text) === 'string' ? t('This is not JSON yet; it is kept as a text.') : undefined
  if (values) return <ValueField {...{ label, description, required }} error={error ?? broken} value={text} onChange={change} whole={false} mono />
  return <Textarea className="mono-field" {...{ label, description, required }} error={error ?? broken} value={text} onChange={(event) => change(event.currentTarget.value)} autosize minRows={3} maxRows={18} spellCheck={false} />
}
export function readJson(text: string): unknown {
  if (!text.trim()) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A group of fields under one name. */
export function Group({ label, description, error, children }: Named & { children: React.ReactNode }) {
  return (
    <fieldset className="field-group">
      <legend>{label}</legend>
      {description && <Input.Description>{description}</Input.Description>}
      {error && <Input.Error>{error}</Input.Error>}
      {children}
    </fieldset>
  )
}
