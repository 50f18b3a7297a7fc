// What no source text may hold. Each pattern is written so that this file does not hold it either.
import os from 'node:os'
import path from 'node:path'
import { isCode, isTest, matches, rule } from './tree.ts'

const isOurs = (file: string) => isCode(file) && !isTest(file)
const isServer = (file: string) => file.startsWith('server/') && isOurs(file)
const anyOf = (...words: string[]) => new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))

rule('only config.ts reads the environment, the one of the server and the one of the command line client', (tree) =>
  matches(tree, (file) => isOurs(file) && !/^(tools|bench)\/|^server\/config\.ts$|^cli\/config\.ts$/.test(file), /\bprocess\.env\b|\benv\b[^=;\n]*\}\s*=\s*process\b|from 'node:process'/), [
  { 'server/kernel/db.ts': 'const url = process.env.DATABASE_URL' }, { 'server/kernel/db.ts': 'const { env } = process' },
])

rule('no test is marked only or todo', (tree) =>
  matches(tree, (file) => isTest(file) && isCode(file) && file !== 'checks/source.test.ts', /\b(test|it|describe|suite)\.(only|todo)\b|\{[^}\n]*\b(only|todo): ?true/), [
  { 'server/kernel/db.test.ts': `test.${'only'}('x', () => {})` }, { 'server/kernel/db.test.ts': "test('x', { todo: true }, () => {})" },
])

const notes = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'XX' + 'X'].join('|')})\\b`)
rule('no notes to oneself: what is not done stands in an issue', (tree) => matches(tree, isCode, notes), [{ 'server/app.ts': `// ${'TO' + 'DO'} later` }])

const hosts = anyOf(['registry', 'npmjs', 'org'].join('.'), ['registry', 'yarnpkg', 'com'].join('.'), ['deb', 'debian', 'org'].join('.'), ['repo1', 'maven', 'org'].join('.'), ['files', 'pythonhosted', 'org'].join('.'), ['proxy', 'golang', 'org'].join('.'))
rule('no registry is named by its host', (tree) => matches(tree, () => true, hosts), [{ 'package-lock.json': `"${"resolved"}": "https://${['registry', 'npmjs', 'org'].join('.')}/pg"` }])

// this checkout's own folder and this user's home; the folder above too, unless it is one that any text may name
const here = [process.cwd(), path.dirname(process.cwd()), os.homedir()].filter((folder) => folder.length > 4 && folder !== os.tmpdir()).map((folder) => `${folder}/`)
rule('no path of this machine', (tree) => matches(tree, () => true, anyOf(...here)), [{ 'docs/start.md': `cd ${process.cwd()}/server` }])

/** What the guard itself is made of; the port for TXT records, which asks the name servers and reaches no host a name leads to; the script that runs in the browser. */
const guard = /^server\/(kernel\/egress(-reach)?|adapters\/dns-system|modules\/identity\/page-script)\.ts$/
rule('what leaves the server leaves by the egress guard', (tree) =>
  matches(tree, (file) => isServer(file) && !guard.test(file), new RegExp([
    String.raw`(?<![\w.#]|fetch: |typeof )fetch\(`, String.raw`\b(globalThis|window)\.fetch\b(?!,| = )`, String.raw`\b(https?|http2)\.(request|get|connect)\(`, String.raw`\b(net|tls)\.(connect|createConnection|Socket)\b`,
    String.raw`\bnew (WebSocket|EventSource|XMLHttpRequest)\(`, String.raw`import (?!type )[^\n]*\b(connect|createConnection|request|get|lookup|resolve4?)\b[^\n]* from 'node:(net|tls|https?|http2|dns)'`, String.raw`(from |import\()'(undici|node:https|node:dns|node:dgram)'`,
  ].join('|'))), [
  { 'server/modules/tasks/service.ts': 'const answer = await fetch(url)' }, { 'server/app.ts': 'void fetch(hook)' }, { 'server/adapters/a.ts': "import net from 'node:net'\nconst s = net.connect(1)" },
  { 'server/adapters/a.ts': "import { request } from 'node:http'" }, { 'server/kernel/a.ts': "import http from 'node:http'\nhttp.get('http://x')" }, { 'server/kernel/a.ts': "import { Agent } from 'undici'" }, { 'server/kernel/a.ts': "const { lookup } = await import('node:dns')" },
  { 'server/modules/a/service.ts': "new WebSocket('wss://x')" },
])

/** The identity libraries bring their own connections and transactions; these fit them in, under a role that sees no tenant's rows. */
const identityPool = ['server/modules/identity/pool.ts', 'server/modules/identity/secrets.ts']
rule('the tenant of a transaction is never set for the session', (tree) =>
  matches(tree, (file) => isServer(file) && !identityPool.includes(file), /set_config\([^)]*,\s*false\s*\)|\bset\s+(session\s+)?app\./i), [
  { 'server/kernel/db.ts': "sql`select set_config('app.tenant', ${id}, false)`" }, { 'server/kernel/db.ts': '`SET app.tenant = 1`' },
])

rule('transactions are begun and ended by the kernel, not by a module', (tree) =>
  matches(tree, (file) => /^server\/modules\//.test(file) && isOurs(file) && !identityPool.includes(file), /[`'"]\s*(begin|commit|rollback|savepoint|start transaction)\b[\w ]*;?\s*[`'"]/i), [
  { 'server/modules/tasks/service.ts': "await client.query('BEGIN')" }, { 'server/modules/tasks/queries.ts': 'sql`rollback to savepoint a`' },
])

rule('a migration leaves its transaction to the runner', (tree) =>
  matches(tree, (file) => /^server\/migrations\/\d.*\.sql$/.test(file), /^\s*(commit|rollback|start transaction)\s*;|^begin\s*;/im), [
  { 'server/migrations/0001-kernel.sql': 'begin;\ncreate table a ();\ncommit;' },
])

rule('a file is named by its path, not by the path of its address, in which a space is %20', (tree) =>
  matches(tree, isCode, /import\.meta\.url\)\.pathname/), [{ 'server/a.ts': `new URL('./b.ts', import.meta.${'url'}).pathname` }])
