import { Button } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { Calendar, CircleUserRound, Columns3, List, Rows3, Search, SignalHigh, Tag, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useOffer } from '../../actions.ts'
import { Avatar, Label } from '../../parts/person.tsx'
import { Picker } from '../../parts/picker.tsx'
import { priorityName, PriorityShape } from '../../parts/shapes.tsx'
import { useMe, useMembers } from '../../reads.ts'
import { priorities, type Priority, type Project, type Task } from '../../things.ts'
import { t } from '../../words.ts'
import { labelsOf } from './editing.ts'
import { isFiltered, listed, toggled, type Filters } from './filters.ts'

/** The one toolbar of board and list: what it shows is in the address. */
export function FilterBar({ project, tasks, filters, view }: { project: Project; tasks: Task[]; filters: Filters; view: 'board' | 'list' }) {
  const navigate = useNavigate()
  const set = (change: Partial<Filters>) => void navigate({ to: '.', search: (now: Filters) => ({ ...now, ...change }), replace: true })
  const { user } = useMe()
  const members = useMembers().data ?? []
  const people = [
    { value: 'me', label: t('Me'), icon: <Avatar id={user.id} name={user.name} named /> },
    ...members.filter((member) => member.userId !== user.id).map((member) => ({ value: member.userId, label: member.name, icon: <Avatar id={member.userId} name={member.name} named /> })),
    { value: 'nobody', label: t('Nobody'), icon: <Avatar id={null} named /> },
  ]
  const due = { overdue: t('Overdue'), today: t('Due today'), week: t('Due in 7 days'), none: t('No due date') }
  const nameOf = (value: string) => people.find((one) => one.value === value)?.label ?? t('Former member')
  const assignees = listed(filters.assignee)
  const wanted = listed(filters.priority) as Priority[]
  const labels = listed(filters.label)
  return (
    <div className="toolbar filters">
      <nav className="views" aria-label={t('Views')}>
        <Link to="/projects/$project" params={{ project: project.key }} search={filters as never} activeOptions={{ exact: true, includeSearch: false }}>
          <Columns3 size={13} aria-hidden="true" />
          {t('Board')}
        </Link>
        <Link to="/projects/$project/list" params={{ project: project.key }} search={filters as never} activeOptions={{ exact: true, includeSearch: false }}>
          <List size={13} aria-hidden="true" />
          {t('List')}
        </Link>
      </nav>
      <FindBox value={filters.q ?? ''} set={(q) => set({ q: q || undefined })} />
      <Picker chip isSet={!!assignees.length} label={t('Assignee')} choices={people} value={assignees} onPick={(value) => set({ assignee: toggled(filters.assignee, value) })}>
        <CircleUserRound size={13} aria-hidden="true" />
        {assignees.length ? assignees.map(nameOf).join(', ') : t('Assignee')}
      </Picker>
      <Picker
        chip
        isSet={!!wanted.length}
        label={t('Priority')}
        choices={priorities.map((priority) => ({ value: priority, label: priorityName(priority), icon: <PriorityShape priority={priority} named /> }))}
        value={wanted}
        onPick={(value) => set({ priority: toggled(filters.priority, value) })}
      >
        <SignalHigh size={13} aria-hidden="true" />
        {wanted.length ? wanted.map(priorityName).join(', ') : t('Priority')}
      </Picker>
      <Picker
        chip
        isSet={!!labels.length}
        label={t('Label')}
        choices={labelsOf(tasks).map((label) => ({ value: label, label, icon: <Label name={label} /> }))}
        value={labels}
        onPick={(value) => set({ label: toggled(filters.label, value) })}
      >
        <Tag size={13} aria-hidden="true" />
        {labels.length ? labels.join(', ') : t('Label')}
      </Picker>
      <Picker
        chip
        isSet={!!filters.due}
        label={t('Due')}
        choices={Object.entries(due).map(([value, label]) => ({ value, label }))}
        value={filters.due ?? null}
        onPick={(value) => set({ due: value === filters.due ? undefined : value })}
      >
        <Calendar size={13} aria-hidden="true" />
        {filters.due ? due[filters.due as keyof typeof due] : t('Due')}
      </Picker>
      {isFiltered(filters) && (
        <Button size="compact-xs" variant="subtle" color="gray" leftSection={<X size={12} />} onClick={() => set({ q: undefined, assignee: undefined, priority: undefined, label: undefined, due: undefined })}>
          {t('Clear')}
        </Button>
      )}
      <span className="grow" />
      {view === 'board' && (
        <button type="button" className="pick" data-chip data-set={filters.lanes || undefined} aria-pressed={!!filters.lanes} onClick={() => set({ lanes: filters.lanes ? undefined : 'assignee' })}>
          <Rows3 size={13} aria-hidden="true" />
          {t('Lanes by assignee')}
        </button>
      )}
    </div>
  )
}

function FindBox({ value, set }: { value: string; set: (q: string) => void }) {
  const [typed, setTyped] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => set(typed), 180)
    return () => clearTimeout(timer)
  })
  useOffer([{ id: 'find', label: t('Filter by words'), group: t('This view'), keys: 'f', run: () => input.current?.focus() }], 'find')
  return (
    <label className="find-box">
      <span className="sr">{t('Filter by words')}</span>
      <Search size={12} aria-hidden="true" />
      <input
        ref={input}
        className="find"
        type="search"
        value={typed}
        placeholder={t('Filter')}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          setTyped('')
          event.currentTarget.blur()
        }}
      />
    </label>
  )
}
