// npm run dev: the server, restarted when one of its files changes, and the console, built again when one of its does.
import { spawn } from 'node:child_process'

const node = process.execPath
const server = spawn(node, ['--watch', '--watch-preserve-output', 'server/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' })
const console_ = spawn(node, ['node_modules/.bin/vite', 'build', '--watch', '--config', 'console/vite.config.ts', '--logLevel', 'warn'], { stdio: 'inherit' })

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    server.kill('SIGTERM')
    console_.kill('SIGTERM')
  })
}
console_.once('exit', (code) => { if (code) console.error('The console is no longer built: start again once its fault above is mended.') })
server.once('exit', (code) => {
  console_.kill('SIGTERM')
  process.exitCode = code ?? 1
})
