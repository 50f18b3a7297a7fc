// One cache for what the server said. Keys are [operation, parameters]; what a change or an event made stale is named by the operation's prefix.
import { MutationCache, QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiProblem } from './api.ts'
import { say, sayProblem } from './parts/toasts.tsx'

export function makeCache() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => count < 1 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
        refetchOnWindowFocus: true,
      },
    },
    mutationCache: new MutationCache(),
  })
}

/** Which operations read what an event of this noun changes. */
const reads: Record<string, string[]> = {
  'oauth-client': ['oauth.', 'connected-apps.'],
  'oauth-scope': ['oauth.'],
  'oauth-consent': ['connected-apps.'],
  task: ['tasks.', 'activity.', 'projects.', 'reports.', 'search.'],
  comment: ['comments.', 'activity.', 'tasks.'],
  project: ['projects.', 'activity.', 'tasks.'],
  column: ['tasks.'],
  watcher: ['tasks.get'],
  'project-member': ['projects.'],
  settings: ['tenants.'],
  member: ['members.', 'tenants.'],
  membership: ['members.', 'tenants.'],
  invitation: ['invitations.', 'members.'],
  notification: ['notifications.'],
  tenant: ['tenants.'],
  domain: ['domains.'],
  branding: ['branding.'],
  usage: ['usage.'],
  'tenant-plan': ['tenants.', 'usage.'],
  plan: ['plans.', 'usage.'],
  user: ['users.', 'members.'],
  preferences: ['users.'],
  session: ['sessions.'],
  reader: ['readers.'],
  job: ['jobs.'],
  mail: ['outbox.'],
  workflow: ['workflows.'],
  deployment: ['deployments.', 'workflows.'],
  trigger: ['workflows.triggers', 'inbox.'],
  schedule: ['workflows.triggers'],
  hook: ['inbox.'],
  run: ['runs.', 'workflows.list'],
  approval: ['approvals.'],
  connection: ['connections.', 'workflows.using'],
  webhook: ['webhooks.'],
  impersonation: ['impersonations.', 'activity.'],
}

/** Marks as stale what starts with one of the prefixes; what is on the screen is read again. */
export function markStale(cache: QueryClient, prefixes: Iterable<string>) {
  const all = [...prefixes]
  return cache.invalidateQueries({ predicate: ({ queryKey }) => typeof queryKey[0] === 'string' && all.some((prefix) => (queryKey[0] as string).startsWith(prefix)) })
}

/** Gathers the events of a moment, so that a burst costs one reread; waits while an own change is in flight, so that nothing jumps back. */
export function staleByEvents(cache: QueryClient) {
  let waiting = new Set<string>()
  let timer = 0
  const flush = () => {
    if (cache.isMutating()) {
      timer = window.setTimeout(flush, 120)
      return
    }
    timer = 0
    const now = waiting
    waiting = new Set()
    void markStale(cache, now)
  }
  return (event: { name: string }) => {
    for (const prefix of reads[event.name.split('.')[0] ?? ''] ?? []) waiting.add(prefix)
    if (waiting.size) timer ||= window.setTimeout(flush, 80)
  }
}

type Change<Input, Output> = {
  run: (input: Input) => Promise<Output>
  /** Prefixes of what to read again afterwards. */
  stale: string[]
  /** Said when it failed, before the server's reason: "The task was not moved." */
  failed: string
  /** Applies the change to the cache at once; answers how to take it back. */
  optimistic?: (cache: QueryClient, input: Input) => (() => void) | void
  done?: (output: Output, input: Input) => void
  refused?: (error: unknown, input: Input) => void
  retry?: boolean
}

/** A change with its optimistic twin, rollback that says why, and rereading when it settled. */
export function useChange<Input, Output>({ run, stale, failed, optimistic, done, refused, retry }: Change<Input, Output>) {
  const cache = useQueryClient()
  const mutation = useMutation<Output, unknown, Input, { undo: (() => void) | void }>({
    mutationFn: run,
    onMutate: async (input) => {
      if (!optimistic) return { undo: undefined }
      await cache.cancelQueries({ predicate: ({ queryKey }) => stale.some((prefix) => String(queryKey[0]).startsWith(prefix)) })
      return { undo: optimistic(cache, input) }
    },
    onError: (error, input, context) => {
      context?.undo?.()
      refused?.(error, input)
      const unanswered = error instanceof ApiProblem && (error.status === 0 || error.status >= 500)
      sayProblem(error, failed, unanswered || retry ? () => mutation.mutate(input) : undefined)
    },
    onSuccess: (output, input) => done?.(output, input),
    onSettled: () => markStale(cache, stale),
  })
  return mutation
}

/** Runs a change outside React's mutations, with the same words when it fails. */
export async function attempt(cache: QueryClient, failed: string, stale: string[], run: () => Promise<unknown>, said?: string, undo?: () => void) {
  try {
    await run()
    if (said) say(said, undo)
    return true
  } catch (error) {
    sayProblem(error, failed)
    return false
  } finally {
    void markStale(cache, stale)
  }
}
