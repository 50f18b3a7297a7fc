// The frames of the live stream, the same over WebSocket and Server-Sent Events. Fields may be added by a newer server, never renamed.

/** An event of the log as a client meets it. `seq` is the true order per subject; `cursor` is opaque. */
export type LiveEvent = {
  id: string
  tenantId: string
  name: string
  subject: { type: string; id: string }
  actor: { type: string; id: string | null }
  data: Record<string, unknown>
  causeId: string | null
  requestId: string | null
  at: string
  seq: number
  cursor: string
  /** Personal values are null because their key is gone. */
  sealed?: boolean
}

export type ServerFrame =
  | { type: 'ready'; cursor: string; prev: string | null }
  | { type: 'event'; cursor: string; prev: string | null; event: LiveEvent }
  | { type: 'heartbeat'; cursor: string; prev: string | null }
  | { type: 'subscribed'; topics: string[]; cursor: string; prev: string | null }
  | { type: 'resync'; cursor: string; prev: null }
  | { type: 'refused'; topic: string; code: string }

export type ClientFrame =
  | { type: 'hello'; token: string; after?: string; topics: string[] }
  | { type: 'subscribe'; topics: string[] }
  | { type: 'unsubscribe'; topics: string[] }
  | { type: 'token'; token: string }

/** The most topics one connection takes; the server closes with 4400 beyond it. */
export const maxTopics = 100

/** Reads a frame, or gives undefined for what is none. A frame of a type unknown here is let through: its cursor still counts. */
export function readFrame(text: string): ServerFrame | undefined {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof frame !== 'object' || frame === null || !('type' in frame)) return undefined
  if (frame.type !== 'refused' && !('cursor' in frame && typeof frame.cursor === 'string')) return undefined
  return frame as ServerFrame
}

/** Folding aid: of one subject's events only the newer ones are new. The log's order is not the order per subject, `seq` is. */
export class SubjectOrder {
  readonly #last = new Map<string, number>()
  readonly #max: number
  /** @param max subjects remembered; the longest unseen is forgotten first */
  constructor(max = 50_000) {
    this.#max = max
  }

  /** True when the event is newer than all seen of its subject; it then counts as seen. */
  isNew(event: Pick<LiveEvent, 'subject' | 'seq'>): boolean {
    const key = `${event.subject.type}:${event.subject.id}`
    const last = this.#last.get(key)
    if (last !== undefined && event.seq <= last) return false
    this.#last.delete(key)
    this.#last.set(key, event.seq)
    if (this.#last.size > this.#max) this.#last.delete(this.#last.keys().next().value!)
    return true
  }

  /** After a resync: what was reloaded is the truth. */
  clear(): void {
    this.#last.clear()
  }
}
