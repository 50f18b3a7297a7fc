// Keys of machines: a tenant's API keys, the platform's service keys.
import type { Kernel } from '../../kernel/kernel.ts'
import { module, type Module } from '../../kernel/module.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { Operation } from '../../kernel/route.ts'
import { listScopePermissions } from '../oauth/api.ts'
import { createKeyCheck } from './check.ts'
import { keyEvents } from './events.ts'
import type { OwnScopes } from './grants.ts'
import { endWithMaker } from './readers.ts'
import { keyRoutes } from './routes.ts'
import { createServiceKeys } from './service-keys.ts'
import { createApiKeys } from './service.ts'
import { createUses } from './uses.ts'

export { keyEvents }
export type KeyParts = { kernel: Pick<Kernel, 'system' | 'log'>; /** known once all modules are made */ operations(): readonly Operation[]; permissions(): PermissionTable }

export function createKeys({ kernel, operations, permissions }: KeyParts): Module {
  const ownScopes: OwnScopes = async (tenant) => {
    const [rows] = await kernel.system.context(systemWho('keys')).read(listScopePermissions(tenant))
    return new Map(rows.map(({ name, permissions: opened }) => [name, opened]))
  }
  const uses = createUses(kernel)
  const check = createKeyCheck({ system: kernel.system, uses, ownScopes, permissions })
  const isOfTenants = (name: string) => name === 'live.listen' || operations().some((op) => op.id === name && op.access === 'tenant')
  return module({
    name: 'keys', optional: { title: 'API keys', gives: 'Keys for the team\'s own programs.' }, about: 'API keys of tenants and service keys of the platform',
    routes: keyRoutes(createApiKeys({ ownScopes }), createServiceKeys({ isOfTenants })), readers: [endWithMaker], permissions: { 'keys.manage': 'admin' }, events: keyEvents,
    meters: { keys: { per: 'level', unit: 'count', about: 'API keys, also those that are inactive or expired.', added: ['api-key.created'], removed: ['api-key.deleted'] } },
    tokens: [check], hear: check.hear,
    mount: (app) => void app.addHook('onClose', () => uses.close()),
  })
}
