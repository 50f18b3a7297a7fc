import { ActionIcon, Button, Menu, NumberInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Pause, Play } from 'lucide-react'
import { Fragment, useState } from 'react'
import { getAll, post } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Head } from '../../parts/head.tsx'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import { say } from '../../parts/toasts.tsx'
import type { Reader } from '../../things.ts'
import { countOf, duration, t } from '../../words.ts'
import './operators.css'

/** Those who follow the log: where they are, what holds them, what they put aside. */
export function Readers() {
  const readers = useQuery({ queryKey: ['readers.list'], queryFn: ({ signal }) => getAll<Reader>('/readers', {}, signal), refetchInterval: 3000 })
  return (
    <>
      <Head title={t('Readers')} />
      <div className="body">
        <div className="pad wide">
          <p className="dim measure" style={{ marginBottom: 16 }}>
            {t('Every change writes an event; readers follow the log and do what must follow. A reader that lags delays notifications and the like, never the change itself.')}
          </p>
          <Loaded of={readers} what={t('The readers could not be read')} skeleton={<RowSkeletons count={6} h={44} />}>
            {(all) =>
              all.length ? (
                <TableBox label={t('Readers of the log')} heads={[t('Reader'), t('State'), { name: t('Lag'), end: true }, t('Held back by'), t('Last error'), { name: t('Actions'), unseen: true }]}>
                  {all.map((reader) => (
                    <ReaderRow key={reader.name} reader={reader} />
                  ))}
                </TableBox>
              ) : (
                <Empty title={t('No readers')}>{t('This process runs no readers: start one with the role worker.')}</Empty>
              )
            }
          </Loaded>
        </div>
      </div>
    </>
  )
}

function ReaderRow({ reader }: { reader: Reader }) {
  const cache = useQueryClient()
  const [rewinding, setRewinding] = useState(false)
  const paused = reader.status === 'paused'
  const failing = reader.status === 'failing'
  const late = reader.lag > 0 && reader.lagSeconds > 5
  const path = `/readers/${encodeURIComponent(reader.name)}`
  /** What fails again stays parked, and the page says why. */
  const replay = (body: { eventId?: string }) =>
    attempt(cache, t('{name} did not take it.', { name: reader.name }), ['readers.'], async () => {
      const { failed } = await post<{ failed: { error: string }[] }>(`${path}/replay`, body)
      if (failed[0]) say(t('It failed again and stays parked: {why}', { why: failed[0].error }), undefined, 'warning')
      else say(t('Handled again.'))
    })
  const act = (verb: string, said: string, body?: unknown) => attempt(cache, t('{name} did not take it.', { name: reader.name }), ['readers.'], () => post(`${path}/${verb}`, body), said)
  return (
    <Fragment>
      <tr>
        <td>
          <div style={{ fontWeight: 500 }}>{reader.name}</div>
          <div className="meta num">{reader.position}</div>
        </td>
        <td>
          <span className="chip" data-tone={failing ? 'danger' : paused || late ? 'warning' : 'positive'}>
            {failing ? t('Failing, try {tries}', { tries: reader.tries }) : paused ? t('Paused') : late ? t('Behind') : t('Up to date')}
          </span>
        </td>
        <td className="end num">
          {countOf(reader.lag, 'event', 'events')}
          <div className="meta">{reader.lag > 0 ? duration(reader.lagSeconds) : t('{handled} handled', { handled: reader.handled })}</div>
        </td>
        <td className="dim">{reader.heldBackBy ?? t('nothing')}</td>
        <td className="error-cell">{reader.lastError ?? <span className="dim">{t('none')}</span>}</td>
        <td className="end">
          <span className="row" style={{ justifyContent: 'flex-end', gap: 2 }}>
            <ActionIcon aria-label={paused ? t('Resume {name}', { name: reader.name }) : t('Pause {name}', { name: reader.name })} onClick={() => void act(paused ? 'resume' : 'pause', paused ? t('{name} goes on.', { name: reader.name }) : t('{name} is paused.', { name: reader.name }))}>
              {paused ? <Play size={15} /> : <Pause size={15} />}
            </ActionIcon>
            <MoreMenu label={t('Actions for {name}', { name: reader.name })} width={200}>
              <Menu.Item onClick={() => setRewinding(true)}>{t('Rewind')}</Menu.Item>
              {reader.parkedCount > 1 && <Menu.Item onClick={() => void replay({})}>{t('Handle all parked again')}</Menu.Item>}
              <Menu.Item
                disabled={!failing && !(paused && reader.lag > 0)}
                onClick={() =>
                  ask({
                    title: t('Park the event of {name}', { name: reader.name }),
                    text: failing ? t('The event {name} fails on is put aside, and {name} goes on. It can be handled again from here.', { name: reader.name }) : t('The event {name} would take next is put aside. It can be handled again from here.', { name: reader.name }),
                    verb: t('Park it'),
                    danger: true,
                    run: () => post(`${path}/skip`).then(() => markStale(cache, ['readers.'])),
                  })
                }
              >
                {failing ? t('Park the failing event') : t('Park the next event')}
              </Menu.Item>
            </MoreMenu>
          </span>
          <Rewind reader={reader} opened={rewinding} close={() => setRewinding(false)} path={path} />
        </td>
      </tr>
      {reader.parkedCount > 0 && (
        <tr>
          <td colSpan={6}>
            <div className="parked">
              <h2>{t('{events} parked after too many tries', { events: countOf(reader.parkedCount, 'event', 'events') })}</h2>
              <ul className="rows">
                {reader.parked.map((one) => (
                  <li key={one.eventId}>
                    <div className="line" style={{ padding: '4px 0' }}>
                      <code>{one.name}</code>
                      <span className="grow dim error-cell">{one.error}</span>
                      <span className="meta">
                        <Time at={one.parkedAt} />
                      </span>
                      <Button size="compact-xs" variant="default" aria-label={t('Handle again: {event}', { event: one.name })} onClick={() => void replay({ eventId: one.eventId })}>
                        {t('Handle again')}
                      </Button>
                    </div>
                  </li>
                ))}
              </ul>
            </div>
          </td>
        </tr>
      )}
    </Fragment>
  )
}

function Rewind({ reader, opened, close, path }: { reader: Reader; opened: boolean; close: () => void; path: string }) {
  const cache = useQueryClient()
  const [hours, setHours] = useState<string | number>(1)
  const run = async () => {
    const at = new Date(Date.now() - Number(hours) * 3_600_000).toISOString()
    const ok = await attempt(cache, t('{name} was not rewound.', { name: reader.name }), ['readers.'], () => post(`${path}/rewind`, { at }), t('{name} reads again from there.', { name: reader.name }))
    if (ok) close()
  }
  return (
    <Dialog title={t('Rewind {name}', { name: reader.name })} opened={opened} close={close}>
      <form
        className="stack"
        style={{ textAlign: 'start' }}
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <p className="dim">{t('It handles every event since then again. Effects with a key happen once; others twice.')}</p>
        <NumberInput data-autofocus label={t('Hours back')} min={0.1} max={2160} value={hours} onChange={setHours} hideControls />
        <Button type="submit" style={{ alignSelf: 'flex-end' }}>
          {t('Rewind')}
        </Button>
      </form>
    </Dialog>
  )
}
