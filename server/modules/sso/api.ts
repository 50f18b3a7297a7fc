// What other modules may use.
/** The highest role that a person's groups stand for, by the mapping of a provider. */
export { roleOfGroups } from './providers.ts'
