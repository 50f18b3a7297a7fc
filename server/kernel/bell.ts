// Wakes the followers of the log: in this process at once after a commit, in the others by a hint over the bus. The poll is the floor.
import type { Bus } from './ports.ts'

export type Bell = { ring(): void; hear(wake: () => void): () => void; close(): void }

/** @param channel of the bus; the adapter debounces (at most one message in 10 ms), since NOTIFY inside or per commit would serialise commits */
export function createBell(bus: Pick<Bus, 'publish' | 'subscribe'>, channel: string): Bell {
  const heard = new Set<() => void>()
  let due: NodeJS.Immediate | undefined
  const wakeAll = () => {
    due = undefined
    for (const wake of heard) wake()
  }
  const unsubscribe = bus.subscribe(channel, () => (due ??= setImmediate(wakeAll)))
  return {
    ring: () => {
      due ??= setImmediate(wakeAll)
      bus.publish(channel, '')
    },
    hear: (wake) => (heard.add(wake), () => void heard.delete(wake)),
    close: () => (unsubscribe(), clearImmediate(due)),
  }
}
