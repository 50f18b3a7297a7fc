export { createDesk, type DatabaseConnection, type Desk, type HttpConnection, type MailConnection, type OpenConnection } from './desk.ts'
export { ConnectionError } from './tokens.ts'
