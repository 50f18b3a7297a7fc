// Provisioning by a customer's directory: SCIM 2.0. What reads filters and patches is loaded with the first request's module graph; it has no library.
import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import type { Identity } from '../identity/api.ts'
import { addScim } from './endpoints.ts'
import { scimEvents } from './events.ts'
import { createGroups } from './groups.ts'
import { scimRoutes } from './routes.ts'
import { createTokens } from './tokens.ts'
import { createUsers } from './users.ts'

export { scimEvents }
export function createScim({ kernel, identity, limits }: { kernel: Kernel; identity: Identity; limits: boolean }) {
  const base = `${kernel.publicUrl}/scim/v2`
  const [users, groups] = [createUsers({ identity, base }), createGroups({ identity, base })]
  return module({
    name: 'scim', optional: { title: 'Provisioning', gives: 'People and groups kept by the team\'s own directory, over SCIM 2.0.' }, about: 'Provisioning of people and groups by a customer\'s directory (SCIM 2.0)', routes: scimRoutes(createTokens(base)), events: scimEvents, mount: (app) => addScim(app, { kernel, users, groups, base, limits }),
  })
}
