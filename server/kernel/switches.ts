// Which optional modules are off for a tenant. A module says that it is optional and what it needs; everything that works on its own (readers, jobs,
// steps of runs, addresses outside the API) asks here, and none of it knows of plans.
import type { Tx } from './db.ts'
import type { Doors } from './doors.ts'
import { platformId } from './ids.ts'
import type { Module } from './module.ts'

export type Declared = Pick<Module, 'name' | 'optional' | 'needs'>
export type Switches = {
  /** From memory but for the first question about a tenant; an event ends what is remembered. */
  isOn(tenant: string, module: string): boolean | Promise<boolean>
  /** By the tables where memory says so, which may be late: for what is passed over for good. */
  isOff(tenant: string, module: string): Promise<boolean>
  /** By the tables themselves, one at a time for a tenant: what is off is held, what is on goes on. @param also in the same transaction @returns what is off */
  settle(tenant: string, also?: (tx: Tx, off: ReadonlySet<string>) => Promise<unknown>): Promise<ReadonlySet<string>>
}
/** What answers once the product is put together. */
export type SwitchBoard = Switches & { answerBy(by: { doors: Pick<Doors, 'stateOf' | 'stateNow'>; settle: Switches['settle'] }): void }

/** The optional modules that are off: those that are switched off, and with each what needs it. @param chosen module -> false */
export function offOf(declared: readonly Declared[], chosen: Readonly<Record<string, boolean>>): Set<string> {
  const optional = declared.filter((m) => m.optional)
  const off = new Set(optional.flatMap(({ name }) => (chosen[name] === false ? [name] : [])))
  for (let before = -1; before !== off.size; ) {
    before = off.size
    for (const { name, needs = [] } of optional) if (needs.some((other) => off.has(other))) off.add(name)
  }
  return off
}

/** Everything is on until somebody answers: a kernel alone has no plans. */
export function createSwitches(): SwitchBoard {
  let by: Parameters<SwitchBoard['answerBy']>[0] | undefined
  return {
    answerBy: (answers) => void (by = answers),
    isOn(tenant, module) {
      if (!by || tenant === platformId) return true
      const state = by.doors.stateOf(tenant)
      return state instanceof Promise ? state.then(({ off }) => !off.has(module)) : !state.off.has(module)
    },
    async isOff(tenant, module) {
      return !(await this.isOn(tenant, module)) && (await by!.doors.stateNow(tenant)).off.has(module)
    },
    settle: async (tenant, also) => by?.settle(tenant, also) ?? new Set<string>(),
  }
}

/** What a module brings, each piece with the name of the module where that is optional and the piece itself says nothing else. */
export const marked = <T extends object>(modules: readonly Module[], pieces: (m: Module) => readonly T[] | undefined): (T & { feature?: string | undefined })[] =>
  modules.flatMap((m) => (pieces(m) ?? []).map((piece) => (m.optional ? { feature: m.name, ...piece } : piece)))
