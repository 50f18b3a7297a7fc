// The set-up page behind a ticket, without script: protocol, the provider's values, domain, a sign-in to try, enable. It shows what stands and what is
// next, so it can be left and come back to.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/errors.ts'
import type { Context } from '../../kernel/db.ts'
import { formOf, html, type Fault, type Field, type Html, type Identity, type Page } from '../identity/api.ts'
import type { createDomains } from '../tenancy/api.ts'
import type { Trial } from './flow.ts'
import type { Providers } from './providers.ts'
import type { NewProviderBody, ProviderView } from './schema.ts'
import type { Setup, Tickets } from './tickets.ts'

type Domains = ReturnType<typeof createDomains>
export type TicketPages = ReturnType<typeof createTicketPages>
const at = '/login/setup/step'

export function createTicketPages({ identity, tickets, providers, domains }: { identity: Identity; tickets: Tickets; providers: Providers; domains: Pick<Domains, 'add' | 'list' | 'verify'> }) {
  const { go, formToken, answer, brandOf, valueOf, cookiesOf } = identity.forms
  /** In the colours of the team that asks. */
  const show = async (reply: FastifyReply, page: Page, status = 200, tenant?: string) => {
    const brand = tenant && (await brandOf(tenant))
    return identity.forms.show(reply, brand ? { ...page, brand } : page, status)
  }
  const { cookies } = identity
  const setupOf = (req: FastifyRequest) => tickets.setupOf(req.id, cookiesOf(req)[cookies.names.setup] ?? '')
  const failed = (reply: FastifyReply, fault: Fault, status: number) => show(reply, { title: 'The link does not work', body: html`<p class="banner" role="alert">${fault.message}</p>` }, status)
  async function providerOf(ctx: Context, id: string): Promise<ProviderView | undefined> {
    return providers.get(ctx, id).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'sso_provider.not_found') return undefined
      throw error
    })
  }
  const facts = (pairs: [string, string][]) => html`<dl class="facts">${pairs.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl>`
  const button = (form: string, action: string, verb: string, hidden: Record<string, string> = {}, quiet = false) => formOf({ action, verb, quiet, hidden: { form, ...hidden }, fields: [] })

  const protocolPage = (reply: FastifyReply, setup: Setup) =>
    show(reply, {
      title: 'Set up single sign-on', lead: 'Step 1 of 5: which protocol does your identity provider speak?',
      body: html`<nav class="offers first" aria-label="Protocol"><a href="${at}?protocol=oidc">OpenID Connect</a><a href="${at}?protocol=saml">SAML 2.0</a></nav>`, foot: html`Most providers speak both; OpenID Connect is simpler.`,
    }, 200, setup.tenant)
  function valuesPage(req: FastifyRequest, reply: FastifyReply, setup: Setup, protocol: string, typed: Record<string, string>, fault?: Fault, status = 200) {
    const { redirectUri, acsUrl, entityId, metadataUrl } = providers.addressesOf(setup.provider)
    const field = (name: string, label: string, more: Partial<Field> = {}): Field => ({ name, label, type: 'text', complete: 'off', value: typed[name] ?? '', ...more })
    const oidc: Field[] = [field('issuer', 'Issuer', { hint: 'Such as https://login.example.com/tenant' }), field('clientId', 'Client id'), field('clientSecret', 'Client secret', { type: 'password', value: '' })]
    const saml: Field[] = [field('metadata', 'Metadata of your provider', { type: 'area', hint: 'The XML, as your provider offers it for download.' })]
    return show(reply, {
      title: protocol === 'oidc' ? 'OpenID Connect' : 'SAML 2.0', lead: 'Step 2 of 5: make an application at your provider with these values, then type what it gives you.',
      body: html`${facts(protocol === 'oidc' ? [['Redirect URI', redirectUri], ['Grant', 'Authorization code with PKCE']] : [['ACS URL', acsUrl], ['Entity ID', entityId], ['Our metadata', metadataUrl]])}
${formOf({ action: '/login/setup/provider', verb: 'Keep', hidden: { form: formToken(req, reply), protocol }, fields: protocol === 'oidc' ? oidc : saml, fault })}`,
      foot: html`<a href="${at}">Another protocol</a>`,
    }, status, setup.tenant)
  }
  async function checklist(req: FastifyRequest, reply: FastifyReply, setup: Setup, ctx: Context, provider: ProviderView, fault?: Fault, status = 200) {
    const form = formToken(req, reply)
    const { items } = await domains.list(ctx, { limit: 20 })
    const proven = items.some((d) => d.status === 'verified')
    const domainForm = formOf({ action: '/login/setup/domain', verb: 'Add the domain', quiet: items.length > 0, hidden: { form }, fault: fault?.field === 'name' ? fault : undefined, fields: [{ name: 'name', label: 'Mail domain', type: 'text', complete: 'off', hint: 'Only people with addresses of a proven domain are signed in.' }] })
    const step = (n: number, title: string, done: boolean, body: Html) => html`<section class="step"><h2>${title} <span class="state">${done ? 'done' : `step ${n} of 5`}</span></h2>${body}</section>`
    return show(reply, {
      title: provider.status === 'enabled' ? 'Single sign-on works' : 'Set up single sign-on', lead: `${provider.name}: ${provider.protocol === 'oidc' ? provider.oidc!.issuer : provider.saml!.entityId}`,
      body: html`${fault && fault.field !== 'name' && html`<p class="banner" role="alert">${fault.message}</p>`}
${step(3, 'Domain', proven, html`${items.map((d) => html`<div class="card"><p><strong>${d.name}</strong> ${d.status === 'verified' ? 'is proven' : 'is not proven yet'}</p>${d.status !== 'verified' && html`${facts([['TXT record', d.record.name], ['Value', d.record.value]])}${d.problem !== null && html`<p class="hint">${d.problem}</p>`}${button(form, '/login/setup/verify', 'Look it up now', { domain: d.id })}`}</div>`)}${domainForm}`)}
${step(4, 'Try a sign-in', provider.testedAt !== null, html`${provider.problem !== null && html`<p class="banner" role="alert">${provider.problem}</p>`}<p class="hint">Nobody is signed in by it; it only shows what a sign-in would bring.</p>${button(form, '/login/setup/test', 'Try a sign-in', {}, !proven || provider.testedAt !== null)}`)}
${step(5, 'Enable', provider.status === 'enabled', provider.status === 'enabled' ? html`<p class="notice" role="status">People of your domain sign in at the sign-in page with their work address.</p>` : button(form, '/login/setup/enable', 'Enable', {}, !proven || provider.testedAt === null))}`,
    }, status, setup.tenant)
  }
  async function stepPage(req: FastifyRequest, reply: FastifyReply, setup: Setup, fault?: Fault, status = 200) {
    const ctx = tickets.asIssuer(setup, req.id)
    const provider = await providerOf(ctx, setup.provider)
    if (provider) return checklist(req, reply, setup, ctx, provider, fault, status)
    const protocol = valueOf(req.query, 'protocol') || valueOf(req.body, 'protocol')
    return /^(oidc|saml)$/.test(protocol) ? valuesPage(req, reply, setup, protocol, {}) : protocolPage(reply, setup)
  }
  /** A step that a form asks for; refused: the page again with the reason, and nothing is burnt. */
  const step = (req: FastifyRequest, reply: FastifyReply, name: string, work: (ctx: Context, setup: Setup) => Promise<unknown>, again?: (setup: Setup, fault: Fault, status: number) => unknown) =>
    answer(req, reply, async (fault, status) => {
      const setup = await setupOf(req).catch(() => undefined)
      if (!setup) return failed(reply, fault, status)
      return again ? again(setup, fault, status) : stepPage(req, reply, setup, fault, status)
    }, async () => {
      const setup = await setupOf(req)
      const to = await work(tickets.asIssuer(setup, req.id), setup)
      if (name) await tickets.happened(setup, req.id, 'sso-ticket.step-taken', { step: name })
      return go(reply, typeof to === 'string' ? to : at)
    })

  return {
    /** Where a trial of a set-up ends. */
    async back(req: FastifyRequest, trial: Trial): Promise<string> {
      const setup = await setupOf(req)
      await tickets.happened(setup, req.id, 'sso-ticket.step-taken', { step: trial.problem ? 'test refused' : 'test passed', providerId: trial.provider.id })
      return at
    },
    mount(app: FastifyInstance): void {
      app.get('/login/setup', (req, reply) => {
        const token = valueOf(req.query, 'ticket')
        return answer(req, reply, (fault, status) => failed(reply, fault, status), async () => {
          const ticket = await tickets.look(req.id, token)
          const tenant = await identity.tenants.find(ticket.tenantId)
          return show(reply, {
            title: 'Set up single sign-on', lead: `${tenant?.name ?? 'A team'} asks you to connect your identity provider.`,
            body: html`<p class="hint">The link opens once, in this browser, and works until ${ticket.expiresAt.slice(0, 16).replace('T', ' ')} UTC. You can leave and come back.</p>${button(formToken(req, reply), '/login/setup', 'Start', { ticket: token })}`,
          }, 200, ticket.tenantId)
        }, { form: false })
      })
      app.post('/login/setup', (req, reply) => answer(req, reply, (fault, status) => failed(reply, fault, status), async () => {
        reply.header('set-cookie', cookies.setup(await tickets.open(req.id, valueOf(req.body, 'ticket'))))
        return go(reply, at)
      }))
      app.get(at, (req, reply) => answer(req, reply, (fault, status) => failed(reply, fault, status), async () => stepPage(req, reply, await setupOf(req)), { form: false }))
      app.post('/login/setup/provider', (req, reply) => {
        const typed = (name: string) => String((req.body as Record<string, unknown> | null)?.[name] ?? '').trim()
        const protocol = typed('protocol') === 'saml' ? ('saml' as const) : ('oidc' as const)
        const given: NewProviderBody = protocol === 'oidc'
          ? { protocol, name: 'OpenID Connect', oidc: { issuer: typed('issuer'), clientId: typed('clientId'), clientSecret: typed('clientSecret') || null } }
          : { protocol, name: 'SAML', saml: { metadata: typed('metadata') } }
        return step(req, reply, '', async (ctx, setup) => {
          await providers.create(ctx, given, setup.provider)
          await tickets.bind(setup, req.id)
        }, (setup, fault, status) => valuesPage(req, reply, setup, protocol, { issuer: typed('issuer'), clientId: typed('clientId'), metadata: typed('metadata') }, { ...fault, field: fault.field?.split('/').at(-1) }, status))
      })
      app.post('/login/setup/domain', (req, reply) => step(req, reply, 'domain added', (ctx) => domains.add(ctx, valueOf(req.body, 'name'))))
      app.post('/login/setup/verify', (req, reply) => step(req, reply, 'domain looked up', (ctx) => domains.verify(ctx, valueOf(req.body, 'domain'))))
      app.post('/login/setup/test', (req, reply) => answer(req, reply, async (fault, status) => failed(reply, fault, status), async () => {
        const setup = await setupOf(req)
        const test = await providers.test(tickets.asIssuer(setup, req.id), setup.provider, setup.ticket)
        if (test.problem) return stepPage(req, reply, setup, { message: `Your provider cannot be asked: ${test.problem}.` }, 422)
        const to = new URL(test.signInUrl)
        return show(reply, { title: 'One moment', lead: 'Going on to your provider.', refresh: to.pathname, body: html`<p class="hint">If nothing happens: <a href="${to.pathname}">continue</a>.</p>` })
      }))
      app.post('/login/setup/enable', (req, reply) => step(req, reply, 'enabled', (ctx, setup) => providers.enable(ctx, setup.provider)))
    },
  }
}
