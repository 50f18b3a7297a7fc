import { Button, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, Clock, X } from 'lucide-react'
import { useId, useState } from 'react'
import { post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Avatar } from '../../parts/person.tsx'
import { Prose } from '../../parts/prose.tsx'
import { Time } from '../../parts/time.tsx'
import { say, sayProblem } from '../../parts/toasts.tsx'
import { useNames } from '../../reads.ts'
import type { Thing } from '../../things.ts'
import { absolute, t } from '../../words.ts'

export type Approval = Thing & {
  runId: string
  workflowId: string
  workflowName: string
  node: string
  title: string
  text: string
  people: string[]
  role: string | null
  status: 'pending' | 'approved' | 'rejected' | 'timed_out' | 'cancelled'
  deadlineAt: string | null
  escalatesAt: string | null
  escalatedAt: string | null
  decidedBy: string | null
  decidedAt: string | null
  comment: string | null
  mine: boolean
}

const words = () => ({ pending: t('Waiting'), approved: t('Approved'), rejected: t('Rejected'), timed_out: t('Nobody decided in time'), cancelled: t('Its run ended') })
const tones = { pending: 'info', approved: 'positive', rejected: 'danger', timed_out: 'warning', cancelled: undefined } as const

/** One question with everything needed to answer it. */
export function ApprovalCard({ approval: one, marked, inRun }: { approval: Approval; marked?: boolean; inRun?: boolean }) {
  const heading = useId()
  return (
    <article className="approval" aria-labelledby={heading} data-marked={marked || undefined}>
      {!inRun && <From approval={one} />}
      <h2 id={heading}>{one.title}</h2>
      {one.text && (
        <div className="approval-text">
          <Prose text={one.text} />
        </div>
      )}
      <Asked approval={one} />
      {one.mine ? <Decide approval={one} /> : one.status === 'pending' ? <p className="meta">{t('Others are asked. You see it as an admin or since you began it.')}</p> : <Decided approval={one} />}
    </article>
  )
}

function From({ approval: one }: { approval: Approval }) {
  return (
    <p className="meta row wrap" style={{ gap: 6 }}>
      <span className="truncate">{one.workflowName || t('A deleted workflow')}</span>
      <span aria-hidden="true">·</span>
      <Link className="link" to="/runs/$run" params={{ run: one.runId }}>
        {t('its run')}
      </Link>
      <span aria-hidden="true">·</span>
      <span>
        {t('asked')} <Time at={one.createdAt} />
      </span>
    </p>
  )
}

/** Who is asked, until when, and what comes then. */
function Asked({ approval: one }: { approval: Approval }) {
  const nameOf = useNames()
  const roles: Record<string, string> = { owner: t('owners'), admin: t('admins'), member: t('members'), viewer: t('viewers') }
  const soon = one.deadlineAt && new Date(one.deadlineAt).getTime() - Date.now() < 24 * 3_600_000
  return (
    <dl className="approval-facts">
      <dt>{t('Asked')}</dt>
      <dd className="row wrap" style={{ gap: 6 }}>
        {one.people.map((id, at) => (
          <span key={id} className="row" style={{ gap: 6 }}>
            <Avatar id={id} name={nameOf(id)} named />
            {nameOf(id) ?? t('a former member')}
            {at < one.people.length - 1 && ','}
          </span>
        ))}
        {one.role && <span>{one.people.length ? t('or {role} and above', { role: roles[one.role] ?? one.role }) : t('{role} and above', { role: roles[one.role] ?? one.role })}</span>}
        {one.escalatedAt && <span className="meta">{t('and those it was handed up to')}</span>}
      </dd>
      {one.escalatesAt && !one.escalatedAt && one.status === 'pending' && (
        <>
          <dt>{t('Handed up')}</dt>
          <dd>
            <Time at={one.escalatesAt} /> <span className="meta">{t('if nobody decides before')}</span>
          </dd>
        </>
      )}
      {one.deadlineAt && one.status === 'pending' && (
        <>
          <dt>{t('Until')}</dt>
          <dd className="due row" data-soon={soon || undefined} style={{ gap: 6 }}>
            <Clock size={13} aria-hidden="true" />
            <span>
              {absolute(one.deadlineAt)} <span className="meta">(<Time at={one.deadlineAt} />)</span>
            </span>
          </dd>
        </>
      )}
    </dl>
  )
}

function Decide({ approval: one }: { approval: Approval }) {
  const cache = useQueryClient()
  const [comment, setComment] = useState('')
  const [busy, setBusy] = useState<'approve' | 'reject' | null>(null)
  const decide = async (decision: 'approve' | 'reject') => {
    setBusy(decision)
    try {
      await post(`/approvals/${one.id}`, { decision, ...(comment.trim() ? { comment: comment.trim() } : {}) })
      say(decision === 'approve' ? t('Approved: {title}. The run goes on.', { title: one.title }) : t('Rejected: {title}. The run goes on with that.', { title: one.title }))
    } catch (error) {
      sayProblem(error, t('It was not decided.'))
    }
    setBusy(null)
    await markStale(cache, ['approvals.', 'runs.', 'notifications.'])
  }
  return (
    <div className="stack tight">
      <Textarea aria-label={t('Comment on {title}', { title: one.title })} placeholder={t('Comment (optional)')} autosize minRows={1} maxRows={6} maxLength={2000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <div className="approval-verbs">
        <Button variant="default" leftSection={<X size={16} />} loading={busy === 'reject'} disabled={busy === 'approve'} aria-label={t('Reject: {title}', { title: one.title })} onClick={() => void decide('reject')}>
          {t('Reject')}
        </Button>
        <Button leftSection={<Check size={16} />} loading={busy === 'approve'} disabled={busy === 'reject'} aria-label={t('Approve: {title}', { title: one.title })} onClick={() => void decide('approve')}>
          {t('Approve')}
        </Button>
      </div>
    </div>
  )
}

function Decided({ approval: one }: { approval: Approval }) {
  const nameOf = useNames()
  return (
    <p className="row wrap small">
      <span className="chip" data-tone={tones[one.status]}>
        {words()[one.status]}
      </span>
      {one.decidedAt && (
        <span className="dim">
          {t('by {name}', { name: nameOf(one.decidedBy) ?? t('a former member') })}, <Time at={one.decidedAt} />
        </span>
      )}
      {one.comment && <q className="approval-comment">{one.comment}</q>}
    </p>
  )
}

/** One of the past: what became of it, by whom, in which run. */
export function DecidedRow({ approval: one }: { approval: Approval }) {
  const nameOf = useNames()
  return (
    <li>
      <Link className="line" style={{ minHeight: 56 }} to="/runs/$run" params={{ run: one.runId }}>
        <span className="grow">
          <span className="truncate" style={{ display: 'block' }}>
            {one.title}
          </span>
          <span className="meta truncate" style={{ display: 'block' }}>
            {one.workflowName}
            {one.decidedBy && ` · ${nameOf(one.decidedBy) ?? t('a former member')}`} · <Time at={one.decidedAt ?? one.updatedAt} />
            {one.comment && ` · “${one.comment}”`}
          </span>
        </span>
        <span className="chip" data-tone={tones[one.status]}>
          {words()[one.status]}
        </span>
      </Link>
    </li>
  )
}
