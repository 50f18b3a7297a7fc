// What no source text may hold. Each pattern is written so that this file does not hold it either.
import os from 'node:os'
import path from 'node:path'
import { isCode, isTest, matches, rule } from './tree.ts'

const isOurs = (file: string) => isCode(file) && !isTest(file)
const isServer = (file: string) => file.startsWith('server/') && isOurs(file)
const anyOf = (...words: string[]) => new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))

rule('only server/config.ts reads the environment', (tree) =>
  matches(tree, (file) => isOurs(file) && !/^(tools|bench)\/|^server\/config\.ts$/.test(file), /\bprocess\.env\b|\benv\b[^=;\n]*\}\s*=\s*process\b|from 'node:process'/), [
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
