// One report: its finding as the title, the picture, the same as a table, the same as a file.
import { Button } from '@mantine/core'
import { lazy, Suspense, useId, useState, type ReactNode } from 'react'
import { download } from '../../api.ts'
import { Coming, Skeleton } from '../../parts/states.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import { t } from '../../words.ts'
import type { Palette } from './chart.tsx'

const Chart = lazy(() => import('./chart.tsx'))

type Cell = string | number
export type Table = { head: string[]; rows: Cell[][] }
type Props = {
  kind: string
  finding: string
  text: string
  table: Table
  query: Record<string, string | undefined>
  option?: (palette: Palette) => Record<string, unknown>
  children?: ReactNode
}

export function Figure({ kind, finding, text, table, query, option, children }: Props) {
  const [asTable, setAsTable] = useState(false)
  const title = useId()
  return (
    <section className="figure" aria-labelledby={title}>
      <header className="row spread" style={{ alignItems: 'flex-start' }}>
        <div>
          <h2 id={title}>{finding}</h2>
          <p className="meta">{text}</p>
        </div>
        <span className="row" style={{ gap: 2, flex: 'none' }}>
          <Button size="compact-xs" variant="subtle" color="gray" aria-pressed={asTable} aria-label={asTable ? t('Show {name} as a picture', { name: text }) : t('Show {name} as a table', { name: text })} onClick={() => setAsTable(!asTable)}>
            {asTable ? t('Picture') : t('Table')}
          </Button>
          <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('Download {name} as CSV', { name: text })} onClick={() => void download(`/reports/${kind}`, query, `${kind}.csv`).catch((error: unknown) => sayProblem(error, t('The file was not made.')))}>
            {t('CSV')}
          </Button>
        </span>
      </header>
      {asTable ? (
        <Twin table={table} label={text} />
      ) : option ? (
        <Suspense
          fallback={
            <Coming>
              <Skeleton h={240} />
            </Coming>
          }
        >
          <Chart label={`${finding}. ${text}`} option={option} />
        </Suspense>
      ) : (
        children
      )}
    </section>
  )
}

function Twin({ table, label }: { table: Table; label: string }) {
  return (
    <div className="table-box" style={{ maxHeight: 320, overflowY: 'auto' }} tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            {table.head.map((cell, at) => (
              <th key={cell} className={at ? 'end' : undefined}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, index) => (
                <td key={index} className={index && typeof cell === 'number' ? 'end num' : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Horizontal bars made of elements: names beside, numbers at their ends. */
export function Bars({ rows }: { rows: { name: ReactNode; label: string; value: number; strong?: boolean; note?: string }[] }) {
  const most = Math.max(1, ...rows.map((row) => row.value))
  return (
    <ul className="bars">
      {rows.map((row) => (
        <li key={row.label}>
          <span className="bars-name truncate">{row.name}</span>
          <span className="bars-track">
            <span className="bars-bar" data-strong={row.strong || undefined} style={{ width: `${(row.value / most) * 100}%` }} />
            <span className="num small">
              {row.value} {row.note && <span className="dim">{row.note}</span>}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}
