// A connection node names a connection for other nodes; wired into the graph it also checks that the connection works.
import { Strict, Type } from '../../../kernel/schema.ts'
import type { Json } from '../engine/port.ts'
import { node, StepFailure, usualRetry, type NodeType } from './node.ts'

const kinds: readonly [string, string, string][] = [
  ['api', 'API', 'An address with headers of its own.'], ['api_key', 'API key', 'A key in a header or the query.'], ['basic', 'User and password', 'HTTP Basic.'], ['bearer', 'Bearer token', 'A token in the Authorization header.'],
  ['oauth', 'OAuth 2.0', 'A grant of an OAuth server; tokens are refreshed by themselves.'], ['database', 'Database', 'PostgreSQL or MySQL.'], ['webhook', 'Outgoing webhook', 'An address that takes signed messages.'],
  ['smtp', 'Mail server', 'A mail server of your own.'], ['gmail', 'Gmail', 'Mail of a Google account.'], ['slack', 'Slack', 'A Slack workspace.'], ['hubspot', 'HubSpot', 'A HubSpot account.'], ['github', 'GitHub', 'A GitHub account.'],
]
export const connectionKinds: readonly string[] = kinds.map(([kind]) => kind)

export const connections: readonly NodeType[] = kinds.map(([type, title, description]) =>
  node({
    primitive: 'connection', type, title, description: `${description} Other nodes use it by this node's id; wired into the graph, it checks that the connection works.`, form: 'name', connection: { kinds: [type], required: true }, retry: usualRetry, effect: 'outside',
    settings: Strict({}), produces: Type.Object({ ok: Type.Boolean() }),
    async run(step): Promise<Json> {
      const { ok, message } = await step.services.testConnection(step)
      if (!ok) throw new StepFailure('connection.failed', `the connection does not work: ${message}`)
      return { ok, message }
    },
  }))
