// Passkeys as the browser speaks of them, in JSON as the server does (WebAuthn level 3). Browsers older than the JSON methods are told so.
import { call } from './api.ts'

type Json = { parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions; parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions }
const methods = () => (typeof PublicKeyCredential === 'undefined' ? undefined : (PublicKeyCredential as unknown as Partial<Json>))
export const passkeysWork = () => typeof methods()?.parseCreationOptionsFromJSON === 'function'

/** Makes one on this device. @returns what the server keeps; null when the person turned away */
export async function makePasskey(): Promise<unknown> {
  const options = await call<unknown>('POST', '/users/me/passkeys/options')
  return asked(() => navigator.credentials.create({ publicKey: methods()!.parseCreationOptionsFromJSON!(options) }))
}
/** Proves oneself with one. */
export async function usePasskeyHere(): Promise<unknown> {
  const options = await call<unknown>('POST', '/auth/passkey/options')
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
