// The way to a Temporal server: client and worker of its SDK. The packages are large and not installed by default; they are loaded here alone, once the setting asks
// for them. What leaves for Temporal is sealed with the platform key: its server and whoever runs it see ids and times.
import fs from 'node:fs'
import path from 'node:path'
import type { Kernel } from '../../../../kernel/kernel.ts'
import { systemWho } from '../../../../kernel/readers.ts'
import type { Payload, PayloadCodec, TLSConfig } from '@temporalio/worker'
import { cancelRun } from '../control.ts'
import type { RunName, StepAsked } from './books.ts'
import { bundleFor } from './bundle.ts'
import { installLine } from './packages.ts'
import type { Connect, Connection, Work } from './temporal.ts'

/** As the settings say. The files are paths of PEM texts. */
export type TemporalServer = {
  /** host and port */
  address: string
  namespace: string
  apiKey?: string | undefined
  tls: boolean
  caFile?: string | undefined
  certFile?: string | undefined
  keyFile?: string | undefined
  taskQueue?: string | undefined
  /** the bundle for the sandbox is kept below it */
  dataFolder: string
  /** programs of runs kept in memory; 0 replays them at each task */
  cached?: number
}
type Sdk = { worker: typeof import('@temporalio/worker'); client: typeof import('@temporalio/client'); activity: typeof import('@temporalio/activity') }

const workflowType = 'interpret_v1'
const beatMs = 1000
const kept = 200
const binding = 'temporal/payload'
const sealed = 'binary/groundwork'

/** @throws a sentence with the line that installs what is missing */
export async function loadSdk(): Promise<Sdk> {
  try {
    const [worker, client, activity] = await Promise.all([import('@temporalio/worker'), import('@temporalio/client'), import('@temporalio/activity')])
    return { worker, client, activity }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error(`TEMPORAL_ADDRESS is set, and Temporal's packages are not installed: ${installLine()}`)
  }
}

/** Only those who hold the platform key read what Temporal keeps. */
export function sealingCodec(keys: Pick<Kernel['keys'], 'sealForPlatform' | 'openForPlatform'>): PayloadCodec {
  const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('utf8')
  return {
    encode: async (payloads) => payloads.map((p): Payload => ({ metadata: { encoding: Buffer.from(sealed) }, data: keys.sealForPlatform(`${text(p.metadata?.encoding)}\n${text(p.data)}`, binding) })),
    decode: async (payloads) => payloads.map((p): Payload => {
      if (text(p.metadata?.encoding) !== sealed) return p
      const opened = keys.openForPlatform(Buffer.from(p.data ?? []), binding)
      const end = opened.indexOf('\n')
      return { metadata: { encoding: Buffer.from(opened.slice(0, end)) }, data: Buffer.from(opened.slice(end + 1)) }
    }),
  }
}

/** @throws when a file cannot be read */
export function connectionOptions(o: TemporalServer): { address: string; tls?: true | TLSConfig; apiKey?: string } {
  const files: TLSConfig = {
    ...(o.caFile ? { serverRootCACertificate: fs.readFileSync(o.caFile) } : {}),
    ...(o.certFile && o.keyFile ? { clientCertPair: { crt: fs.readFileSync(o.certFile), key: fs.readFileSync(o.keyFile) } } : {}),
  }
  const tls = Object.keys(files).length ? files : o.tls || o.apiKey !== undefined ? true : undefined
  return { address: o.address, ...(tls ? { tls } : {}), ...(o.apiKey === undefined ? {} : { apiKey: o.apiKey }) }
}

/** @param sdk what loadSdk gave, so that a missing package is told at the start and not later */
export function temporalServer(o: TemporalServer, sdk: Sdk, kernel: Kernel): Connect {
  return async (work: Work): Promise<Connection> => {
    const { worker: { NativeConnection, Worker, Runtime, DefaultLogger }, client: { Client }, activity: { Context } } = sdk
    try {
      Runtime.install({ logger: new DefaultLogger('WARN', ({ message, meta }) => kernel.log.warn({ ...meta }, `Temporal: ${message}`)), shutdownSignals: [] })
    } catch { /* it is installed: another engine of this process did it */ }
    const bundle = await bundleFor(path.join(path.resolve(o.dataFolder), 'cache'))
    const connection = await NativeConnection.connect(connectionOptions(o))
    const dataConverter = { payloadCodecs: [sealingCodec(kernel.keys)] }
    const taskQueue = o.taskQueue ?? `groundwork-${work.installation}`
    const closing = new AbortController()
    const step = async (asked: StepAsked) => {
      const context = Context.current()
      const beat = setInterval(() => context.heartbeat(), beatMs)
      try {
        return await work.perform(asked, { tries: context.info.attempt, stopped: context.cancellationSignal, closing: closing.signal })
      } finally {
        clearInterval(beat)
      }
    }
    const cancel = async ({ tenant, run }: RunName) => void (await cancelRun(kernel.system.context({ ...systemWho('temporal'), tenant }), run))
    try {
      const client = new Client({ connection, namespace: o.namespace, dataConverter })
      const worker = await Worker.create({
        connection, namespace: o.namespace, taskQueue, workflowBundle: { codePath: bundle }, activities: { ...work.books, step, cancel }, dataConverter, maxCachedWorkflows: o.cached ?? kept,
        maxConcurrentActivityTaskExecutions: work.slots, stickyQueueScheduleToStartTimeout: '2 s', maxHeartbeatThrottleInterval: '1 s', shutdownGraceTime: '2500 ms', shutdownForceTime: '10 s',
      })
      const running = worker.run().catch((error: unknown) => work.warn(error, 'the worker of Temporal ended'))
      return {
        async tell({ tenant, run, begun }) {
          const start = { workflowId: run, taskQueue, args: [{ tenant, run }], workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const, workflowIdConflictPolicy: 'USE_EXISTING' as const }
          await (begun ? client.workflow.signalWithStart(workflowType, { ...start, signal: 'told', signalArgs: [] }) : client.workflow.start(workflowType, start))
        },
        async close() {
          const force = setTimeout(() => closing.abort(), 2500)
          if (worker.getState() === 'RUNNING') worker.shutdown()
          await running
          clearTimeout(force)
          await connection.close()
        },
      }
    } catch (error) {
      await connection.close().catch(() => {})
      throw error
    }
  }
}
