// The live client's states, as a page of words and a table.
//
// idle         Made, not started. `start` begins.
// authorizing  Asks the application for an access token: a fresh one when the last was refused. No connection is open.
//              A token moves on to opening. "401, signed out" ends it; any other failure (offline, 503) waits and tries again.
// opening      The connection is being made and `hello` sent: topics, and the last cursor this client has handed over.
//              `ready` (or `resync`) makes it live. Nothing for 10 s counts as lost.
// live         Events flow. Each frame names the cursor before it; one that does not fit is a hole: the connection is cut and resumed from
//              the last cursor handed over. No frame for 25 s (heartbeats come every 10) counts as lost, though the socket says nothing.
// waiting      Between two attempts: exponential with jitter, at most 10 s, begun anew after a connection that held for 5 s.
//              `due` is its end, or the application's hint that the network is back.
// ended        For good, until `start`: stopped by the application, or barred: no longer a member (4403), a frame the server cannot
//              read (4400), a fresh token refused (4401 twice), signed out.
//
// How a connection ends decides the signal: 4401 `expired` (once; again without `ready` between: `barred`), 4403 and 4400 `barred`,
// 1001 `draining` (at once, anywhere), everything else, 4408 (too slow) among it, `lost`.

export type LiveState = 'idle' | 'authorizing' | 'opening' | 'live' | 'waiting' | 'ended'
export type LiveSignal = 'start' | 'stop' | 'authorized' | 'unauthorized' | 'ready' | 'lost' | 'draining' | 'expired' | 'barred' | 'due'

type Row = Record<LiveSignal, LiveState>
const stay = (state: LiveState): Row => ({
  start: state, stop: 'ended', authorized: state, unauthorized: state, ready: state, lost: state, draining: state, expired: state, barred: state, due: state,
})

/** Every state meets every signal; where both are the same state, the signal came too late and means nothing. */
export const transitions: Record<LiveState, Row> = {
  idle: { ...stay('idle'), start: 'authorizing' },
  authorizing: { ...stay('authorizing'), authorized: 'opening', unauthorized: 'ended', lost: 'waiting' },
  opening: { ...stay('opening'), ready: 'live', lost: 'waiting', draining: 'waiting', expired: 'authorizing', barred: 'ended' },
  live: { ...stay('live'), lost: 'waiting', draining: 'authorizing', expired: 'authorizing', barred: 'ended' },
  waiting: { ...stay('waiting'), due: 'authorizing' },
  ended: { ...stay('ended'), start: 'authorizing' },
}
