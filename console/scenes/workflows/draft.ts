// The draft while it is drawn: undo and redo, saved by itself, judged by the server. Nothing is ever overwritten unseen: a draft that somebody else
// changed meanwhile is told, and the person decides.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiProblem, call, get, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import type { Definition, Fault } from './graph/drawn.ts'
import { workflowQuery, type Workflow } from './reads.ts'

export type Saving = 'saved' | 'waiting' | 'saving' | 'conflict' | 'failed'
type History = { past: Definition[]; now: Definition; future: Definition[]; /** of the last change: small ones of one kind are one step back */ kind: string; at: number }
const steps = 100
/** Equal, whatever the order of the keys: the database has one of its own. */
const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a, inOrder) === JSON.stringify(b, inOrder)
const inOrder = (_key: string, value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))) : value)

export type Draft = ReturnType<typeof useDraft>

/** @param workflow as it was read; later readings are taken over when nothing here is unsaved */
export function useDraft(workflow: Workflow, may: boolean) {
  const cache = useQueryClient()
  const [history, setHistory] = useState<History>(() => ({ past: [], now: workflow.definition, future: [], kind: '', at: 0 }))
  const [saving, setSaving] = useState<Saving>('saved')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const held = useRef({ version: workflow.version, definition: workflow.definition, busy: false, timer: 0, saving: 'saved' as Saving, now: workflow.definition })
  held.current.now = history.now
  const turn = useCallback((next: Saving) => {
    held.current.saving = next
    setSaving(next)
  }, [])

  const save = useCallback(async () => {
    const h = held.current
    clearTimeout(h.timer)
    if (h.busy || h.saving === 'conflict' || !may) return
    if (same(h.now, h.definition)) return turn('saved')
    h.busy = true
    turn('saving')
    const sent = h.now
    try {
      const answer = await call<Workflow>('PATCH', `/workflows/${workflow.id}`, { body: { definition: sent }, ifMatch: h.version })
      h.version = answer.version
      h.definition = sent
      cache.setQueryData(workflowQuery(workflow.id).queryKey, answer)
      setProblem(null)
      turn(same(h.now, sent) ? 'saved' : 'waiting')
    } catch (error) {
      const refusal = error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: String(error) })
      setProblem(refusal)
      turn(refusal.status === 412 || refusal.code === 'version.conflict' ? 'conflict' : 'failed')
    } finally {
      h.busy = false
      if ((h.saving as Saving) === 'waiting') h.timer = window.setTimeout(() => void save(), 400)
      if ((h.saving as Saving) === 'failed') h.timer = window.setTimeout(() => void save(), 5000)
    }
  }, [workflow.id, may, cache, turn])

  useEffect(() => {
    const h = held.current
    if (same(history.now, h.definition) || h.saving === 'conflict') return
    if (!h.busy) turn('waiting')
    clearTimeout(h.timer)
    h.timer = window.setTimeout(() => void save(), 700)
  }, [history.now, save, turn])

  // somebody else's change, or one of another tab
  useEffect(() => {
    const h = held.current
    if (workflow.version <= h.version || h.busy) return
    if (same(h.now, h.definition)) {
      h.version = workflow.version
      if (!same(workflow.definition, h.definition)) setHistory({ past: [], now: workflow.definition, future: [], kind: '', at: 0 })
      h.definition = workflow.definition
    } else if (same(workflow.definition, h.definition)) h.version = workflow.version // only its name or state
    else turn('conflict')
  }, [workflow.version, workflow.definition, turn])

  useEffect(() => {
    const leave = (event: BeforeUnloadEvent) => {
      if (held.current.saving !== 'saved') event.preventDefault()
    }
    window.addEventListener('beforeunload', leave)
    return () => {
      window.removeEventListener('beforeunload', leave)
      void save() // going to another scene loses nothing
    }
  }, [save])

  /** @param kind changes of the same kind within a second are one step of undo */
  const change = useCallback(
    (make: (now: Definition) => Definition, kind = '') => {
      if (!may) return
      setHistory((h) => {
        const now = make(h.now)
        if (now === h.now) return h
        const joined = kind !== '' && h.kind === kind && Date.now() - h.at < 1000
        return { past: joined ? h.past : [...h.past.slice(1 - steps), h.now], now, future: [], kind, at: Date.now() }
      })
    },
    [may],
  )
  const undo = useCallback(() => setHistory((h) => (h.past.length ? { past: h.past.slice(0, -1), now: h.past.at(-1)!, future: [h.now, ...h.future], kind: '', at: 0 } : h)), [])
  const redo = useCallback(() => setHistory((h) => (h.future.length ? { past: [...h.past, h.now], now: h.future[0]!, future: h.future.slice(1), kind: '', at: 0 } : h)), [])

  /** Takes over what the server has; what was drawn here stays one undo away. */
  const takeTheirs = async () => {
    const theirs = await get<Workflow>(`/workflows/${workflow.id}`)
    held.current.version = theirs.version
    held.current.definition = theirs.definition
    cache.setQueryData(workflowQuery(workflow.id).queryKey, theirs)
    setHistory((h) => ({ past: [...h.past, h.now], now: theirs.definition, future: [], kind: '', at: 0 }))
    setProblem(null)
    turn('saved')
  }
  /** Writes what is drawn here over what the server has. */
  const keepMine = async () => {
    held.current.version = (await get<Workflow>(`/workflows/${workflow.id}`)).version
    turn('waiting')
    await save()
  }
  /** Everything is saved, or an error says why not. */
  const settle = async () => {
    for (let tries = 0; tries < 100 && (held.current.busy || held.current.saving === 'waiting'); tries++) {
      await save()
      if (held.current.busy) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    if (held.current.saving !== 'saved') throw new Error('the draft is not saved')
    void markStale(cache, ['workflows.list'])
  }
  return { definition: history.now, change, undo, redo, canUndo: history.past.length > 0, canRedo: history.future.length > 0, saving, problem, takeTheirs, keepMine, save, settle }
}

/** What the server says of the drawing, a moment after it changed. */
export function useFaults(definition: Definition, enabled: boolean): Fault[] {
  const [judged, setJudged] = useState(definition)
  useEffect(() => {
    const timer = setTimeout(() => setJudged(definition), 350)
    return () => clearTimeout(timer)
  }, [definition])
  const bare = JSON.stringify({ nodes: judged.nodes.map(({ position: _, ...node }) => node), edges: judged.edges })
  const answer = useQuery({
    queryKey: ['workflow-faults', { bare }],
    queryFn: () => post<{ faults: Fault[] }>('/workflows/validate', { definition: JSON.parse(bare) as Definition }),
    enabled,
    staleTime: 60_000,
    gcTime: 30_000,
    placeholderData: (old) => old,
  })
  return answer.data?.faults ?? []
}
