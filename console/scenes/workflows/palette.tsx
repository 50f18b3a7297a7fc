// What can be added, by primitive, found by typing. From the catalogue: the editor knows no node type of its own.
import { TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { useState, type KeyboardEvent } from 'react'
import { t } from '../../words.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { dragKind } from './graph/canvas.tsx'
import { primitives, primitiveWord, type Catalogue, type NodeType } from './graph/drawn.ts'
import { TypeIcon } from './graph/icons.tsx'

type Props = { catalogue: Catalogue; add: (type: NodeType) => void; /** without triggers: something is to follow */ after?: boolean; autoFocus?: boolean; drag?: boolean }

/** First what is written here, then what every operation of the product adds. */
const groupOf = (type: NodeType) => (type.operation ? 'operation' : type.type.includes('.') ? 'service' : type.primitive)

export function PaletteList({ catalogue, add, after, autoFocus, drag }: Props) {
  const [search, setSearch] = useState('')
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (type: NodeType) => words.every((word) => `${type.title} ${type.description} ${type.type} ${primitiveWord(type.primitive)}`.toLowerCase().includes(word))
  const rank = (type: NodeType) => (words.every((word) => type.title.toLowerCase().includes(word)) ? 0 : 1)
  const shown = catalogue.types.filter((type) => !(after && type.primitive === 'trigger') && fits(type)).sort((one, other) => (words.length ? rank(one) - rank(other) : 0))
  const groups = [...primitives, 'operation', 'service'].map((name) => ({ name, types: shown.filter((type) => groupOf(type) === name) })).filter(({ types }) => types.length)
  const go = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.palette-item')]
    const at = all.indexOf(document.activeElement as HTMLElement)
    const next = all[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (next) next.focus()
    else event.currentTarget.querySelector<HTMLElement>('input')?.focus()
    event.preventDefault()
  }
  return (
    <div className="palette-list" onKeyDown={go}>
      <TextInput
        size="xs"
        leftSection={<Search size={13} />}
        placeholder={t('Find a step')}
        aria-label={t('Find a step')}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        data-autofocus={autoFocus || undefined}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !groups[0]) return
          event.preventDefault()
          add(groups[0].types[0]!)
        }}
      />
      <div className="palette-groups" tabIndex={-1}>
        {groups.map(({ name, types }) => (
          <section key={name} aria-label={groupWord(name)}>
            <h2 className="palette-title">{groupWord(name)}</h2>
            <ul>
              {types.map((type) => (
                <li key={`${type.primitive}.${type.type}`}>
                  <button
                    type="button"
                    className="palette-item"
                    data-primitive={type.primitive}
                    title={type.description}
                    draggable={drag || undefined}
                    onDragStart={(event) => {
                      event.dataTransfer.setData(dragKind, `${type.primitive}.${type.type}`)
                      event.dataTransfer.effectAllowed = 'copy'
                    }}
                    onClick={() => add(type)}
                  >
                    <span className="node-mark" aria-hidden="true">
                      <TypeIcon primitive={type.primitive} type={type.type} size={14} />
                    </span>
                    <span className="truncate">{type.title}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
        {!groups.length && <p className="meta palette-none">{t('No step is called that.')}</p>}
      </div>
    </div>
  )
}

const groupWord = (name: string) => ({ trigger: t('Triggers'), action: t('Actions'), condition: t('Conditions'), data: t('Data'), connection: t('Connections'), operation: t('In this product'), service: t('Other services') })[name] ?? name

/** The same as a dialog: where something is to follow a step, and on a phone. */
export function AddDialog({ catalogue, add, after, close, title }: Props & { close: () => void; title: string }) {
  return (
    <Dialog title={title} opened close={close} size={480}>
      <div className="add-dialog">
        <PaletteList catalogue={catalogue} after={after} autoFocus add={(type) => (close(), add(type))} />
      </div>
    </Dialog>
  )
}
