// Which places of the console belong to a part of the product that may be switched off for a team.
import { useModules } from './reads.ts'

const places: [RegExp, string][] = [
  [/^\/projects(\/|$)/, 'projects'], [/^\/tasks(\/|$)/, 'tasks'], [/^\/reports(\/|$)/, 'reports'], [/^\/(workflows|runs|approvals)(\/|$)/, 'workflows'], [/^\/connections(\/|$)/, 'connections'],
  [/^\/webhooks(\/|$)/, 'webhooks'], [/^\/applications(\/|$)/, 'oauth'], [/^\/keys(\/|$)/, 'keys'], [/^\/issuers(\/|$)/, 'issuers'],
]

/** Whether a place, with its search or without, leads anywhere for the active team. */
export function usePlaces(): (to: string) => boolean {
  const on = useModules()
  return (to) => !places.some(([place, module]) => place.test(to.replace(/[?#].*$/, '')) && !on(module))
}
