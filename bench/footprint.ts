// How long does a start take, how much memory is held when idle, how big is the installation, how many bytes do login and board take on the wire?
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { Product, root } from '../server/testing/product.ts'
import { folderSize, memory } from './harness/processes.ts'
import { median, printTable, short, whole } from './harness/rounds.ts'

const starts = 3
const first: number[] = []
const later: number[] = []
const held: { server: number; database: number }[] = []
const stops: number[] = []
const timed = async (into: number[], work: () => Promise<unknown>) => {
  const began = performance.now()
  await work()
  into.push((performance.now() - began) / 1000)
}
const bytesOf = (url: string, headers: Record<string, string>) => new Promise<{ bytes: number; text: string }>((resolve, reject) => {
  http.get(url, { headers }, (res) => {
    if (res.statusCode !== 200) return reject(new Error(`${url} answered ${res.statusCode}`))
    const parts: Buffer[] = []
    res.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve({ bytes: parts.reduce((sum, part) => sum + part.length, 0), text: Buffer.concat(parts).toString('utf8') }))
  }).on('error', reject)
})
/** A page and all that its HTML names: what a browser must have before it draws. */
async function wire(origin: string, at: string): Promise<{ files: number; bytes: number }> {
  const page = await bytesOf(origin + at, { accept: 'text/html' })
  const names = [...new Set([...page.text.matchAll(/(?:src|href)="(\/(?:assets|login)\/[^"]+|\/favicon[^"]+)"/g)].map((m) => m[1]!))]
  const sizes = await Promise.all(names.map((name) => bytesOf(origin + name, { 'accept-encoding': 'br' })))
  return { files: 1 + names.length, bytes: page.bytes + sizes.reduce((sum, { bytes }) => sum + bytes, 0) }
}

type Chunk = { file: string; imports?: string[]; css?: string[]; isEntry?: boolean }
/** What the board needs beyond the first page, of the files as they lie on disk for the wire. */
function boardExtra(): { files: number; bytes: number } {
  const dist = path.join(root, 'dist/console')
  const manifest = JSON.parse(fs.readFileSync(path.join(dist, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>
  const needed = (key: string, seen = new Set<string>()): Set<string> => {
    const { file, css = [], imports = [] } = manifest[key]!
    if (seen.has(file)) return seen
    for (const one of [file, ...css]) seen.add(one)
    for (const next of imports) needed(next, seen)
    return seen
  }
  const first = needed(Object.keys(manifest).find((key) => manifest[key]!.isEntry)!)
  const more = [...needed(Object.keys(manifest).find((key) => /scenes\/.*\/board\.tsx$/.test(key))!)].filter((file) => !first.has(file))
  const size = (file: string) => fs.statSync(path.join(dist, fs.existsSync(path.join(dist, `${file}.br`)) ? `${file}.br` : file)).size
  return { files: more.length, bytes: more.reduce((sum, file) => sum + size(file), 0) }
}

const pages: [string, { files: number; bytes: number }][] = []
for (let n = 0; n < starts; n++) {
  const product = new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-')), { LOG_LEVEL: 'warn' })
  try {
    await timed(first, () => product.start())
    if (n === 0) for (const [name, at] of [['login', '/login'], ['console, first page', '/']] as const) pages.push([name, await wire(product.url, at)])
    await timed(stops, () => product.stop())
    await timed(later, () => product.start())
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    held.push(memory({ server: product.pid, cluster: product.cluster() }))
    await product.stop()
  } finally {
    await product.remove()
  }
}
const packages = Object.keys((JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: object }).packages).filter(Boolean).length
const installed = Object.keys((JSON.parse(fs.readFileSync(path.join(root, 'node_modules/.package-lock.json'), 'utf8')) as { packages: object }).packages).length
const memories = held.map(({ server, database }) => server + database)
printTable(['what', 'goal', 'seen'], [
  ['first start, s until ready', '8', short(median(first))],
  ['later start, s', '3', short(median(later))],
  ['SIGTERM to the end, s', '5', short(median(stops))],
  ['idle memory, MB proportional set size (server + database)', '250', `${whole(median(memories))} (${whole(median(held.map((m) => m.server)))} + ${whole(median(held.map((m) => m.database)))})`],
  ['packages in the lockfile / installed here', '450', `${packages} / ${installed}`],
  ['node_modules, MB', '', whole(folderSize(path.join(root, 'node_modules')))],
  ...[...pages, ['board, beyond the first page', boardExtra()] as const].map(([name, { files, bytes }]) => [`${name}: bytes on the wire (brotli), files`, name === 'login' ? '' : name.startsWith('board') ? '117,760' : '184,320', `${whole(bytes)}, ${files}`]),
])
