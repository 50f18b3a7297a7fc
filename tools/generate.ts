// npm run generate          writes every file that is made from the code
// npm run generate -- --check   compares instead, and fails where a committed file is not what the code says
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A file made from the code. `make` imports what it needs itself, so that one broken source does not hide the others. */
type Generated = { file: string; make: () => Promise<string> }

export const generated: readonly Generated[] = [
  { file: 'docs/settings.md', make: async () => (await import('../server/config.ts')).settingsDocument() },
  { file: '.env.example', make: async () => (await import('../server/config.ts')).envExample() },
  { file: 'docs/errors.md', make: async () => (await import('../server/kernel/openapi.ts')).errorsDocument() },
  { file: 'docs/openapi.json', make: async () => JSON.stringify(await openApi(), null, 1) },
  { file: 'docs/collection.json', make: async () => JSON.stringify((await import('./collection.ts')).collectionOf(await openApi() as never), null, 1) },
  { file: 'docs/events.md', make: async () => (await import('./events-document.ts')).eventsDocument((await import('../server/describe-app.ts')).describeApp().events) },
  { file: 'docs/workflow-nodes.md', make: async () => nodeTypes() },
  { file: 'server/migrations/schema.sql', make: async () => (await import('./schema-dump.ts')).dumpMigrated() },
  { file: 'client/shapes.ts', make: async () => (await client()).shapes },
  { file: 'client/operations.ts', make: async () => (await client()).operations },
  { file: 'client/paths.ts', make: async () => (await client()).paths },
]

/** The document that a running server gives at /api/openapi.json, but for its address. */
async function openApi(): Promise<object> {
  const { openApiOf } = await import('../server/kernel/openapi.ts')
  const { operations, permissions, modules } = (await import('../server/describe-app.ts')).describeApp()
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  return openApiOf(operations, permissions, { version, publicUrl: 'http://localhost:8080', modules })
}

const client = async () => (await import('./client-operations.ts')).makeClient(await openApi())

/** docs/workflow-nodes.md, with the operations of the API that workflows may use. */
async function nodeTypes(): Promise<string> {
  const { operations } = (await import('../server/describe-app.ts')).describeApp()
  const [{ createCatalogue }, { nodesDocument }] = await Promise.all([import('../server/modules/workflows/nodes/catalogue.ts'), import('../server/modules/workflows/nodes/document.ts')])
  const { readPresets } = await import('../server/modules/connections/presets.ts')
  return nodesDocument(createCatalogue(operations, readPresets()))
}

/** Makes every file, and writes it unless only a comparison is asked for. Answers the files that differed; one that cannot be made differs. */
export async function generate(compare: boolean): Promise<string[]> {
  const differing: string[] = []
  for (const { file, make } of generated) {
    const made = await make().then((text) => `${text.trimEnd()}\n`, (error: unknown) => {
      process.exitCode = 1
      console.error(`${file} cannot be made: ${String(error)}`)
    })
    if (made === undefined ? !compare : existsSync(file) && readFileSync(file, 'utf8') === made) continue
    differing.push(file)
    if (compare || made === undefined) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, made)
  }
  return differing
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const compare = process.argv.includes('--check')
  const differing = await generate(compare)
  for (const file of differing) console.log(`${compare ? 'stale' : 'wrote'}  ${file}`)
  if (compare && differing.length > 0) console.log('Run npm run generate and commit what it writes.')
  process.exit(compare && differing.length > 0 ? 1 : process.exitCode)
}
