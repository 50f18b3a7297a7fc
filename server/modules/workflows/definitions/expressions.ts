// Static checks of expressions: one JavaScript expression of an allowed syntax and size, and the complete list of outside values it reads, so that
// only those are handed to the sandbox. Nothing is run here. The sandbox is the wall; these rules give clear messages early.
import { parseExpressionAt, type Node } from 'acorn'

/** `nodes.fetch?.output.total` is `{ root: 'nodes', path: ['fetch', 'output', 'total'], guarded: true }`: the `?.` stands after the node's name. */
export type Read = { root: string; path: string[]; guarded: boolean }
/** constant: a condition that is always the same. plain: a literal or a bare path, which needs no sandbox. */
export type Checked = { ok: true; reads: Read[]; constant: boolean; plain: Plain | undefined } | { ok: false; message: string }
/** What can be read without running code. */
export type Plain = { value: string | number | boolean | null } | { path: string[]; guarded: boolean }

export const expressionLimits = { characters: 2000, syntaxNodes: 400, depth: 32, regexCharacters: 200, textCharacters: 20_000, expressionsInText: 50 }

/** A node of acorn's tree, walked by the names of its parts. */
type Syntax = Node & Record<string, any>
const words = (text: string) => new Set(text.split(/\s+/))
const globals = words('undefined NaN Infinity Math JSON Object Array String Number Boolean Date Set Map BigInt isNaN isFinite parseInt parseFloat encodeURIComponent decodeURIComponent URL URLSearchParams')
const constructible = words('Date Set Map URL URLSearchParams')
// what is not named (assignment, functions with bodies, this, import(), await, tagged templates ...) is refused
const allowed = words(`Literal TemplateLiteral TemplateElement Identifier MemberExpression ChainExpression CallExpression NewExpression UnaryExpression BinaryExpression
  LogicalExpression ConditionalExpression ArrayExpression ObjectExpression Property SpreadElement ParenthesizedExpression ArrowFunctionExpression ArrayPattern ObjectPattern
  AssignmentPattern RestElement`)
const noKeys = words('constructor __proto__ prototype')
const constant = words('Literal TemplateLiteral ObjectExpression ArrayExpression ArrowFunctionExpression')
// without preserveParens `({ a: 1 })` ends before its bracket and looks like trailing text
const options = { ecmaVersion: 2024, sourceType: 'module', preserveParens: true } as const

const strip = (node: Syntax): Syntax => (node.type === 'ParenthesizedExpression' || node.type === 'ChainExpression' ? strip(node.expression) : node)

/** Checks one expression. @param roots the names in scope: trigger, nodes, now, run, item, index */
export function checkExpression(source: string, roots: ReadonlySet<string>): Checked {
  const no = (message: string): Checked => ({ ok: false, message })
  if (source.length > expressionLimits.characters) return no(`is longer than ${expressionLimits.characters} characters`)
  if (!source.trim()) return no('is empty')
  let tree: Syntax
  try {
    tree = parseExpressionAt(source, 0, options) as Syntax
  } catch (error) {
    return no(`is no expression: ${String((error as Error).message)}`)
  }
  // parsing stops at the end of the first expression: the rest must be empty, or `1); evil(` would pass
  const rest = source.slice(tree.end).trim()
  if (rest) return no(`has "${rest.slice(0, 20)}" after the expression`)
  try {
    const walk = new Walk(roots)
    walk.visit(tree, new Set(), 0)
    const top = strip(tree)
    return { ok: true, reads: walk.reads, constant: constant.has(top.type) && !top.expressions?.length, plain: plainOf(top) }
  } catch (error) {
    if (error instanceof Refused) return no(error.message)
    throw error
  }
}

class Refused extends Error {}
class Walk {
  readonly reads: Read[] = []
  #roots: ReadonlySet<string>
  #count = 0
  constructor(roots: ReadonlySet<string>) {
    this.#roots = roots
  }

  visit(node: Syntax | null | undefined, scope: ReadonlySet<string>, depth: number): void {
    if (!node) return
    if (++this.#count > expressionLimits.syntaxNodes) throw new Refused(`has more than ${expressionLimits.syntaxNodes} parts`)
    if (depth > expressionLimits.depth) throw new Refused(`is nested deeper than ${expressionLimits.depth}`)
    if (!allowed.has(node.type)) throw new Refused(`uses ${node.type}, which is not allowed in an expression`)
    const down = (inner: Syntax | null | undefined, s = scope) => this.visit(inner, s, depth + 1)
    switch (node.type) {
      case 'Identifier': return this.#name(node.name, scope)
      case 'MemberExpression': return this.#member(node, scope, depth)
      case 'ArrowFunctionExpression': {
        if (node.async || node.body.type === 'BlockStatement') throw new Refused('holds a function with a body: a function here is one expression, such as x => x.total')
        const inner = new Set(scope)
        for (const parameter of node.params) bind(parameter, inner)
        for (const parameter of node.params) this.#defaults(parameter, inner, depth + 1)
        return down(node.body, inner)
      }
      case 'NewExpression':
        if (node.callee.type !== 'Identifier' || !constructible.has(node.callee.name)) throw new Refused(`may use new for ${[...constructible].join(', ')} only`)
        for (const argument of node.arguments) down(argument)
        return
      case 'UnaryExpression':
        if (node.operator === 'delete' || node.operator === 'void') throw new Refused(`uses ${node.operator}, which is not allowed`)
        return down(node.argument)
      case 'Literal':
        if (node.regex && node.regex.pattern.length > expressionLimits.regexCharacters) throw new Refused(`has a pattern longer than ${expressionLimits.regexCharacters} characters`)
        return
      case 'Property':
        if (node.kind !== 'init' || node.method) throw new Refused('may hold no getters and methods')
        if (node.computed) down(node.key)
        return down(node.value)
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) for (const inner of value) if (inner && typeof inner.type === 'string') down(inner)
      if (value && typeof value === 'object' && typeof value.type === 'string') down(value)
    }
  }

  #name(name: string, scope: ReadonlySet<string>): void {
    if (scope.has(name) || globals.has(name)) return
    if (!this.#roots.has(name)) throw new Refused(`reads ${name}, which is not defined; in scope: ${[...this.#roots].join(', ')}`)
    if (name === 'nodes') throw new Refused('must name a node: nodes.<id>.output')
    this.reads.push({ root: name, path: [], guarded: true })
  }

  #member(node: Syntax, scope: ReadonlySet<string>, depth: number): void {
    for (let x = node; x.type === 'MemberExpression'; x = strip(x.object)) {
      const key = keyOf(x)
      if (key !== undefined && noKeys.has(key)) throw new Refused(`reads ${key}, which is not available`)
    }
    const chain = chainOf(node)
    if (chain && !scope.has(chain.root) && this.#roots.has(chain.root)) {
      if (chain.root === 'nodes' && !chain.path.length) throw new Refused('must name a node, not compute it: nodes.<id>.output')
      this.reads.push(chain)
      for (let x = node; x.type === 'MemberExpression'; x = strip(x.object)) {
        this.#count++
        if (x.computed && x.property.type !== 'Literal') this.visit(x.property, scope, depth + 1)
      }
      return
    }
    this.visit(node.object, scope, depth + 1)
    if (node.computed) this.visit(node.property, scope, depth + 1)
  }

  /** Of parameters only default values and computed keys hold expressions. */
  #defaults(pattern: Syntax | null, scope: ReadonlySet<string>, depth: number): void {
    if (!pattern) return
    if (++this.#count > expressionLimits.syntaxNodes || depth > expressionLimits.depth) throw new Refused('is too large')
    if (pattern.type === 'AssignmentPattern') {
      this.#defaults(pattern.left, scope, depth + 1)
      this.visit(pattern.right, scope, depth + 1)
    } else if (pattern.type === 'RestElement') this.#defaults(pattern.argument, scope, depth + 1)
    else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) this.#defaults(element, scope, depth + 1)
    else if (pattern.type === 'ObjectPattern')
      for (const property of pattern.properties) {
        if (property.computed) this.visit(property.key, scope, depth + 1)
        this.#defaults(property.value ?? property, scope, depth + 1)
      }
  }
}

function bind(pattern: Syntax | null, into: Set<string>): void {
  if (!pattern) return
  if (pattern.type === 'Identifier') into.add(pattern.name)
  else if (pattern.type === 'AssignmentPattern') bind(pattern.left, into)
  else if (pattern.type === 'RestElement') bind(pattern.argument, into)
  else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) bind(element, into)
  else if (pattern.type === 'ObjectPattern') for (const property of pattern.properties) bind(property.value ?? property, into)
}
/** The key of a member as far as it is known. */
const keyOf = (member: Syntax): string | undefined => (!member.computed ? member.property.name : member.property.type === 'Literal' ? String(member.property.value) : undefined)

/** The static path of a member chain down to its root name; undefined when the root is no name. */
function chainOf(top: Syntax): Read | undefined {
  const path: string[] = []
  const optional: boolean[] = []
  for (let x = strip(top); ; x = strip(x.object)) {
    if (x.type === 'Identifier') return { root: x.name, path: path.reverse(), guarded: path.length === 1 || !!optional.at(-2) }
    if (x.type !== 'MemberExpression') return undefined
    optional.push(x.optional)
    const key = keyOf(x)
    if (key === undefined) path.length = 0 // a computed part hides what is above it; what is below is still known
    else path.push(key)
  }
}

function plainOf(top: Syntax): Plain | undefined {
  if (top.type === 'Literal' && !top.regex && typeof top.value !== 'bigint') return { value: top.value }
  if (top.type === 'UnaryExpression' && top.operator === '-' && typeof top.argument.value === 'number') return { value: -top.argument.value }
  if (top.type === 'Identifier') return globals.has(top.name) ? undefined : { path: [top.name], guarded: true }
  const isPath = (x: Syntax): boolean => x.type === 'Identifier' || (x.type === 'MemberExpression' && keyOf(x) !== undefined && isPath(strip(x.object)))
  const chain = top.type === 'MemberExpression' && isPath(top) ? chainOf(top) : undefined
  return chain && !globals.has(chain.root) ? { path: [chain.root, ...chain.path], guarded: chain.guarded } : undefined
}

export type TextPart = { text: string } | { expression: string; /** where it begins */ at: number }
/** The parts of a text such as `Order of ${{ trigger.total }}`. A `}}` inside an object literal does not end an expression. */
export function partsOf(text: string): { parts: TextPart[]; problem?: string } {
  const parts: TextPart[] = []
  if (text.length > expressionLimits.textCharacters) return { parts, problem: `is longer than ${expressionLimits.textCharacters} characters` }
  let count = 0
  for (let at = 0; ; ) {
    const from = text.indexOf('${{', at)
    if (from < 0) {
      if (at < text.length || !parts.length) parts.push({ text: text.slice(at) })
      return { parts }
    }
    const first = text.indexOf('}}', from + 3)
    if (first < 0) return { parts, problem: 'has ${{ without its }}' }
    if (++count > expressionLimits.expressionsInText) return { parts, problem: `holds more than ${expressionLimits.expressionsInText} expressions` }
    let end = first
    for (let close = first, tries = 0; close >= 0 && tries < 5 && close - from < expressionLimits.characters; close = text.indexOf('}}', close + 1), tries++)
      if (parses(text.slice(from + 3, close))) {
        end = close
        break
      }
    if (from > at) parts.push({ text: text.slice(at, from) })
    parts.push({ expression: text.slice(from + 3, end).trim(), at: from }) // when none parses, the shortest: checkExpression says what is wrong
    at = end + 2
  }
}
function parses(text: string): boolean {
  try {
    return !text.slice(parseExpressionAt(text, 0, options).end).trim()
  } catch {
    return false
  }
}
