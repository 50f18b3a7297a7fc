// What other modules may use. `Identity` is made once by app.ts and handed to the modules that need it; nothing here holds state.
// In SQL other modules join identity."user", member, organization and invitation under their own row security, for reading only.
export type { Identity } from './identity.ts'
export type { By, Invitation, Membership, SentInvitation, Tenant, Tenants } from './tenants.ts'
export { isSlug } from './slugs.ts'
