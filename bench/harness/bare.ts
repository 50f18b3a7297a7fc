// Starts the bare server as a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Processes } from './processes.ts'

export type Bare = { port: number; project: string; /** empty ones */ projects: readonly string[]; ids: readonly string[]; processes: Processes; stop(): Promise<void> }

/** @param tasks how many its one project has */
export async function startBare(tasks: number): Promise<Bare> {
  const child = fork(path.join(import.meta.dirname, 'bare-server.ts'), [String(tasks)], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const started = await Promise.race([once(child, 'message'), ended.then(() => Promise.reject(new Error('the bare server ended while starting')))])
  const { port, cluster, project, projects, ids } = started[0] as { port: number; cluster: string; project: string; projects: string[]; ids: string[] }
  return {
    port, project, projects, ids, processes: { server: child.pid!, cluster },
    async stop() {
      child.disconnect()
      await ended
    },
  }
}
