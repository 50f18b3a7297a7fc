// The command line against the real product (S0.14): what it prints, what it answers to scripts, and with what exit code.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Fetch } from '../client/transport.ts'
import { lookAt } from '../server/look.ts'
import { testApp, type TestApp } from '../server/testing/app.ts'
import { condition, data, draw, manual, publish } from '../server/testing/drawn.ts'
import { runCommand } from './command.ts'
import { exits, type Surroundings } from './verb.ts'

const fetchOf = (app: TestApp): Fetch => async (url, { method = 'GET', headers = {}, body } = {}) => {
  const answer = await app.http.inject({ method: method as 'GET', url: url.replace('http://app.test', ''), headers, ...(body === undefined ? {} : { payload: body }) })
  return { status: answer.statusCode, headers: { get: (name) => (answer.headers[name.toLowerCase()] as string | undefined) ?? null }, text: async () => answer.body }
}
/** A command line at this installation. @returns exit code, what was printed, what was warned of */
function terminal(app: TestApp | undefined, key: string | undefined, more: Partial<Surroundings> = {}) {
  return async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const [out, err]: [string[], string[]] = [[], []]
    const code = await runCommand(args, { env: { GW_URL: 'http://app.test', ...(key ? { GW_KEY: key } : {}) }, say: (text) => void out.push(text), warn: (text) => void err.push(text), readInput: async () => '{"n":3}', ...(app ? { fetch: fetchOf(app) } : {}), ...more })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
}
const doubling = draw([manual, data('twice', 'transform', { expression: 'trigger.n * 2' })], 'start>twice')
const folderOf = (t: TestContext) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('runs are begun, watched, listed and shown with a key of the team; input comes from the line, a file or a pipe', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, doubling, 'Doubling')
  const { key } = await app.ok(owner, 'POST', '/api-keys', { name: 'terminal', scopes: ['read', 'write'] })
  const groundwork = terminal(app, key)
  const file = path.join(folderOf(t), 'input.json')
  writeFileSync(file, '{"n":2}')
  const ids: string[] = []
  for (const [input, result] of [['{"n":1}', 2], [`@${file}`, 4], ['-', 6]] as const) {
    const { code, out, err } = await groundwork('runs', 'start', 'Doubling', '--input', input, '--watch')
    assert.equal(code, exits.done, err)
    assert.match(out, /twice  completed[\s\S]*|run  completed/)
    ids.unshift(out.split('\n')[0]!)
    const shown = JSON.parse((await groundwork('runs', 'show', ids[0]!, '--json')).out)
    assert.deepEqual([shown.results, shown.startedBy.type], [{ twice: result }, 'key'])
  }
  assert.deepEqual(JSON.parse((await groundwork('runs', 'list', '--json', '--workflow', workflow.id)).out).items.map((run: { id: string }) => run.id), ids)
  const listed = await groundwork('runs', 'list', '--status', 'completed', '--limit', '2')
  assert.deepEqual([listed.out.split('\n').length, listed.out.includes(ids[0]!), /^RUN +STATUS +WORKFLOW/.test(listed.out)], [3, true, true])
  assert.match((await groundwork('runs', 'show', ids[0]!)).out, /completed[\s\S]*workflow +Doubling[\s\S]*twice +data\.transform +completed[\s\S]*results +\{"twice":6\}/)
})

test('the exit code says how a run ended, and a failed one is retried', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  await publish(app, owner, draw([manual, condition('never', 'if_else', { condition: { left: { path: 'trigger.go' }, op: 'truthy' } }), data('fails', 'validate', { value: 'trigger', schema: { type: 'object', required: ['there'] } })], 'start>never', 'never>fails true'), 'Fails')
  await publish(app, owner, draw([manual, { id: 'hold', primitive: 'action', type: 'wait', settings: { for: '1h' } }], 'start>hold'), 'Waits')
  const groundwork = terminal(app, owner.accessToken)
  const failed = await groundwork('runs', 'start', 'Fails', '--input', '{"go":true}', '--watch')
  assert.equal(failed.code, exits.failed, failed.out + failed.err)
  assert.match(failed.out, /error  \S+: /)
  const id = failed.out.split('\n')[0]!
  const again = await groundwork('runs', 'retry', id, '--watch')
  assert.equal(again.code, exits.failed)
  assert.deepEqual([(await groundwork('runs', 'retry', id, '--from', 'nowhere')).code, (await groundwork('runs', 'cancel', id)).code], [exits.refused, exits.refused])

  const begun = JSON.parse((await groundwork('runs', 'start', 'Waits', '--json')).out)
  const stop = new AbortController()
  const watching = terminal(app, owner.accessToken, { signal: stop.signal })('runs', 'watch', begun.id)
  assert.match((await groundwork('runs', 'pause', begun.id)).out, new RegExp(begun.id))
  stop.abort()
  assert.equal((await watching).code, exits.waiting)
  await groundwork('runs', 'resume', begun.id)
  await groundwork('runs', 'cancel', begun.id)
  const end = await groundwork('runs', 'watch', begun.id, '--json')
  assert.deepEqual([end.code, JSON.parse(end.out.split('\n').at(-1)!).status], [exits.cancelled, 'cancelled'])
})

test('what cannot be is told in a sentence: no key, no server, unknown words, wrong input, a name that two have; a terminal is not steered by names', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  await publish(app, owner, doubling, 'Same')
  await publish(app, owner, doubling, 'Same')
  await publish(app, owner, doubling, 'Evil \u001b[2J\u202e name')
  const groundwork = terminal(app, owner.accessToken)
  const none = await terminal(app, undefined)('runs', 'list')
  assert.deepEqual([none.code, /GW_KEY/.test(none.err)], [exits.refused, true])
  const away = await terminal(undefined, 'gw_x', { fetch: async () => { throw new Error('refused') } })('runs', 'list')
  assert.deepEqual([away.code, /cannot be reached/.test(away.err)], [exits.refused, true])
  for (const [args, words] of [
    [['dance'], /no dance/], [['runs', 'dance'], /runs has no dance: there are list/], [['runs', 'show'], /usage: groundwork runs show <run>/], [['runs', 'list', '--what'], /--what/], [['runs', 'list', '--limit', 'x'], /whole number/],
    [['runs', 'start', 'Same'], /2 workflows are named Same/], [['runs', 'start', 'Nobody'], /no workflow is named/], [['runs', 'start', 'Same', '--input', '{'], /no JSON/], [['runs', 'start', 'Same', '--input', '@/nowhere'], /cannot be read/], [['runs', 'list', '--url', 'ftp://x'], /no address/],
  ] as const) {
    const { code, err } = await groundwork(...args)
    assert.deepEqual([code, words.test(err)], [exits.usage, true], `${args.join(' ')}: ${err}`)
  }
  assert.equal((await groundwork('runs', 'show', 'not-an-id')).code, exits.refused)
  const help = await groundwork('help')
  assert.deepEqual([help.code, ['list', 'show', 'watch', 'start', 'cancel', 'retry'].every((verb) => help.out.includes(`groundwork runs ${verb}`))], [exits.done, true])
  await groundwork('runs', 'start', 'Evil \u001b[2J\u202e name', '--input', '{"n":1}')
  const { out } = await groundwork('runs', 'list')
  assert.match(out, /Evil \[2J name/)
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u202e]/)
})

test('the database is looked at and never written to', async (t) => {
  const app = await testApp(t)
  await app.register('Olga')
  const look = (...args: string[]) => lookAt(app.database, args)
  assert.match(await look(), /PostgreSQL 1\d[\s\S]*TABLE +ROWS \(ABOUT\) +SIZE[\s\S]*public\.events/)
  const { tables, bytes } = JSON.parse(await look('--json'))
  assert.ok(bytes > 1_000_000 && tables.length > 50 && tables.every((one: { bytes: number }) => one.bytes >= 0))
  assert.equal(new Set(tables.map((one: { table: string }) => one.table)).size, tables.length, 'parts of a table count with it')
  assert.deepEqual(JSON.parse(await look('query', 'select 1 as a, null as b', '--json')), [{ a: 1, b: null }])
  assert.match(await look('query', "select name from events where name = 'tenant.created' limit 1"), /tenant\.created/)
  for (const [sql, words] of [['delete from jobs', /read-only/], ['select 1; delete from jobs', /multiple commands/], ['selec', /syntax error/], ['select nextval(\'events_seq_seq\')', /read-only|denied|exist/]] as const) await assert.rejects(look('query', sql), words, sql)
  await assert.rejects(look('drop'), /usage/)
})

test('the command itself starts, and says what there is', () => {
  const root = path.resolve(import.meta.dirname, '..')
  const run = (...args: string[]) => spawnSync(process.execPath, [path.join(root, 'cli/groundwork.mjs'), ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } })
  const help = run('help')
  assert.deepEqual([help.status, /groundwork runs watch/.test(help.stdout)], [0, true], help.stderr)
  const wrong = run('runs', 'dance')
  assert.deepEqual([wrong.status, /runs has no dance/.test(wrong.stderr)], [2, true])
  const verb = run('dance')
  assert.deepEqual([verb.status, /unknown verb dance/.test(verb.stderr)], [1, true], verb.stderr)
})
