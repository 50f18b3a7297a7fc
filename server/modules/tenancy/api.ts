// What other modules may use. In SQL they may join `domains` where status = 'verified': such a name is proved to be its tenant's.
export { canonicalHost, isDomain, withParents } from './hosts.ts'
export { createDomains } from './domains.ts'
export type { TenantDoors } from './doors.ts'
/** As gw_system or gw_identity: whose proved domain this name is. */
export { findDomainHolder } from './queries.ts'
