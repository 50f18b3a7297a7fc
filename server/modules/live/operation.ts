// The event stream as the document tells it. It is mounted by hand, since its answer does not end; that it says the same is the live proof's.
import { LoggedEvent } from '../../kernel/log.ts'
import { get, routes, type Described } from '../../kernel/route.ts'
import { Nullable, Strict, Type } from '../../kernel/schema.ts'

const at = { cursor: Type.String(), prev: Nullable(Type.String()) }
const frame = <T extends string>(type: T, more = {}) => Type.Object({ type: Type.Literal(type), ...at, ...more })
export const LiveFrame = Type.Union(
  [
    frame('ready'), frame('event', { event: LoggedEvent }), frame('heartbeat'), frame('resync'),
    Type.Object({ type: Type.Literal('refused'), topic: Type.String(), code: Type.String() }),
  ],
  { $id: 'LiveFrame', description: 'The `data:` of one message; its `id:` is the cursor. `ready`: from here nothing is missed. `heartbeat`: every 10 s. `resync`: the past is gone, or a part of the product was switched on or off for the tenant: load anew. `refused`: this topic is not for you, or, as `module.off`, its part of the product is switched off for the tenant. A `prev` that is not the cursor you had is a hole: connect again with your own.' },
)

export const liveOperations: readonly Described[] = routes('live', {
  listen: get('/live', {
    access: 'person', scope: 'read', stream: true, summary: 'Listen to events', description: 'Server-Sent Events without `event:` lines, until the token ends or you are no member any more: connect again with Last-Event-ID. WebSocket `/live` carries the same frames.',
    query: Strict({ topics: Type.String({ minLength: 1, description: '`tenant`, `me`, `project:<id>`, `task:<id>` ...; up to 100, by commas, or the parameter several times' }) }),
    returns: LiveFrame, problems: ['auth.token_refused', 'tenant.not_found', 'scope.denied', 'request.invalid', 'unavailable'],
    handle: async () => { throw new Error('answered by the stream itself') },
  }),
})
