// What of the log can be taken back: the last change that somebody made to a task, unless one of its fields was changed again since.
import type { EventRow } from '../../kernel/log.ts'

export type LogEntry = Pick<EventRow, 'id' | 'name' | 'subject_id' | 'actor_id' | 'request_id' | 'pos' | 'seq' | 'data' | 'secret'>
type Data = { undoes?: string; fields?: string[]; with?: string | null }
const dataOf = (entry: LogEntry) => entry.data as Data

const undoable = new Set(['task.changed', 'task.moved', 'task.assigned', 'task.deleted'])
/** What an event says of a task has these names. */
function fieldsOf(entry: LogEntry): readonly string[] {
  if (entry.name === 'task.changed') return dataOf(entry).fields ?? []
  if (entry.name === 'task.moved') return ['status']
  if (entry.name === 'task.assigned') return ['assigneeId']
  return entry.name === 'task.deleted' || entry.name === 'task.restored' ? ['deleted'] : []
}

export type Undoable = { entries: readonly LogEntry[]; refused?: undefined } | { entries?: undefined; refused: 'nothing' | 'changed'; fields?: readonly string[] }

/** A task's own events, in any order. Undone ones and undos do not count any more, so undoing again reaches further back. All that one request did
    to the task belongs together. @param request only what this one did */
export function findUndoable(all: readonly LogEntry[], actor: string | null, request?: string): Undoable {
  const undone = new Set(all.map((entry) => dataOf(entry).undoes))
  const standing = all.filter((entry) => !undone.has(entry.id) && dataOf(entry).undoes === undefined).sort((a, b) => b.seq - a.seq)
  const mine = standing.filter((entry) => entry.actor_id === actor && actor !== null && undoable.has(entry.name) && (request === undefined || entry.request_id === request))
  const [last] = mine
  if (!last) return { refused: 'nothing' }
  const entries = mine.filter((entry) => entry.request_id === last.request_id && entry.pos === last.pos)
  const touched = new Set(entries.flatMap(fieldsOf))
  const since = standing.filter((entry) => !entries.includes(entry) && entries.some((one) => entry.seq > one.seq)).flatMap(fieldsOf).filter((field) => touched.has(field))
  return since.length ? { refused: 'changed', fields: [...new Set(since)] } : { entries }
}
