// What the kernel needs of the outside, each with an embedded default and a real service by one setting. Adapters implement these.
import type pg from 'pg'

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
  close(): Promise<void>
}
export type Limit = { max: number; windowMs: number }
export type Taken = { allowed: boolean; remaining: number; resetMs: number }

export type Letter = { to: string; subject: string; text: string; html?: string; /** the same at every retry */ key: string }
export type Mail = { kind: string; send(letter: Letter): Promise<void>; close(): Promise<void> }

/** One request, told after its answer. `parent` is the traceparent header as it came. */
export type Span = { name: string; startedAtMs: number; ms: number; status: number; parent: string | undefined; attributes: Record<string, string | number> }
export type Traces = { record(span: Span): void; close(): Promise<void> }

/** Answers of the domain name system. @throws NotThere when the name has no such record; anything else is trouble on the way, and may pass */
export type Dns = { txt(name: string): Promise<string[]> }
/** The name is certainly without that record. */
export class NotThere extends Error {}
