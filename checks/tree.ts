// The project's files as the house rules see them, and the form of a rule: the tree keeps it, and a planted breach is found.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'

/** Path to text, of every file that git tracks or would track. */
export type Tree = ReadonlyMap<string, string>

/** Reads the project. Fails when it finds next to nothing, so that no rule holds for want of files. */
export function readTree(): Tree {
  const names = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0')
  const files = names.filter((name) => name && existsSync(name) && statSync(name).isFile() && !/\.(png|jpg|ico|woff2|gz|br)$/.test(name))
  assert.ok(files.length > 50, `only ${files.length} files found`)
  return new Map(files.map((name) => [name, readFileSync(name, 'utf8')]))
}

export const isTest = (file: string) => /\.(test|contract|prove)\.tsx?$/.test(file) || /^(server\/(testing|proofs)|checks)\//.test(file)
export const isCode = (file: string) => /\.(ts|tsx|mjs|js)$/.test(file) && !/\.d\.ts$/.test(file)

export type Import = { to: string; typeOnly: boolean }

/** What a file imports: paths inside the project as they stand in the tree, packages by name. Dynamic imports count. */
export function importsOf(file: string, tree: Tree): Import[] {
  const text = tree.get(file) ?? ''
  const found: Import[] = []
  const add = (name: string, typeOnly: boolean) => {
    const path = name.startsWith('.') ? posix.normalize(posix.join(posix.dirname(file), name)) : name
    found.push({ to: path, typeOnly })
  }
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'/gm)) add(match[2]!, Boolean(match[1]))
  for (const match of text.matchAll(/\b(typeof\s+)?import\('([^']+)'\)/g)) add(match[2]!, Boolean(match[1]))
  return found
}

/**
 * A house rule as two tests: `find` answers no fault for the project, and at least one for each planted breach.
 * A breach is a small tree of its own.
 */
export function rule(name: string, find: (tree: Tree) => string[], breaches: Record<string, string>[]): void {
  test(name, () => {
    const faults = find(readTree())
    assert.equal(faults.length, 0, `\n${faults.join('\n')}`)
  })
  test(`${name}: a breach is found`, () => {
    assert.ok(breaches.length > 0)
    for (const breach of breaches) assert.notEqual(find(new Map(Object.entries(breach))).length, 0, JSON.stringify(breach))
  })
}

/** `file:line: words` for each match of a pattern in the files that are asked for. */
export function matches(tree: Tree, among: (file: string) => boolean, pattern: RegExp): string[] {
  const found: string[] = []
  for (const [file, text] of tree) {
    if (!among(file)) continue
    for (const match of text.matchAll(new RegExp(pattern, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`))) {
      found.push(`${file}:${text.slice(0, match.index).split('\n').length}: ${match[0].trim().slice(0, 80)}`)
    }
  }
  return found
}
