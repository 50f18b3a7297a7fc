// What the program of a run asks of the outside: its bookkeeping in our tables, and the attempts of its steps. Types only, since both sides of the
// sandbox's wall know them; all of it is plain JSON.
import type { RunFacts } from '../engine.ts'
import type { Compiled } from '../compiled.ts'
import type { DefRef, Json, Key, Ref, StepCall } from '../port.ts'

/** A run by its tenant and id. */
export type RunName = { tenant: string; run: string }
/** One life of a run in Temporal: `epoch` is the fence, one more at each beginning. */
export type Place = RunName & { epoch: number }
export type Failure = { message: string; code: string }
export type StepState = { key: Key; kind: string; state: 'pending' | 'done' | 'failed'; attempt: number; redo: number; output: Json | Ref; error: Failure | null; due: number | null }
export type Page = { steps: StepState[]; /** the key after which the next page begins */ more: string | null }
export type Note = { key: Key; output: Json }

export type Begun = Page & {
  place: Place
  facts: RunFacts
  /** null: there is no such version any more */
  graph: Compiled | null
  input: Json | Ref
  request: string | null
  status: 'running' | 'paused'
  cancel: boolean
  pause: boolean
  /** milliseconds since 1970 */
  deadline: number
  seen: number
  inMemoryWaitMs: number
  stepsPerRun: number
  /** events of one history before the run goes on in a fresh one */
  historyEvents: number
}
export type News = { status: string; cancel: boolean; pause: boolean; seen: number }
/** What stands recorded now; `paused`: the run is asked to pause. Undefined: the run has another life by now. */
export type Kept = { state: 'pending' | 'done' | 'failed'; output: Json | Ref; error: Failure | null; attempt: number; due: number | null; paused: boolean } | undefined
export type Wanted = { key: Key; kind: string; state: 'pending' | 'done' | 'failed'; attempt?: number; output?: Json | Ref; error?: Failure; due?: number | { afterMs: number } | null; notes: Note[] }
export type ChildAsked = { key: Key; def: DefRef; input: Json | Ref; wait: boolean; onParentClose: 'cancel' | 'abandon'; redo: number; known: boolean; facts: RunFacts; request: string | null; notes: Note[] }
export type RunEnding = { status: 'completed' | 'failed' | 'cancelled'; output: Json | Ref; error: (Failure & { key: Key | null }) | null; seen: number; isChild: boolean; hasChildren: boolean; notes: Note[] }

/** Each is one transaction of ours, repeated until our database answers; done twice it changes nothing more. */
export type Books = {
  /** A new life of the run. Null: it is over, or not there. */
  begin(at: RunName): Promise<Begun | null>
  /** What was recorded before, in pages. */
  history(at: RunName & { after: string }): Promise<Page>
  /** What others did to the run; a parked one is at work again. Null: it has another life. */
  look(at: Place): Promise<News | null>
  record(at: Place, wanted: Wanted): Promise<Kept>
  /** The next signal of this name, if there is one. */
  take(at: Place, o: { key: Key; name: string }): Promise<{ output: Json } | null>
  /** Starts the child or looks how it stands: pending until it has ended. */
  child(at: Place, o: ChildAsked): Promise<Kept>
  /** The run waits. @returns false: it has another life */
  park(at: Place, o: { waits: { key: Key; kind: string; due: number | null }[]; seen: number; notes: Note[] }): Promise<boolean>
  end(at: Place, o: RunEnding): Promise<boolean>
}
export type BookName = keyof Books

export type StepAsked = { place: Place; facts: RunFacts; key: Key; call: StepCall; /** of the first try of this call */ attempt: number; redo: number; notes: Note[] }
/** pending: it is to be tried again at `due`. stopped: it was told to stop and has no outcome. */
export type StepAnswer = NonNullable<Kept> | { state: 'stopped' } | { state: 'lost' }

/** What Temporal gives the program of a run; the stand-in of the tests gives the same. */
export type Host = {
  /** milliseconds since 1970, the same at each replay */
  now(): number
  /** Until it holds or the time is over; asked when nothing else moves. @returns whether it held */
  until(holds: () => boolean, ms?: number): Promise<boolean>
  books: Books
  /** One attempt, made again when its worker was killed; rejects when that happened too often. `stop` tells it to stop. */
  step(asked: StepAsked): { answer: Promise<StepAnswer>; stop(): void }
  shielded: { run<T>(value: true, f: () => T): T; getStore(): true | undefined }
  /** events in the history of this life by now, and their bytes */
  history(): { events: number; bytes: number }
}
