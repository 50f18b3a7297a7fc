// Both sides in one run, alternating, several short rounds: the machine's mood falls on both. What counts is the median of the pairs' ratios.

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length === 0 ? NaN : sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
export const percentile = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN

/** Runs the sides in turn, each round in the other order, since the second of a pair often meets a warmer machine.
    @returns per side its samples, in the order of the rounds */
export async function inTurn<S>(rounds: number, sides: readonly (() => Promise<S>)[]): Promise<S[][]> {
  const samples: S[][] = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    const order = sides.map((_, i) => (round % 2 ? sides.length - 1 - i : i))
    for (const i of order) samples[i]!.push(await sides[i]!())
  }
  return samples
}

/** The median over rounds of ours / theirs. */
export const ratio = (ours: readonly number[], theirs: readonly number[]): number => median(ours.map((value, i) => value / theirs[i]!))

export const percent = (share: number): string => (Number.isNaN(share) ? '-' : `${Math.round(share * 100)} %`)
export const micros = (seconds: number): string => `${Math.round(seconds * 1e6)}`
export const whole = (value: number): string => Math.round(value).toLocaleString('en')
export const short = (value: number): string => (value >= 100 ? whole(value) : value.toPrecision(3))

/** A markdown table on standard output, so that it can be kept as it is. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`
  console.log([line(head), `|${widths.map((width, i) => (i ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`, ...rows.map(line)].join('\n') + '\n')
}
