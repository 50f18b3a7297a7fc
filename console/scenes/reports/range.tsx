// What every report of the scene shares: its range, its question to the server, its link to a task.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { get } from '../../api.ts'
import type { Project } from '../../things.ts'

export type Range = { projectId?: string; from: string; to: string }

/** A report of the range, with its skeleton and failure in the figure's own place. */
export function useReport<Answer>(kind: string, range: Range) {
  return useQuery({ queryKey: [`reports.${kind}`, range], queryFn: ({ signal }) => get<Answer>(`/reports/${kind}`, range, signal), staleTime: 30_000 })
}

export const taskLink = (project: Project, ref: string) => (
  <Link to="/projects/$project" params={{ project: project.key }} search={{ task: ref } as never} className="link">
    {ref}
  </Link>
)
