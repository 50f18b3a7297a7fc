#!/usr/bin/env node
// The command `groundwork`, after an installation: nouns of the API go to the command line client, everything else to the server's own verbs.
// Plain JavaScript: the machine's Node may be older than the one the product brings.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(fileURLToPath(new URL('..', import.meta.url)))
const node = path.join(root, 'node_modules', '.bin', 'node')
if (!existsSync(node)) {
  process.stderr.write('not installed yet: run `npm start` once\n')
  process.exit(1)
}
const noun = process.argv[2]
const file = noun === undefined || ['runs', 'help', '--help', '-h'].includes(noun) ? 'cli/main.ts' : 'server/main.ts'
const child = spawn(node, [path.join(root, file), ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
