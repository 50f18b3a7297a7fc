import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ConfigFault, readConfig, settings, settingsDocument } from './config.ts'

const faultsOf = (env: NodeJS.ProcessEnv, args: string[] = []): readonly string[] => {
  try {
    readConfig(env, args)
  } catch (error) {
    assert.ok(error instanceof ConfigFault, String(error))
    return error.faults
  }
  return []
}

test('nothing set is a whole configuration, on loopback with all roles', () => {
  const config = readConfig({})
  assert.deepEqual([config.PORT, config.HOST, config.REGISTRATION, config.REQUIRE_VERIFIED_EMAIL, config.RATE_LIMITS, config.TENANT_HEADER_NAME, config.ROLES, config.notes], [8080, '127.0.0.1', 'open', false, 'on', 'org-id', ['api', 'worker', 'live'], []])
})

test('all faults are named at once, each with its cure; an unknown name of ours is one', () => {
  const faults = faultsOf({ PORT: 'eighty', LOG_LEVEL: 'loud', RATE_LIMITS: 'off', NODE_ENV: 'production', SECRET_KEY: 'short', PUBLIC_URL: 'groundwork', REQUIRE_VERIFIED_EMAIL: 'perhaps', GROUNDWORK_PORT: '1', TENANT_HEADER_NAME: 'Host', SMTP_IN_PORT: '25' }, ['--roles', 'api,cook'])
  for (const words of [
    'PORT=eighty must be a whole number from 0 to 65535', 'LOG_LEVEL=loud must be one of', 'RATE_LIMITS=off is refused with NODE_ENV=production', 'SECRET_KEY must be 32 bytes in base64: make one with `openssl rand -base64 32`', 'PUBLIC_URL=groundwork must be an http or https address',
    'REQUIRE_VERIFIED_EMAIL=perhaps must be true or false', 'GROUNDWORK_PORT is no setting: docs/settings.md lists them all', 'TENANT_HEADER_NAME=Host is no name for it', 'SMTP_IN_PORT needs MAIL_IN_DOMAIN', 'ROLES=api,cook must be some of api, worker, live',
  ]) assert.ok(faults.some((fault) => fault.startsWith(words)), `${words}\nnot in\n${faults.join('\n')}`)
  assert.deepEqual(faultsOf({ NODE_ENV: 'production' }), ['SECRET_KEY is missing and NODE_ENV is production: make one with `openssl rand -base64 32` and keep it apart from the data.'])
})

test('a fault never shows a secret', () => {
  const secrets = Object.entries(settings).filter(([, { kind }]) => kind === 'secret').map(([name]) => name)
  assert.ok(secrets.length > 5)
  const said = faultsOf({ PORT: 'eighty', ...Object.fromEntries(secrets.map((name) => [name, 'tell-nobody'])) })
  assert.ok(said.length > 1 && !said.join().includes('tell-nobody'), said.join('\n'))
})

test('less than all roles needs a shared database and its key', () => {
  const key = randomBytes(32).toString('base64')
  assert.match(faultsOf({}, ['--roles', 'api']).join(), /ROLES=api needs DATABASE_URL/)
  assert.match(faultsOf({ DATABASE_URL: 'postgres://x@y/z' }, ['--roles', 'api']).join(), /SECRET_KEY is missing: processes that share a database need the same one/)
  assert.deepEqual(readConfig({ DATABASE_URL: 'postgres://x@y/z', SECRET_KEY: key, ROLES: 'worker' }, ['--roles', 'api,live']).ROLES, ['api', 'live'])
})

test('names of other systems do what they say, or are said to do nothing (S0.26, S2.23, S4.13)', () => {
  const config = readConfig({ API_PORT: '9000', TEMPORAL_HOST: '127.0.0.1:7233', POSTGRES_HOST: 'db', POSTGRES_USER: 'gw', POSTGRES_PASSWORD: 'a b', POSTGRES_DB: 'work', POSTGRES_PORT: '5433', SECRET_KEY: randomBytes(32).toString('base64'), ENABLE_BACKGROUND_TASKS: 'False', SUPABASE_URL: 'https://x.supabase.co', JWT_SECRET_KEY: 'y', ENABLE_MULTI_TENANT: 'True' })
  assert.deepEqual([config.PORT, config.TEMPORAL_ADDRESS, config.DATABASE_URL, config.ROLES, config.ENABLE_MULTI_TENANT], [9000, '127.0.0.1:7233', 'postgres://gw:a%20b@db:5433/work', ['api', 'live'], true])
  assert.deepEqual(config.notes.map((note) => note.split(' ')[0]), ['SUPABASE_URL', 'JWT_SECRET_KEY'])
  assert.equal(readConfig({ API_PORT: '9000', PORT: '9001' }).PORT, 9001, 'our own name wins')
  assert.deepEqual([{ DEBUG: 'True' }, { DEBUG: 'true', LOG_LEVEL: 'error' }, { DEBUG: 'False' }, { DEBUG: 'express:*' }].map((env) => readConfig(env).LOG_LEVEL), ['debug', 'error', 'warn', 'warn'])
  const one = readConfig({ POSTGRES_DB: 'work', POSTGRES_PASSWORD: 'tell-nobody' })
  assert.deepEqual([one.DATABASE_URL, one.notes], [undefined, ['POSTGRES_DB, POSTGRES_PASSWORD: set and not used. Without POSTGRES_HOST the built-in database serves.']])
  assert.match(readConfig({ POSTGRES_HOST: 'db', DATABASE_URL: 'postgres://x@y/z' }).notes.join(), /^POSTGRES_HOST: set and not used, DATABASE_URL says it all\.$/)
  assert.match(faultsOf({ ENABLE_BACKGROUND_TASKS: 'False' }).join(), /^ENABLE_BACKGROUND_TASKS=False needs DATABASE_URL and another process/)
  assert.match(faultsOf({ ENABLE_BACKGROUND_TASKS: 'perhaps' }).join(), /^ENABLE_BACKGROUND_TASKS=perhaps must be true or false\.$/)
})

/** Of the lists of the demands, that of workflows (S0.26), of tenants (S2.23) and of assets (S4.13). */
const theirs = ['SUPABASE_URL', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'OPENAI_API_KEY', 'REDIS_URL', 'TEMPORAL_HOST', 'POSTGRES_DB', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_PORT', 'API_PORT', 'FRONTEND_PORT', 'DEBUG', 'SECRET_KEY', 'JWT_SECRET_KEY',
  'MONGO_URL', 'MONGO_DATABASE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'S3_BUCKET_NAME', 'ENABLE_MULTI_TENANT', 'TENANT_HEADER_NAME', 'ENABLE_BACKGROUND_TASKS']
test('no name of the lists is passed over in silence (S0.26, S2.23, S4.13)', () => {
  const document = settingsDocument()
  assert.deepEqual(theirs.filter((name) => !document.includes(`\`${name}`)), [])
  for (const name of theirs) {
    if (name in settings || ['TEMPORAL_HOST', 'API_PORT', 'DEBUG', 'ENABLE_BACKGROUND_TASKS'].includes(name)) continue // these do what they say
    assert.match(readConfig({ [name]: '1' }).notes.join(), new RegExp(`^${name}\\b.* set and not used`), name)
  }
})
