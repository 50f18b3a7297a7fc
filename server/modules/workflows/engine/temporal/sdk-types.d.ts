// As much of Temporal's packages as is used here: they are not installed by default, and the types must hold without them.
declare module '@temporalio/workflow' {
  type Retry = { initialInterval?: number | string; backoffCoefficient?: number; maximumInterval?: number | string; maximumAttempts?: number }
  export function proxyActivities<T>(o: { startToCloseTimeout: number | string; heartbeatTimeout?: number | string; retry?: Retry }): T
  export function proxyLocalActivities<T>(o: { startToCloseTimeout: number | string; localRetryThreshold?: number | string; retry?: Retry }): T
  export function condition(holds: () => boolean, ms: number): Promise<boolean>
  export function condition(holds: () => boolean): Promise<void>
  export function defineSignal(name: string): { readonly name: string }
  export function setHandler(signal: { readonly name: string }, handle: () => void): void
  export function workflowInfo(): { historyLength: number; historySize: number }
  export function continueAsNew<F extends (...args: never[]) => unknown>(...args: Parameters<F>): Promise<never>
  export class CancellationScope {
    constructor(o: { cancellable: boolean })
    static current(): CancellationScope
    static nonCancellable<T>(f: () => Promise<T>): Promise<T>
    readonly cancelRequested: Promise<never>
    run<T>(f: () => Promise<T>): Promise<T>
    cancel(): void
  }
  export class ApplicationFailure extends Error {
    static nonRetryable(message: string, type?: string): ApplicationFailure
  }
  export const AsyncLocalStorage: new <T>() => { run<R>(value: T, f: () => R): R; getStore(): T | undefined }
}

declare module '@temporalio/activity' {
  export class Context {
    static current(): Context
    readonly info: { attempt: number }
    readonly cancellationSignal: AbortSignal
    heartbeat(): void
  }
}

declare module '@temporalio/worker' {
  export type Payload = { metadata?: Record<string, Uint8Array> | null; data?: Uint8Array | null }
  export type PayloadCodec = { encode(payloads: Payload[]): Promise<Payload[]>; decode(payloads: Payload[]): Promise<Payload[]> }
  export type TLSConfig = { serverNameOverride?: string; serverRootCACertificate?: Uint8Array; clientCertPair?: { crt: Uint8Array; key: Uint8Array } }
  export class NativeConnection {
    static connect(o: { address: string; tls?: boolean | TLSConfig; apiKey?: string }): Promise<NativeConnection>
    close(): Promise<void>
  }
  export type WorkerOptions = {
    connection: NativeConnection
    namespace: string
    taskQueue: string
    workflowBundle: { codePath: string } | { code: string }
    activities: object
    dataConverter?: { payloadCodecs: PayloadCodec[] }
    maxCachedWorkflows?: number
    maxConcurrentActivityTaskExecutions?: number
    stickyQueueScheduleToStartTimeout?: string
    maxHeartbeatThrottleInterval?: string
    shutdownGraceTime?: string
    shutdownForceTime?: string
  }
  export class Worker {
    static create(o: WorkerOptions): Promise<Worker>
    static runReplayHistory(o: { workflowBundle: { codePath: string }; dataConverter?: { payloadCodecs: PayloadCodec[] } }, history: unknown, workflowId?: string): Promise<void>
    run(): Promise<void>
    shutdown(): void
    getState(): string
  }
  export class DefaultLogger {
    constructor(level: string, log?: (entry: { level: string; message: string; meta?: object }) => void)
  }
  export const Runtime: { install(o: { logger: DefaultLogger; shutdownSignals: string[] }): unknown }
  export function bundleWorkflowCode(o: { workflowsPath: string; logger?: DefaultLogger }): Promise<{ code: string }>
}

declare module '@temporalio/client' {
  type Start = { workflowId: string; taskQueue: string; args: unknown[]; workflowIdReusePolicy: 'ALLOW_DUPLICATE'; workflowIdConflictPolicy: 'USE_EXISTING' }
  export type WorkflowHandle = { cancel(): Promise<unknown>; terminate(reason?: string): Promise<unknown>; fetchHistory(): Promise<{ events?: { workflowExecutionContinuedAsNewEventAttributes?: { newExecutionRunId?: string | null } | null }[] }>; describe(): Promise<{ status: { name: string }; runId: string; historyLength: number }> }
  export class Client {
    constructor(o: { connection: object; namespace: string; dataConverter?: object })
    readonly workflow: {
      start(type: string, o: Start): Promise<{ firstExecutionRunId: string }>
      signalWithStart(type: string, o: Start & { signal: string; signalArgs: unknown[] }): Promise<unknown>
      getHandle(workflowId: string, runId?: string): WorkflowHandle
      list(o?: { query?: string }): AsyncIterable<{ workflowId: string; runId: string; status: { name: string } }>
    }
  }
}
