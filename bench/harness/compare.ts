// The same operation against installations of different sizes, in turn: p50 of each, and how it stands to the first.
import type { Generator, Job } from './load.ts'
import { inTurn, median, percent, printTable, ratio, short } from './rounds.ts'

/** @param jobs by operation, one for each of `names` */
export async function compareP50(generator: Generator, rounds: number, title: string, names: readonly string[], jobs: Record<string, () => Promise<Job[]>>): Promise<void> {
  const rows: string[][] = []
  for (const [operation, sidesOf] of Object.entries(jobs)) {
    const sides = (await sidesOf()).map((job) => {
      let from = 0
      return async () => {
        const done = await generator.run({ ...job, from })
        from = done.next
        return done.p50
      }
    })
    for (const warm of sides) await warm()
    const samples = await inTurn(rounds, sides)
    rows.push([operation, ...samples.map((p50s, i) => (i ? `${short(median(p50s))} (${percent(ratio(p50s, samples[0]!))})` : short(median(p50s))))])
  }
  printTable([title, ...names], rows)
}
