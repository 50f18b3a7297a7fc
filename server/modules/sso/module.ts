// Single sign-on: providers of tenants (OpenID Connect, SAML), tickets to set one up, and the installation's own providers (Google, GitHub ...).
import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import type { Dns } from '../../kernel/ports.ts'
import type { Identity } from '../identity/api.ts'
import { createDomains, type TenantDoors } from '../tenancy/api.ts'
import { ssoEvents } from './events.ts'
import { createFlow } from './flow.ts'
import { createLinks } from './links.ts'
import { addSsoPages } from './pages.ts'
import { createProviders } from './providers.ts'
import { listEnabled } from './queries.ts'
import { ssoRoutes } from './routes.ts'
import { socialProviders, type SocialProvider, type SocialSettings } from './social.ts'
import { createTicketPages } from './ticket-pages.ts'
import { createTickets } from './tickets.ts'

export { ssoEvents }

export type SsoParts = { kernel: Kernel; identity: Identity; doors: TenantDoors; dns: Dns; settings: SocialSettings; /** instead of those the settings name */ social?: readonly SocialProvider[] }

export function createSso({ kernel, identity, doors, dns, settings, social = socialProviders(settings) }: SsoParts) {
  const providers = createProviders({ kernel, identity })
  const tickets = createTickets({ kernel, identity })
  const flow = createFlow({ kernel, identity, providers, social })
  const pages = createTicketPages({ identity, tickets, providers, domains: createDomains({ kernel, doors, dns }) })
  identity.security.askForSso({
    isOn: (tenant) => kernel.switches.isOn(tenant, 'sso'),
    works: async (tenant) => (await kernel.switches.isOn(tenant, 'sso')) && (await kernel.system.context({ tenant, actor: { type: 'system', id: null }, request: 'security' }).read(listEnabled(tenant)))[0].length > 0,
  })
  identity.offers.push(...social.map(({ id, name }) => ({ href: `/login/with/${id}`, label: `Continue with ${name}` })), { href: '/login/sso', label: 'Single sign-on' })
  return module({
    name: 'sso', optional: { title: 'Single sign-on', gives: 'Sign-in by the team\'s own provider, over OpenID Connect or SAML. While it is off nobody is asked for it.' }, about: 'Single sign-on by OpenID Connect and SAML, set-up links for a customer\'s IT, sign-in by Google, GitHub, Discord, Microsoft and any other', routes: ssoRoutes(providers, tickets, createLinks(identity, flow)), events: ssoEvents,
    async mount(app) {
      await app.register(async (inside) => {
        inside.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 400_000 }, (_req, text, done) => done(null, Object.fromEntries(new URLSearchParams(text as string))))
        addSsoPages(inside, { flow, providers, identity, tickets: pages })
        pages.mount(inside)
      })
    },
  })
}
