// About a run as a whole: why it is, as whom it acts, what it was given and gave, and what it changed.
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { get, getAll, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Bytes } from '../../parts/bytes.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay, useNames } from '../../reads.ts'
import type { LogEvent, Page } from '../../things.ts'
import { t } from '../../words.ts'
import { actorName, sentence } from '../activity/sentences.ts'
import type { Catalogue } from './graph/drawn.ts'
import type { ListedRun, Run } from './reads.ts'
import { cureOf, isOver, span, stepName, took } from './run-states.ts'
import { RunChip } from './status.tsx'

/** Why it failed, what mends it, and the way to where it happened. */
export function Trouble({ run, choose, catalogue }: { run: Run; choose: (key: string) => void; catalogue: Catalogue | undefined }) {
  const cache = useQueryClient()
  const may = useMay('member') && !run.hidden
  const failed = run.steps.find((step) => step.status === 'failed')
  const error = run.error!
  return (
    <div className="note stack tight" role="alert">
      <b>{failed ? t('It failed at {step}', { step: stepName(run, failed, catalogue) }) : t('It failed')}</b>
      <span className="step-error">{error.message}</span>
      {!run.hidden && <span>{cureOf(error)}</span>}
      <div className="row wrap">
        {may && run.status === 'failed' && (
          <Button size="compact-sm" color="red.9" onClick={() => void attempt(cache, t('It was not retried.'), ['runs.'], () => post(`/runs/${run.id}/retry`), t('It goes on from what failed.'))}>
            {t('Retry from what failed')}
          </Button>
        )}
        {failed && (
          <Button size="compact-sm" variant="default" onClick={() => choose(failed.key)}>
            {t('Look at the step')}
          </Button>
        )}
        <code className="meta">{error.code}</code>
      </div>
    </div>
  )
}

/** It was begun by what hears no refusal, when the plan's runs of the month were used. */
export function Parked() {
  const admin = useMay('admin')
  return (
    <div className="note stack tight" data-tone="warning" role="status">
      <b>{t('It waits for the plan: this month’s runs are used')}</b>
      <span>{t('Nothing of it is done yet, and nothing is lost. It goes on by itself, oldest first and within a minute, when an operator allows more runs or the next month begins (UTC).')}</span>
      {admin && (
        <span>
          <Link className="link" to="/usage" search={{ meter: 'runs' } as never}>
            {t('Look at the plan and what is used')}
          </Link>
        </span>
      )}
    </div>
  )
}

export function Facts({ run, now }: { run: Run; now: number }) {
  const nameOf = useNames()
  const who = (id: string) => nameOf(id) ?? t('a former member')
  return (
    <section>
      <h2>{t('About this run')}</h2>
      <dl className="run-facts">
        <dt>{t('Acts as')}</dt>
        <dd>
          {run.actsFor.length ? (
            <span className="row wrap">
              {run.actsFor.map((id) => (
                <span key={id} className="row" style={{ gap: 6 }}>
                  <Avatar id={id} name={nameOf(id)} named />
                  {who(id)}
                </span>
              ))}
            </span>
          ) : (
            t('nobody: it has no rights')
          )}
          <span className="meta" style={{ display: 'block' }}>
            {run.actsFor.length > 1 ? t('It may only what all of them may, looked up at each step.') : t('With the rights this person has at each step.')}
          </span>
        </dd>
        <dt>{t('Why')}</dt>
        <dd>
          <Why run={run} />
        </dd>
        <dt>{t('Version')}</dt>
        <dd>
          <Link className="link" to="/workflows/$workflow" params={{ workflow: run.workflowId }}>
            {t('{name}, version {version}', { name: run.workflowName || t('a deleted workflow'), version: run.version })}
          </Link>
        </dd>
        <dt>{isOver(run) ? t('Took') : t('Since')}</dt>
        <dd>
          {run.startedAt ? took(span(run.startedAt, run.completedAt, now)) : t('It waits for its turn')}
          <span className="meta">
            {' '}
            · {t('begun')} <Time at={run.createdAt} />
          </span>
        </dd>
      </dl>
    </section>
  )
}

/** The event, person, key or run that began it. */
function Why({ run }: { run: Run }) {
  const nameOf = useNames()
  const cause = useQuery({ queryKey: ['activity.event', { id: run.causeId }], queryFn: async ({ signal }) => (await get<Page<LogEvent>>('/activity', { eventId: run.causeId }, signal)).items[0] ?? null, enabled: !!run.causeId, staleTime: Infinity })
  const { type, id } = run.startedBy
  const by = type === 'user' ? t('{name} started it', { name: nameOf(id) ?? t('A former member') }) : type === 'key' ? t('an API key started it') : run.causeId ? '' : t('its trigger {name} started it', { name: run.trigger ?? '' })
  return (
    <>
      {run.parentRunId && (
        <span style={{ display: 'block' }}>
          {t('part of')}{' '}
          <Link className="link" to="/runs/$run" params={{ run: run.parentRunId }}>
            {t('another run')}
          </Link>
        </span>
      )}
      {by && <span style={{ display: 'block' }}>{by}</span>}
      {run.causeId && (cause.data ? <Told event={cause.data} /> : cause.data === null ? <span>{t('an event that you may not see')}</span> : <span className="meta">{t('an event')}</span>)}
    </>
  )
}

/** What the run changed, from the log, and the runs it began. */
export function Effects({ run }: { run: Run }) {
  const effects = useQuery({ queryKey: ['activity.of-run', { id: run.id, at: run.completedAt }], queryFn: ({ signal }) => getAll<LogEvent>('/activity', { runId: run.id }, signal, 200) })
  const children = useQuery({ queryKey: ['runs.children', { id: run.id }], queryFn: async ({ signal }) => (await get<Page<ListedRun>>('/runs', { parentRunId: run.id, limit: 100 }, signal)).items })
  const told = [...(effects.data ?? [])].reverse()
  if (!told.length && !children.data?.length) return null
  return (
    <section>
      <h2>{t('What it did')}</h2>
      <div className="box">
        <ul className="rows">
          {told.map((event) => (
            <li key={event.id}>
              <div className="line">
                <span className="grow">
                  <Told event={event} effect />
                </span>
                <span className="meta">
                  <Time at={event.at} />
                </span>
              </div>
            </li>
          ))}
          {children.data?.map((child) => (
            <li key={child.id}>
              <Link className="line" to="/runs/$run" params={{ run: child.id }}>
                <span className="grow truncate">{t('began a run of {name}', { name: child.workflowName })}</span>
                <RunChip status={child.status} />
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

function Told({ event, effect }: { event: LogEvent; effect?: boolean }) {
  const nameOf = useNames()
  return (
    <span>
      {event.task && !event.task.deleted ? (
        <Link className="link" to="/tasks/$task" params={{ task: event.task.ref }}>
          {event.task.ref} {event.task.title}
        </Link>
      ) : (
        event.task && `${event.task.ref} ${event.task.title}`
      )}{' '}
      {effect ? '' : `${actorName(event, (id) => nameOf(id))} `}
      {sentence(event, { nameOf: (id) => nameOf(id) })} <code className="meta">{event.name}</code>
    </span>
  )
}

/** What it was given and what came of it. */
export function Values({ run }: { run: Run }) {
  if (run.hidden)
    return (
      <p className="note" data-tone="info">
        {t('Inputs and outputs are left out: they may hold what you may not see. Admins and the people of the run see them.')}
      </p>
    )
  return (
    <section className="stack">
      <h2>{t('Given and gained')}</h2>
      <Bytes label={t('Input of the run')} text={JSON.stringify(run.input)} />
      {run.results !== null && <Bytes label={t('Results')} text={JSON.stringify(run.results)} />}
    </section>
  )
}
