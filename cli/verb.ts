// What a verb of the command line is, and what it may use.
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Client } from '../client/client.ts'
import type { Fetch } from '../client/transport.ts'

/** What a process gives: nothing here reads the environment or writes to a stream by itself. */
export type Surroundings = {
  env: Readonly<Record<string, string | undefined>>
  say(text: string): void
  warn(text: string): void
  /** standard input to its end */
  readInput(): Promise<string>
  signal?: AbortSignal
  fetch?: Fetch
}
export type Values = Readonly<Record<string, string | boolean | undefined>>
export type Call = Surroundings & { client: Client; values: Values; words: readonly string[]; json: boolean; /** a file's text by `@name`, standard input by `-`, else the text itself */ textOf(given: string): Promise<string> }
export type Verb = { usage: string; about: string; options?: ParseArgsOptionsConfig; words: number; run(call: Call): Promise<number> }

/** Exit codes, which scripts may rely on. */
export const exits = { done: 0, refused: 1, usage: 2, failed: 3, cancelled: 4, waiting: 5 } as const
/** What was asked for is not what there is to ask for. */
export class Misuse extends Error {}
