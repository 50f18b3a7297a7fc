// npm test [-- part-of-a-path ...] [--long]
// Tests (*.test.ts, and the ports' *.contract.ts) run in this one process, which ends only if each closes what it opened.
// Proofs (*.prove.ts: crashes, load, browsers) follow, each in a process of its own, those in a browser beside the others; with --long they run longer series.
import { globSync, readFileSync } from 'node:fs'
import { env } from 'node:process'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import type { EventData } from 'node:test'
import type { TestEvent } from 'node:test/reporters'

const folders = 'server,client,cli,console,checks,tools'
const leastFiles = 15 // fewer were found: the search is broken, not the product small
const mustNotSkip = /redis|postgres(ql)? ?15|debian|chromium|browser|smtp|temporal/i // services that CI installs
const minutes = { test: 3, proof: 25, all: 55 }
const leakSeconds = 10

const total = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }
const skips: string[] = []
const pending = new Set<string[]>() // what proofs under way have said
const faults: string[] = []

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const chosen = (pattern: string) => globSync(`{${folders}}/**/${pattern}`).sort().filter((file) => asked.length === 0 || asked.some((part) => file.includes(part)))
const tests = chosen('*.{test,contract}.ts')
const proofs = chosen('*.prove.ts')
const files = tests.length + proofs.length
if (files < (asked.length > 0 ? 1 : leastFiles)) {
  console.error(`Only ${files} test files match${asked.length > 0 ? ` ${asked.join(' ')}` : `; at least ${leastFiles} are expected`}.`)
  process.exit(1)
}

const started = performance.now()
setTimeout(() => { faults.push(`The run took longer than ${minutes.all} minutes.`); finish() }, minutes.all * 60_000).unref()
if (tests.length > 0) await series(tests, 'none', minutes.test, process.stdout)
const lanes = Map.groupBy(proofs, (file) => /playwright-core|testing\/(browser|run-pages)\.ts/.test(readFileSync(file, 'utf8')))
await Promise.all([...lanes.values()].map(async (lane) => { for (const file of lane) await prove(file) }))
finish()

/** What a proof says is printed when it has ended, in one piece. */
async function prove(file: string): Promise<void> {
  const since = performance.now()
  const said: string[] = []
  pending.add(said)
  await series([file], 'process', minutes.proof, new Writable({ decodeStrings: false, write: (text, _, done) => (said.push(String(text)), done()) }))
  pending.delete(said)
  console.log(`${said.join('')}  ${file}: ${((performance.now() - since) / 1000).toFixed(1)} s\n`)
}

/** Runs files with node's own runner and its spec report, whose summaries are kept for one at the very end. */
async function series(paths: string[], isolation: 'none' | 'process', limit: number, to: NodeJS.WritableStream): Promise<void> {
  let open = 0
  let leak: NodeJS.Timeout | undefined
  async function* watch(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
    for await (const event of events) {
      if (event.type === 'test:pass' || event.type === 'test:fail') count(event.type === 'test:pass', event.data)
      if (event.type === 'test:summary' && !event.data.success && total.fail === 0) faults.push('An error outside every test (above).')
      if (isolation === 'none' && (event.type === 'test:enqueue' || event.type === 'test:complete') && event.data.nesting === 0) {
        open += event.type === 'test:enqueue' ? 1 : -1
        clearTimeout(leak)
        if (open === 0) leak = setTimeout(reportLeak, leakSeconds * 1000).unref()
      }
      if (event.type !== 'test:diagnostic' || event.data.nesting > 0 || !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(event.data.message)) yield event
    }
  }
  const events = run({ files: paths, isolation, concurrency: 1, timeout: limit * 60_000, argv: isolation === 'none' ? [] : flags })
  process.stdout.setMaxListeners(0) // one pipeline after the other writes to it; each leaves listeners that end with the process
  await pipeline(watch(events), spec(), to, { end: false })
  clearTimeout(leak)
}

function count(passed: boolean, test: EventData.TestPass | EventData.TestFail): void {
  if (test.details.type === 'suite') return void (total.suites += 1)
  total.tests += 1
  if (test.skip !== undefined) noteSkip(test)
  total[test.skip !== undefined ? 'skipped' : test.todo !== undefined ? 'todo' : passed ? 'pass' : 'fail'] += 1
}

function noteSkip(test: EventData.TestPass | EventData.TestFail): void {
  const name = `${test.file?.replace(`${process.cwd()}/`, '') ?? ''}: ${test.name}`
  const reason = typeof test.skip === 'string' ? test.skip : ''
  skips.push(`${name} (${reason || 'no reason given'})`)
  if (!reason) faults.push(`Skipped without a reason: ${name}`)
  if (env.CI && mustNotSkip.test(`${name} ${reason}`)) faults.push(`Must not be skipped in CI: ${name} (${reason})`)
}

function reportLeak(): void {
  faults.push(`All tests ended, yet something is still open ${leakSeconds} s later (close it in t.after): ${process.getActiveResourcesInfo().join(', ')}`)
  finish()
}

/** The last lines are the summary in the form of node's own runner. */
function finish(): never {
  for (const said of pending) console.log(said.join(''))
  if (skips.length > 0) console.log(`Skipped:\n${skips.map((line) => `  ${line}`).join('\n')}`)
  for (const fault of faults) console.log(`FAULT ${fault}`)
  for (const [name, times] of Object.entries(total)) console.log(`# ${name} ${times}`)
  console.log(`# duration_ms ${Math.round(performance.now() - started)}`)
  process.exit(total.fail + faults.length > 0 || total.tests === 0 ? 1 : 0)
}
