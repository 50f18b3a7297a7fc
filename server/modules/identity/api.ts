// What other modules may use. `Identity` is made once by app.ts and handed to the modules that need it; nothing here holds state.
// In SQL other modules join identity."user", member, organization and invitation under their own row security, for reading only.
export type { Identity } from './identity.ts'
export { formOf, type Field, type Html } from './page-html.ts'
export { localPath, type Fault } from './page-forms.ts'
export type { Started } from './sign-in.ts'
export type { By, Invitation, Membership, SentInvitation, Tenant, Tenants } from './tenants.ts'
export { isSlug } from './slugs.ts'
export { accessTokenSeconds, apiScopes, builtInScopes, commonOptions, ownClientProperties, personScopes } from './issuer-options.ts'
export { openArtifacts } from './artifacts.ts'
export { formTargetOf } from './issuer-pages.ts'
export { graceMs } from './issuer.ts'
export { html, pageOf, type Page, type PageBrand } from './page-html.ts'
export { caller, inTransaction, type StampingPool } from './pool.ts'
