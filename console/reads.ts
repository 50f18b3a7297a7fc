// What scenes read more than once, each with its key in one place.
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { get, getAll, getMost } from './api.ts'
import { seatPeople } from './parts/person.tsx'
import { onSession, session } from './session.ts'
import type { Comment, Invitation, Member, Notification, Page, Preferences, Project, Task, Tenant } from './things.ts'

export const useSession = () => useSyncExternalStore(onSession, session)

/** Who is here; only for parts that are drawn for signed-in people. */
export function useMe() {
  const now = useSession()
  if (now.state !== 'in') throw new Error('drawn without a session')
  return now
}

/** Whether the person's role in the active tenant is at least this. */
export function useMay(least: 'viewer' | 'member' | 'admin' | 'owner') {
  const now = useSession()
  const order = ['viewer', 'member', 'admin', 'owner']
  return now.state === 'in' && !!now.tenant && order.indexOf(now.tenant.role) >= order.indexOf(least)
}

export const projectsQuery = queryOptions({
  queryKey: ['projects.list'],
  queryFn: ({ signal }) => getAll<Project>('/projects', {}, signal),
  staleTime: 30_000,
})
export const useProjects = () => {
  const on = useModules()
  return useQuery({ ...projectsQuery, enabled: on('projects') })
}

/** A project by its key or id, from the list that the navigation holds anyway. */
export function useProject(keyOrId: string) {
  const all = useProjects()
  return { ...all, data: all.data?.find((project) => project.key === keyOrId || project.id === keyOrId), loaded: all.data !== undefined }
}

/** What a board has read of its project: `cut` when there is more, `whole` when somebody asked for all of it. */
type Board = { tasks: Task[]; cut: boolean; whole: boolean }
const atFirst = 2000
const atMost = 50_000

export const boardQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['tasks.list', { projectId }],
    queryFn: async ({ signal, client, queryKey }): Promise<Board> => {
      const whole = client.getQueryData<Board>(queryKey)?.whole ?? false
      const { items, cut } = await getMost<Task>('/tasks', { projectId }, signal, whole ? atMost : atFirst)
      return { tasks: items.sort(byPosition), cut, whole }
    },
  })
const tasksOf = ({ tasks }: Board) => tasks
/** The tasks of a project in board order; of a very large one the newest. */
export const useTasks = (projectId: string, options: { enabled?: boolean; staleTime?: number } = {}) => useQuery({ ...boardQuery(projectId), ...options, select: tasksOf })

const cutOf = ({ tasks, cut, whole }: Board) => (cut ? { read: tasks.length, whole } : null)
/** Where a project has more tasks than were read: how many were, and what reads the rest. */
export function useCut(projectId: string) {
  const cache = useQueryClient()
  const { data, isFetching } = useQuery({ ...boardQuery(projectId), select: cutOf })
  const readAll = () => {
    cache.setQueryData(boardQuery(projectId).queryKey, (board) => board && { ...board, whole: true })
    void cache.invalidateQueries(boardQuery(projectId))
  }
  return data && { read: data.read, reading: isFetching && data.whole, readAll }
}

/** Ranks compare as bytes, as the server's do; a locale's order would be another. */
const byPosition = (one: { position: string; id: string }, other: { position: string; id: string }) =>
  one.position < other.position ? -1 : one.position > other.position ? 1 : one.id < other.id ? -1 : 1

export const useTask = (id: string | undefined) =>
  useQuery({ queryKey: ['tasks.get', { id }], queryFn: ({ signal }) => get<Task>(`/tasks/${id}`, undefined, signal), enabled: !!id })

export const useComments = (taskId: string) =>
  useQuery({ queryKey: ['comments.list', { taskId }], queryFn: ({ signal }) => getAll<Comment>(`/tasks/${taskId}/comments`, {}, signal) })

export const useMembers = () =>
  useQuery({
    queryKey: ['members.list'],
    queryFn: async ({ signal }) => {
      const members = await getAll<Member>('/members', {}, signal)
      seatPeople(members)
      return members
    },
    staleTime: 60_000,
  })

/** id -> name, for everything that shows people. */
export function useNames() {
  const { data: members, isLoading } = useMembers()
  // while they are read nobody is called a former member
  return (id: string | null | undefined) => (isLoading && id ? '…' : members?.find((member) => member.userId === id)?.name)
}

export const useInvitations = (enabled: boolean) =>
  useQuery({ queryKey: ['invitations.list'], queryFn: ({ signal }) => getAll<Invitation>('/invitations', { status: 'pending' }, signal), enabled })

export const useTenants = () => useQuery({ queryKey: ['tenants.list'], queryFn: async ({ signal }) => (await get<Page<Tenant>>('/tenants', undefined, signal)).items, staleTime: 60_000 })

/** Whether a module is there for the active team: one that is switched off is in no menu. Until that is known, it is. */
export function useModules(): (module: string) => boolean {
  const now = useSession()
  const team = now.state === 'in' ? now.tenant?.id : undefined
  const modules = useTenants().data?.find((one) => one.id === team)?.modules
  return (module) => modules?.includes(module) !== false
}

export const useUnread = () =>
  useQuery({
    queryKey: ['notifications.list', { unread: true }],
    queryFn: ({ signal }) => get<Page<Notification>>('/notifications', { unread: true, limit: 100 }, signal),
    staleTime: 30_000,
  })

/** What waits for this person's answer; viewers are never asked. */
export const useWaitingApprovals = () => {
  const member = useMay('member')
  const on = useModules()
  return useQuery({
    queryKey: ['approvals.list', { show: 'waiting' }],
    queryFn: ({ signal }) => get<Page<{ id: string }>>('/approvals', { mine: true, status: 'pending', limit: 100 }, signal),
    staleTime: 30_000,
    enabled: member && on('workflows'),
  })
}

/** Not of somebody whom one acts for: they are theirs. */
export const usePreferences = () => {
  const { acting } = useMe()
  return useQuery({ queryKey: ['users.preferences'], queryFn: ({ signal }) => get<Preferences>('/users/me/preferences', undefined, signal), staleTime: 60_000, enabled: !acting })
}

export const useSearch = (q: string) =>
  useQuery({
    queryKey: ['search.tasks', { q }],
    queryFn: ({ signal }) => get<Page<Task>>('/search', { q, limit: 12 }, signal),
    enabled: q.trim().length > 1,
    placeholderData: keepPreviousData,
  })
