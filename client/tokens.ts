// Access and refresh token of one person on one device. A refresh token works once: two refreshes at the same time would end the session, so
// all callers share one, and a race lost to another tab or process (409 auth.refresh_raced) is settled by reading what the winner stored.
import { ApiProblem } from './problem.ts'
import { expiryOf } from './live.ts'

/** The answer of login fits; `refreshToken` is null where it went into a cookie. */
export type Pair = { accessToken: string; refreshToken?: string | null | undefined }
/** Where the pair is kept: memory by default; a keychain or a file on devices. Browsers keep the refresh token in an HttpOnly cookie instead. */
export type TokenStore = { read(): Pair | null | Promise<Pair | null>; write(pair: Pair | null): void | Promise<void> }
export type TokenOptions = {
  store?: TokenStore
  /** The refresh token is a cookie of the server's, this code never sees it. */
  cookie?: boolean
  /** The session is over: ask the person to sign in. */
  onSignedOut?: (() => void) | undefined
}

const racePauseMs = 150
const raceTries = 5

/** The pair kept in memory only. */
export function inMemory(pair: Pair | null = null): TokenStore {
  return { read: () => pair, write: (next) => void (pair = next) }
}

export class TokenKeeper {
  readonly #store: TokenStore
  readonly #cookie: boolean
  readonly #onSignedOut: (() => void) | undefined
  readonly #refresh: (refreshToken: string | undefined) => Promise<Pair>
  #running: Promise<string> | undefined

  /** @param refresh calls POST /auth/refresh and rejects with ApiProblem */
  constructor({ store = inMemory(), cookie = false, onSignedOut }: TokenOptions, refresh: (refreshToken: string | undefined) => Promise<Pair>) {
    this.#store = store
    this.#cookie = cookie
    this.#onSignedOut = onSignedOut
    this.#refresh = refresh
  }

  async read(): Promise<Pair | null> {
    return this.#store.read()
  }
  /** After register, login, switch; null after logout. */
  async keep(pair: Pair | null): Promise<void> {
    const refreshToken = this.#cookie ? null : pair?.refreshToken
    await this.#store.write(pair && { accessToken: pair.accessToken, ...(refreshToken ? { refreshToken } : {}) })
  }

  /**
   * An access token that is not known to be over, refreshed where it must be. Fits LiveClient's `token`.
   * @param not a token the server has refused: another is wanted. `true`: another than the one kept now
   * @throws ApiProblem 401 when there is nothing to refresh with, or the session is over
   */
  async get(not?: string | boolean): Promise<string> {
    const pair = await this.#store.read()
    const wanted = pair && pair.accessToken !== not && not !== true && (expiryOf(pair.accessToken) ?? Infinity) > Date.now() + 5_000
    if (wanted) return pair.accessToken
    return (this.#running ??= this.#renew(pair).finally(() => (this.#running = undefined)))
  }

  async #renew(old: Pair | null): Promise<string> {
    if (!this.#cookie && !old?.refreshToken) throw new ApiProblem(401, { code: 'auth.required', title: 'Sign in first', detail: 'Sign in first.' })
    for (let tries = 1; ; tries++) {
      const pair = tries === 1 ? old : await this.#store.read()
      if (pair && pair.accessToken !== old?.accessToken) return pair.accessToken // another one won the race and stored this
      try {
        const next = await this.#refresh((!this.#cookie && pair?.refreshToken) || undefined)
        await this.keep(next)
        return next.accessToken
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        if (error.code === 'auth.refresh_raced' && tries < raceTries) await new Promise((resolve) => setTimeout(resolve, racePauseMs * tries))
        else if (error.status === 401) {
          await this.keep(null)
          this.#onSignedOut?.()
          throw error
        } else throw error
      }
    }
  }
}
