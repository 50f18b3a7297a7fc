// What other modules may use: a tenant's own scopes, which keys carry too.
export { listScopePermissions } from './queries.ts'
