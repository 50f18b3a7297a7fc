// A structured condition, put together from lines: left, operator, right. Groups of all or any; what is nested deeper is shown as JSON.
import { ActionIcon, Button, Select, SegmentedControl, TextInput } from '@mantine/core'
import { Plus, Trash2 } from 'lucide-react'
import { t } from '../../words.ts'
import { operatorWord } from './graph/drawn.ts'
import { Group, JsonField, readJson, ValueField, type Named } from './value-fields.tsx'

type Operand = { path?: string; value?: unknown }
type Line = { left: Operand; op: string; right?: Operand }
const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'contains', 'in', 'exists', 'truthy']
const alone = new Set(['exists', 'truthy'])
const isLine = (one: unknown): one is Line => typeof one === 'object' && one !== null && 'op' in one

export function ConditionField({ value, onChange, ...named }: Named & { value: unknown; onChange: (value: unknown) => void }) {
  const given = value as { all?: unknown[]; any?: unknown[] } | Line | undefined
  const list = given === undefined ? [] : isLine(given) ? [given] : ((given as { all?: unknown[] }).all ?? (given as { any?: unknown[] }).any)
  if (!list || !list.every(isLine)) return <JsonField {...named} value={value} onChange={onChange} />
  const how = given && !isLine(given) && given.any ? 'any' : 'all'
  const write = (lines: Line[], kind = how) => onChange(!lines.length ? undefined : lines.length === 1 && kind === 'all' ? lines[0] : { [kind]: lines })
  const fresh = (): Line => ({ left: { path: '' }, op: 'eq', right: { value: '' } })
  return (
    <Group {...named}>
      {list.length > 1 && <SegmentedControl size="xs" value={how} onChange={(next) => write(list, next as 'all')} aria-label={t('How the lines count together')} data={[{ value: 'all', label: t('All must hold') }, { value: 'any', label: t('One is enough') }]} />}
      {list.map((line, at) => (
        <ConditionLine key={at} line={line} number={at + 1} change={(next) => write(list.map((one, i) => (i === at ? next : one)))} remove={() => write(list.filter((_, i) => i !== at))} />
      ))}
      <Button size="compact-xs" variant="default" leftSection={<Plus size={13} />} onClick={() => write([...list, fresh()])} style={{ alignSelf: 'flex-start' }}>
        {list.length ? t('Another line') : t('Add a condition')}
      </Button>
    </Group>
  )
}

function ConditionLine({ line, number, change, remove }: { line: Line; number: number; change: (line: Line) => void; remove: () => void }) {
  return (
    <div className="condition-line">
      <Side label={t('Left side {number}', { number })} operand={line.left} change={(left) => change({ ...line, left })} reads />
      <div className="row">
        <Select
          className="grow"
          size="xs"
          aria-label={t('Operator {number}', { number })}
          value={line.op}
          data={operators.map((op) => ({ value: op, label: operatorWord(op) }))}
          onChange={(op) => op && change(alone.has(op) ? { left: line.left, op } : { ...line, op, right: line.right ?? { value: '' } })}
        />
        <ActionIcon aria-label={t('Remove line {number}', { number })} onClick={remove}>
          <Trash2 size={14} />
        </ActionIcon>
      </div>
      {!alone.has(line.op) && <Side label={t('Right side {number}', { number })} operand={line.right ?? { value: '' }} change={(right) => change({ ...line, right })} />}
    </div>
  )
}

/** A value that is read by its path, or one that is written here. */
function Side({ label, operand, change, reads }: { label: string; operand: Operand; change: (operand: Operand) => void; reads?: boolean }) {
  const isPath = operand.path !== undefined
  const swap = (
    <button type="button" className="link small" onClick={() => change(isPath ? { value: '' } : { path: '' })}>
      {isPath ? t('Write a value') : t('Read a value')}
    </button>
  )
  return (
    <div className="side">
      {isPath ? (
        <ValueField label={label} value={operand.path ?? ''} onChange={(path) => change({ path })} whole placeholder="trigger.data.title" />
      ) : (
        <TextInput label={label} value={typeof operand.value === 'string' ? operand.value : (JSON.stringify(operand.value) ?? '')} onChange={(event) => change({ value: literal(event.currentTarget.value) })} />
      )}
      {(!reads || !isPath) && swap}
    </div>
  )
}

/** `5`, `true`, `null` and lists are what they say; anything else is a text. */
function literal(text: string): unknown {
  const read = readJson(text)
  return read === undefined ? '' : typeof read === 'object' && read !== null && !Array.isArray(read) ? text : /^\s/.test(text) || /\s$/.test(text) ? text : read
}
