// npm run bench [-- name ...] [--long]: every bench, one after the other, each in a process of its own. Tables for docs/figures.md.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const names = ['requests', 'kernel', 'live', 'sign-in', 'oauth', 'tokens', 'calls', 'tenants', 'log', 'workflows', 'engines', 'takeover', 'triggers', 'sandbox', 'sizes', 'footprint']
const [asked, flags] = [process.argv.slice(2).filter((word) => !word.startsWith('-')), process.argv.slice(2).filter((word) => word.startsWith('-'))]
const unknown = asked.filter((name) => !names.includes(name))
if (unknown.length) throw new Error(`no bench ${unknown.join(', ')}: there are ${names.join(', ')}`)

console.log(`${new Date().toISOString().slice(0, 10)}, ${os.availableParallelism()} cores of ${os.cpus()[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.version}, load ${os.loadavg()[0]!.toFixed(1)}\n`)
let failed = false
for (const name of asked.length ? asked : names) {
  const file = path.join(import.meta.dirname, `${name}.ts`)
  const [question] = fs.readFileSync(file, 'utf8').split('\n')
  console.log(`## ${name}\n${question!.slice(3)}\n`)
  failed = spawnSync(process.execPath, [file, ...flags], { stdio: 'inherit' }).status !== 0 || failed
}
process.exitCode = failed ? 1 : 0
