// `groundwork prove-isolation` on a running installation (X9): it holds there, leaves nothing behind, and sees a leak that is planted.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { connect, root, setupToken, startProduct, type Product } from '../testing/product.ts'

async function prove(product: Product): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['server/main.ts', 'prove-isolation', product.url], { cwd: root, env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: product.dataDir }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (bytes) => (said += String(bytes)))
  child.stderr.on('data', (bytes) => (said += String(bytes)))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said }
}

test('the command finds nothing where nothing leaks, and what it made is gone', async (t) => {
  const product = await startProduct(t)
  await product.ok('POST', '/auth/register', { body: { email: 'operator@example.com', password: 'tulips-under-glass 41', name: 'Operator', setupToken } })
  const sql = await connect(t, (await product.attach()).superuser())
  const count = async () => (await sql.query(`select (select count(*) from identity."user")::int as people, (select count(*) from identity.organization)::int as tenants, (select count(*) from projects)::int as projects, (select count(*) from api_keys)::int as keys`)).rows[0]
  const before = await count()
  const { code, said } = await prove(product)
  assert.equal(code, 0, said.slice(-3000))
  assert.match(said, /isolation holds/)
  assert.ok(Number(/(\d+) operations, (\d+) requests/.exec(said)?.[2]) > 500, said.slice(-500))
  assert.deepEqual(await count(), before)
  t.diagnostic(/\d+ operations.*/.exec(said)?.[0] ?? '')
  t.diagnostic(/without a thing.*/.exec(said)?.[0] ?? 'everything was tried')

  await sql.query('drop policy tenant on tasks; create policy tenant on tasks to gw_app using (true) with check (true)')
  const leaking = await prove(product)
  assert.equal(leaking.code, 1, leaking.said.slice(-500))
  assert.match(leaking.said, /public\.tasks: another tenant (reads|changes) \d+ rows/)
  assert.deepEqual(await count(), before)
})
