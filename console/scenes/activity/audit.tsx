import { Button } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { Fragment, useState } from 'react'
import { download, getAll } from '../../api.ts'
import { DayField } from '../../parts/day-field.tsx'
import { gathered } from '../../parts/gathered.ts'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Picker } from '../../parts/picker.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import { useMembers, useNames } from '../../reads.ts'
import type { LogEvent } from '../../things.ts'
import { absolute, t } from '../../words.ts'
import { actorName } from './sentences.ts'
import './audit.css'

type Search = { name?: string; actor?: string; subject?: string; from?: string; to?: string }

/** The team's log for admins: who did what, when, in which request. */
export function Audit() {
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const members = useMembers().data ?? []
  const member = useNames()
  const acted = useQuery({ queryKey: ['activity.events', { name: 'impersonation.started', all: true }], queryFn: ({ signal }) => getAll<LogEvent>('/events', { name: 'impersonation.started' }, signal), staleTime: 60_000 }).data
  const nameOf = (id: string | null | undefined) => member(id) ?? (acted?.some((event) => event.actor.id === id) ? t('An operator') : undefined)
  const [open, setOpen] = useState<string | null>(null)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const query = {
    name: search.name,
    actorId: search.actor,
    subjectId: search.subject,
    from: search.from && new Date(`${search.from}T00:00`).toISOString(),
    to: search.to && new Date(`${search.to}T23:59:59.999`).toISOString(),
  }
  const events = usePages<LogEvent>(['activity.events', query], '/events', query)
  /** What the system notes again and again stands in one line until it is unfolded; what people did is told one by one. */
  const told = (all: LogEvent[]) =>
    gathered(all, (one, next) => one.actor.type !== 'user' && one.name === next.name && one.actor.id === next.actor.id && one.subject.id === next.subject.id).flatMap(({ one, more }) =>
      unfolded.has(one.id) ? [one, ...more].map((event) => ({ event, more: 0 })) : [{ event: one, more: more.length }],
    )
  const set = (change: Search) => void navigate({ to: '.', search: (now: Search) => ({ ...now, ...change }), replace: true })
  const filtered = Object.values(search).some(Boolean)
  return (
    <>
      <Head title={t('Audit log')}>
        <Button size="xs" variant="default" leftSection={<Download size={14} />} onClick={() => void download('/events', query, 'audit.csv').catch((error: unknown) => sayProblem(error, t('The file was not made.')))}>
          {t('CSV')}
        </Button>
      </Head>
      <div className="toolbar filters">
        <Picker
          chip
          searchable
          isSet={!!search.actor}
          label={t('Who')}
          value={search.actor ?? null}
          choices={members.map((member) => ({ value: member.userId, label: member.name, icon: <Avatar id={member.userId} name={member.name} named /> }))}
          onPick={(actor) => set({ actor: actor === search.actor ? undefined : actor })}
        >
          {search.actor ? (nameOf(search.actor) ?? t('Former member')) : t('Who')}
        </Picker>
        <Picker chip searchable isSet={!!search.name} label={t('What')} value={search.name ?? null} choices={[...new Set([...common, ...(events.data ?? []).map((event) => event.name)])].sort().map((name) => ({ value: name, label: name }))} onPick={(name) => set({ name: name === search.name ? undefined : name })}>
          {search.name ?? t('What')}
        </Picker>
        <DayField chip label={t('From')} empty={t('From')} value={search.from ?? ''} onChange={(from) => set({ from: from || undefined })} />
        <DayField chip label={t('To')} empty={t('To')} value={search.to ?? ''} onChange={(to) => set({ to: to || undefined })} />
        {search.subject && (
          <span className="chip" data-tone="accent">
            {t('one subject')}
          </span>
        )}
        {filtered && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => void navigate({ to: '.', search: {}, replace: true })}>
            {t('Clear')}
          </Button>
        )}
      </div>
      <div className="body" tabIndex={0} role="region" aria-label={t('Events')}>
        <Loaded of={events} what={t('The log could not be read')} skeleton={<RowSkeletons count={16} />}>
          {(all) =>
            all.length ? (
              <>
                <table className="table audit">
                  <caption className="sr">{t('Events of the team')}</caption>
                  <thead>
                    <tr>
                      <th>{t('When')}</th>
                      <th>{t('Who')}</th>
                      <th>{t('What')}</th>
                      <th>{t('Subject')}</th>
                      <th>{t('Request')}</th>
                      <th>
                        <span className="sr">{t('Details')}</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {told(all).map(({ event, more }) => (
                      <Fragment key={event.id}>
                        <tr>
                          <td className="num">{absolute(event.at)}</td>
                          <td>
                            <span className="row">
                              <Avatar id={event.actor.id} name={nameOf(event.actor.id)} named />
                              <span className="truncate">{actorName(event, nameOf)}</span>
                            </span>
                          </td>
                          <td>
                            <code>{event.name}</code>
                            {more > 0 && (
                              <button type="button" className="plain link audit-more" onClick={() => setUnfolded((was) => new Set(was).add(event.id))} title={t('Show each of them')}>
                                {t('{times} times', { times: more + 1 })}
                              </button>
                            )}
                          </td>
                          <td>
                            <button type="button" className="plain link" onClick={() => set({ subject: event.subject.id })} title={t('Only events of this {type}', { type: event.subject.type })}>
                              {event.subject.type} …{event.subject.id.slice(-6)}
                            </button>
                          </td>
                          <td className="meta">{event.requestId?.slice(0, 13)}</td>
                          <td className="end">
                            <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={open === event.id} aria-label={open === event.id ? t('Hide details of {name}', { name: event.name }) : t('Show details of {name}', { name: event.name })} onClick={() => setOpen(open === event.id ? null : event.id)}>
                              {open === event.id ? t('Hide') : t('Show')}
                            </Button>
                          </td>
                        </tr>
                        {open === event.id && (
                          <tr>
                            <td colSpan={6}>
                              <pre className="event-data">{JSON.stringify({ id: event.id, seq: event.seq, causeId: event.causeId, requestId: event.requestId, subject: event.subject, data: event.data }, null, 2)}</pre>
                            </td>
                          </tr>
                        )}
                      </Fragment>
                    ))}
                  </tbody>
                </table>
                <More of={events}>{t('Show earlier events')}</More>
              </>
            ) : (
              <Empty title={t('No such events')}>{filtered ? t('Nothing fits these filters.') : t('Every change writes an event in the same transaction: they all appear here.')}</Empty>
            )
          }
        </Loaded>
      </div>
    </>
  )
}

const common = ['task.created', 'task.moved', 'task.deleted', 'comment.added', 'project.created', 'project.archived', 'member.added', 'member.changed', 'member.removed', 'impersonation.started', 'invitation.sent', 'member.signed-in']
