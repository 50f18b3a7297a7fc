import type { ReactNode } from 'react'
import { Loaded, RowSkeletons, type Read } from './states.tsx'

type Of<Item> = {
  of: Read & { data?: Item[] }
  /** Said when it cannot be read. */
  what: string
  /** Of the skeleton: how many rows, how high. */
  count?: number
  h?: number
  empty: ReactNode
  children: (item: Item) => ReactNode
}

/** A list in a box: its skeleton, its failure, what it is for while it is empty, or its rows. `children` draws one `<li>` with its key. */
export function Boxed<Item>({ of, what, count = 3, h = 52, empty, children }: Of<Item>) {
  return (
    <div className="box">
      <Loaded of={of} what={what} skeleton={<RowSkeletons count={count} h={h} />}>
        {(all) => (all.length ? <ul className="rows">{all.map(children)}</ul> : empty)}
      </Loaded>
    </div>
  )
}
