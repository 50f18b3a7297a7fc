// The three states a scene has besides being full: waiting, empty, failing.
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiProblem } from '../api.ts'
import { t } from '../words.ts'

/** A grey block of the geometry that will stand there. */
export function Skeleton({ w = '100%', h = 16, r }: { w?: number | string; h?: number | string; r?: number }) {
  return <span className="skeleton" aria-hidden="true" style={{ width: w, height: h, borderRadius: r }} />
}

/** Says that something is on its way, and draws nothing until it is there or its skeleton. */
export function Coming({ children }: { children?: ReactNode }) {
  return (
    <div aria-busy="true">
      <span className="sr" role="status">
        {t('Loading')}
      </span>
      {children}
    </div>
  )
}

export function RowSkeletons({ count = 8, h = 36 }: { count?: number; h?: number }) {
  return (
    <ul className="rows" aria-hidden="true">
      {Array.from({ length: count }, (_, row) => (
        <li key={row}>
          <div className="line" style={{ minHeight: h }}>
            <Skeleton w={14} h={14} r={7} />
            <Skeleton w={48} h={12} />
            <Skeleton w={`${30 + ((row * 17) % 40)}%`} h={12} />
          </div>
        </li>
      ))}
    </ul>
  )
}

/** Settings that are on their way: names on the left, fields on the right. */
export function SectionSkeletons({ count = 3 }: { count?: number }) {
  return (
    <div aria-hidden="true">
      {Array.from({ length: count }, (_, section) => (
        <div className="section" key={section}>
          <div className="stack tight">
            <Skeleton w={110} h={18} />
            <Skeleton w={190} h={12} />
          </div>
          <div className="stack">
            <Skeleton h={34} />
            <Skeleton w={96} h={32} />
          </div>
        </div>
      ))}
    </div>
  )
}

/** What this place is for, and the one thing to do first. */
export function Empty({ title, children, action, art }: { title: string; children: ReactNode; action?: ReactNode; art?: ReactNode }) {
  return (
    <div className="empty">
      {art ?? <EmptyArt />}
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  )
}

function EmptyArt() {
  return (
    <svg className="art" width="72" height="48" viewBox="0 0 72 48" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M22 8h22l9 20H31z" strokeDasharray="3 3" />
      <path d="M8 38h56" strokeLinecap="round" strokeWidth="2.5" />
    </svg>
  )
}

/** What to do about a failure, in words for people: what a server that fails says of itself is for programs. */
export function cureOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return t('Something in the console went wrong. Load the page again.')
  if (error.status === 503) return t('The server is not ready right now. Try again in a moment.')
  if (error.status >= 500) return t('The server failed. Try again; if it stays so, give the details to whoever runs it.')
  return error.message
}

/** A read that failed: what to do, a retry, and the request id for whoever has to look. */
export function Trouble({ error, what, retry, heading: Heading = 'h2' }: { error: unknown; what: string; retry?: () => void; heading?: 'h1' | 'h2' }) {
  const problem = error instanceof ApiProblem ? error : null
  return (
    <div className="trouble" role="alert">
      <Heading>{what}</Heading>
      <p className="dim">{cureOf(error)}</p>
      {retry && (
        <Button variant="default" onClick={retry}>
          {t('Try again')}
        </Button>
      )}
      <details>
        <summary>{t('Details')}</summary>
        <code>{problem ? `${problem.code} · ${problem.status} · ${problem.requestId ?? t('no request id')}` : String(error)}</code>
      </details>
    </div>
  )
}

export type Read = { data?: unknown; isPending: boolean; error: unknown; refetch: () => unknown }

/** Shows the skeleton, the failure or the scene, whichever is true. Old data stays on the screen while a reread fails. */
export function Loaded<Data>({ of, what, skeleton, children }: { of: Read & { data?: Data }; what: string; skeleton: ReactNode; children: (data: Data) => ReactNode }) {
  if (of.data !== undefined) return <>{children(of.data as Data)}</>
  if (of.error) return <Trouble error={of.error} what={what} retry={() => void of.refetch()} />
  return <Coming>{skeleton}</Coming>
}
