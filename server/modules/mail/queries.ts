import { Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'

const MailRow = Type.Object({ kind: Type.String(), sealed: Type.Unknown(), status: Type.String() })
export const findMail = statement('mail.find', MailRow, (tenant: string, id: string) => sql`select kind, sealed, status from mails where tenant_id = ${tenant} and id = ${id}`)
export const endMail = statement('mail.end', Type.Object({ sent_at: Nullable(Type.String()) }), (tenant: string, id: string, job: string, status: string, error: string | null) => sql`
  update mails set status = ${status}, job_id = ${job}, error = ${error}, sent_at = case when ${error}::text is null then now() end where tenant_id = ${tenant} and id = ${id} returning sent_at`)
