// Where browsers leave for a provider and come back: plain pages without script. Leaving after a form is a page that goes on by itself, since the
// content policy lets forms lead nowhere else.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formOf, html, localPath, type Fault, type Identity } from '../identity/api.ts'
import type { Arrived, Flow, Handed } from './flow.ts'
import type { Providers } from './providers.ts'
import { samlMetadata } from './saml.ts'
import type { TicketPages } from './ticket-pages.ts'

export function addSsoPages(app: FastifyInstance, { flow, providers, identity, tickets }: { flow: Flow; providers: Providers; identity: Identity; tickets: TicketPages }): void {
  const { show, go, leave, formToken, answer, guarded, codePage, letIn, callerOf, valueOf } = identity.forms
  const { handOver } = identity
  const { settingOf, browserOf } = handOver
  const idOf = (req: FastifyRequest) => (req.params as { id: string }).id
  async function arrive(req: FastifyRequest, reply: FastifyReply, arrived: Arrived) {
    if (arrived.kind === 'challenge') return codePage(req, reply, arrived.next, arrived.challenge)
    if (arrived.kind === 'session') return letIn(req, reply, arrived.next, arrived.started)
    if (arrived.kind === 'linked') return go(reply, arrived.next)
    if (arrived.kind === 'elsewhere') return go(reply, arrived.to)
    const { trial } = arrived
    if (trial.ticket) return go(reply, await tickets.back(req, trial))
    return show(reply, {
      title: trial.problem ? 'The test did not pass' : 'The test passed', lead: trial.problem ? 'The provider answered, but nobody could be signed in.' : 'Nobody was signed in. This is what a sign-in would bring.',
      body: html`${trial.problem !== null && html`<p class="banner" role="alert">${trial.problem}</p>`}<dl class="facts"><dt>Address</dt><dd>${trial.email ?? 'none'}</dd><dt>Name</dt><dd>${trial.name || 'none'}</dd><dt>Groups</dt><dd>${trial.groups.join(', ') || 'none'}</dd><dt>Role</dt><dd>${trial.role}</dd></dl>`,
      foot: html`<a href="/security">Back to security</a>`,
    })
  }
  const ssoPage = (req: FastifyRequest, reply: FastifyReply, next: string, address: string, fault?: Fault, status = 200) =>
    show(reply, {
      title: 'Single sign-on', lead: 'Your address says where you sign in.', foot: html`<a href="/login">Sign in with a password</a>`,
      body: formOf({ action: '/login/sso', verb: 'Continue', hidden: { form: formToken(req, reply), next }, fault, fields: [{ name: 'email', label: 'Work email', type: 'email', complete: 'username', value: address }] }),
    }, status)

  app.get('/login/with/:id', (req, reply) => guarded(req, reply, async () => go(reply, await flow.toSocial(req.id, idOf(req), localPath(valueOf(req.query, 'next')), await settingOf(req, reply)))))
  app.get('/login/link/:id', (req, reply) => guarded(req, reply, async () => go(reply, await flow.toLink(req.id, idOf(req), await settingOf(req, reply), req.headers.cookie ?? ''))))
  app.get('/login/sso', (req, reply) => ssoPage(req, reply, localPath(valueOf(req.query, 'next')), ''))
  app.post('/login/sso', (req, reply) => {
    const [next, address] = [localPath(valueOf(req.body, 'next')), valueOf(req.body, 'email')]
    return answer(req, reply, (fault, status) => ssoPage(req, reply, next, address, fault, status), async () => leave(reply, await flow.toTenant(req.id, address, next, await settingOf(req, reply))))
  })
  app.get('/login/sso/start/:id', (req, reply) => guarded(req, reply, async () => go(reply, await flow.toProvider(req.id, idOf(req), await settingOf(req, reply)))))
  app.get('/login/sso/test/:id', (req, reply) => guarded(req, reply, async () => go(reply, await flow.toTrial(req.id, idOf(req), await settingOf(req, reply)))))
  app.get('/login/callback/:id', (req, reply) => guarded(req, reply, async () => arrive(req, reply, await flow.backByCode(callerOf(req), idOf(req), new URL(req.url, 'http://x').searchParams, browserOf(req), req.headers.cookie ?? ''))))
  app.get('/login/saml/:id/metadata', (req, reply) => {
    const { acsUrl, entityId } = providers.addressesOf(/^[0-9a-f-]{36}$/.test(idOf(req)) ? idOf(req) : '')
    return reply.type('application/samlmetadata+xml').send(samlMetadata(acsUrl, entityId))
  })
  app.post('/login/saml/:id', { bodyLimit: 400_000 }, (req, reply) => guarded(req, reply, async () => {
    const posted = (req.body ?? {}) as Record<string, unknown>
    return go(reply, (await flow.backBySaml(callerOf(req), idOf(req), String(posted.SAMLResponse ?? ''), String(posted.RelayState ?? ''))) ?? `/login/sso/start/${idOf(req)}`)
  }))
  handOver.onArrival('sso', async (req, reply, handed: Handed, bound) => arrive(req, reply, await flow.conclude(callerOf(req), handed, req.headers.cookie ?? '', bound)))
}
