// Bytes of the built console on the wire, against ceilings that are raised only by decision.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'

const dist = 'dist/console'
const kibibytes = { firstPage: 180, boardExtra: 115, editorExtra: 190, allScripts: 640, allStyles: 45 } // docs/decisions/0017-bytes-of-the-console.md
type Chunk = { file: string; imports?: string[]; css?: string[]; isEntry?: boolean }

const missing = existsSync(`${dist}/.vite/manifest.json`) ? false : 'dist/console is not built: run npm start once'
const wire = (file: string, ending = '.br') => (existsSync(`${dist}/${file}${ending}`) ? statSync(`${dist}/${file}${ending}`).size : statSync(`${dist}/${file}`).size)
const sum = (files: Iterable<string>, ending?: string) => [...files].reduce((total, file) => total + wire(file, ending), 0) / 1024

/** What the browser loads for an entry or a scene: its chunk, everything that imports statically, and their styles. */
function needed(manifest: Record<string, Chunk>, key: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[key]
  assert.ok(chunk, key)
  if (seen.has(chunk.file)) return seen
  for (const file of [chunk.file, ...(chunk.css ?? [])]) seen.add(file)
  for (const next of chunk.imports ?? []) needed(manifest, next, seen)
  return seen
}

test('the first page, the board, the editor and the whole console stay within their bytes', { skip: missing }, (t) => {
  const manifest = JSON.parse(readFileSync(`${dist}/.vite/manifest.json`, 'utf8')) as Record<string, Chunk>
  const entry = Object.keys(manifest).find((key) => manifest[key]!.isEntry)
  const board = Object.keys(manifest).find((key) => /scenes\/.*\/board\.tsx$/.test(key))
  const editor = Object.keys(manifest).find((key) => /scenes\/workflows\/editor\.tsx$/.test(key))
  assert.ok(entry && board && editor, 'the manifest has an entry, the board and the editor')
  const first = needed(manifest, entry)
  const paths = (pattern: string) => globSync(pattern, { cwd: dist })
  const measured = {
    firstPage: sum(first) + sum(['index.html']),
    boardExtra: sum([...needed(manifest, board)].filter((file) => !first.has(file))),
    editorExtra: sum([...needed(manifest, editor)].filter((file) => !first.has(file))),
    allScripts: sum(paths('assets/*.js')),
    allStyles: sum(paths('assets/*.css'), '.gz'),
  }
  for (const [name, size] of Object.entries(measured)) t.diagnostic(`${name} ${size.toFixed(1)} KiB of ${kibibytes[name as keyof typeof kibibytes]}`)
  for (const [name, size] of Object.entries(measured)) assert.ok(size > 0 && size <= kibibytes[name as keyof typeof kibibytes], `${name}: ${size.toFixed(1)} KiB`)
})
