// People, sign-in, sessions and tokens. `identity` is opened by app.ts, since the HTTP server asks it who a token stands for.
import { module } from '../../kernel/module.ts'
import { identityEvents } from './events.ts'
import type { Identity } from './identity.ts'
import { factorRoutes } from './factor-routes.ts'
import type { Front } from './page-forms.ts'
import { addPages } from './pages.ts'
import { identityRoutes } from './routes.ts'

export { identityEvents }
export { openIdentity, type Identity, type IdentitySettings } from './identity.ts'

export const identityModule = (identity: Identity, front: Front) =>
  module({
    name: 'identity', about: 'People, sign-in, sessions and the token issuer', routes: [...identityRoutes(identity), ...factorRoutes(identity)], permissions: { 'security.manage': 'admin' }, jobs: identity.jobs, events: identityEvents,
    meters: { users: { per: 'level', unit: 'count', about: 'Members, with whatever role.', added: ['member.added'], removed: ['member.removed'] } },
    mount: (app) => (identity.forms.meet(front), addPages(app, identity)),
  })
