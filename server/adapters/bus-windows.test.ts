import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Windows } from './bus-windows.ts'

test('no burst of twice the limit passes at the edge of a window', () => {
  let now = 59_000
  const windows = new Windows({ clock: () => now })
  const limit = { max: 10, windowMs: 60_000 }
  const takeAll = () => Array.from({ length: 50 }, () => windows.take('k', limit, 1)).filter(({ allowed }) => allowed).length
  assert.equal(takeAll(), 10)
  now = 61_000
  assert.equal(takeAll(), 0)
  now = 90_000
  assert.equal(takeAll(), 5)
  now = 240_000
  assert.equal(takeAll(), 10)
})

test('the wait that is named is long enough and not a step too long', () => {
  for (let round = 0; round < 500; round++) {
    let now = Math.floor(Math.random() * 1e6)
    const windows = new Windows({ clock: () => now })
    const limit = { max: 1 + Math.floor(Math.random() * 8), windowMs: 50 + Math.floor(Math.random() * 500) }
    const cost = 1 + Math.floor(Math.random() * limit.max)
    for (let i = 0; i < 30; i++) {
      const taken = windows.take('k', limit, cost)
      if (!taken.allowed) {
        now += taken.resetMs - 2
        const early = windows.take('k', limit, cost)
        assert.ok(taken.resetMs <= 2 || !early.allowed, `${JSON.stringify({ limit, cost, taken })} early`)
        if (!early.allowed) now += 2
        assert.ok(early.allowed || windows.take('k', limit, cost).allowed, JSON.stringify({ limit, cost, taken }))
      }
      now += Math.floor(Math.random() * limit.windowMs / 2)
    }
  }
})

test('what another process counted late goes to the window it happened in', () => {
  let now = 1_000_000
  const windows = new Windows({ clock: () => now })
  const index = windows.indexOf(1_000)
  const limit = { max: 10, windowMs: 1_000 }
  windows.take('k', limit, 1)
  now += 1_000
  windows.add('k', 1_000, index, 9)
  windows.add('k', 1_000, index - 5, 100)
  assert.equal(windows.take('k', limit, 1).allowed, false)
})

test('memory is bounded: what is over goes first', () => {
  let now = 0
  const windows = new Windows({ max: 10, clock: () => now })
  const limit = { max: 1, windowMs: 100 }
  for (let n = 0; n < 9; n++) windows.take(`old ${n}`, limit, 1)
  windows.take('running', { max: 1, windowMs: 1e6 }, 1)
  now = 1_000
  for (let n = 0; n < 5; n++) windows.take(`new ${n}`, limit, 1)
  assert.equal(windows.take('running', { max: 1, windowMs: 1e6 }, 1).allowed, false)
})
