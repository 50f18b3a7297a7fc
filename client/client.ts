// The typed client: `client.tasks.move({ id, query: { status: 'done' } })`. Operations and types are generated from docs/openapi.json.
import type { Operations } from './operations.ts'
import { paths } from './paths.ts'
import { Requester, type Input, type Operation, type RequesterOptions } from './request.ts'
import { TokenKeeper, type Pair, type TokenOptions } from './tokens.ts'

export type ClientOptions = RequesterOptions & { tokens?: TokenOptions }
export type Client = Operations & ClientCore
type ClientCore = {
  /** Keep the pair of a login here; `tokens.get` is what LiveClient wants as `token`. */
  tokens: TokenKeeper
  requester: Requester
}
type Table = Record<string, Record<string, Operation>>

/** @param options.baseUrl the server's origin, such as `https://example.com`; empty in a page the server itself delivered */
export function createClient(options: ClientOptions): Client {
  return connect(paths, options) as Client
}

/** createClient over another table of operations. */
export function connect(table: Table, { tokens: tokenOptions = {}, ...options }: ClientOptions): ClientCore & Record<string, unknown> {
  const refresh = async (refreshToken: string | undefined) => {
    const body = refreshToken === undefined ? {} : { refreshToken }
    return (await requester.send({ method: 'POST', path: '/api/v1/auth/refresh', public: true }, { body })).body as Pair
  }
  const tokens = new TokenKeeper(tokenOptions, refresh)
  const requester: Requester = new Requester(options, tokens)
  const groups = Object.entries(table).map(([group, verbs]) => [group, Object.fromEntries(Object.entries(verbs).map(([verb, operation]) =>
    [verb, async (input?: Input) => (await requester.send(operation, input)).body]))])
  return { ...Object.fromEntries(groups), tokens, requester }
}

/** All items of a list, page after page: `for await (const task of each((page) => client.tasks.list({ query: { ...page, projectId } })))`. */
export async function* each<Item>(list: (page: { after?: string; limit: number }) => Promise<{ items: Item[]; next: string | null }>, limit = 200): AsyncGenerator<Item, void, undefined> {
  for (let after: string | null | undefined; after !== null; ) {
    const page: { items: Item[]; next: string | null } = await list({ ...(after === undefined ? {} : { after }), limit })
    yield* page.items
    after = page.next
  }
}
