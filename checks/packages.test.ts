// Dependencies are few, pinned exactly, and the lockfile names no address.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, isCode, readTree, rule, type Tree } from './tree.ts'

type Manifest = Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>> & { scripts: Record<string, string> }
type Lock = { packages: Record<string, { resolved?: string; os?: string[]; cpu?: string[]; peerDependencies?: Record<string, string> }> }
const manifestOf = (tree: Tree) => JSON.parse(tree.get('package.json') ?? '{}') as Manifest
const lockOf = (tree: Tree) => JSON.parse(tree.get('package-lock.json') ?? '{ "packages": {} }') as Lock

rule('every version in package.json is exact', (tree) => {
  const { dependencies, devDependencies, optionalDependencies } = manifestOf(tree)
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)).map(([name, version]) => `${name} ${version}`)
}, [{ 'package.json': '{ "dependencies": { "pg": "^8.0.0" } }' }, { 'package.json': '{ "devDependencies": { "pg": "latest" } }' }])

rule('every package of the server is imported by it, or asked for by one that is', (tree) => {
  const names = Object.keys(manifestOf(tree).dependencies ?? {})
  const imported = [...tree.keys()].filter(isCode).flatMap((file) => importsOf(file, tree).map(({ to }) => to.match(/^(@[^/]+\/)?[^/]+/)?.[0]))
  const peers = names.flatMap((name) => Object.keys(lockOf(tree).packages[`node_modules/${name}`]?.peerDependencies ?? {}))
  const used = new Set([...imported, ...peers])
  return names.filter((name) => !used.has(name))
}, [{ 'package.json': '{ "dependencies": { "left-pad": "1.0.0" } }', 'server/main.ts': "import pg from 'pg'" }])

test('one machine installs at most 450 packages, and the lockfile names no address', () => {
  const { packages } = lockOf(readTree())
  const names = Object.keys(packages).filter(Boolean)
  const meant = (of: readonly string[] | undefined, here: string) => of === undefined || of.includes(here)
  const installed = names.filter((name) => meant(packages[name]!.os, 'linux') && meant(packages[name]!.cpu, 'x64')) // the lockfile has the builds for every other machine too
  assert.ok(installed.length > 50 && installed.length <= 450, `${installed.length} packages`)
  assert.deepEqual(names.filter((name) => packages[name]?.resolved?.startsWith('http')), [])
})

test('there are the verbs start, dev, test, check, generate, seed, bench and no others, each behind the bootstrap', () => {
  const { scripts } = manifestOf(readTree())
  assert.deepEqual(Object.keys(scripts).sort(), ['bench', 'check', 'dev', 'generate', 'seed', 'start', 'test'])
  for (const script of Object.values(scripts)) assert.match(script, /^node tools\/prepare\.mjs && (NODE_COMPILE_CACHE=\$PWD\/\S+ )?exec node_modules\/\.bin\/node /)
})
