// npm run check: everything that can be said about the tree without running the product. All steps run; any fault ends with 1.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'

const node = process.execPath
const tsc = 'node_modules/.bin/tsc'
const steps: { name: string; command: string[]; needs?: string }[] = [
  { name: 'types', command: [tsc, '-p', '.'] },
  { name: 'types of the console', command: [tsc, '-p', 'console'], needs: 'console/tsconfig.json' },
  { name: 'house rules', command: [node, '--test', '--test-isolation=none', '--test-reporter=dot', ...globSync('checks/*.test.ts').sort()] },
  { name: 'generated files', command: [node, 'tools/generate.ts', '--check'] },
]

let faults = 0
for (const { name, command, needs } of steps) {
  if (needs && !existsSync(needs)) {
    console.log(`-  ${name}: there is no ${needs}`)
    continue
  }
  const started = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8', maxBuffer: 1 << 26 })
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5)
  console.log(`${status === 0 ? '✔' : '✖'}  ${seconds} s  ${name}`)
  if (status === 0) continue
  faults += 1
  console.log(`${stdout}${stderr}${error?.message ?? ''}`.replace(/^ +at .*\n/gm, '').trim().replace(/^/gm, '   '))
}
console.log(faults === 0 ? 'All checks hold.' : `${faults} of ${steps.length} checks fail.`)
process.exit(faults === 0 ? 0 : 1)
