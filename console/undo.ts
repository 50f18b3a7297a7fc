// What a person can take back in this visit, newest last. The server computes each undo from its log; here is only the order for Ctrl Z.
type Undoable = { run: () => unknown }

let past: Undoable[] = []

/** Puts a change on the way back. The answer takes it off again, for an Undo that has its own button. */
export function remember(run: () => unknown): () => void {
  const one = { run }
  past = [...past.slice(-49), one]
  return () => {
    past = past.filter((other) => other !== one)
  }
}

/** Takes the newest change back; false when there is none. */
export function undoLast(): boolean {
  const one = past.at(-1)
  if (!one) return false
  past = past.slice(0, -1)
  one.run()
  return true
}
