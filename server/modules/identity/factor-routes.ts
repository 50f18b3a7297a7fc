// /users/me/{totp, recovery-codes} of a person, and /security of a tenant.
import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import type { Identity } from './identity.ts'
import * as s from './schema.ts'

export function factorRoutes({ factors, security }: Identity): Operation[] {
  const users = routes('users', {
    totp: get('/users/me/totp', { access: 'person', scope: 'session', summary: 'Whether an authenticator app is my second factor', returns: s.Totp, handle: (ctx) => factors.totp(ctx) }),
    beginTotp: post('/users/me/totp', {
      access: 'person', scope: 'session', fresh: true, idempotency: 'outside', secret: true, status: 201, summary: 'Set up an authenticator app', description: 'It counts once POST /users/me/totp/confirm got a code of it. The secret is shown once.', returns: s.NewTotp,
      problems: ['totp.exists'], handle: (ctx) => factors.beginTotp(ctx),
    }),
    confirmTotp: post('/users/me/totp/confirm', {
      access: 'person', scope: 'session', idempotency: 'outside', secret: true, summary: 'Turn the second factor on', description: 'Answers recovery codes, shown once.', body: s.ConfirmTotp, returns: s.NewRecoveryCodes, problems: ['totp.not_found', 'totp.exists'],
      handle: (ctx, { body }) => factors.confirmTotp(ctx, body.code),
    }),
    removeTotp: del('/users/me/totp', { access: 'person', scope: 'session', fresh: true, summary: 'Remove the authenticator app', problems: ['totp.not_found'], handle: (ctx) => factors.removeTotp(ctx) }),
    recoveryCodes: get('/users/me/recovery-codes', { access: 'person', scope: 'session', summary: 'How many recovery codes are left', returns: s.RecoveryCodes, handle: (ctx) => factors.recoveryCodes(ctx) }),
    makeRecoveryCodes: post('/users/me/recovery-codes', {
      access: 'person', scope: 'session', fresh: true, idempotency: 'outside', secret: true, status: 201, summary: 'New recovery codes', description: 'The old ones end. Shown once.', returns: s.NewRecoveryCodes, problems: ['totp.not_found'],
      handle: async (ctx) => ({ recoveryCodes: await factors.makeRecoveryCodes(ctx) }),
    }),
  })
  const rules = routes('security', {
    get: get('/security', { summary: 'What the tenant demands of those who enter it', permission: 'security.manage', returns: s.Security, handle: (ctx) => security.show(ctx) }),
    change: patch('/security', {
      summary: 'Demand a second factor, passkeys or single sign-on', fresh: true, ifMatch: true, permission: 'security.manage', body: s.ChangeSecurity, returns: s.Security,
      description: 'Members who lack it see nothing of the tenant until they have it. Single sign-on of the tenant stands in for the other two; owners enter without it by a second factor, and the log tells.',
      problems: ['state.conflict'], handle: (ctx, { body, ifMatch }) => security.change(ctx, body, ifMatch),
    }),
  })
  return [...users, ...rules]
}
