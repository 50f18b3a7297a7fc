import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cron } from 'croner'
import { cronOf, intervalOf, sentenceOf, minuteSteps, rhythmOf, scheduleLine, type Rhythm } from './rhythm.ts'

/** When the server's own library has a pattern fire, in a zone whose clock is turned twice a year. */
function times(cron: string, count = 30) {
  const job = new Cron(cron, { timezone: 'Europe/Berlin', paused: true, mode: '5-part' })
  return job.nextRuns(count, new Date('2026-02-27T11:13:17Z')).map((at) => at.toISOString())
}
const ats = [{ hour: 0, minute: 0 }, { hour: 9, minute: 5 }, { hour: 23, minute: 59 }]
const weeks = Array.from({ length: 126 }, (_, at) => at + 1).map((set) => [1, 2, 3, 4, 5, 6, 0].filter((day) => set & (1 << day)))
const all: Rhythm[] = [
  ...minuteSteps.map((every): Rhythm => ({ kind: 'minutes', every })),
  ...[0, 7, 59].map((minute): Rhythm => ({ kind: 'hourly', minute })),
  ...ats.map((at): Rhythm => ({ kind: 'daily', ...at })),
  ...weeks.map((days, at): Rhythm => ({ kind: 'weekly', days, ...ats[at % 3]! })),
  ...[...Array.from({ length: 31 }, (_, at) => at + 1), 'last' as const].map((day, at): Rhythm => ({ kind: 'monthly', day, ...ats[at % 3]! })),
]

test('words become a pattern and the pattern the same words', () => {
  for (const rhythm of all) assert.deepEqual(rhythmOf(cronOf(rhythm)), rhythm, cronOf(rhythm))
  assert.deepEqual([{ kind: 'weekly', days: [1, 2, 3, 4, 5], hour: 9, minute: 0 }, { kind: 'weekly', days: [0, 6], hour: 9, minute: 0 }, { kind: 'monthly', day: 'last', hour: 18, minute: 30 }].map((one) => cronOf(one as Rhythm)), ['0 9 * * 1-5', '0 9 * * 0,6', '30 18 L * *'])
})

test('whatever has words fires exactly when the pattern they are written as fires', () => {
  const parts = (min: string[], hour: string[], day: string[], week: string[]) => min.flatMap((m) => hour.flatMap((h) => day.flatMap((d) => week.map((w) => `${m} ${h} ${d} * ${w}`))))
  const patterns = [...all.map(cronOf), ...parts(['*', '0', '07', '*/15', '*/7', '5,35', '0-10'], ['*', '9', '00', '*/2', '9-17'], ['*', '1', '31', 'L', '*/2'], ['*', '1', '7', '0-6', 'MON-FRI', 'sat,sun', '5-7', '1-5/2', '1#1'])]
  let read = 0
  for (const pattern of patterns) {
    const rhythm = rhythmOf(pattern)
    if (!rhythm) continue
    read++
    assert.deepEqual(times(cronOf(rhythm)), times(pattern), pattern)
  }
  assert.ok(read > all.length + 20, `${read} of ${patterns.length} have words`)
})

test('a pattern that says more than the words can has none: it stays as it was written', () => {
  for (const pattern of ['*/7 * * * *', '0 9 1 * 1', '0 9 * 1 *', '0 9,17 * * *', '0 */2 * * *', '0 9-17 * * *', '0 9 * * 1#1', '0 9 * * 5-1', '0 9 * * 1-5/2', '0 9 L-1 * *', '0 9 0 * *', '0 9 32 * *', '60 9 * * *', '0 24 * * *', '0 9 * * 8', '0 9 * * lundi', '0 0 9 * * 1', '0 9 * *', '', 'never', '@daily', '{{cron}}'])
    assert.equal(rhythmOf(pattern), undefined, pattern)
})

test('a schedule is a sentence, an interval too; a pattern without words is shown as it is', () => {
  const said = (cron: string) => sentenceOf(rhythmOf(cron)!)
  assert.deepEqual(['0 9 * * 1-5', '0 9 * * 1', '30 18 * * 0,6', '5 7 * * *', '0 6 15 * *', '0 6 L * *', '*/15 * * * *', '* * * * *', '5 * * * *'].map(said), [
    'Every working day at 09:00', 'Every Monday at 09:00', 'Every Saturday and Sunday at 18:30', 'Every day at 07:05', 'On day 15 of every month at 06:00', 'On the last day of every month at 06:00', 'Every 15 minutes', 'Every minute', 'Every hour at 05 past',
  ])
  assert.deepEqual([scheduleLine({ every: '90m' }), scheduleLine({ every: '1 h' }), scheduleLine({ cron: '0 9 * * 1#1' }), scheduleLine({ cron: '0 8 * * 1-5' }), scheduleLine({})], ['Every 90 minutes', 'Every hour', '0 9 * * 1#1', 'Every working day at 08:00', ''])
  assert.deepEqual([intervalOf('15m'), intervalOf('0m'), intervalOf('1.5h')], [{ count: 15, unit: 'm' }, undefined, undefined])
})
