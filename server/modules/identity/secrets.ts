// What every process of an installation must share and no restart may change: signing keys, cookie secrets, the libraries' own secret.
// Made once by whichever process starts first, sealed under the platform key.
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { newId } from '../../kernel/ids.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import type { StampingPool } from './pool.ts'

export type IssuerSecrets = { /** private keys: ES256 for our access tokens, RS256 for id_tokens */ jwks: JWK[]; cookies: string[]; library: string }
export type PlatformSealer = Pick<KeyRing, 'sealForPlatform' | 'openForPlatform'>

async function makeKey(alg: 'ES256' | 'RS256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: newId() }
}
const makers: { [N in keyof IssuerSecrets]: () => Promise<IssuerSecrets[N]> } = {
  jwks: async () => [await makeKey('ES256'), await makeKey('RS256')],
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
      if (sealed) secrets[name] = JSON.parse(sealer.openForPlatform(sealed, place))
      else {
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
