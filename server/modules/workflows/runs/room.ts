// How many runs of a tenant are not over: waiting costs nothing but a row, and rows without end are a cost too. Counted now and then, and guessed upwards
// in between, so that a limit of thousands may be passed by a few and no run pays for a count.
import { Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'

const countOpen = statement('runs.count-open', Type.Object({ count: Type.Integer() }), (most: number) => sql`
  select count(*)::int as count from (select from runs where finished_at is null limit ${most}) open`)
const knownTenants = 10_000
export type Room = ReturnType<typeof createRoom>

export function createRoom(most: number) {
  const known = new Map<string, { count: number; until: number }>()
  return {
    /** Whether one more would be too many. @param ask as the tenant, inside of a change by its own door */
    async isFull(tenant: string, ask: (query: ReturnType<typeof countOpen>) => Promise<readonly { count: number }[]>): Promise<boolean> {
      const held = known.get(tenant)
      if (held && held.until > Date.now()) return held.count >= most
      const [{ count } = { count: 0 }] = await ask(countOpen(most))
      if (known.size >= knownTenants) known.clear()
      known.set(tenant, { count, until: Date.now() + (count > most / 2 ? 500 : 5000) })
      return count >= most
    },
    /** One more began. */
    took(tenant: string): void {
      const held = known.get(tenant)
      if (held) held.count++
    },
  }
}
