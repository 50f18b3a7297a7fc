// The filters of board and list. They live in the address, so that a filtered board can be sent to somebody and survives a reload.
import { priorities, type Priority, type Task } from '../../things.ts'
import { daysUntil } from '../../words.ts'

export type Filters = {
  q?: string
  assignee?: string
  priority?: string
  label?: string
  due?: string
  lanes?: string
  sort?: string
  /** The open task's ref. */
  task?: string
}

const names = ['q', 'assignee', 'priority', 'label', 'due', 'lanes', 'sort', 'task'] as const

export function readFilters(search: Record<string, unknown>): Filters {
  return Object.fromEntries(names.flatMap((name) => (search[name] ? [[name, String(search[name])]] : [])))
}

export const listed = (value: string | undefined) => value?.split(',').filter(Boolean) ?? []

/** Puts a value in or takes it out of a comma-separated filter. */
export function toggled(value: string | undefined, item: string) {
  const items = listed(value)
  return (items.includes(item) ? items.filter((one) => one !== item) : [...items, item]).join(',') || undefined
}

export const isFiltered = (filters: Filters) => !!(filters.q || filters.assignee || filters.priority || filters.label || filters.due)

/** Whether a task passes; `me` stands for the person who looks, `nobody` for unassigned. */
export function passes(task: Task, filters: Filters, me: string | null, isDone: boolean): boolean {
  const assignees = listed(filters.assignee)
  const wanted = listed(filters.priority)
  const labels = listed(filters.label)
  const q = filters.q?.toLowerCase()
  if (q && !task.title.toLowerCase().includes(q) && !task.ref.toLowerCase().includes(q)) return false
  if (assignees.length && !assignees.includes(task.assigneeId ?? 'nobody') && !(assignees.includes('me') && task.assigneeId === me)) return false
  if (wanted.length && !wanted.includes(task.priority)) return false
  if (labels.length && !labels.every((label) => task.labels.includes(label))) return false
  if (filters.due) {
    if (filters.due === 'none') return !task.dueAt
    if (!task.dueAt) return false
    const days = daysUntil(task.dueAt)
    if (filters.due === 'overdue') return days < 0 && !isDone
    if (filters.due === 'today') return days === 0
    if (filters.due === 'week') return days >= 0 && days <= 7
  }
  return true
}

export const priorityOrder = (priority: Priority) => priorities.indexOf(priority)
