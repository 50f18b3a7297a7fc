// What is bundled for Temporal's sandbox: the program of a run over Temporal's own activities, timers and signals. A change to what the program asks for, or
// in which order, is a new workflow type beside this one, which stays until its last run has ended: histories are replayed.
import * as wf from '@temporalio/workflow'
import type { Books, Host, RunName, StepAnswer, StepAsked } from './books.ts'
import { runProgram, type Ended } from './program.ts'

/** Killed workers that one attempt of a step survives. */
const crashes = 10
const patient = { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' }
const told = wf.defineSignal('told')
const books = wf.proxyLocalActivities<Books & { cancel(at: RunName): Promise<void> }>({ startToCloseTimeout: '1 minute', localRetryThreshold: '1 minute', retry: patient })

function openHost(): Host {
  const shielded = new wf.AsyncLocalStorage<true>()
  return {
    now: () => Date.now(),
    until: async (holds, ms) => (ms === undefined ? (await wf.condition(holds), true) : wf.condition(holds, ms)),
    books, shielded,
    step(asked: StepAsked) {
      const scope = new wf.CancellationScope({ cancellable: true })
      const { step } = wf.proxyActivities<{ step(asked: StepAsked): Promise<StepAnswer> }>({
        startToCloseTimeout: asked.call.timeoutMs + 60_000, // the step runner keeps the step's own time; recording may wait for our database
        heartbeatTimeout: '5 s', // a killed worker is noticed after this
        retry: { ...patient, maximumAttempts: 1 + crashes }, // a failed step does not fail its activity: only killed workers and closing ones spend these
      })
      return { answer: scope.run(() => step(asked)), stop: () => scope.cancel() }
    },
    history: () => ({ events: wf.workflowInfo().historyLength, bytes: wf.workflowInfo().historySize }),
  }
}

export async function interpret_v1(at: RunName): Promise<Ended | 'gone'> {
  let woken = 0
  wf.setHandler(told, () => void woken++)
  // a cancellation in Temporal's own page becomes one of ours
  wf.CancellationScope.current().cancelRequested.catch(() => wf.CancellationScope.nonCancellable(() => books.cancel(at))).catch(() => {})
  const outcome = await wf.CancellationScope.nonCancellable(() => runProgram(openHost(), at, () => woken))
  if (outcome.is === 'again') return wf.continueAsNew<typeof interpret_v1>(at)
  if (outcome.is === 'gone') return 'gone'
  if (outcome.how.status === 'failed') throw wf.ApplicationFailure.nonRetryable(`the run failed: ${outcome.how.code}`, outcome.how.code)
  return outcome.how
}
