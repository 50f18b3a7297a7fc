import type { ReactNode } from 'react'

type Heading = string | { name: string; end?: boolean; unseen?: boolean }

/** A table that scrolls sideways in a box of its own, by keyboard too. An `unseen` heading is for those who hear the table. */
export function TableBox({ label, heads, children }: { label: string; heads: Heading[]; children: ReactNode }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <caption className="sr">{label}</caption>
        <thead>
          <tr>
            {heads.map((head) => {
              const { name, end, unseen } = typeof head === 'string' ? { name: head, end: false, unseen: false } : head
              return (
                <th key={name} className={end ? 'end' : undefined}>
                  {unseen ? <span className="sr">{name}</span> : name}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
