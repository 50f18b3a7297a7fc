// The verbs on connections: made, changed, rotated, tested, authorized, deleted. What goes in as a secret is sealed here and never shown again.
import type { Context } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import type { Query } from '../../kernel/sql.ts'
import { describeCertificates } from './certificates.ts'
import { secretBinding, type Desk } from './desk.ts'
import type { connectionEvents } from './events.ts'
import { movesSecrets, readSecrets, readSettings, type Kind, type Secrets, type Settings } from './kinds.ts'
import { deleteConnection, dropToken, findConnection, insertConnection, listConnections, lockConnection, noteStatus, noteTest, updateConnection } from './queries.ts'
import type { ChangeConnection, Connection, ConnectionQuery, ConnectionRow, CreateConnection } from './schema.ts'
import { ConnectionError } from './tokens.ts'

type EventName = keyof typeof connectionEvents
const shown = ({ secret: _, secretNames, settings, ...row }: ConnectionRow): Connection => ({ ...row, settings: settings as Record<string, unknown>, secrets: secretNames, certificates: describeCertificates(String((settings as Settings).ca ?? '')) })
const newest = ['ffffffff-ffff-ffff-ffff-ffffffffffff']

export type ConnectionService = ReturnType<typeof createService>
export function createService({ desk, keys }: { desk: Desk; keys: Pick<KeyRing, 'seal'> }) {
  const seal = async (ctx: Context, id: string, secrets: Secrets) => (Object.keys(secrets).length ? keys.seal({ tenant: ctx.tenant }, JSON.stringify(secrets), secretBinding(id)) : null)
  const needsConsent = (kind: Kind, settings: Settings) => {
    const all = desk.withPreset(kind, settings)
    return all.oauth && all.settings.grant !== 'client_credentials'
  }
  const read = async (ctx: Context, id: string) => only((await ctx.read(findConnection(id)))[0], 'connection')

  return {
    types: () => ({
      items: [...desk.kinds.values()].map(({ type, title, settings, secrets, preset }) => ({
        type, title,
        fields: [
          ...Object.entries(settings).map(([name, f]) => ({ name, kind: f.kind, title: f.title, required: f.required === true, secret: false, ...(f.choices ? { choices: [...f.choices] } : {}), ...(f.default === undefined ? {} : { default: f.default }) })),
          ...Object.entries(secrets).map(([name, s]) => ({ name, kind: 'text', title: s.title, required: s.required === true, secret: true })),
        ],
        operations: Object.entries(desk.presets.find((one) => one.type === preset)?.operations ?? {}).map(([name, operation]) => ({ name, ...operation })),
      })),
      next: null,
    }),
    /** @throws request.invalid naming each field */
    async create(ctx: Context, { name, type, settings: given = {}, secrets: secret = {} }: CreateConnection): Promise<Connection> {
      const kind = desk.kinds.get(type) ?? refuseField('/type', `is none of ${[...desk.kinds.keys()].join(', ')}`)
      const settings = readSettings(kind, given)
      const secrets = readSecrets(kind, secret, true)
      const id = newId()
      const row = { id, name: name.trim(), type, settings, secretNames: Object.keys(secrets), secret: await seal(ctx, id, secrets), status: needsConsent(kind, settings) ? ('unauthorized' as const) : ('untested' as const) }
      const [[made]] = await ctx.change('connection.created', { subject: id, data: { type, name: row.name }, run: [insertConnection(row, ctx.actor.type === 'user' ? ctx.actor.id : null)] })
      return shown(made!)
    },
    async list(ctx: Context, { after, limit, type }: ConnectionQuery): Promise<List<Connection>> {
      const [before] = parseCursor(after, newest, [idShape])
      const [rows] = await ctx.read(listConnections(type ?? null, before!, limit + 1))
      return page(rows.map(shown), limit, (last) => [last.id])
    },
    get: async (ctx: Context, id: string): Promise<Connection> => shown(await read(ctx, id)),
    /** `settings` are given whole, `secrets` one by one. Kept secrets never move to another host. @throws connection.not_found, request.invalid, 412 */
    async change(ctx: Context, id: string, change: ChangeConnection, ifMatch?: number): Promise<Connection> {
      return ctx.happen<EventName, Connection>(async (tx) => {
        const row = only((await tx.run(lockConnection(id)))[0], 'connection')
        checkVersion(row.version, ifMatch)
        const kind = desk.kindOf(row.type)
        const before = row.settings as Settings
        const settings = change.settings ? readSettings(kind, change.settings) : before
        const given = readSecrets(kind, change.secrets ?? {}, false)
        const moved = movesSecrets(kind, before, settings)
        const kept = row.secretNames.filter((name) => given[name] === undefined)
        if (moved && kept.length) refuseField('/secrets', `where the secrets go has changed: give ${kept.join(', ')} again`)
        const secrets = Object.keys(given).length ? { ...(await desk.secretsOf(row)), ...given } : undefined
        const consent = needsConsent(kind, settings) && (moved || settings.clientId !== before.clientId || String(settings.scopes) !== String(before.scopes))
        const fields = [...(change.name !== undefined && change.name.trim() !== row.name ? ['name'] : []), ...(JSON.stringify(sorted(settings)) === JSON.stringify(sorted(before)) ? [] : ['settings'])]
        if (!fields.length && !secrets) return { happened: [], result: shown(row) }
        if (consent) tx.later(dropToken(id))
        const [[next]] = await tx.run(updateConnection({
          id, type: row.type, name: change.name?.trim() ?? row.name, settings, secretNames: secrets ? Object.keys(secrets) : row.secretNames, secret: secrets ? await seal(tx, id, secrets) : (row.secret as Buffer | null),
          status: consent ? 'unauthorized' : fields.includes('settings') || secrets ? (row.status === 'unauthorized' ? 'unauthorized' : 'untested') : row.status,
        }))
        return {
          happened: [...(fields.length ? [{ name: 'connection.changed' as const, subject: id, data: { fields } }] : []), ...(secrets ? [{ name: 'connection.rotated' as const, subject: id, data: { secrets: Object.keys(given) } }] : [])],
          result: shown(next!),
        }
      })
    },
    /** New secrets in place of the old ones. */
    async rotate(ctx: Context, id: string, secrets: Record<string, string>): Promise<Connection> {
      if (!Object.values(secrets).some(Boolean)) refuseField('/secrets', 'must hold at least one new secret')
      return this.change(ctx, id, { secrets })
    },
    /** Asks the other side. What it found stands on the connection, unless that was changed meanwhile. */
    async test(ctx: Context, id: string): Promise<{ ok: boolean; message: string }> {
      const row = await read(ctx, id)
      const opened = await desk.openRow(ctx, row)
      const result = await opened.test()
      const [[now]] = await ctx.read(findConnection(id)) // a token that was refused has left its mark
      const mark: Query[] = now && now.status !== 'unauthorized' ? [noteTest(id, row.version, result.ok, result.ok ? null : result.message)] : []
      await ctx.change('connection.tested', { subject: id, data: { ok: result.ok }, run: mark })
      return result
    },
    async delete(ctx: Context, id: string): Promise<void> {
      await ctx.change('connection.deleted', async (tx) => {
        const { type, name } = only((await tx.run(lockConnection(id)))[0], 'connection')
        tx.later(deleteConnection(id))
        return { subject: id, data: { type, name }, result: undefined }
      })
    },
    /** @returns where the person's browser goes to give consent @throws state.conflict for a connection that needs none */
    async authorize(ctx: Context, id: string): Promise<{ url: string; expiresAt: string }> {
      const row = await read(ctx, id)
      const kind = desk.kindOf(row.type)
      if (!needsConsent(kind, row.settings as Settings)) refuse('state.conflict', 'this connection needs no consent: it signs in by its own secrets')
      return desk.tokens.begin(ctx, { id, settings: desk.withPreset(kind, row.settings as Settings).settings }, {})
    },
    /** The end of a consent, with what the provider gave the browser. @throws connection.state_unknown, connection.refused */
    async complete(ctx: Context, { state, code, error }: { state: string; code?: string; error?: string }): Promise<Connection> {
      if ((code === undefined) === (error === undefined)) refuseField('/code', 'send what the provider sent: either code or error')
      const pending = (await desk.tokens.take(ctx, state)) ?? refuse('connection.state_unknown')
      const row = await read(ctx, pending.connectionId)
      const id = row.id
      if (code === undefined) {
        await ctx.change('connection.changed', { subject: id, data: { fields: ['status'] }, run: [noteStatus(id, 'unauthorized', `consent was not given: ${error!.replace(/[^\w .-]/g, '')}`)] })
        return shown(await read(ctx, id))
      }
      const { settings } = desk.withPreset(desk.kindOf(row.type), row.settings as Settings)
      const secrets = await desk.secretsOf(row)
      const { keep, scopes } = await desk.tokens.exchange({ who: desk.whoOf(ctx), id, settings, secrets }, code, pending.verifier).catch((failure: unknown) => refuse('connection.refused', failure instanceof ConnectionError || failure instanceof Error ? failure.message : 'the authorization server did not answer'))
      await ctx.change('connection.authorized', { subject: id, data: { scopes }, run: [keep, noteStatus(id, 'working', null)] })
      return shown(await read(ctx, id))
    },
  }
}
const sorted = (settings: Settings) => Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))
