// Imports point one way: main -> app -> modules -> kernel; adapters implement kernel ports; console and cli -> client.
import { importsOf, isCode, isTest, rule, type Tree } from './tree.ts'

const moduleOf = (file: string) => file.match(/^server\/modules\/([^/]+)\//)?.[1]
const isDoor = (file: string) => /^server\/modules\/[^/]+\/(api|events)\.ts$/.test(file)
const inKernel = (file: string) => file.startsWith('server/kernel/')

/** Who may import whom inside the project; the first row that covers the importer decides. A file that none covers is a fault. */
const table: { from: RegExp; may: (to: string, from: string, typeOnly: boolean) => boolean }[] = [
  { from: /^server\/kernel\//, may: inKernel },
  { from: /^server\/adapters\//, may: (to) => inKernel(to) || to.startsWith('server/adapters/') },
  { from: /^server\/modules\/[^/]+\/([^/]+\/)*[^/]*routes\.ts$/, may: (to, from, typeOnly) => mayModule(to, from, typeOnly) && !/\/queries\.ts$|^server\/kernel\/sql\.ts$/.test(to) },
  { from: /^server\/modules\//, may: mayModule },
  { from: /^server\/config\.ts$/, may: () => false },
  { from: /^server\/app\.ts$/, may: (to, _from, typeOnly) => inKernel(to) || (typeOnly && to === 'server/config.ts') || /^server\/modules\/[^/]+\/module\.ts$/.test(to) || isDoor(to) },
  { from: /^server\/[^/]+\.ts$/, may: (to) => to.startsWith('server/') && !to.startsWith('server/testing/') && !/^server\/modules\/[^/]+\/module\.ts$/.test(to) },
  { from: /^client\//, may: (to) => to.startsWith('client/') },
  { from: /^console\//, may: (to) => /^(console|client)\//.test(to) },
  { from: /^cli\//, may: (to) => /^(cli|client)\//.test(to) },
  { from: /^(tools|bench)\//, may: () => true },
]

function mayModule(to: string, from: string, typeOnly: boolean): boolean {
  if (inKernel(to)) return typeOnly || to !== 'server/kernel/http.ts' // routes are declared; the server itself is not a module's business
  return moduleOf(to) === moduleOf(from) ? !/\/module\.ts$/.test(to) : isDoor(to)
}

const inside = (tree: Tree) => [...tree.keys()].filter((file) => isCode(file) && !isTest(file))

function againstTheDirection(tree: Tree): string[] {
  return inside(tree).flatMap((file) => {
    const row = table.find(({ from }) => from.test(file))
    if (!row) return [`${file}: no row of the table covers it`]
    return importsOf(file, tree).filter(({ to, typeOnly }) => /^(server|client|console|cli|checks|tools|bench)\//.test(to) && !row.may(to, file, typeOnly)).map(({ to }) => `${file} -> ${to}`)
  })
}

rule('imports point one way', againstTheDirection, [
  { 'server/kernel/db.ts': "import { list } from '../modules/tasks/api.ts'" },
  { 'server/adapters/mail-smtp.ts': "import { readConfig } from '../config.ts'" },
  { 'server/modules/tasks/service.ts': "import { place } from '../projects/queries.ts'" },
  { 'server/modules/tasks/service.ts': "const { place } = await import('../projects/service.ts')" },
  { 'server/modules/tasks/service.ts': "import { createServer } from '../../kernel/http.ts'" },
  { 'server/modules/tasks/routes.ts': "import { lockTask } from './queries.ts'" },
  { 'console/board.tsx': "import type { Task } from '../server/modules/tasks/schema.ts'" },
  { 'client/live.ts': "import { readConfig } from '../server/config.ts'" },
  { 'other/thing.ts': 'export const a = 1' },
])

/** Groups that reach each other through the edges given (Tarjan's strongly connected components of two or more). */
function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const at = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (node: string) => {
    at.set(node, at.size)
    low.set(node, at.get(node)!)
    stack.push(node)
    for (const to of edges.get(node) ?? []) {
      if (!at.has(to)) visit(to)
      if (stack.includes(to)) low.set(node, Math.min(low.get(node)!, low.get(to)!))
    }
    if (low.get(node) !== at.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1) found.push(group)
  }
  for (const node of edges.keys()) if (!at.has(node)) visit(node)
  return found
}

rule('no import cycle between files', (tree) => {
  const edges = new Map(inside(tree).map((file) => [file, new Set(importsOf(file, tree).filter(({ to, typeOnly }) => !typeOnly && tree.has(to)).map(({ to }) => to))]))
  return cycles(edges).map((group) => group.join(' <-> '))
}, [{ 'server/kernel/a.ts': "import { b } from './b.ts'", 'server/kernel/b.ts': "import { c } from './c.ts'", 'server/kernel/c.ts': "import { a } from './a.ts'" }])

rule('no cycle between modules, not even of types; to know another\'s events is not to know the module', (tree) => {
  const edges = new Map<string, Set<string>>()
  for (const file of inside(tree)) {
    const from = moduleOf(file)
    if (!from) continue
    const targets = edges.get(from) ?? new Set()
    edges.set(from, targets)
    for (const { to } of importsOf(file, tree)) if (moduleOf(to) && moduleOf(to) !== from && !/\/events\.ts$/.test(to)) targets.add(moduleOf(to)!)
  }
  return cycles(edges).map((group) => group.join(' <-> '))
}, [{ 'server/modules/a/service.ts': "import type { B } from '../b/api.ts'", 'server/modules/b/service.ts': "import type { A } from '../a/api.ts'" }])

rule('no barrels: a module\'s api.ts re-exports by name, nobody else re-exports only', (tree) => inside(tree).filter((file) => {
  const text = tree.get(file)!.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').trim()
  if (/^export\s+\*/m.test(text)) return true
  const statements = text.replace(/\{[^}]*\}/g, '{}').split('\n').filter((line) => line.trim())
  return !/\/api\.ts$/.test(file) && statements.length > 0 && statements.every((line) => /^export\s+(type\s+)?\{\}\s+from\s/.test(line))
}), [
  { 'server/kernel/all.ts': "export * from './db.ts'" },
  { 'server/kernel/all.ts': "export { a,\n  b } from './db.ts'\nexport type { C } from './sql.ts'" },
  { 'server/modules/tasks/api.ts': "export * from './service.ts'" },
])

rule('no path aliases', (tree) => [
  ...inside(tree).flatMap((file) => importsOf(file, tree).filter(({ to }) => /^(@\/|~|#|src\/)/.test(to)).map(({ to }) => `${file}: ${to}`)),
  ...[...tree].filter(([file, text]) => /tsconfig.*\.json$/.test(file) && /"(paths|baseUrl)"/.test(text)).map(([file]) => `${file}: paths`),
], [{ 'console/a.ts': "import { b } from '@/b.ts'" }, { 'tsconfig.json': '{ "compilerOptions": { "paths": {} } }' }])
