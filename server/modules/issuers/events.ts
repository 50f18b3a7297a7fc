import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Strict, Type } from '../../kernel/schema.ts'

const Which = { issuer: Type.String(), audience: Type.String() }
const admins = { audience: 'admins' } as const

export const issuerEvents = {
  'trusted-issuer.added': event(Strict(Which), { ...admins, about: 'Tokens of an outside issuer are believed from now on.' }),
  'trusted-issuer.changed': event(Strict({ ...Which, fields: Type.Array(Type.String()) }), admins),
  'trusted-issuer.removed': event(Strict(Which), { ...admins, about: 'Its tokens end at once.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof issuerEvents> {}
}
