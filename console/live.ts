// What the header says about the live stream, and who hears its events. The stream itself (resuming, holes, tokens) is the client's.
import { LiveClient } from '../client/live.ts'
import type { LiveState as ClientState } from '../client/live-states.ts'
import type { LiveEvent } from '../client/frames.ts'
import { liveToken } from './api.ts'

/** `late` after 3 s without a stream, `lost` (a banner) after 15 s, `barred` when this person may no longer listen here. */
export type LiveState = 'starting' | 'live' | 'late' | 'lost' | 'barred'
type Heard = { event: (event: LiveEvent) => void; resync: () => void }

let state: LiveState = 'starting'
const watchers = new Set<() => void>()
const eventWatchers = new Set<(event: LiveEvent) => void>()

function change(next: LiveState) {
  if (next === state) return
  state = next
  for (const watcher of watchers) watcher()
}

export const liveState = () => state
export function onLiveState(watcher: () => void) {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

/** Hears each event as it comes, for what the cache cannot tell: that a card was moved by somebody else. */
export function onLiveEvent(watcher: (event: LiveEvent) => void) {
  eventWatchers.add(watcher)
  return () => void eventWatchers.delete(watcher)
}

/** Follows the active tenant until the answer is called. A closed stream is only shown when it lasts. */
export function followLive(topics: string[], heard: Heard): () => void {
  let late = 0
  let lost = 0
  let wasLive = false
  const quiet = () => {
    clearTimeout(late)
    clearTimeout(lost)
    late = lost = 0
  }
  const onState = (next: ClientState, why: { code: number }) => {
    if (next === 'live') {
      quiet()
      wasLive = true
      return change('live')
    }
    if (next === 'ended') {
      quiet()
      return change(why.code === 4403 ? 'barred' : 'starting')
    }
    late ||= window.setTimeout(() => change('late'), wasLive ? 3000 : 5000)
    lost ||= window.setTimeout(() => change('lost'), 15_000)
  }
  const client = new LiveClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`,
    token: liveToken,
    topics,
    onState,
    onResync: heard.resync,
    onEvent: (event) => {
      heard.event(event)
      for (const watcher of eventWatchers) watcher(event)
    },
  })
  const wake = () => document.visibilityState === 'visible' && client.retryNow()
  window.addEventListener('online', wake)
  document.addEventListener('visibilitychange', wake)
  client.start()
  return () => {
    window.removeEventListener('online', wake)
    document.removeEventListener('visibilitychange', wake)
    quiet()
    client.stop()
    quiet()
    change('starting')
  }
}
