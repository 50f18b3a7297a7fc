// The decision that is being asked for. Apart from the dialog that shows it: asking costs nothing until somebody asks.
import { useSyncExternalStore, type ReactNode } from 'react'

export type Ask = { title: string; text: ReactNode; verb: string; danger?: boolean; typeName?: string; run: () => Promise<unknown> }

let asked: Ask | null = null
const listeners = new Set<() => void>()

/** Asks before what cannot be undone; `typeName` demands the name to be typed. Null takes the question back. */
export function ask(next: Ask | null) {
  asked = next
  for (const listener of listeners) listener()
}

export const useAsked = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => asked,
  )
