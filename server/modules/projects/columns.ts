// The columns of a board: their ids are given once and stay, since tasks and the log name them.
import { refuseField } from '../../kernel/errors.ts'
import type { Column, ColumnInput } from './schema.ts'

export const usualColumns: readonly Column[] = [
  { id: 'todo', name: 'To do', category: 'todo', wipLimit: null },
  { id: 'doing', name: 'Doing', category: 'doing', wipLimit: null },
  { id: 'done', name: 'Done', category: 'done', wipLimit: null },
]

const idFrom = (name: string) => name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 30).replace(/-$/, '') || 'column'

/** Columns with ids; a column without one gets it from its name, never one that the project used before. @throws 422 for an id twice */
export function withIds(given: readonly ColumnInput[], before: readonly Column[] = []): Column[] {
  const used = new Set([...before, ...given].flatMap((column) => column.id ?? []))
  const seen = new Set<string>()
  return given.map((column, i) => {
    let id = column.id
    if (id === undefined) {
      const base = idFrom(column.name)
      id = base
      for (let n = 2; used.has(id); n++) id = `${base}-${n}`
      used.add(id)
    }
    if (seen.has(id)) refuseField(`/columns/${i}/id`, 'stands twice')
    seen.add(id)
    return { id, name: column.name.trim(), category: column.category, wipLimit: column.wipLimit ?? null }
  })
}
