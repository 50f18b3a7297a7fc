// Runs of a tenant that has workflows switched off: they wait as paused runs do, whichever engine they live in, and lose nothing. Those that somebody
// paused, or that the plan's runs of the month parked, stay so afterwards.
import type { Tx } from '../../../kernel/db.ts'
import { sql } from '../../../kernel/sql.ts'

const hold = (tenant: string) => sql`
  update runs set held = true, pause_requested = true, wake_seq = wake_seq + 1, status = case when status = 'running' then status else 'paused' end,
    due_at = case when status <> 'running' then null when engine = 'embedded' then due_at else now() end
  where tenant_id = ${tenant} and finished_at is null and not pause_requested and not cancel_requested`
const free = (tenant: string) => sql`
  update runs set held = false, pause_requested = false, wake_seq = wake_seq + 1, status = case when status = 'paused' then 'pending' else status end,
    due_at = case when status = 'paused' or (status = 'running' and engine <> 'embedded') then now() else due_at end
  where tenant_id = ${tenant} and finished_at is null and held`
/** What a worker took before it knew: not begun after all. It waits as paused where it was marked meanwhile. */
export const putBack = (tenant: string, id: string, epoch: number) => sql`
  update runs set status = case when pause_requested then 'paused' else 'pending' end, owner = null, claims = 0, due_at = case when not pause_requested then now() + interval '250 ms' end where tenant_id = ${tenant} and id = ${id} and epoch = ${epoch} and status = 'running'`

/** As gw_system. Steps under way finish and are recorded; nothing more begins. */
export const holdRuns = (tx: Tx, tenant: string, on: boolean): Promise<unknown> => tx(on ? free(tenant) : hold(tenant))
