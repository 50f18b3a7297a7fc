// The packages of Temporal's SDK and their exact versions, in one place: for the sentence that asks for them, for the bundle, and for CI, which runs this file as a
// program: npm install --no-save $(node packages.ts)

export const packages: readonly string[] = ['@temporalio/activity@1.24.0', '@temporalio/client@1.24.0', '@temporalio/worker@1.24.0', '@temporalio/workflow@1.24.0']
export const installLine = (): string => `npm install --no-save ${packages.join(' ')}`

if (process.argv[1] === import.meta.filename) process.stdout.write(`${packages.join(' ')}\n`)
