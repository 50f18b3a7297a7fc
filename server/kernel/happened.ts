// A verb that learns only from the locked row which events it needs, if any: an edit that is also a move, or one that changes nothing.
import type { Context, EventOf, Tx } from './db.ts'
import type { EventName } from './events.ts'

/** An event with its name. */
export type Happened<N extends EventName = EventName> = { [K in N]: EventOf<K> & { name: K } }[N]
type Told<N extends EventName, R> = { happened: readonly Happened<N>[]; result: R }

/** Not this event but that one, or none: the transaction is taken back and run again under the right name, or not at all. */
class Otherwise<R> extends Error {
  readonly actual: EventName | undefined
  readonly result: R
  constructor(name: EventName | undefined, result: R) {
    super('the change is another than expected')
    this.actual = name
    this.result = result
  }
}

/** Like `ctx.change`, but the body says what happened. Nothing happened: nothing is written, and the result stands.
    @param likely the name to expect; another costs a second run. Inside a running change there is no second run */
export async function changeAsHappened<N extends EventName, R>(ctx: Context, likely: N, body: (tx: Tx) => Promise<Told<N, R>>): Promise<R> {
  if (typeof ctx === 'function') {
    const { happened, result } = await body(ctx as Tx)
    await writeAll(ctx as Tx, happened)
    return result
  }
  for (let name = likely; ; ) {
    try {
      return await ctx.change(name, async (tx) => {
        const { happened, result } = await body(tx)
        const mine = happened.filter((event) => event.name === name)
        if (!mine.length) throw new Otherwise(happened[0]?.name, result)
        await writeAll(tx, happened.filter((event) => event.name !== name))
        return { events: mine, result }
      })
    } catch (error) {
      if (!(error instanceof Otherwise)) throw error
      if (!error.actual) return error.result as R
      name = error.actual as N
    }
  }
}

async function writeAll<N extends EventName>(tx: Tx, happened: readonly Happened<N>[]): Promise<void> {
  for (const name of new Set(happened.map((event) => event.name)))
    await tx.change<N, null>(name, async () => ({ events: happened.filter((event) => event.name === name), result: null }))
}
