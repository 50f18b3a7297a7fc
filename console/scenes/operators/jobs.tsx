import { Button, SegmentedControl } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { Job, Page } from '../../things.ts'
import { t } from '../../words.ts'
import './operators.css'

const tones: Record<string, string> = { failed: 'danger', running: 'info', done: 'positive', completed: 'positive' }
const names = (): Record<string, string> => ({ pending: t('Waiting'), waiting: t('Waiting'), running: t('Running'), done: t('Done'), completed: t('Done'), failed: t('Failed'), cancelled: t('Cancelled') })

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
            { value: 'pending', label: t('Waiting') },
            { value: 'running', label: t('Running') },
            { value: 'failed', label: t('Failed') },
          ]}
        />
      </div>
      <div className="body">
        <div className="pad wide">
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
                              {names()[job.status] ?? job.status}
                            </span>
                          </td>
                          <td className="end num">{job.maxAttempts ? `${job.attempt}/${job.maxAttempts}` : job.attempt}</td>
                          <td className="dim">
                            <Time at={job.runAt} />
                          </td>
                          <td className="error-cell">{job.lastError ?? <span className="dim">{t('none')}</span>}</td>
                          <td className="end">
                            {job.status === 'failed' && (
                              <Button size="compact-xs" variant="default" aria-label={t('Run {name} again', { name: job.name })} onClick={() => void act(job, 'retry')}>
                                {t('Run again')}
                              </Button>
                            )}
                            {(job.status === 'pending' || job.status === 'waiting') && (
                              <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('Cancel {name}', { name: job.name })} onClick={() => void act(job, 'cancel')}>
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
