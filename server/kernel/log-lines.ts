// Structured lines (S0.15), secrets masked by name. One line a request is written by http.ts.
import pino, { type Logger as Pino } from 'pino'

export type Logger = Pick<Pino, 'debug' | 'info' | 'warn' | 'error'>
const secrets = ['password', 'token', 'accessToken', 'refreshToken', 'secret', 'authorization', 'cookie', 'setupToken', 'key']

/** @param file appended to when given, else standard output; level `silent` writes nothing */
export function createLogger(level: string, file?: string): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '***' } }, pino.destination({ dest: file ?? 1, sync: true, mkdir: true }))
}
export const silent: Logger = pino({ level: 'silent' })
