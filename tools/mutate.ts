// node tools/mutate.ts [part of a name or proof ...] [--write]
// A proof that cannot fail proves nothing: each mutation of server/proofs/mutations.ts is applied to a copy of the tree, its proof runs there and must
// turn red for the reason that is named. --write puts what they printed into docs/proofs.md.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { mutations, type Mutation } from '../server/proofs/mutations.ts'

const patience = 20 * 60_000 // a mutant may hang where the product does not: it is ended then, and caught only when a test had failed by name
const root = path.resolve(import.meta.dirname, '..')
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const chosen = mutations.filter((m) => asked.length === 0 || asked.some((part) => m.name.includes(part) || m.proof.includes(part)))
if (!chosen.length) {
  console.error(`No mutation matches ${asked.join(' ')}: there are ${mutations.map((m) => m.name).join(', ')}.`)
  process.exit(1)
}

const copy = copyTree()
process.once('exit', () => fs.rmSync(copy, { recursive: true, force: true }))
let proving: ChildProcess | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (proving?.pid && process.kill(-proving.pid, 'SIGTERM'), process.exit(1)))
const printed = new Map<string, string>()
const green: string[] = []
for (const mutation of chosen) {
  const since = performance.now()
  const undo = apply(mutation)
  const { red, hung, text } = await prove(mutation.proof)
  undo()
  const words = text.split('\n').find((line) => mutation.says.test(line))?.trim()
  const failed = /^\s*(✖ |not ok )/m.test(text) // by name: an end without one says nothing of the promise
  const found = red && failed && words !== undefined
  if (!found) green.push(mutation.name)
  else printed.set(mutation.name, words.slice(0, 400))
  console.log(`${found ? 'red  ' : red ? 'WRONG' : 'GREEN'} ${mutation.name} (${((performance.now() - since) / 1000).toFixed(0)} s): ${found ? words.slice(0, 300) : red ? `${hung ? `it hung for ${patience / 60_000} minutes` : failed ? 'it failed' : 'it ended without a failed test'}, but not by ${mutation.says}:\n${text.slice(-3000)}` : 'the proof did not notice'}`)
}
if (process.argv.includes('--write')) write(printed)
console.log(`${printed.size} of ${chosen.length} mutations turned their proof red${green.length ? `; not: ${green.join(', ')}` : ''}`)
process.exit(green.length ? 1 : 0)

/** What git tracks or would track, with the packages by a link. */
function copyTree(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-mutant-'))
  fs.chmodSync(folder, 0o755) // root's database runs as another user, who must get there
  const names = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0')
  for (const name of names) {
    const from = path.join(root, name)
    if (!name || name.startsWith('console/') || !fs.existsSync(from) || !fs.statSync(from).isFile()) continue
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.copyFileSync(from, path.join(folder, name))
  }
  for (const made of ['node_modules', 'dist']) if (fs.existsSync(path.join(root, made))) fs.symlinkSync(path.join(root, made), path.join(folder, made))
  return folder
}

/** @returns takes it back @throws when the text is not there exactly once: the mutation no longer fits the code */
function apply({ name, file, find, replace }: Mutation): () => void {
  const target = path.join(copy, file)
  const text = fs.readFileSync(target, 'utf8')
  if (find !== undefined && text.split(find).length !== 2) throw new Error(`${name}: ${file} holds ${JSON.stringify(find)} ${text.split(find).length - 1} times, not once: mend server/proofs/mutations.ts`)
  fs.writeFileSync(target, find === undefined ? `${text}\n${replace}\n` : text.replace(find, () => replace))
  return () => fs.writeFileSync(target, text)
}

/** In a process group of its own, which ends as a whole when it takes too long. */
function prove(proof: string): Promise<{ red: boolean; hung: boolean; text: string }> {
  const child = spawn(process.execPath, ['--test', proof], { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  proving = child
  let hung = false
  const end = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal)
    } catch {} // it has ended
  }
  const limit = setTimeout(() => {
    hung = true
    end('SIGTERM')
  }, patience)
  const last = setTimeout(() => end('SIGKILL'), patience + 15_000)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more: string) => (text += more))
  return new Promise((resolve) => child.once('close', (code) => {
    clearTimeout(limit)
    clearTimeout(last)
    resolve({ red: code !== 0, hung, text })
  }))
}

/** Replaces the last cell of each mutation's row. */
function write(words: ReadonlyMap<string, string>): void {
  const file = path.join(root, 'docs/proofs.md')
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  for (const [name, said] of words) {
    const mutation = mutations.find((m) => m.name === name)!
    const row = `| \`${name}\` | ${mutation.breaks} | ${cell(said)} |`
    const at = lines.findIndex((line) => line.startsWith(`| \`${name}\` |`))
    const table = lines.findIndex((line) => line.startsWith(`<!-- ${mutation.proof}`))
    if (at >= 0) lines[at] = row
    else if (table >= 0) lines.splice(lines.findIndex((line, n) => n > table && line.startsWith('|--')) + 1, 0, row)
  }
  fs.writeFileSync(file, lines.join('\n'))
}
/** Ids, marks and seeds are new in every run: they are left out. */
function cell(said: string): string {
  return `\`${said.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').replaceAll(/\b([ab])(mark|secret)[a-z]+/g, (_, side: string, kind: string) => `<${side === 'a' ? 'A' : 'B'}'s ${kind}>`).replaceAll(/[`|]/g, "'").replaceAll(/\s+/g, ' ').slice(0, 260)}\``
}
