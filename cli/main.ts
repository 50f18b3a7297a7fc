// The command line client as a process: arguments, environment and streams in, an exit code out.
import { runCommand } from './command.ts'
import { environment } from './config.ts'

const stopped = new AbortController()
process.once('SIGINT', () => stopped.abort())
process.stdout.on('error', () => process.exit(0)) // whoever read it has gone, as `head` does
process.exitCode = await runCommand(process.argv.slice(2), {
  env: environment, signal: stopped.signal, say: (text) => void process.stdout.write(`${text}\n`), warn: (text) => void process.stderr.write(`${text}\n`),
  readInput: async () => {
    let text = ''
    for await (const part of process.stdin) text += String(part)
    return text
  },
})
