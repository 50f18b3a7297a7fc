// Some verbs ask for a fresh proof of who one is. Whoever calls them waits here until the dialog has it, and is called again.
import { useSyncExternalStore } from 'react'

type Waiting = { settle: (proven: boolean) => void }
let waiting: Waiting | null = null
const listeners = new Set<() => void>()
const tell = () => {
  for (const listener of listeners) listener()
}

/** Settles with whether the person proved themselves; one dialog for all that ask at once. */
export function askForProof(): Promise<boolean> {
  return new Promise((resolve) => {
    const before = waiting
    waiting = {
      settle: (proven) => {
        before?.settle(proven)
        resolve(proven)
      },
    }
    tell()
  })
}
export function settleProof(proven: boolean) {
  const { settle } = waiting ?? {}
  waiting = null
  tell()
  settle?.(proven)
}

export const useProofWanted = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => waiting !== null,
  )

/** What the team demands of this session before it shows anything: a refusal's code, as the last answer said it. */
let demand: string | null = null
export const demandOf = () => demand
export function setDemand(code: string | null) {
  if (code === demand) return
  demand = code
  tell()
}
export const useDemand = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => demand,
  )
