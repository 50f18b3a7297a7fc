// The history of what is used, and the marks of 80 and 100 percent: both follow from the log. An event that comes again counts nothing, since
// each row knows the last event in it.
import type { Tx } from '../../kernel/db.ts'
import type { EventName } from '../../kernel/events.ts'
import { parsePosition, type LoggedEvent } from '../../kernel/log.ts'
import type { Meter } from '../../kernel/module.ts'
import { platformId } from '../../kernel/ids.ts'
import { reader, type Reader } from '../../kernel/readers.ts'
import { tellAdmins } from '../notifications/api.ts'
import { addDay, dropWarnings, findLevel, findLimit, insertWarning } from './queries.ts'
import { periodOf, type Meters } from './usage.ts'

const marks = [80, 100] as const
const nouns: Record<string, string> = { users: 'members', calls: 'calls of the day', storage: 'storage', projects: 'projects', runs: 'runs of the month', keys: 'API keys' }

export function meterReader(meters: Meters): Reader {
  const byEvent = new Map<string, { name: string; meter: Meter; sign: 1 | -1 }[]>()
  for (const [name, meter] of Object.entries(meters))
    for (const [sign, names] of [[1, meter.added], [-1, meter.removed ?? []]] as const) for (const event of names) byEvent.set(event, [...(byEvent.get(event) ?? []), { name, meter, sign }])

  async function handle(tx: Tx, event: LoggedEvent): Promise<void> {
    if (event.tenantId === platformId) return
    for (const { name, meter, sign } of byEvent.get(event.name) ?? []) {
      const amount = meter.amount === undefined ? 1 : Number(event.data[meter.amount] ?? 0)
      const day = typeof event.data.day === 'string' ? event.data.day : event.at.slice(0, 10)
      const { pos, seq } = parsePosition(event.cursor)!
      const [counted] = await tx(addDay(name, day, sign > 0 ? amount : 0, sign < 0 ? amount : 0, pos, seq))
      if (counted) await warn(tx, name, meter, day, counted.added, event.id)
    }
  }
  /** Tells the admins once for each mark that is passed in a period. */
  async function warn(tx: Tx, name: string, meter: Meter, day: string, ofDay: number, source: string): Promise<void> {
    const [limit] = await tx(findLimit(tx.tenant, name))
    if (!limit?.most) return
    const period = periodOf(meter.per, day)
    const used = name === 'calls' ? ofDay : ((await tx(findLevel(name, period)))[0]?.used ?? 0)
    const { most, plan } = limit
    const passed = marks.filter((percent) => used * 100 >= most * percent)
    if (meter.per === 'level') await tx(dropWarnings(name, period, passed.at(-1) ?? 0))
    for (const percent of passed) {
      const [fresh] = await tx(insertWarning(name, period, percent))
      if (!fresh) continue
      await tx.happen(async () => ({ happened: [{ name: 'usage.warned', subject: tx.tenant, data: { meter: name, period, percent, used, limit: most, plan } }], result: undefined }))
      if (percent === passed.at(-1)) await tellAdmins(tx, { source: `${source}/${percent}`, title: `${used >= most ? 'All' : `${Math.floor((used * 100) / most)} %`} of the ${nouns[name] ?? name} of the plan ${plan} ${name === 'storage' ? 'is' : 'are'} used`, link: '/usage' })
    }
  }
  return reader('plans.usage', [...byEvent.keys()] as EventName[], handle)
}
