// Every command of the guides is run as it stands, in one shell a guide, against the real product. A block that begins with "# not run here" says why.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { root, setupToken, startProduct } from '../server/testing/product.ts'

/** Who reads it runs `npm start` first: that is what checks/first-minute.prove.ts does. */
const walked = ['docs/guides/getting-started.md']
const guides = globSync('docs/guides/*.md', { cwd: root }).filter((file) => !walked.includes(file)).sort()
const password = 'tulips-under-glass 41'

test('the guides are there', () => assert.ok(guides.length >= 4, guides.join(' ')))

for (const file of guides) {
  test(`the commands of ${file} work as written`, async (t) => {
    const product = await startProduct(t)
    const operator = await product.ok('POST', '/auth/register', { body: { email: 'operator@example.com', password, name: 'Operator', setupToken } })
    const blocks = [...readFileSync(path.join(root, file), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1]!).filter((block) => !block.startsWith('# not run here: '))
    assert.ok(blocks.length > 0)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'guides-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const usesProgram = blocks.some((block) => /\bnpm\b|\bnode_modules\//.test(block)) // then it is run where the program lies
    const { code, said } = await run(blocks.join('\n').replaceAll('http://localhost:8080', product.url), usesProgram ? root : folder, {
      OPERATOR_TOKEN: operator.accessToken, DATA_DIR: product.dataDir, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    })
    assert.equal(code, 0, said.slice(-3000))
    t.diagnostic(`${blocks.length} blocks`)
  })
}

/** One shell that ends at the first command that fails, and tells which it was. */
async function run(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn('bash', ['-c', `set -euo pipefail\ntrap 'echo "failed: $BASH_COMMAND" >&2' ERR\n${script}`], { cwd, env: { ...process.env, ...env } })
  let said = ''
  child.stdout.on('data', (bytes) => (said += String(bytes)))
  child.stderr.on('data', (bytes) => (said += String(bytes)))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said }
}
