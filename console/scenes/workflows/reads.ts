// What the workflow scenes read, each with its key in one place, and what the API answers there.
import { queryOptions, useQuery } from '@tanstack/react-query'
import { get, getAll } from '../../api.ts'
import type { Page, Thing } from '../../things.ts'
import type { Catalogue, Definition, Fault, NodeType, Schema } from './graph/drawn.ts'

export type WorkflowStatus = 'draft' | 'active' | 'inactive' | 'archived'
export type RunStatus = 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type ListedWorkflow = Thing & {
  name: string
  description: string | null
  status: WorkflowStatus
  activeVersion: number | null
  publishedBy: string | null
  pausedReason: string | null
  createdBy: string | null
  runs: { last: RunStatus | null; lastAt: string | null; total: number; failed: number; recent?: RunStatus[] }
}
export type Workflow = Omit<ListedWorkflow, 'runs'> & { definition: Definition }
export type Published = Workflow & { number: number; hash: string; warnings: Fault[]; diverging: { runId: string; status: RunStatus; key: string; message: string }[]; unjudgedRuns: number; failingTests: { testId: string; name: string; key: string; message: string }[]; unjudgedTests: number }
export type KeptTest = Thing & { workflowId: string; runId: string; number: number; name: string; status: 'completed' | 'failed' }
export type Judged = { results: { testId: string; name: string; passed: boolean; divergence: { key: string; node: string | null; message: string } | null }[]; faults: Fault[] }
export type WorkflowVersion = { workflowId: string; number: number; hash: string; note: string | null; publishedBy: string | null; active: boolean; createdAt: string }
export type Deployment = { id: string; workflowId: string; workflowName: string; number: number; status: 'pending' | 'deploying' | 'active' | 'failed' | 'superseded'; error: string | null; createdBy: string | null; createdAt: string; updatedAt: string }
export type RunError = { message: string; code: string }
export type ListedRun = { id: string; workflowId: string; workflowName: string; version: number; status: RunStatus; trigger: string | null; error: RunError | null; startedBy: { type: string; id: string | null }; /** paused beyond the plan's runs of the month */ parked: boolean; createdAt: string; startedAt: string | null; completedAt: string | null }
export type RunStep = { key: string; node: string; kind: string; status: 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped'; attempt: number; input: unknown; output: unknown; error: RunError | null; way: string | null; dueAt: string | null; startedAt: string | null; completedAt: string | null }
export type Run = ListedRun & { input: unknown; results: unknown; steps: RunStep[]; hidden: boolean; definition: Definition; causeId: string | null; actsFor: string[]; parentRunId: string | null }
export type Trigger = { id: string; workflowId: string; node: string; type: string; enabled: boolean; url: string | null; address: string | null; hasSecret: boolean; nextAt: string | null; problem: string | null }
export type Tested = { status: 'completed' | 'failed'; results: unknown; error: RunError | null; steps: { key: string; node: string; status: 'completed' | 'failed' | 'skipped'; output: unknown; error: RunError | null; effect: unknown }[]; faults: Fault[] }
export type Template = { id: string; name: string; description: string; category: string; parameters: Schema; definition: Definition }

export const useWorkflows = (filter: { status?: string; q?: string } = {}, enabled = true) =>
  useQuery({ queryKey: ['workflows.list', filter], queryFn: ({ signal }) => getAll<ListedWorkflow>('/workflows', filter, signal), enabled })

export const workflowQuery = (id: string) => queryOptions({ queryKey: ['workflows.get', { id }], queryFn: ({ signal }) => get<Workflow>(`/workflows/${id}`, undefined, signal) })
export const useWorkflow = (id: string) => useQuery(workflowQuery(id))

/** The node types: from them the palette, the forms and the ports are drawn. */
export const useCatalogue = () =>
  useQuery({
    queryKey: ['workflow-types'],
    queryFn: async ({ signal }): Promise<Catalogue> => {
      const { types, events, limits } = await get<{ types: NodeType[]; events: Catalogue['events']; limits: Catalogue['limits'] }>('/workflows/schema', undefined, signal)
      const byName = new Map(types.map((type) => [`${type.primitive}.${type.type}`, type]))
      return { types, events, limits, find: ({ primitive, type }) => byName.get(`${primitive}.${type}`) }
    },
    staleTime: Infinity,
  })

export const useVersions = (id: string) => useQuery({ queryKey: ['workflows.versions', { id }], queryFn: ({ signal }) => getAll<WorkflowVersion>(`/workflows/${id}/versions`, {}, signal) })
export const useVersion = (id: string, number: number | null) =>
  useQuery({ queryKey: ['workflows.version', { id, number }], queryFn: ({ signal }) => get<WorkflowVersion & { definition: Definition }>(`/workflows/${id}/versions/${number}`, undefined, signal), enabled: number !== null, staleTime: Infinity })
export const useDeployments = (workflowId: string) => useQuery({ queryKey: ['deployments.list', { workflowId }], queryFn: ({ signal }) => getAll<Deployment>('/deployments', { workflowId }, signal, 200) })
export const useTriggers = (id: string, enabled = true) => useQuery({ queryKey: ['workflows.triggers', { id }], queryFn: async ({ signal }) => (await get<Page<Trigger>>(`/workflows/${id}/triggers`, undefined, signal)).items, enabled })
export const useKeptTests = (id: string) => useQuery({ queryKey: ['workflows.tests', { id }], queryFn: ({ signal }) => getAll<KeptTest>(`/workflows/${id}/tests`, {}, signal) })
export const useRuns = (workflowId: string, limit = 20) => useQuery({ queryKey: ['runs.list', { workflowId, limit }], queryFn: async ({ signal }) => (await get<Page<ListedRun>>('/runs', { workflowId, limit }, signal)).items })
export const useRun = (id: string | undefined) => useQuery({ queryKey: ['runs.get', { id }], queryFn: ({ signal }) => get<Run>(`/runs/${id}`, undefined, signal), enabled: !!id })
export const useTemplates = () => useQuery({ queryKey: ['templates.list'], queryFn: async ({ signal }) => (await get<Page<Template>>('/templates', undefined, signal)).items, staleTime: Infinity })
