import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from './sql.ts'
import { migratedDatabase } from '../testing/kernel.ts'
import { flushOn, openPool } from './batch.ts'

test('values arrive as they were sent: long ones, wide characters, bytes, null', async (t) => {
  const database = await migratedDatabase(t)
  const pool = openPool(database.connection('app'))
  t.after(() => pool.end())
  for (const text of ['', 'a', 'ü', '漢字'.repeat(500), '🌍'.repeat(20_000), 'x'.repeat(300_000)]) {
    const bytes = Buffer.from(text)
    const [rows] = await flushOn(pool, [sql<{ text: string; size: number; bytes: Buffer; nothing: string | null }>`select ${text}::text as text, octet_length(${text}::text) as size, ${bytes}::bytea as bytes, ${null}::text as nothing`], 5000)
    assert.deepEqual({ ...rows![0]! as object }, { text, size: bytes.length, bytes, nothing: null })
  }
})

test('many statements with many values are one flush', async (t) => {
  const database = await migratedDatabase(t)
  const pool = openPool(database.connection('app'))
  t.after(() => pool.end())
  const queries = Array.from({ length: 300 }, (_, n) => sql<{ sum: number }>`select ${n}::int + ${n}::int as sum`)
  const results = await flushOn(pool, queries, 5000)
  assert.deepEqual(results.map((rows) => (rows[0] as { sum: number }).sum), queries.map((_, n) => 2 * n))
})
