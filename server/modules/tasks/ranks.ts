// Where a card stands: a fraction between 0 and 1 in base 62, compared as bytes, so that a card comes between two others without touching them.
// Eight digits with wide gaps at the ends, more only between close neighbours; a bit of chance everywhere, so that two people who drop at the
// same place at the same time get two ranks.
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = 62
const places = 8
const whole = base ** places // 2.2e14: fits a number
const step = base ** 4 // 15 million appends on either side of the middle
const slack = BigInt(base ** 2 * 4) // the least room between two ranks, for chance to choose in

/** A rank longer than this asks for a rebalancing of its column. */
export const longest = 40

const value = (rank: string, length: number): bigint => {
  let n = 0n
  for (let i = 0; i < length; i++) n = n * BigInt(base) + BigInt(i < rank.length ? digits.indexOf(rank[i]!) : 0)
  return n
}
/** Never ends in 0: as bytes "a" < "a0", as fractions they are one. */
const text = (n: bigint, length: number): string => {
  let rank = ''
  let rest = n % BigInt(base) === 0n ? n + 1n : n
  for (let i = 0; i < length; i++) {
    rank = digits[Number(rest % BigInt(base))]! + rank
    rest /= BigInt(base)
  }
  return rank
}
const head = (rank: string) => Number(value(rank, places))

/** A rank between two others; undefined below is the column's beginning, above its end.
    @returns undefined when there is no room: the two are the same, or the wrong way round */
export function rankBetween(below: string | undefined, above: string | undefined, random: () => number = Math.random): string | undefined {
  const some = 1 + Math.floor(random() * (step - 1))
  if (below === undefined && above === undefined) return text(BigInt(whole / 2 + some), places)
  if (above === undefined && head(below!) + 1 + some < whole - 1) return text(BigInt(head(below!) + 1 + some), places)
  if (below === undefined && head(above!) - 1 - some > 0) return text(BigInt(head(above!) - 1 - some), places)
  if (below !== undefined && above !== undefined && below >= above) return undefined
  for (let length = places; ; length++) {
    const low = below === undefined ? 0n : value(below, length)
    const high = above === undefined ? BigInt(base) ** BigInt(length) : value(above, length)
    const room = high - low
    if (room < slack) {
      if (length > 200) return undefined // equal as fractions
      continue
    }
    return text(low + (room * 2n) / 5n + BigInt(Math.floor(random() * Number(room / 5n > BigInt(whole) ? BigInt(whole) : room / 5n))), length)
  }
}

/** Ranks for a whole column, far apart and away from both ends. */
export function spreadRanks(count: number): string[] {
  const gap = Math.min(step, Math.floor(whole / 2 / (count + 1)))
  const first = whole / 2 - Math.floor((gap * count) / 2)
  return Array.from({ length: count }, (_, i) => text(BigInt(first + i * gap), places))
}
