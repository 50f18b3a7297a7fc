// A process of its own over a data folder, for tests that kill it: opens the database, says so as one line of JSON, and keeps on
// writing rows; each row whose commit returned is said aloud. Arguments: data folder, number of writers.
import pg from 'pg'
import { openEmbedded } from '../adapters/database-embedded.ts'

const [dataDir = '', writers = '0'] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(JSON.stringify(line) + '\n')
try {
  const database = await openEmbedded({ dataDir, log: () => {} })
  void database.lost.then((why) => {
    say({ lost: why })
    process.exit(3)
  })
  process.once('SIGTERM', () => void database.stop().then(() => process.exit(0)))
  process.stdin.resume() // stays until it is told to go
  const clients = await Promise.all(Array.from({ length: Number(writers) }, async () => {
    const client = new pg.Client(database.connection('owner'))
    client.on('error', () => {})
    await client.connect()
    return client
  }))
  await clients[0]?.query('create table if not exists one (id text primary key); create table if not exists two (id text primary key)')
  say({ ready: process.pid, postmaster: database.postmaster, dataDir: database.dataDir })
  clients.forEach((client, writer) => void write(client, writer).catch(() => {}))
} catch (e) {
  say({ refused: (e as Error).message })
  process.exit(2)
}

async function write(client: pg.Client, writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const id = `${process.pid}-${writer}-${n}`
    await client.query(`begin; insert into one values ('${id}'); insert into two values ('${id}'); commit`)
    say({ id })
  }
}
