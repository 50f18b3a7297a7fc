// What files are called and how long they get: the tree shows its architecture to somebody who only runs ls.
import { isCode, rule } from './tree.ts'

const papers = /^(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG)\.md$|^LICENSE$|(^|\/)Dockerfile$/

rule('files and folders are kebab-case', (tree) => [...tree.keys()].filter((file) => !papers.test(file)
  && !file.split('/').every((part) => /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part))), [
  { 'server/kernel/openApi.ts': '' }, { 'console/Board.tsx': '' }, { 'docs/How To.md': '' }, { 'server/kernel/log_lines.ts': '' },
])

rule('no file is a drawer: code is split by noun', (tree) => [...tree.keys()].filter((file) =>
  /(^|\/)(utils?|helpers?|types|constants|common|misc|shared)(\/|\.(ts|tsx|mjs|js)$)/.test(file)), [
  { 'server/kernel/utils.ts': '' }, { 'console/helpers/date.ts': '' }, { 'server/modules/tasks/types.ts': '' },
])

const most = 700
rule(`no code file is longer than ${most} lines`, (tree) => [...tree].filter(([file, text]) => isCode(file) && text.split('\n').length > most).map(([file]) => file), [
  { 'server/kernel/db.ts': '\n'.repeat(most) },
])

rule('at most 22 entries at the root', (tree) => {
  const entries = new Set([...tree.keys()].map((file) => file.split('/')[0]))
  return entries.size > 22 ? [[...entries].join(' ')] : []
}, [Object.fromEntries(Array.from({ length: 23 }, (_, n) => [`file-${n}.md`, '']))])

rule('a module folder has a module.ts and nothing but TypeScript; data stands in presets/', (tree) => {
  const folders = new Set([...tree.keys()].flatMap((file) => file.match(/^server\/modules\/[^/]+\//)?.[0] ?? []))
  return [
    ...[...folders].filter((folder) => !tree.has(`${folder}module.ts`)).map((folder) => `${folder}module.ts is missing`),
    ...[...tree.keys()].filter((file) => file.startsWith('server/modules/') && !file.endsWith('.ts') && !/\/presets\/[a-z0-9-]+\.json$/.test(file)),
  ]
}, [{ 'server/modules/tasks/service.ts': '' }, { 'server/modules/tasks/module.ts': '', 'server/modules/tasks/note.md': '' }])
