import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Time, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const provider = { ...admins, subject: 'sso-provider' } as const
const ticket = { ...admins, subject: 'sso-ticket' } as const
const Kind = Strict({ protocol: Type.String(), name: Type.String() })

export const ssoEvents = {
  'sso-provider.added': event(Kind, { ...provider, about: 'A single sign-on provider was added; it signs nobody in yet.' }),
  'sso-provider.changed': event(Strict({ fields: Type.Array(Type.String()) }), { ...provider, about: 'A provider changed; secrets are named, never copied.' }),
  'sso-provider.removed': event(Kind, { ...provider, about: 'A provider went, with the sessions it began.' }),
  'sso-provider.tested': event(Strict({ passed: Type.Boolean(), problem: Nullable(Type.String()) }), { ...provider, about: 'Somebody tried a sign-in by a provider.' }),
  'sso-provider.enabled': event(Strict({}), { ...provider, about: 'A provider signs people in from now on.' }),
  'sso-provider.disabled': event(Strict({}), { ...provider, about: 'A provider signs nobody in any more; the sessions it began ended.' }),
  'sso-provider.refused': event(Strict({ reason: Type.String() }), { ...provider, about: 'An answer of a provider was not accepted.' }),
  'sso-ticket.issued': event(Strict({ expiresAt: Time }), { ...ticket, about: 'A link was made by which a customer\'s IT sets single sign-on up.' }),
  'sso-ticket.opened': event(Strict({}), { ...ticket, about: 'Somebody set out from the link; it opens no second time.' }),
  'sso-ticket.step-taken': event(Strict({ step: Type.String(), providerId: Type.Optional(Id) }), { ...ticket, about: 'The set-up by a link came a step further.' }),
  'sso-ticket.refused': event(Strict({ reason: Type.String() }), { ...ticket, about: 'A used, ended or withdrawn link was tried.' }),
  'sso-ticket.revoked': event(Strict({}), { ...ticket, about: 'A link was withdrawn.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof ssoEvents> {}
}
