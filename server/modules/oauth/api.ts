// What other modules may use: a tenant's own scopes, which keys carry too; as gw_system, whether a client is still there.
export { findStandingClient, listScopePermissions } from './queries.ts'
