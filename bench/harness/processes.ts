// What processes cost, read from /proc: processor time, and memory as the proportional set size, which counts a shared page once.
import fs from 'node:fs'
import path from 'node:path'
import { livingProcesses } from '../../server/adapters/embedded/cluster.ts'

const ticks = 100 // USER_HZ of every Linux that Node runs on
const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return '' // ended meanwhile
  }
}

/** Seconds of processor time of a process, all its threads, and the children it has reaped. */
export function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')
  return fields.length < 15 ? 0 : fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / ticks
}
const pssOf = (pid: number): number => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024

/** A server and its database. */
export type Processes = { server: number; cluster: string }
export type Cpu = { server: number; database: number }

export const cpu = ({ server, cluster }: Processes): Cpu => ({ server: cpuOf(server), database: livingProcesses(cluster).reduce((sum, pid) => sum + cpuOf(pid), 0) })
export const cpuSince = (now: Cpu, before: Cpu): Cpu => ({ server: now.server - before.server, database: now.database - before.database })
/** In MB. */
export const memory = ({ server, cluster }: Processes): Cpu => ({ server: pssOf(server), database: livingProcesses(cluster).reduce((sum, pid) => sum + pssOf(pid), 0) })

/** Bytes of all files below a folder, in MB; links are not followed. */
export function folderSize(folder: string): number {
  let bytes = 0
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) if (entry.isFile()) bytes += fs.lstatSync(path.join(entry.parentPath, entry.name)).size
  return bytes / 2 ** 20
}
