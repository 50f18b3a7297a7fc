import { Button, SegmentedControl } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { gathered } from '../../parts/gathered.ts'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import type { Installation, Job } from '../../things.ts'
import { absolute, countOf, t } from '../../words.ts'
import './operators.css'

const tones: Partial<Record<Job['status'], string>> = { failed: 'danger', running: 'info', done: 'positive', held: 'warning' }
const names = (): Record<Job['status'], string> => ({ ready: t('Waiting'), running: t('Running'), done: t('Done'), failed: t('Failed'), held: t('Held'), cancelled: t('Cancelled') })

/** After a restore nothing that was queued goes out by itself. */
function Held() {
  const cache = useQueryClient()
  const held = useQuery({ queryKey: ['jobs.installation'], queryFn: ({ signal }) => get<Installation>('/installation', undefined, signal), staleTime: 60_000 }).data
  if (!held?.heldSince) return null
  return (
    <div className="note row spread" data-tone="warning" role="status" style={{ marginBottom: 16 }}>
      <span>{t('Restored from a backup on {day}: {jobs} of before wait until somebody lets them out.', { day: absolute(held.heldSince), jobs: countOf(held.waiting, 'job', 'jobs') })}</span>
      <Button size="compact-sm" variant="default" onClick={() => void attempt(cache, t('They were not let out.'), ['jobs.'], () => post('/installation/release'), t('The jobs go on.'))}>
        {t('Let them out')}
      </Button>
    </div>
  )
}

/** What is done later or again and again: mail, digests, clean-ups, schedules. */
export function Jobs() {
  const status = (useSearch({ strict: false }) as { status?: string }).status
  const navigate = useNavigate()
  const cache = useQueryClient()
  const jobs = usePages<Job>(['jobs.list', { status }], '/jobs', { status }, { refetchInterval: 5000 })
  const act = (job: Job, verb: 'retry' | 'cancel') => attempt(cache, t('{name} was not changed.', { name: job.name }), ['jobs.'], () => post(`/jobs/${job.id}/${verb}`), verb === 'retry' ? t('{name} runs again.', { name: job.name }) : t('{name} is cancelled.', { name: job.name }))
  return (
    <>
      <Head title={t('Jobs')} />
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          aria-label={t('State')}
          value={status ?? 'all'}
          onChange={(next) => void navigate({ to: '.', search: { status: next === 'all' ? undefined : next } as never, replace: true })}
          data={[
            { value: 'all', label: t('All') },
            { value: 'ready', label: t('Waiting') },
            { value: 'running', label: t('Running') },
            { value: 'failed', label: t('Failed') },
            { value: 'held', label: t('Held') },
            { value: 'done', label: t('Done') },
          ]}
        />
      </div>
      <div className="body">
        <div className="pad wide">
          <Held />
          <Loaded of={jobs} what={t('The jobs could not be read')} skeleton={<RowSkeletons count={10} />}>
            {(all) =>
              all.length ? (
                <TableBox label={t('Jobs')} heads={[t('Job'), t('State'), { name: t('Try'), end: true }, t('Runs'), t('Last error'), { name: t('Actions'), unseen: true }]}>
                  {gathered(all, (one, next) => one.status === 'done' && next.status === 'done' && one.name === next.name).map(({ one: job, more }) => (
                    <tr key={job.id}>
                      <td style={{ fontWeight: 500 }}>
                        {job.name} {more.length > 0 && <span className="meta">{more.length === 1 ? t('and once before') : t('and {times} times before', { times: more.length })}</span>}
                      </td>
                      <td>
                        <span className="chip" data-tone={tones[job.status]}>
                          {names()[job.status]}
                        </span>
                      </td>
                      <td className="end num">{`${job.attempt}/${job.maxAttempts}`}</td>
                      <td className="dim">
                        <Time at={job.runAt} />
                      </td>
                      <td className="error-cell">{job.lastError ?? <span className="dim">{t('none')}</span>}</td>
                      <td className="end">
                        {job.status === 'failed' && (
                          <Button size="compact-xs" variant="default" aria-label={t('Run again: {name}', { name: job.name })} onClick={() => void act(job, 'retry')}>
                            {t('Run again')}
                          </Button>
                        )}
                        {(job.status === 'ready' || job.status === 'held') && (
                          <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('Cancel: {name}', { name: job.name })} onClick={() => void act(job, 'cancel')}>
                            {t('Cancel')}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </TableBox>
              ) : (
                <Empty title={t('No such jobs')}>{t('Mail, digests, reminders and clean-ups wait here until their time; what failed can be run again.')}</Empty>
              )
            }
          </Loaded>
          <More of={jobs} />
        </div>
      </div>
    </>
  )
}
