// How many password sign-ins a second, and how near is that to the hash alone, which is what a sign-in ought to cost?
import * as argon2 from '@node-rs/argon2'
import { hashParameters } from '../server/modules/identity/hashing.ts'
import { openGenerator, request } from './harness/load.ts'
import { cpu, cpuSince } from './harness/processes.ts'
import { person, startProduct } from './harness/product.ts'
import { inTurn, median, percent, printTable, ratio, short } from './harness/rounds.ts'

const atOnce = 8
const ms = 2000
const generator = openGenerator()
const product = await startProduct()
try {
  const login = [request('POST', '/api/v1/auth/login', { body: { email: person.email, password: person.password } })]
  const kept = await argon2.hash(person.password, hashParameters)
  const costs: number[] = []
  const signIns = async (): Promise<number> => {
    const before = cpu(product.processes)
    const done = await generator.run({ host: '127.0.0.1', port: product.port, connections: atOnce, ms, requests: login })
    const used = cpuSince(cpu(product.processes), before)
    costs.push(((used.server + used.database) / done.count) * 1000)
    return done.count / done.seconds
  }
  const bare = async (): Promise<number> => {
    const began = performance.now()
    let count = 0
    await Promise.all(Array.from({ length: 3 }, async () => { // as many as the product lets hash at once
      for (; performance.now() - began < ms; count++) await argon2.verify(kept, person.password)
    }))
    return count / ((performance.now() - began) / 1000)
  }
  await signIns()
  costs.length = 0
  const [ours, theirs] = await inTurn(5, [signIns, bare])
  const { memoryCost, timeCost, parallelism } = hashParameters
  printTable([`argon2id, ${memoryCost} KiB, ${timeCost} passes, ${parallelism} lane`, 'a second', 'of the bare hash', 'processor ms each'], [
    ['POST /auth/login', short(median(ours!)), percent(ratio(ours!, theirs!)), short(median(costs))],
    ['argon2 verify alone', short(median(theirs!)), '100 %', ''],
  ])
} finally {
  generator.close()
  await product.stop()
}
