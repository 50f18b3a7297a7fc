// One statement on somebody else's database, dialled by the egress guard. The drivers are told host and port as facts, never as an address they could
// read more into; the socket they speak over is made here, so that a Unix socket, a list of hosts or an environment variable of ours has no say.
import { isIP, type Socket } from 'node:net'
import pg from 'pg'
import type { Json } from '../../kernel/ports.ts'
import { certificatesOf } from './certificates.ts'
import type { Secrets, Settings } from './kinds.ts'

export type DatabaseRows = { rows: Record<string, Json>[]; count: number; /** there were more than were asked for */ more: boolean }
export type Dial = (to: { host: string; port: number }) => Promise<Socket>
export const databaseLimits = { statementMs: 10_000, bytes: 50_000_000 }

/** @param parameters bound, never part of the text @throws Error of the driver or the guard, unmasked */
export async function queryDatabase(settings: Settings, secrets: Secrets, dial: Dial, statement: string, parameters: readonly Json[], maxRows: number): Promise<DatabaseRows> {
  const engine = settings.engine as string
  const host = settings.host as string
  const socket = await dial({ host, port: (settings.port as number | undefined) ?? (engine === 'mysql' ? 3306 : 5432) })
  let stopped: Error | undefined
  const stop = (message: string) => socket.destroy((stopped = new Error(message)))
  const watch = setInterval(() => socket.bytesRead > databaseLimits.bytes && stop(`the answer is larger than ${databaseLimits.bytes} bytes`), 10)
  const late = setTimeout(() => stop(`the database took longer than ${databaseLimits.statementMs} ms`), databaseLimits.statementMs + 2000)
  try {
    return await (engine === 'mysql' ? askMySql : askPostgres)(socket, settings, secrets.password ?? '', statement, parameters, maxRows)
  } catch (error) {
    throw stopped ?? error
  } finally {
    clearTimeout(late)
    clearInterval(watch)
    socket.destroy()
  }
}

/** An address is no server name (RFC 6066); it is compared with the certificate all the same. */
const encryption = (settings: Settings) => {
  const ca = typeof settings.ca === 'string' ? certificatesOf(settings.ca) : undefined
  return settings.tls === 'off' ? undefined : { rejectUnauthorized: settings.tls !== 'require', host: settings.host as string, ...(isIP(settings.host as string) ? {} : { servername: settings.host as string }), ...(ca ? { ca } : {}) }
}

async function askPostgres(socket: Socket, settings: Settings, password: string, text: string, parameters: readonly Json[], maxRows: number): Promise<DatabaseRows> {
  const client = new pg.Client({
    host: settings.host as string, port: 5432, user: settings.user as string, database: settings.database as string, password: () => password, // an empty one given plainly would be looked up in our environment
    ssl: encryption(settings) ?? false, statement_timeout: databaseLimits.statementMs, application_name: 'groundwork', types: { getTypeParser: (oid: number) => readers[oid] ?? String } as unknown as pg.CustomTypesConfig,
    stream: () => Object.assign(socket, { connect: () => (process.nextTick(() => socket.emit('connect')), socket) }), // it is connected already
  })
  client.on('error', () => {}) // the query tells
  await client.connect()
  const rows: Record<string, Json>[] = []
  let seen = 0
  // extended: one statement only, whatever the text holds
  const query = new pg.Query({ text, values: parameters.map((value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value)), queryMode: 'extended' } as pg.QueryConfig)
  return new Promise((resolve, reject) => {
    query.on('row', (row: Record<string, Json>) => void (++seen <= maxRows && rows.push(row)))
    query.on('end', (result) => resolve({ rows, count: result.rowCount ?? seen, more: seen > maxRows }))
    query.on('error', reject)
    client.on('end', () => reject(new Error('the database closed the connection')))
    client.query(query)
  })
}
const number = (text: string) => Number(text)
/** By type id. Times, numbers of any size and bytes stay texts, as PostgreSQL writes them. */
const readers: Record<number, (text: string) => unknown> = { 16: (text) => text === 't', 21: number, 23: number, 26: number, 700: number, 701: number, 114: JSON.parse, 3802: JSON.parse }

async function askMySql(socket: Socket, settings: Settings, password: string, text: string, parameters: readonly Json[], maxRows: number): Promise<DatabaseRows> {
  const { createConnection } = await import('mysql2')
  const ssl = encryption(settings)
  // the driver compares names alone, and only when it is told to: else any public certificate would do
  if (ssl?.rejectUnauthorized && isIP(settings.host as string)) throw new Error('a MySQL server proves its name, not an address: give the host by its name, or choose another encryption')
  const connection = createConnection({
    stream: socket, host: settings.host as string, user: settings.user as string, password, database: settings.database as string, ...(ssl ? { ssl: { rejectUnauthorized: ssl.rejectUnauthorized, verifyIdentity: ssl.rejectUnauthorized, ...(ssl.ca ? { ca: ssl.ca } : {}) } } : {}),
    flags: ['-LOCAL_FILES'], multipleStatements: false, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true, decimalNumbers: false, connectTimeout: 5000,
  })
  return new Promise<DatabaseRows>((resolve, reject) => {
    const rows: Record<string, Json>[] = []
    let seen = 0
    let changed: number | undefined
    connection.on('error', reject)
    const query = connection.execute(text, parameters.map((value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value)))
    query.on('result', (row: unknown) => {
      const touched = (row as { affectedRows?: number }).affectedRows
      if (row?.constructor.name === 'ResultSetHeader') changed = touched
      else if (++seen <= maxRows) rows.push(Object.fromEntries(Object.entries(row as Record<string, unknown>).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('base64') : (value as Json)])))
    })
    query.on('error', reject)
    query.on('end', () => resolve({ rows, count: changed ?? seen, more: seen > maxRows }))
  }).finally(() => connection.destroy())
}
