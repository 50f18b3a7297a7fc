// Every setting: name, type, default, meaning. The only file that reads the environment; docs/settings.md and .env.example are made from it.
import fs from 'node:fs'
import path from 'node:path'

type Kind = 'text' | 'secret' | 'number' | 'boolean' | 'list' | 'choice' | 'url'
type Setting = { kind: Kind; default?: string; choices?: readonly string[]; range?: readonly [number, number]; about: string; example?: string }

export const settings = {
  PORT: { kind: 'number', default: '8080', range: [0, 65535], about: 'Port to listen on; 0 takes any free one and prints it.' },
  HOST: { kind: 'text', default: '127.0.0.1', about: 'Address to listen on. `0.0.0.0` in images: then set PUBLIC_URL and SMTP_URL too.' },
  DATA_DIR: { kind: 'text', default: './data', about: 'Folder of the embedded database, keys and files. Made when missing, mode 0700.' },
  PUBLIC_URL: { kind: 'url', about: 'Where people reach the installation. Links in mails and token issuers come from it, never from a Host header. Default `http://localhost:PORT`.', example: 'https://groundwork.example.com' },
  SECRET_KEY: { kind: 'secret', about: 'The platform key, 32 bytes in base64, instead of the file under DATA_DIR. Needed with NODE_ENV=production and where several processes share a database. Make one: `openssl rand -base64 32`.' },
  NEW_SECRET_KEY: { kind: 'secret', about: 'For `npm start -- rotate-key` alone: what takes the place of SECRET_KEY, 32 bytes in base64.' },
  DATABASE_URL: { kind: 'secret', about: 'PostgreSQL 15 or newer as the owner of a database, instead of the embedded server.', example: 'postgres://owner:password@db.internal:5432/groundwork' },
  GROUNDWORK_PG_BIN: { kind: 'text', about: 'A folder with `initdb` and `postgres` for the embedded server, instead of the packaged 18.' },
  REDIS_URL: { kind: 'secret', about: 'Redis 7 for wake-ups, cache and rate limits between processes.', example: 'redis://localhost:6379' },
  SMTP_URL: { kind: 'secret', about: 'Mail server. Without it mails are kept on the outbox page for operators.', example: 'smtp://user:password@mail.example.com:587' },
  MAIL_FROM: { kind: 'text', default: 'Groundwork <no-reply@localhost>', about: 'Sender of mails.' },
  MAIL_IN_DOMAIN: { kind: 'text', about: 'Domain of the addresses of email triggers; its MX entry leads here, or to a provider that hands letters on by webhook.', example: 'in.example.com' },
  SMTP_IN_PORT: { kind: 'number', range: [0, 65535], about: 'Port of the built-in mail receiver for email triggers; without it nothing listens. Needs MAIL_IN_DOMAIN.', example: '25' },
  SMTP_IN_HOST: { kind: 'text', about: 'Address the mail receiver listens on; HOST unless said.', example: '0.0.0.0' },
  SMTP_IN_TLS_CERT: { kind: 'text', about: 'File with the certificate chain (PEM) the mail receiver encrypts with; without it STARTTLS is not offered.', example: '/etc/groundwork/mail.crt' },
  SMTP_IN_TLS_KEY: { kind: 'text', about: 'File with its key (PEM).', example: '/etc/groundwork/mail.key' },
  SMTP_IN_MAX_KIB: { kind: 'number', default: '10240', range: [16, 51200], about: 'Largest letter the mail receiver takes, in KiB.' },
  CORS_ORIGINS: { kind: 'list', default: '', about: 'Origins of other sites whose pages may call the API, separated by commas.', example: 'https://app.example.com' },
  TRUST_PROXY: { kind: 'list', default: '', about: 'Addresses or networks of your reverse proxy, whose X-Forwarded-For is believed.', example: '10.0.0.0/8' },
  EGRESS_ALLOW: { kind: 'list', default: '', about: 'Hosts, addresses and networks that tenants may reach although they are private, each with a port or without: a model server, an internal API. Addresses that stand in settings need no entry.', example: '127.0.0.1:11434,10.20.0.0/16,api.internal' },
  TRUSTED_ISSUERS: { kind: 'text', about: 'Outside issuers (Supabase, Auth0, Keycloak) whose tokens are believed, as JSON; docs/guides/trusted-issuers.md.', example: '[{"issuer":"https://login.example.com","audience":"groundwork","mapping":{"by":"email"}}]' },
  METRICS_TOKEN: { kind: 'secret', about: 'Bearer token for `/metrics` from other hosts than loopback.' },
  EVENT_RETENTION_DAYS: { kind: 'number', default: '0', range: [0, 36500], about: 'Days the log is kept; 0 keeps it for ever. A tenant may set less for itself.' },
  REGISTRATION: { kind: 'choice', choices: ['open', 'invite', 'operators'], default: 'open', about: 'Who may make an account: everybody, people with an invitation, or operators only, who then alone make tenants too.' },
  REQUIRE_VERIFIED_EMAIL: { kind: 'boolean', default: 'false', about: 'Accounts must follow the link in a mail before they can sign in.' },
  TENANT_CALLS_PER_MINUTE: { kind: 'number', default: '60000', about: 'So many calls of the API a minute one tenant may make, whoever makes them, so that it leaves room for others; 0 is without limit. Processes that share a database count together, in blocks of a hundredth: exactly with `REDIS_URL`, else each hears of the others\' blocks within a tenth of a second and may overshoot by what they take in it. Of no account with one tenant for all.' },
  RATE_LIMITS: { kind: 'choice', choices: ['on', 'off'], default: 'on', about: '`off` for load tests; refused with NODE_ENV=production.' },
  GOOGLE_CLIENT_ID: { kind: 'text', about: 'With the secret: people may sign in with Google. Redirect URI: `PUBLIC_URL/login/callback/google`.' },
  GOOGLE_CLIENT_SECRET: { kind: 'secret', about: 'Of the client at Google.' },
  GITHUB_CLIENT_ID: { kind: 'text', about: 'The same with GitHub; `/login/callback/github`.' },
  GITHUB_CLIENT_SECRET: { kind: 'secret', about: 'Of the OAuth app at GitHub.' },
  DISCORD_CLIENT_ID: { kind: 'text', about: 'The same with Discord; `/login/callback/discord`.' },
  DISCORD_CLIENT_SECRET: { kind: 'secret', about: 'Of the application at Discord.' },
  MICROSOFT_CLIENT_ID: { kind: 'text', about: 'The same with Microsoft; `/login/callback/microsoft`. Addresses count as proven only with the optional claim `xms_edov`.' },
  MICROSOFT_CLIENT_SECRET: { kind: 'secret', about: 'Of the app registration at Microsoft.' },
  MICROSOFT_TENANT: { kind: 'text', default: 'common', about: 'The directory whose people may sign in, or `common` for all.' },
  OIDC_ISSUER: { kind: 'url', about: 'Any OpenID Connect provider beside these; `/login/callback/oidc`. It may lie on a private address.', example: 'https://id.example.com' },
  OIDC_CLIENT_ID: { kind: 'text', about: 'Of the client at OIDC_ISSUER.' },
  OIDC_CLIENT_SECRET: { kind: 'secret', about: 'Of the client at OIDC_ISSUER.' },
  OIDC_NAME: { kind: 'text', default: 'Company account', about: 'What the button for OIDC_ISSUER says after "Continue with".' },
  ENABLE_MULTI_TENANT: { kind: 'boolean', default: 'true', about: 'false: one tenant, made with the first account; others cannot be created.' },
  TENANT_BASE_DOMAIN: { kind: 'text', about: 'Tenants are reached at `slug.` before this domain too. It needs a DNS entry `*.` that leads here.', example: 'apps.example.com' },
  TENANT_HEADER_NAME: { kind: 'text', default: 'org-id', about: 'Request header that names the tenant by id or slug.' },
  DNS_SERVERS: { kind: 'list', default: '', about: 'Servers that domains of tenants are proved with, `address` or `address:port`; by default the machine\'s own.', example: '1.1.1.1' },
  WORKFLOW_MAX_DEPTH: { kind: 'number', default: '16', range: [1, 100], about: 'How many runs of workflows may lead to one another before a chain is cut.' },
  WORKFLOW_RUNS_AT_ONCE: { kind: 'number', default: '50', range: [1, 10000], about: 'Runs of one tenant that are worked on at once; more wait for their turn.' },
  WORKFLOW_MAX_OPEN_RUNS: { kind: 'number', default: '100000', range: [1, 10000000], about: 'Runs of one tenant that are not over, waiting ones among them; at the limit no more begin.' },
  WORKFLOW_MAX_STEPS: { kind: 'number', default: '50000', range: [10, 1000000], about: 'Steps of one run; more fail it.' },
  WORKFLOW_MAX_RUN_DAYS: { kind: 'number', default: '400', range: [1, 3650], about: 'Days from the beginning of a run to its end; then it fails.' },
  WORKFLOW_MAX_INPUT_KIB: { kind: 'number', default: '1024', range: [1, 16384], about: 'Size of a run\'s input in KiB of JSON.' },
  RUN_RETENTION_DAYS: { kind: 'number', default: '90', range: [0, 36500], about: 'Days finished runs are kept; 0 keeps them for ever. A tenant may set less for itself.' },
  WEBHOOK_INBOX_DAYS: { kind: 'number', default: '30', range: [1, 3650], about: 'Days that requests to webhook triggers are kept.' },
  TEMPORAL_ADDRESS: { kind: 'text', about: 'A Temporal server, `host:port`: new runs of workflows begin there. Its packages must be installed: docs/guides/temporal.md.', example: '127.0.0.1:7233' },
  TEMPORAL_NAMESPACE: { kind: 'text', default: 'default', about: 'The namespace there; it must exist.' },
  TEMPORAL_API_KEY: { kind: 'secret', about: 'For Temporal Cloud; the connection is then encrypted.' },
  TEMPORAL_TLS: { kind: 'boolean', default: 'false', about: 'Encrypt the connection to Temporal, without or with the certificates below.' },
  TEMPORAL_TLS_CA: { kind: 'text', about: 'File with the certificate of the authority that Temporal\'s certificate comes from, if it is not a public one. Means TEMPORAL_TLS.' },
  TEMPORAL_TLS_CERT: { kind: 'text', about: 'File with the certificate by which Temporal knows this product (mTLS). Means TEMPORAL_TLS.' },
  TEMPORAL_TLS_KEY: { kind: 'text', about: 'File with the key of TEMPORAL_TLS_CERT.' },
  TEMPORAL_TASK_QUEUE: { kind: 'text', about: 'The queue its workers take from. By default a name of the installation\'s own; a copy of its database needs another one, or another namespace.' },
  ROLES: { kind: 'list', default: 'api,worker,live', choices: ['api', 'worker', 'live'], about: 'What this process does; also `--roles`. Less than all needs DATABASE_URL and SECRET_KEY.' },
  LOG_LEVEL: { kind: 'choice', choices: ['debug', 'info', 'warn', 'error', 'silent'], default: 'warn', about: 'Lines below this level are not written; `info` gives one line a request.' },
  LOG_FILE: { kind: 'text', about: 'Append log lines to this file instead of standard output.' },
  SETUP_TOKEN: { kind: 'secret', about: 'Token the first account must carry; else a random one is printed inside the set-up link at each start.' },
  ERROR_HOOK_URL: { kind: 'url', about: 'Gets a JSON POST for each defect (answers of 500, jobs that failed for good, parked events): where, operation, request id, message, stack.' },
  OTEL_EXPORTER_OTLP_ENDPOINT: { kind: 'url', about: 'Collector for traces (OTLP over HTTP); one span a request, `traceparent` honoured.', example: 'http://localhost:4318' },
  NODE_ENV: { kind: 'text', default: 'development', about: '`production` demands SECRET_KEY and refuses unsafe settings.' },
} as const satisfies Record<string, Setting>

type Name = keyof typeof settings
type ValueOf<S extends Setting> = S['kind'] extends 'number' ? (S extends { default: string } ? number : number | undefined) : S['kind'] extends 'boolean' ? boolean : S['kind'] extends 'list' ? string[] : S['kind'] extends 'choice' ? (S['choices'] extends readonly (infer C)[] ? C : never) : S extends { default: string } ? string : string | undefined
export type Config = { readonly [N in Name]: ValueOf<(typeof settings)[N]> } & { readonly publicUrlGiven: boolean; readonly notes: readonly string[] }

/** Names of other systems that mean the same here. */
const aliases: Partial<Record<string, Name>> = { API_PORT: 'PORT', FRONTEND_URL: 'PUBLIC_URL', APP_ENV: 'NODE_ENV', TEMPORAL_HOST: 'TEMPORAL_ADDRESS' }
/** Names that are understood and have nothing to do in this version: each is said once at start. */
const ignored: Record<string, string> = {
  SUPABASE_URL: 'use DATABASE_URL with the project\'s connection string', SUPABASE_ANON_KEY: 'sign-in is built in', SUPABASE_SERVICE_ROLE_KEY: 'row security has its own roles here',
  OPENAI_API_KEY: 'no model is called by this version', OPENAI_BASE_URL: 'no model is called by this version',
  MONGO_URL: 'documents are not part of this version', MONGO_DATABASE: 'documents are not part of this version', S3_BUCKET_NAME: 'files are not part of this version',
  S3_ENDPOINT: 'files are not part of this version', AWS_ACCESS_KEY_ID: 'files are not part of this version', AWS_SECRET_ACCESS_KEY: 'files are not part of this version', AWS_REGION: 'files are not part of this version',
  JWT_SECRET_KEY: 'signing keys are made here and kept under SECRET_KEY', JWT_SECRET: 'signing keys are made here and kept under SECRET_KEY', FRONTEND_PORT: 'the console is served on PORT',
}

/** All faults of the configuration at once, each with its cure. */
export class ConfigFault extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`the configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`)
    this.faults = faults
  }
}

/** Reads and judges the environment. @param args of the command line: `--roles api,worker` @throws ConfigFault */
export function readConfig(env: NodeJS.ProcessEnv = process.env, args: readonly string[] = []): Config {
  const faults: string[] = []
  const notes: string[] = []
  const given: Partial<Record<string, string>> = {}
  for (const name of Object.keys(settings)) if (env[name] !== undefined && env[name] !== '') given[name] = env[name]
  for (const [alias, name] of Object.entries(aliases)) if (env[alias] && !given[name!]) given[name!] = env[alias]
  const postgres = Object.keys(env).filter((name) => /^POSTGRES_(HOST|PORT|USER|PASSWORD|DB)$/.test(name) && env[name])
  if (postgres.length && given.DATABASE_URL) notes.push(`${postgres.join(', ')}: set and not used, DATABASE_URL says it all.`)
  else if (postgres.length && !env.POSTGRES_HOST) notes.push(`${postgres.join(', ')}: set and not used. Without POSTGRES_HOST the built-in database serves.`)
  else if (env.POSTGRES_HOST) given.DATABASE_URL = postgresUrl(env)
  parse('ENABLE_BACKGROUND_TASKS', { kind: 'boolean', about: '' }, env.ENABLE_BACKGROUND_TASKS || undefined, faults)
  const fewer = /^(false|0|no|off)$/i.test(env.ENABLE_BACKGROUND_TASKS ?? '') && !given.ROLES && !args.includes('--roles')
  if (fewer && given.DATABASE_URL) given.ROLES = 'api,live'
  else if (fewer) faults.push(`ENABLE_BACKGROUND_TASKS=${env.ENABLE_BACKGROUND_TASKS} needs DATABASE_URL and another process that works: the embedded database belongs to one process that does everything.`)
  if (/^(true|1|yes|on)$/i.test(env.DEBUG ?? '')) given.LOG_LEVEL ??= 'debug' // any other value is meant for others: it is a name that many programs read
  for (const [name, why] of Object.entries(ignored)) if (env[name]) notes.push(`${name} is set and not used: ${why}.`)
  for (const name of Object.keys(env)) if (name.startsWith('GROUNDWORK_') && !(name in settings)) faults.push(`${name} is no setting: docs/settings.md lists them all.`)
  const roles = args.indexOf('--roles')
  if (roles >= 0) given.ROLES = args[roles + 1] ?? ''

  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings) as [string, Setting][]) values[name] = parse(name, setting, given[name] ?? setting.default, faults)
  const config = values as unknown as Config & Record<string, unknown>
  const production = config.NODE_ENV === 'production'
  for (const name of ['SECRET_KEY', 'NEW_SECRET_KEY'] as const) if (config[name] && Buffer.from(config[name], 'base64').length !== 32) faults.push(`${name} must be 32 bytes in base64: make one with \`openssl rand -base64 32\`.`)
  if (production && !config.SECRET_KEY) faults.push('SECRET_KEY is missing and NODE_ENV is production: make one with `openssl rand -base64 32` and keep it apart from the data.')
  if (production && config.RATE_LIMITS === 'off') faults.push('RATE_LIMITS=off is refused with NODE_ENV=production: remove it.')
  if (Array.isArray(config.ROLES) && config.ROLES.length < 3 && !config.DATABASE_URL) faults.push(`ROLES=${config.ROLES.join(',')} needs DATABASE_URL: the embedded database belongs to one process that does everything.`)
  if (config.DATABASE_URL && !config.SECRET_KEY && Array.isArray(config.ROLES) && config.ROLES.length < 3) faults.push('SECRET_KEY is missing: processes that share a database need the same one.')
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(config.TENANT_HEADER_NAME ?? '') || ['authorization', 'host', 'cookie', 'content-type'].includes(config.TENANT_HEADER_NAME)) faults.push(`TENANT_HEADER_NAME=${config.TENANT_HEADER_NAME} is no name for it: lower-case letters, digits and dashes, such as org-id.`)
  const domainName = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i
  if (config.TENANT_BASE_DOMAIN !== undefined && !domainName.test(config.TENANT_BASE_DOMAIN)) faults.push(`TENANT_BASE_DOMAIN=${config.TENANT_BASE_DOMAIN} is no domain name: such as apps.example.com, without scheme, port and wildcard.`)
  if (config.MAIL_IN_DOMAIN !== undefined && !domainName.test(config.MAIL_IN_DOMAIN)) faults.push(`MAIL_IN_DOMAIN=${config.MAIL_IN_DOMAIN} is no domain name: such as in.example.com.`)
  if (config.SMTP_IN_PORT !== undefined && config.MAIL_IN_DOMAIN === undefined) faults.push('SMTP_IN_PORT needs MAIL_IN_DOMAIN: the domain of the addresses it takes letters for.')
  if ((config.SMTP_IN_TLS_CERT === undefined) !== (config.SMTP_IN_TLS_KEY === undefined)) faults.push('SMTP_IN_TLS_CERT and SMTP_IN_TLS_KEY belong together: set both, or neither.')
  for (const server of Array.isArray(config.DNS_SERVERS) ? config.DNS_SERVERS : []) if (!/^(\[[0-9a-f:]+\](:\d+)?|[0-9a-f:]+|[\d.]+(:\d+)?)$/i.test(server)) faults.push(`DNS_SERVERS=${server} is no address: such as 1.1.1.1 or 127.0.0.1:5353.`)
  if (config.TEMPORAL_ADDRESS !== undefined && !/^(\[[0-9a-f:]+\]|[a-z0-9][a-z0-9.-]*)(:\d{1,5})?$/i.test(config.TEMPORAL_ADDRESS)) faults.push(`TEMPORAL_ADDRESS=${config.TEMPORAL_ADDRESS} is no address: host and port, such as 127.0.0.1:7233, without a scheme.`)
  if ((config.TEMPORAL_TLS_CERT === undefined) !== (config.TEMPORAL_TLS_KEY === undefined)) faults.push('TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY belong together: set both or none.')
  for (const name of ['TEMPORAL_TLS_CA', 'TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY'] as const) if (config[name] !== undefined && !fs.existsSync(config[name])) faults.push(`${name}=${config[name]} is no file.`)
  if (faults.length) throw new ConfigFault(faults)
  return Object.freeze({ ...config, PUBLIC_URL: config.PUBLIC_URL?.replace(/\/+$/, ''), publicUrlGiven: config.PUBLIC_URL !== undefined, notes })
}

function parse(name: string, s: Setting, text: string | undefined, faults: string[]): unknown {
  if (text === undefined) return undefined
  switch (s.kind) {
    case 'number': {
      const n = Number(text)
      const [low, high] = s.range ?? [0, Number.MAX_SAFE_INTEGER]
      if (!/^\d+$/.test(text) || n < low || n > high) faults.push(`${name}=${text} must be a whole number from ${low} to ${high}.`)
      return n
    }
    case 'boolean':
      if (/^(true|1|yes|on)$/i.test(text)) return true
      if (!/^(false|0|no|off)$/i.test(text)) faults.push(`${name}=${text} must be true or false.`)
      return false
    case 'list': {
      const list = text.split(',').map((part) => part.trim()).filter(Boolean)
      const unknown = s.choices ? list.filter((part) => !s.choices!.includes(part)) : []
      if (unknown.length) faults.push(`${name}=${text} must be some of ${s.choices!.join(', ')}, separated by commas.`)
      if (s.choices && !list.length) faults.push(`${name} is empty: name at least one of ${s.choices.join(', ')}.`)
      return list
    }
    case 'choice':
      if (!s.choices!.includes(text)) faults.push(`${name}=${text} must be one of ${s.choices!.join(', ')}.`)
      return text
    case 'url':
      if (!/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) faults.push(`${name}=${text} must be an http or https address.`)
      return text
    default:
      return text
  }
}

function postgresUrl(env: NodeJS.ProcessEnv): string {
  const url = new URL('postgres://localhost')
  url.hostname = env.POSTGRES_HOST!
  url.port = env.POSTGRES_PORT ?? '5432'
  url.username = env.POSTGRES_USER ?? 'postgres'
  url.password = env.POSTGRES_PASSWORD ?? ''
  url.pathname = `/${env.POSTGRES_DB ?? 'groundwork'}`
  return url.href
}

/** `.env` beside the program, for what the environment does not set itself. */
export function loadEnvFile(folder: string): void {
  const file = path.join(folder, '.env')
  if (fs.existsSync(file)) process.loadEnvFile(file)
}

/** docs/settings.md */
export function settingsDocument(): string {
  const rows = Object.entries(settings as Record<string, Setting>).map(([name, s]) => `| \`${name}\` | ${s.kind === 'choice' || s.choices ? s.choices!.map((c) => `\`${c}\``).join(', ') : s.kind} | ${s.default === undefined || s.default === '' ? '' : `\`${s.default}\``} | ${s.about} |`)
  const others = Object.entries(ignored).map(([name, why]) => `| \`${name}\` | ${why} |`)
  return `# Settings\n\nGenerated from \`server/config.ts\`; do not edit. Set them in the environment or in a file \`.env\` beside \`package.json\`. A wrong value stops the start, all faults named at once.\n\n| name | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n\n## Names of other systems\n\nAccepted: ${Object.entries(aliases).map(([a, n]) => `\`${a}\` as \`${n}\``).join(', ')}, \`POSTGRES_HOST\`, \`POSTGRES_PORT\`, \`POSTGRES_USER\`, \`POSTGRES_PASSWORD\`, \`POSTGRES_DB\` together as \`DATABASE_URL\`, \`ENABLE_BACKGROUND_TASKS=false\` as \`ROLES=api,live\`, \`DEBUG=true\` as \`LOG_LEVEL=debug\`. Set and not used, said at start:\n\n| name | why |\n|---|---|\n${others.join('\n')}\n`
}
/** .env.example */
export function envExample(): string {
  return `# Generated from server/config.ts; every line is optional. Copy to .env and uncomment what you need.\n${Object.entries(settings as Record<string, Setting>).map(([name, s]) => `\n# ${s.about}\n# ${name}=${s.example ?? s.default ?? ''}`).join('\n')}\n`
}
