// What is past its time: requests in the inbox, and what hangs on runs that retention took.
import { sql } from '../../../kernel/sql.ts'
import { sweepInbox } from './queries.ts'

export const sweepQuery = (inboxDays: number) => [
  sweepInbox(inboxDays),
  ...['run_effects', 'run_starters', 'event_waits', 'approvals'].map((table) => sql`delete from ${sql.identifier(table)} t where t.created_at < now() - interval '1 day' and not exists (select from runs r where r.tenant_id = t.tenant_id and r.id = t.run_id)`),
] as const
