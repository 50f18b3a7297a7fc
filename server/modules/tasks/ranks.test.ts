import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testKernel } from '../../testing/kernel.ts'
import { longest, rankBetween, spreadRanks } from './ranks.ts'

const isBetween = (below: string | undefined, rank: string | undefined, above: string | undefined) => {
  assert.ok(rank !== undefined && (below === undefined || below < rank) && (above === undefined || rank < above), `${below} < ${rank} < ${above}`)
  return rank
}

test('a rank lies between its neighbours, wherever it is put, and never ends in 0', () => {
  const ranks: string[] = []
  for (let n = 0; n < 5000; n++) {
    const at = Math.floor(Math.random() * (ranks.length + 1))
    const rank = isBetween(ranks[at - 1], rankBetween(ranks[at - 1], ranks[at]), ranks[at])
    assert.match(rank, /^[0-9A-Za-z]{7,}[1-9A-Za-z]$/)
    ranks.splice(at, 0, rank)
  }
  assert.ok(Math.max(...ranks.map((rank) => rank.length)) < 20)
})

test('ranks at the ends stay at eight digits for a hundred thousand cards', () => {
  let [first, last] = [undefined, undefined] as [string | undefined, string | undefined]
  for (let n = 0; n < 100_000; n++) {
    last = isBetween(last, rankBetween(last, undefined), undefined)
    first = isBetween(undefined, rankBetween(undefined, first), first)
  }
  assert.deepEqual([first!.length, last!.length], [8, 8])
})

test('one gap takes hundreds of cards before its ranks grow too long, and there is still a rank at the very ends', () => {
  let above = rankBetween('V0000001', undefined)!
  let cards = 0
  while (above.length <= longest) above = isBetween('V0000001', rankBetween('V0000001', above), (cards++, above))
  assert.ok(cards > 150, String(cards))
  isBetween('zzzzzzzz', rankBetween('zzzzzzzz', undefined), undefined)
  isBetween(undefined, rankBetween(undefined, '00000001'), '00000001')
})

test('two people at one place get two ranks, nearly always', () => {
  const pairs = Array.from({ length: 2000 }, () => [rankBetween('V0000001', 'V0000002'), rankBetween('V0000001', 'V0000002')])
  assert.ok(pairs.filter(([one, other]) => one === other).length < 20)
})

test('neighbours that are equal or the wrong way round leave no room', () => {
  assert.equal(rankBetween('V0000001', 'V0000001'), undefined)
  assert.equal(rankBetween('V0000002', 'V0000001'), undefined)
})

test('a rebalanced column is in order, short, and has room at both ends', () => {
  for (const count of [1, 2, 1000, 50_000]) {
    const ranks = spreadRanks(count)
    assert.ok(ranks.every((rank, i) => rank.length === 8 && (i === 0 || ranks[i - 1]! < rank)))
    assert.ok(ranks[0]! > '00000002' && ranks.at(-1)! < 'zzzzzzz0')
  }
})

test('the database finds ranks between the same neighbours, or says that it cannot', async (t) => {
  const { system } = await testKernel(t)
  const between = async (pairs: readonly (readonly [string | null, string | null])[]) =>
    (await system.pool.query<{ rank: string | null }>('select rank_between(below, above) as rank from unnest($1::text[], $2::text[]) with ordinality p (below, above, n) order by n', [pairs.map(([a]) => a), pairs.map(([, b]) => b)])).rows.map(({ rank }) => rank)
  let pairs: (readonly [string | null, string | null])[] = Array.from({ length: 50 }, () => [null, null])
  let found = 0
  for (let round = 0; round < 60; round++) {
    const ranks = await between(pairs)
    pairs = pairs.map(([below, above], n) => {
      const rank = ranks[n]! ?? rankBetween(below ?? undefined, above ?? undefined)
      if (ranks[n]) {
        found++
        assert.match(rank!, /^[0-9A-Za-z]{7,39}[1-9A-Za-z]$/)
        assert.ok((below === null || below < rank!) && (above === null || rank! < above), `${below} ${rank} ${above}`)
      }
      return rank === undefined ? [null, null] : (n + round) % 3 ? [below, rank] : [rank, above] // closer and closer
    })
  }
  assert.ok(found > 2500, `${found} of 3000`)
  assert.deepEqual(await between([['V0000000', 'V0000000'], ['V0000001', 'V0000000'], ['zzzzzzzz', null], [null, '00000001']]), [null, null, null, null])
  assert.match((await between([['V0000000', 'V00000001']]))[0]!, /^V00000000[0-9A-Za-z]+$/)
})
