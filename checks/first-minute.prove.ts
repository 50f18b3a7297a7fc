// The README as written, by a stranger: a fresh clone in a folder with a space in its name, `npm start`, the first account, a task
// that arrives live, and the end by SIGTERM.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const wanted = process.env.CI || process.argv.includes('--long')
const skip = wanted ? false : 'it clones and installs everything anew: run with CI=true or --long'

test('the two commands of the README lead a stranger from a fresh clone to a live board', { skip }, async (t) => {
  const commands = [...readFileSync('README.md', 'utf8').matchAll(/^ *(?:\$ )?(npm [\w -]+?) *(?:#.*)?$/gm)].map((match) => match[1])
  assert.ok(commands.includes('npm start') && commands.includes('npm test'), `README.md names ${commands.join(', ')}`)

  const clone = freshClone(t)
  const first = await start(t, clone)
  const api = caller(`${first.url}/api/v1`)
  assert.match(await (await fetch(first.url, { headers: { accept: 'text/html' } })).text(), /<script/, 'the console is served')

  const person = { email: 'ada@example.com', password: 'a long and unusual sentence 42' }
  const refused = await fetch(`${first.url}/api/v1/auth/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...person, name: 'Eve' }) })
  assert.equal(refused.status, 403, 'nobody claims the installation without the set-up link')
  await api('POST', '/auth/register', { ...person, name: 'Ada', setupToken: first.setupToken }, 201)
  const { accessToken } = await api<{ accessToken: string }>('POST', '/auth/login', person, 200)
  const project = await api<{ id: string }>('POST', '/projects', { key: 'FIRST', name: 'The first minute' }, 201, accessToken)

  const live = await listen(t, `${first.url}/api/v1/live?topics=project:${project.id}`, accessToken)
  await live.until((frame) => frame.type === 'ready')
  const task = await api<{ id: string }>('POST', '/tasks', { projectId: project.id, title: 'See it live' }, 201, accessToken)
  await live.until((frame) => frame.type === 'event' && frame.event?.name === 'task.created' && frame.event.subject.id === task.id)
  live.end()
  t.diagnostic(`a live task ${seconds(first.since)} s after npm start, packages, console and database included`)

  await stop(first.npm, clone)
  const second = await start(t, clone)
  t.diagnostic(`ready ${seconds(second.since)} s after the second npm start`)
  const again = await caller(`${second.url}/api/v1`)<{ accessToken: string }>('POST', '/auth/login', person, 200)
  await caller(`${second.url}/api/v1`)('GET', `/tasks/${task.id}`, undefined, 200, again.accessToken)
  await stop(second.npm, clone)
})

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)

/** Clones what is committed here to a folder outside any checkout: npm looks into the .bin of the folders above too. */
function freshClone(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'groundwork first minute '))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755) // root's database runs as another user, who must get there
  execFileSync('git', ['clone', '--quiet', process.cwd(), join(folder, 'clone')])
  return join(folder, 'clone')
}

/** `npm start` as a person's shell would run it: without what npm and the test runner put into our environment. */
async function start(t: TestContext, cwd: string): Promise<{ url: string; setupToken: string | undefined; npm: ChildProcess; since: number }> {
  const PATH = process.env.PATH!.split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter)
  const since = performance.now()
  const npm = spawn('npm', ['start'], { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, HOME: process.env.HOME, LANG: process.env.LANG, PORT: '0' } })
  t.after(() => { if (alive(npm)) process.kill(-npm.pid!, 'SIGKILL') })
  let said = ''
  const ready = new Promise<string>((resolve, reject) => {
    const hear = (bytes: Buffer) => {
      said += bytes
      const address = said.match(/^ready (http:\S+)$/m)?.[1]
      if (address) resolve(address)
    }
    npm.stdout!.on('data', hear)
    npm.stderr!.on('data', hear)
    npm.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)))
    const patience = setTimeout(() => reject(new Error(`not ready after 5 minutes:\n${said}`)), 300_000)
    t.after(() => clearTimeout(patience))
  })
  const url = await ready
  return { url, setupToken: said.match(/#(?:[\w-]+=)?([\w-]{16,})/)?.[1], npm, since }
}

const alive = (npm: ChildProcess) => { try { return process.kill(-npm.pid!, 0) } catch { return false } }

/** SIGTERM to npm alone, as a process manager sends it: everything drains and ends with 0, and no process is left. */
async function stop(npm: ChildProcess, clone: string): Promise<void> {
  const ended = once(npm, 'exit', { signal: AbortSignal.timeout(30_000) })
  npm.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  for (let tries = 50; tries > 0 && left(clone).length > 0; tries -= 1) await sleep(100) // a database's watchdog may be the last to go
  assert.deepEqual(left(clone), [], 'processes are left')
}

/** Command lines of living processes that name the clone, among them the database's, which are no part of npm's group. */
function left(clone: string): string[] {
  return globSync('/proc/[0-9]*/cmdline').map((file) => { try { return readFileSync(file, 'utf8') } catch { return '' } }).filter((line) => line.includes(clone))
}

function caller(base: string) {
  return async <Answer>(method: string, path: string, body: unknown, status: number, token?: string): Promise<Answer> => {
    const headers = { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) }
    const answer = await fetch(base + path, { method, headers, body: body ? JSON.stringify(body) : undefined })
    const text = await answer.text()
    assert.equal(answer.status, status, `${method} ${path}: ${text}`)
    return JSON.parse(text) as Answer
  }
}

type Frame = { type: string; event?: { name: string; subject: { id: string } } }

/** The live stream by Server-Sent Events; `until` takes frames until one fits. */
async function listen(t: TestContext, url: string, token: string) {
  const stopped = new AbortController()
  t.after(() => stopped.abort())
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' }, signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(60_000)]) })
  assert.equal(answer.status, 200, 'the live stream opens')
  const chunks = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    end: () => stopped.abort(),
    async until(fits: (frame: Frame) => boolean): Promise<void> {
      for (;;) {
        const cut = text.indexOf('\n\n')
        if (cut < 0) {
          const { value, done } = await chunks.read()
          assert.equal(done, false, 'the live stream ended early')
          text += value
          continue
        }
        const data = text.slice(0, cut).split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n')
        text = text.slice(cut + 2)
        if (data && fits(JSON.parse(data) as Frame)) return
      }
    },
  }
}
