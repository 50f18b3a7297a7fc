// The mutations that turn proofs red fit the code as it is: a mutation whose text is gone would be found out only by whoever runs them next.
import { mutations } from '../server/proofs/mutations.ts'
import { rule, type Tree } from './tree.ts'

const fits = (tree: Tree) => (isWhole(tree) ? mutations : [breached]).flatMap(({ name, file, find, proof }) => [
  ...(find !== undefined && (tree.get(file) ?? '').split(find).length !== 2 ? [`${name}: ${file} does not hold its text exactly once`] : []),
  ...(tree.has(proof) ? [] : [`${name}: ${proof} is gone`]),
])
/** A planted breach is a tree of two files, with a mutation of its own. */
const isWhole = (tree: Tree) => tree.has('package.json')
const breached = { name: 'planted', proof: 'a.test.ts', file: 'a.ts', find: 'once' }

rule('each mutation stands in the code exactly once, and its proof is there', fits, [
  { 'a.ts': 'once and once more', 'a.test.ts': '' },
  { 'a.ts': 'never', 'a.test.ts': '' },
  { 'a.ts': 'once' },
])
