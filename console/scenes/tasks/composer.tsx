import { Button } from '@mantine/core'
import { useId, useRef, useState, type KeyboardEvent } from 'react'
import { Avatar } from '../../parts/person.tsx'
import { useMembers } from '../../reads.ts'
import { t } from '../../words.ts'
import { written } from './mentions.ts'

/** A comment being written. `@` and a few letters offer the members; Ctrl Enter sends; a refused text stays. */
export function Composer({ send }: { send: (text: string) => Promise<boolean> }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [asked, setAsked] = useState<{ from: number; word: string } | null>(null)
  const [active, setActive] = useState(0)
  const field = useRef<HTMLTextAreaElement>(null)
  const listId = useId()
  const members = useMembers().data ?? []
  const fitting = asked ? members.filter((member) => member.name.toLowerCase().includes(asked.word.toLowerCase())).slice(0, 6) : []

  const look = (value: string, caret: number) => {
    const found = /(?:^|\s)@([\p{L}\d._-]*)$/u.exec(value.slice(0, caret))
    setAsked(found ? { from: caret - found[1]!.length - 1, word: found[1]! } : null)
    setActive(0)
  }
  const insert = (name: string) => {
    if (!asked || !field.current) return
    const after = text.slice(field.current.selectionStart)
    const next = `${text.slice(0, asked.from)}@${name} `
    setText(next + after)
    setAsked(null)
    requestAnimationFrame(() => {
      field.current?.focus()
      field.current?.setSelectionRange(next.length, next.length)
    })
  }
  const submit = async () => {
    if (!text.trim() || busy) return
    setBusy(true)
    if (await send(written(text.trim(), members))) setText('')
    setBusy(false)
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (fitting.length) {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
      if (step) {
        event.preventDefault()
        setActive((now) => (now + step + fitting.length) % fitting.length)
        return
      }
      if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault()
        insert(fitting[active]!.name)
        return
      }
      if (event.key === 'Escape') {
        event.preventDefault()
        event.stopPropagation()
        setAsked(null)
        return
      }
    }
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void submit()
    }
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      {fitting.length > 0 && (
        <div className="mention-list" role="listbox" id={listId} aria-label={t('Members')}>
          {fitting.map((member, at) => (
            <div key={member.userId} id={`${listId}-${at}`} role="option" aria-selected={at === active} onPointerDown={(event) => event.preventDefault()} onClick={() => insert(member.name)}>
              <Avatar id={member.userId} name={member.name} named />
              {member.name}
            </div>
          ))}
        </div>
      )}
      <textarea
        ref={field}
        value={text}
        aria-label={t('Comment')}
        placeholder={t('Write a comment, @ mentions somebody')}
        aria-activedescendant={fitting.length ? `${listId}-${active}` : undefined}
        aria-controls={fitting.length ? listId : undefined}
        aria-autocomplete="list"
        onChange={(event) => {
          setText(event.currentTarget.value)
          look(event.currentTarget.value, event.currentTarget.selectionStart)
        }}
        onBlur={() => setAsked(null)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-foot">
        <span className="meta wide-only">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> {t('sends')}
        </span>
        <span className="phone-only" />
        <Button type="submit" size="compact-sm" disabled={!text.trim()} loading={busy}>
          {t('Comment')}
        </Button>
      </div>
    </form>
  )
}
