// Clean-up in the reverse order of its announcement, as `defer` has it: the test runner's own hooks run in the order they were added.
import type { TestContext } from 'node:test'

const announced = new WeakMap<object, (() => unknown)[]>()

/** Runs after the test; what was announced last runs first. */
export function afterwards(t: Pick<TestContext, 'after'>, run: () => unknown): void {
  const known = announced.get(t)
  if (known) {
    known.push(run)
    return
  }
  const list = [run]
  announced.set(t, list)
  t.after(async () => {
    for (const each of list.splice(0).reverse()) await each() // spliced: the runner keeps every hook of every test to its end
  })
}
