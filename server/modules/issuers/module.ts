// Outside issuers whose tokens are believed: the platform's, from the settings and from operators, and each tenant's.
import type { Doors } from '../../kernel/doors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { module, type Module } from '../../kernel/module.ts'
import type { Identity } from '../identity/api.ts'
import { createIssuerCheck } from './check.ts'
import { issuerEvents } from './events.ts'
import { createKeySets } from './key-sets.ts'
import { issuerRoutes } from './routes.ts'
import { createIssuers } from './service.ts'
import { readIssuerSetting } from './setting.ts'

export { issuerEvents }
export type IssuerParts = { kernel: Pick<Kernel, 'system' | 'egress' | 'log' | 'publicUrl' | 'switches'>; identity: Pick<Identity, 'provision'>; doors: Pick<Doors, 'findTenant'>; /** TRUSTED_ISSUERS */ setting: string | undefined }

export function createTrustedIssuers({ kernel, identity, doors, setting }: IssuerParts): Module {
  const settings = readIssuerSetting(setting)
  const check = createIssuerCheck({ system: kernel.system, switches: kernel.switches, publicUrl: kernel.publicUrl, keySets: createKeySets(kernel), settings, doors, provision: identity.provision })
  return module({
    name: 'issuers', optional: { title: 'Trusted issuers', gives: 'Tokens of outside issuers that the team trusts, such as Auth0 or Keycloak.' }, about: 'Outside issuers whose tokens are believed', routes: issuerRoutes(createIssuers({ settings, publicUrl: kernel.publicUrl, startedAt: new Date().toISOString().replace('Z', '000Z') })),
    permissions: { 'issuers.manage': 'admin' }, events: issuerEvents, tokens: [check], hear: check.hear,
  })
}
