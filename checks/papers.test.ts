// Everything a document names exists: commands, files, links; and the papers a reader expects are there.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { readTree, rule, type Tree } from './tree.ts'

const isPaper = (file: string) => file.endsWith('.md') && file !== 'CHANGELOG.md' // a change may speak of what is gone
const folders = /^(\.\/)?(server|client|console|cli|checks|tools|bench|docs|deploy|services|\.ci)\//

test('the papers are there, and long enough to say something', () => {
  const tree = readTree()
  for (const file of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE']) assert.ok((tree.get(file)?.length ?? 0) > 300, file)
  assert.ok(tree.get('ARCHITECTURE.md')!.split('\n').length <= 120, 'ARCHITECTURE.md is longer than 120 lines')
})

/** Does a path exist in the tree, as a file, a folder or a pattern? Placeholders (`<name>`, NNNN) stand for something. */
function exists(path: string, tree: Tree): boolean {
  const clean = posix.normalize(path).replace(/\/$/, '')
  if (/[<>]|N{2,}|\.\.\./.test(clean)) return true
  if (/[*{]/.test(clean)) return globSync(clean).length > 0
  return tree.has(clean) || [...tree.keys()].some((file) => file.startsWith(`${clean}/`))
}

rule('every file and npm command that a paper names exists', (tree) => {
  const { scripts = {} } = JSON.parse(tree.get('package.json') ?? '{}') as { scripts?: Record<string, string> }
  return [...tree].filter(([file]) => isPaper(file)).flatMap(([file, text]) => [
    ...[...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2]!).filter((name) => !scripts[name]).map((name) => `${file}: npm run ${name}`),
    ...[...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1]!).filter((path) => folders.test(path) && !exists(path.replace(/:\d+$/, ''), tree)).map((path) => `${file}: ${path}`),
    ...[...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !exists(link.startsWith('/') ? link.slice(1) : posix.join(posix.dirname(file), link), pictures(tree))).map((link) => `${file}: ${link}`),
  ])
}, [
  { 'README.md': 'Run `npm run launch`.', 'package.json': '{ "scripts": {} }' },
  { 'docs/guide.md': 'See `server/kernel/nothing.ts`.' },
  { 'docs/guide.md': 'See [the tree](../ARCHITECTURE.md).' },
])

/** Links lead to pictures too, which the tree of texts leaves out. */
function pictures(tree: Tree): Tree {
  return new Map([...tree, ...globSync('docs/**/*.{png,jpg}').map((file) => [file, ''] as const)])
}

/** The annotated trees: fenced blocks that begin with a folder, two blanks deeper for what lies in it, then words. */
function drawn(text: string): string[] {
  return [...text.matchAll(/^```\w*\n([\w.-]+\/(?=[ \n]).*?)^```/gms)].flatMap((block) => {
    const open: { depth: number; name: string }[] = []
    return block[1]!.split('\n').flatMap((line) => {
      const [, blanks, name] = line.match(/^( *)([\w.@*<-][\w./@*<>-]*)(?= |$)/) ?? []
      if (blanks === undefined || name === undefined || blanks.length > 12) return [] // words that go on from the line above
      while (open.length > 0 && open.at(-1)!.depth >= blanks.length) open.pop()
      const path = [...open.map((folder) => folder.name), name].join('')
      if (name.endsWith('/')) open.push({ depth: blanks.length, name })
      return [path]
    })
  })
}

rule('every line of an annotated tree names what is there', (tree) => [...tree].filter(([file]) => isPaper(file)).flatMap(([file, text]) =>
  drawn(text).filter((path) => !exists(path, tree)).map((path) => `${file}: ${path}`)), [
  { 'ARCHITECTURE.md': '```\nserver/\n  main.ts   starts\n  gone.ts   is not there\n```\n', 'server/main.ts': '' },
])
