// What a step does to our own database happens once: the row of the effect commits with it, and a step that is done again finds it.
import type { Db, Tx, Who } from '../../../kernel/db.ts'
import { Nullable, Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import type { Json } from '../engine/port.ts'

const claimEffect = statement('run-effects.claim', Type.Object({ key: Type.String() }), (run: string, key: string) => sql`insert into run_effects (run_id, key) values (${run}, ${key}) on conflict do nothing returning key`)
const keepEffect = (run: string, key: string, result: Json) => sql`update run_effects set result = ${sql.json(result)} where run_id = ${run} and key = ${key}`
const findEffect = statement('run-effects.find', Type.Object({ result: Nullable(Type.Unknown()) }), (run: string, key: string) => sql`select result from run_effects where run_id = ${run} and key = ${key}`)

/** @param key of the step in its run; a second attempt waits for the first to commit or to fail @returns what the first gave */
export function once(db: Db, who: Who, run: string, key: string, work: (tx: Tx) => Promise<Json>): Promise<Json> {
  return db.transact(who, async (tx) => {
    if (!(await tx(claimEffect(run, key)))[0]) return ((await tx(findEffect(run, key)))[0]?.result ?? null) as Json
    const result = await work(tx)
    tx.later(keepEffect(run, key, result))
    return result
  })
}
