// What the kernel needs of the outside, each with an embedded default and a real service by one setting. Adapters implement these.
import type { Socket } from 'node:net'
import type pg from 'pg'
import type { EgressFor } from './egress.ts'
import type { HostRule } from './egress-reach.ts'

/** `app`: requests, under row security. `system`: readers and jobs. `identity`: schemas identity and oauth. `owner`: migrations. */
export type DatabaseRole = 'owner' | 'app' | 'system' | 'identity' | 'backup'
export type Database = {
  kind: 'embedded' | 'postgres'
  connection(role: DatabaseRole): pg.ClientConfig
  /** server_version_num, such as 180004 */
  version: number
  has(extension: string): Promise<boolean>
  /** Settles with the reason when the embedded server died unasked; never for an external one. */
  lost: Promise<string>
  stop(): Promise<void>
  /** Where the data lies, for people; holds no password. */
  describe(): string
}

/** Hints between processes, counters and a cache. Hints may be lost: whoever relies on one also polls. */
export type Bus = {
  kind: string
  publish(channel: string, message: string): void
  /** `heard('')` also after a reconnect: something may have been missed. @returns the way to stop */
  subscribe(channel: string, heard: (message: string) => void): () => void
  take(key: string, limit: Limit, cost?: number): Promise<Taken>
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<void>
  drop(key: string): Promise<void>
  /** Of the way to the other processes. While it is not ok hints are lost and limits are counted in each process: degraded, not down. `detail` holds no address. */
  health(): BusHealth
  close(): Promise<void>
}
export type BusHealth = { ok: boolean; detail: string }
export type Limit = { max: number; windowMs: number }
export type Taken = { allowed: boolean; remaining: number; resetMs: number }

export type Letter = { to: string; subject: string; text: string; html?: string; /** the same at every retry */ key: string }
export type Mail = { kind: string; send(letter: Letter): Promise<void>; close(): Promise<void> }
/** A mail server; `verify` signs in and sends nothing. */
export type MailServer = Mail & { verify(): Promise<void> }
export type OpenMail = (to: { /** smtp:// or smtps:// */ url: string; from: string; /** PEM, instead of the public authorities */ ca?: readonly string[]; dial: (to: { host: string; port: number; connectMs: number }) => Promise<Socket> }) => Promise<MailServer>

/** A letter as a server elsewhere handed it over. */
export type Arrived = {
  /** local parts of addresses, each known */
  to: readonly string[]
  /** the envelope's sender; '' for reports about other mail */
  from: string
  raw: Buffer
  encrypted: boolean
}
/** Where letters from outside go. */
export type LetterBox = {
  /** whether somebody lives at this local part */
  knows(local: string): Promise<boolean>
  /** Answers when the letter is kept for each of them; the same letter again changes nothing. @throws LetterRefused */
  take(letter: Arrived): Promise<void>
}
/** Why a letter is not taken, for its sender; `forGood`: the same letter never will be. */
export class LetterRefused extends Error {
  readonly forGood: boolean
  constructor(message: string, forGood: boolean) {
    super(message)
    this.forGood = forGood
  }
}
export type MailIn = { /** where it listens */ port: number; close(): Promise<void> }
export type OpenMailIn = (box: LetterBox) => Promise<MailIn>

/** One request, told after its answer. `parent` is the traceparent header as it came. */
export type Span = { name: string; startedAtMs: number; ms: number; status: number; parent: string | undefined; attributes: Record<string, string | number> }
export type Traces = { record(span: Span): void; close(): Promise<void> }

/** Answers of the domain name system. @throws NotThere when the name has no such record; anything else is trouble on the way, and may pass */
export type Dns = { txt(name: string): Promise<string[]> }
/** The name is certainly without that record. */
export class NotThere extends Error {}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** A module `export default async (input, ctx) => ...` in JavaScript. Calls of one tenant and id may meet what earlier calls left in its globals; others never do. */
export type GuestFunction = { tenant: string; /** of this version of it */ id: string; source: string }
export type GuestRequest = { url: string; method: string; headers: [string, string][]; body: string | null }
export type GuestAnswer = { status: number; headers: [string, string][]; body: Buffer }
export type GuestCall = {
  /** of its own processor time; waiting for a host does not count. 1000 by default */
  deadlineMs?: number
  /** everything, with waiting; 30,000 by default */
  wallMs?: number
  /** what its `fetch` reaches; none by default */
  hosts?: readonly HostRule[]
  /** name -> value: `ctx.secret(name)` in a header becomes the value on its way out. The code never sees it, answers have it masked. */
  secrets?: Readonly<Record<string, string>>
  /** `ctx.idempotencyKey`, and with a number in requests that change something */
  idempotencyKey?: string
  /** whose log hears of refused requests */
  for?: EgressFor
  /** instead of the outside: what a rehearsal records */
  fetch?: (request: GuestRequest) => Promise<GuestAnswer>
}
/** Runs code that nobody trusts: no network, file, environment or process of ours, bounded in time and memory. */
export type Sandbox = {
  kind: string
  /** @throws SandboxError */
  call(guest: GuestFunction, input: Json, call?: GuestCall): Promise<{ value: Json; /** what it wrote to `console`, at most 64 KiB */ log: string[] }>
  /** Some of the expressions of a module that `expressionModule` made, in a pool of its own; 250 ms. @throws SandboxError */
  evaluate(guest: GuestFunction, run: readonly number[], scope: Readonly<Record<string, Json>>): Promise<Json[]>
  close(): Promise<void>
}
