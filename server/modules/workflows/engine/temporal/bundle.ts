// What Temporal's sandbox runs, as one file: made by its own bundler in a process of its own, which needs half a gigabyte for some seconds, and kept until the
// interpreter or the packages change. As a program: bundle.ts <file to write>.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

const here = import.meta.dirname
const sources = ['sandbox.ts', 'program.ts', 'packages.ts', '../interpreter.ts', '../outcome.ts']

/** @param folder where bundles are kept @returns the file */
export async function bundleFor(folder: string): Promise<string> {
  const sum = createHash('sha256')
  for (const source of sources) sum.update(fs.readFileSync(path.join(here, source)))
  const file = path.join(folder, `temporal-${sum.digest('hex').slice(0, 16)}.cjs`)
  if (fs.existsSync(file)) return file
  fs.mkdirSync(folder, { recursive: true })
  const made = `${file}.${process.pid}`
  const child = spawn(process.execPath, [import.meta.filename, made], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
  const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  if (code !== 0) throw new Error(`the interpreter could not be bundled for Temporal: ${said.trim() || `exit code ${code}`}`)
  fs.renameSync(made, file)
  return file
}

if (process.argv[1] === import.meta.filename) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker')
  const { code } = await bundleWorkflowCode({ workflowsPath: path.join(here, 'sandbox.ts'), logger: new DefaultLogger('ERROR') })
  fs.writeFileSync(process.argv[2]!, code)
}
