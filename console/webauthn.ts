// Passkeys as the browser speaks of them, in JSON as the server does (WebAuthn level 3). Browsers older than the JSON methods are told so.
import { call } from './api.ts'

type Json = { parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions; parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions }
const methods = () => (typeof PublicKeyCredential === 'undefined' ? undefined : (PublicKeyCredential as unknown as Partial<Json>))
export const passkeysWork = () => typeof methods()?.parseCreationOptionsFromJSON === 'function'

/** At an address of a team's own a browser refuses: the page goes to the installation's own address, and comes back when it is done. */
const leave = async (path: string, body: object): Promise<never> => {
  const { url } = await call<{ url: string }>('POST', path, { body: { ...body, next: location.pathname + location.search } })
  location.assign(url)
  return new Promise<never>(() => undefined) // until this page is gone
}
type Asked = { elsewhere?: boolean }

/** Makes one on this device. @returns what the server keeps; null when the person turned away */
export async function makePasskey(name: string): Promise<unknown> {
  const options = await call<Asked>('POST', '/users/me/passkeys/options')
  if (options.elsewhere) return leave('/users/me/passkeys/elsewhere', { name })
  return asked(() => navigator.credentials.create({ publicKey: methods()!.parseCreationOptionsFromJSON!(options) }))
}
/** Proves oneself with one. Comes back as another page from addresses of teams' own. */
export async function usePasskeyHere(): Promise<unknown> {
  const options = await call<Asked>('POST', '/auth/passkey/options')
  if (options.elsewhere) return leave('/auth/step-up/elsewhere', {})
  return asked(() => navigator.credentials.get({ publicKey: methods()!.parseRequestOptionsFromJSON!(options) }))
}
async function asked(ask: () => Promise<Credential | null>): Promise<unknown> {
  try {
    return (await ask() as (PublicKeyCredential & { toJSON(): unknown }) | null)?.toJSON() ?? null
  } catch (error) {
    if ((error as Error).name === 'NotAllowedError') return null
    throw error
  }
}
