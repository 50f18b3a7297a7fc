import { Button, SegmentedControl } from '@mantine/core'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { Installation, Job, Page } from '../../things.ts'
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
  const jobs = useInfiniteQuery({
    queryKey: ['jobs.list', { status }],
    queryFn: ({ signal, pageParam }) => get<Page<Job>>('/jobs', { status, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 5000,
  })
  const rows = jobs.data?.pages.flatMap((page) => page.items)
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
          ]}
        />
      </div>
      <div className="body">
        <div className="pad wide">
          <Held />
          <Loaded of={{ ...jobs, data: rows }} what={t('The jobs could not be read')} skeleton={<RowSkeletons count={10} />}>
            {(all) =>
              all.length ? (
                <div className="table-box" tabIndex={0} role="region" aria-label={t('Jobs')}>
                  <table className="table">
                    <caption className="sr">{t('Jobs')}</caption>
                    <thead>
                      <tr>
                        <th>{t('Job')}</th>
                        <th>{t('State')}</th>
                        <th className="end">{t('Try')}</th>
                        <th>{t('Runs')}</th>
                        <th>{t('Last error')}</th>
                        <th>
                          <span className="sr">{t('Actions')}</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {all.map((job) => (
                        <tr key={job.id}>
                          <td style={{ fontWeight: 500 }}>{job.name}</td>
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
                    </tbody>
                  </table>
                </div>
              ) : (
                <Empty title={t('No such jobs')}>{t('Mail, digests, reminders and clean-ups wait here until their time; what failed can be run again.')}</Empty>
              )
            }
          </Loaded>
          {jobs.hasNextPage && (
            <div style={{ padding: 16, textAlign: 'center' }}>
              <Button variant="default" loading={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
                {t('Show more')}
              </Button>
            </div>
          )}
        </div>
      </div>
    </>
  )
}
