// The bootstrap in front of every npm script, in a folder of its own with a stand-in for npm that says when it is asked and waits to be let go.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'

const nodePackage = `node_modules/node-${process.platform}-${process.arch}`
/** Installs one package, the one that brings Node: notes the call, waits for the file `go`, then writes what npm would. */
const npm = `
const fs = require('node:fs')
fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
const wait = setInterval(() => {
  if (!fs.existsSync('go')) return
  clearInterval(wait)
  fs.mkdirSync('${nodePackage}/bin', { recursive: true })
  fs.symlinkSync(process.execPath, '${nodePackage}/bin/node')
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
}, 10)
`
type Start = { child: ChildProcess; said(): string; ended: Promise<number | null> }

function open(t: TestContext) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork two starts '))
  const at = (...names: string[]) => path.join(folder, ...names)
  const started: ChildProcess[] = []
  t.after(() => {
    for (const child of started) child.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true, force: true })
  })
  fs.mkdirSync(at('tools'))
  fs.copyFileSync(path.resolve(import.meta.dirname, 'prepare.mjs'), at('tools', 'prepare.mjs'))
  fs.writeFileSync(at('package-lock.json'), JSON.stringify({ packages: { '': {}, [nodePackage]: { version: '24.0.0', optional: true } } }))
  fs.writeFileSync(at('npm-cli.js'), npm)
  const until = async (what: () => boolean) => {
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    at, until,
    calls: () => (fs.existsSync(at('calls')) ? fs.readFileSync(at('calls'), 'utf8').trim().split('\n') : []),
    letGo: () => fs.writeFileSync(at('go'), ''),
    start(): Start {
      const child = spawn(process.execPath, [at('tools', 'prepare.mjs')], { env: { ...process.env, npm_execpath: at('npm-cli.js') }, stdio: ['ignore', 'ignore', 'pipe'] })
      started.push(child)
      let text = ''
      child.stderr!.on('data', (bytes) => (text += String(bytes)))
      return { child, said: () => text, ended: once(child, 'close').then(([code]) => code as number | null) }
    },
  }
}

test('of starts that race one installs what the lockfile says, the others wait and say so; a later one has nothing to do', async (t) => {
  const f = open(t)
  const starts = [f.start(), f.start(), f.start()]
  await f.until(() => starts.filter((start) => start.said().includes('Another start is preparing this folder: waiting for it ...')).length === 2)
  assert.equal(starts.filter((start) => start.said().includes('Installing packages')).length, 1)
  f.letGo()
  assert.deepEqual(await Promise.all(starts.map((start) => start.ended)), [0, 0, 0], starts.map((start) => start.said()).join('\n'))
  assert.equal(f.calls().length, 1)
  assert.match(f.calls()[0]!, /^ci --include=dev --include=optional --ignore-scripts /)
  assert.ok(fs.existsSync(f.at('node_modules/.bin/node')))
  const later = f.start()
  assert.deepEqual([await later.ended, later.said(), f.calls().length], [0, '', 1])
})

test('a start that is killed while it installs is waited for as long as npm goes on, and not repeated', async (t) => {
  const f = open(t)
  const killed = f.start()
  await f.until(() => f.calls().length === 1 && fs.readFileSync(f.at('tmp/preparing'), 'utf8').includes('\n')) // npm is noted in the lock
  killed.child.kill('SIGKILL')
  await killed.ended
  const next = f.start()
  await f.until(() => next.said().includes('waiting for it'))
  f.letGo()
  assert.deepEqual([await next.ended, f.calls().length], [0, 1], next.said())
})

test('a lock that a dead start left behind holds up nobody; another lockfile is installed anew', async (t) => {
  const f = open(t)
  f.letGo()
  fs.mkdirSync(f.at('tmp'))
  fs.writeFileSync(f.at('tmp/preparing'), '999999999 1')
  const first = f.start()
  assert.deepEqual([await first.ended, f.calls().length], [0, 1], first.said())
  assert.ok(!fs.existsSync(f.at('tmp/preparing')))
  fs.writeFileSync(f.at('package-lock.json'), JSON.stringify({ packages: { '': {}, [nodePackage]: { version: '24.0.1', optional: true } } }))
  fs.rmSync(f.at('node_modules'), { recursive: true })
  const second = f.start()
  assert.deepEqual([await second.ended, f.calls().length], [0, 2], second.said())
})
