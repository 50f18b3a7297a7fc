// What scenes read more than once, each with its key in one place.
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { get, getAll } from './api.ts'
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
export const useProjects = () => useQuery(projectsQuery)

/** A project by its key or id, from the list that the navigation holds anyway. */
export function useProject(keyOrId: string) {
  const all = useProjects()
  return { ...all, data: all.data?.find((project) => project.key === keyOrId || project.id === keyOrId), loaded: all.data !== undefined }
}

export const tasksQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['tasks.list', { projectId }],
    queryFn: async ({ signal }) => (await getAll<Task>('/tasks', { projectId }, signal)).sort(byPosition),
  })

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
  const members = useMembers().data
  return (id: string | null | undefined) => members?.find((member) => member.userId === id)?.name
}

export const useInvitations = (enabled: boolean) =>
  useQuery({ queryKey: ['invitations.list'], queryFn: ({ signal }) => getAll<Invitation>('/invitations', { status: 'pending' }, signal), enabled })

export const useTenants = () => useQuery({ queryKey: ['tenants.list'], queryFn: async ({ signal }) => (await get<Page<Tenant>>('/tenants', undefined, signal)).items, staleTime: 60_000 })

export const useUnread = () =>
  useQuery({
    queryKey: ['notifications.list', { unread: true }],
    queryFn: ({ signal }) => get<Page<Notification>>('/notifications', { unread: true, limit: 100 }, signal),
    staleTime: 30_000,
  })

/** What waits for this person's answer; viewers are never asked. */
export const useWaitingApprovals = () => {
  const member = useMay('member')
  return useQuery({
    queryKey: ['approvals.list', { show: 'waiting' }],
    queryFn: ({ signal }) => get<Page<{ id: string }>>('/approvals', { mine: true, status: 'pending', limit: 100 }, signal),
    staleTime: 30_000,
    enabled: member,
  })
}

export const usePreferences = () => useQuery({ queryKey: ['users.preferences'], queryFn: ({ signal }) => get<Preferences>('/users/me/preferences', undefined, signal), staleTime: 60_000 })

export const useSearch = (q: string) =>
  useQuery({
    queryKey: ['search.tasks', { q }],
    queryFn: ({ signal }) => get<Page<Task>>('/search', { q, limit: 12 }, signal),
    enabled: q.trim().length > 1,
    placeholderData: keepPreviousData,
  })
