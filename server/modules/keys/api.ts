// What other modules may use: whether a key still stands. As gw_system.
export { findStandingKey } from './queries.ts'
