// What every process of an installation must share and no restart may change: cookie secrets, the libraries' own secret. The keys that sign tokens
// are in signing-keys.ts. Made once by whichever process starts first, sealed under the platform key.
import { randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import type { KeyRing } from '../../kernel/keys.ts'
import type { StampingPool } from './pool.ts'

export type IssuerSecrets = { /** signing keys of an installation made before they could be rotated */ jwks: JWK[]; cookies: string[]; library: string }
export type PlatformSealer = Pick<KeyRing, 'sealForPlatform' | 'openForPlatform' | 'resealForPlatform'>

const makers: { [N in keyof IssuerSecrets]: () => Promise<IssuerSecrets[N]> } = {
  jwks: async () => [],
  cookies: async () => [randomBytes(32).toString('base64url')],
  library: async () => randomBytes(32).toString('base64url'),
}

/** Reads the secrets, or makes them under a lock that all starting processes of this database take. */
export async function loadSecrets(pool: StampingPool, sealer: PlatformSealer): Promise<IssuerSecrets> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('oauth.issuer_secret'))`)
    const { rows } = await client.query<{ name: string; sealed: Buffer }>('select name, sealed from oauth.issuer_secret')
    const known = new Map(rows.map((r) => [r.name, r.sealed]))
    const secrets: Partial<Record<keyof IssuerSecrets, unknown>> = {}
    for (const name of Object.keys(makers) as (keyof IssuerSecrets)[]) {
      const place = `oauth.issuer_secret/sealed/${name}`
      const sealed = known.get(name)
      if (sealed) {
        secrets[name] = JSON.parse(sealer.openForPlatform(sealed, place))
        const again = sealer.resealForPlatform(sealed, place)
        if (again) await client.query('update oauth.issuer_secret set sealed = $2 where name = $1', [name, again])
      } else {
        secrets[name] = await makers[name]()
        await client.query('insert into oauth.issuer_secret (name, sealed) values ($1, $2)', [name, sealer.sealForPlatform(JSON.stringify(secrets[name]), place)])
      }
    }
    await client.query('commit')
    return secrets as IssuerSecrets
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}
