// argon2id with a bounded number of hashes at work: each holds 19 MiB and a thread for 8 ms. A long queue answers 503 instead of growing.
import * as argon2 from '@node-rs/argon2'
import { refuse } from '../../kernel/errors.ts'

export type Passwords = { hash(password: string): Promise<string>; verify(hash: string, password: string): Promise<boolean> }

/** OWASP's second choice of parameters for argon2id: 19 MiB, two passes, one lane. */
export const hashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** @param atOnce hashes at work @param waiting how many may stand in line before callers are turned away */
export function createPasswords({ atOnce = 3, waiting = 100 } = {}): Passwords {
  let free = atOnce
  const line: (() => void)[] = []
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (free > 0) free--
    else {
      if (line.length >= waiting) refuse('unavailable', 'too many sign-ins at once; repeat in a moment', { headers: { 'retry-after': '1' } })
      await new Promise<void>((resolve) => line.push(resolve)) // whoever ends hands its place over
    }
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else free++
    }
  }
  return {
    hash: (password) => inTurn(() => argon2.hash(password, hashParameters)),
    verify: (hash, password) => inTurn(() => argon2.verify(hash, password)),
  }
}
