// That keys were used. For a tenant's key the time alone, at most once a minute and many keys in one statement. A use of a service key is an event:
// the first at once and before its work, those of the next 10 s counted in one more, so that a busy key does not fill the log; a kill loses at
// most those counts, never that the key was used.
import type { Db } from '../../kernel/db.ts'
import type { Logger } from '../../kernel/log-lines.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import { systemWho } from '../../kernel/readers.ts'
import { noteServiceUses, noteUses } from './queries.ts'

const noteEveryMs = 60_000
const flushAfterMs = 1000
const windowMs = 10_000
type Use = { operation: string; tenant: string | null }
type Window = { count: number; operations: Record<string, number>; tenants: Set<string>; timer: NodeJS.Timeout }

export type Uses = ReturnType<typeof createUses>
export function createUses({ system, log, now = Date.now }: { system: Db; log: Logger; now?: () => number }) {
  const noted = new Map<string, number>() // key -> when its time was last written from here
  let waiting = new Map<string, { tenant: string | null; at: string }>()
  let timer: NodeJS.Timeout | undefined
  const windows = new Map<string, Window>()

  function note(id: string, tenant: string | null): void {
    const t = now()
    if (t - (noted.get(id) ?? -Infinity) < noteEveryMs) return
    if (noted.size > 50_000) noted.clear()
    noted.set(id, t)
    waiting.set(id, { tenant, at: new Date(t).toISOString() })
    timer ??= setTimeout(() => void flush(), flushAfterMs).unref()
  }
  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const due = [...waiting]
    waiting = new Map()
    if (!due.length) return
    const ofTenants = due.filter(([, use]) => use.tenant)
    const above = due.filter(([, use]) => !use.tenant)
    const times = (list: typeof due) => list.map(([, use]) => use.at)
    // not an event: nobody follows it, and it changes nothing that anybody may do
    await system.flush(systemWho('keys.uses'), noteUses(ofTenants.map(([, use]) => use.tenant!), ofTenants.map(([id]) => id), times(ofTenants)), noteServiceUses(above.map(([id]) => id), times(above)))
      .catch((error: unknown) => log.warn({ error: String(error) }, 'when keys were last used could not be noted'))
  }
  const tell = (id: string, { count, operations, tenants }: Pick<Window, 'count' | 'operations'> & { tenants: Iterable<string> }) =>
    system.context({ tenant: platformId, actor: { type: 'key', id }, request: newId() }).change('service-key.used', { subject: id, data: { count, operations, tenants: [...tenants] }, run: [] })
  async function end(id: string): Promise<void> {
    const window = windows.get(id)
    windows.delete(id)
    if (!window) return
    clearTimeout(window.timer)
    if (window.count) await tell(id, window).catch((error: unknown) => log.error({ key: id, count: window.count, error: String(error) }, 'uses of a service key could not be logged'))
  }

  return {
    noteApi: (tenant: string, id: string): void => note(id, tenant),
    /** Settles when the first use of a window is in the log. */
    async noteService(id: string, { operation, tenant }: Use): Promise<void> {
      note(id, null)
      const window = windows.get(id)
      if (window) {
        window.count++
        window.operations[operation] = (window.operations[operation] ?? 0) + 1
        if (tenant) window.tenants.add(tenant)
        return
      }
      windows.set(id, { count: 0, operations: {}, tenants: new Set(), timer: setTimeout(() => void end(id), windowMs).unref() })
      await tell(id, { count: 1, operations: { [operation]: 1 }, tenants: tenant ? [tenant] : [] }).catch((error: unknown) => {
        clearTimeout(windows.get(id)?.timer)
        windows.delete(id) // not told, so the next use is the first
        throw error
      })
    },
    /** Writes what is still in memory. */
    async close(): Promise<void> {
      await Promise.all([...windows.keys()].map(end))
      await flush()
    },
  }
}
