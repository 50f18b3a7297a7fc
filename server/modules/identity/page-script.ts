// The one script on the sign-in page: passkeys cannot be used without. It stands inline, and the page's policy names its hash and no other.
import { createHash } from 'node:crypto'

export const passkeyScript = `(() => {
  const form = document.getElementById('passkey')
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return
  const say = (text) => { const at = document.getElementById('passkey-fault'); at.textContent = text; at.hidden = text === '' }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const text = (buffer) => (buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '') : undefined)
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    if (form.credential.value) return
    event.preventDefault()
    say('')
    try {
      const asked = await fetch('/api/v1/auth/passkey/options', { method: 'POST' })
      if (!asked.ok) throw new Error((await asked.json()).detail)
      const { challenge, rpId, timeout, userVerification } = await asked.json()
      const given = await navigator.credentials.get({ publicKey: { challenge: bytes(challenge), rpId, timeout, userVerification } })
      const { clientDataJSON, authenticatorData, signature, userHandle } = given.response
      form.credential.value = JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, clientExtensionResults: {},
        response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle) } })
      form.submit()
    } catch (error) {
      say(error.name === 'NotAllowedError' ? 'No passkey was used. Try again, or sign in with your password.' : error.message)
    }
  })
})()`
const hash = createHash('sha256').update(passkeyScript).digest('base64')
/** What the policy of a page with this script allows beside the plain one. */
export const scriptPolicy = `; script-src 'sha256-${hash}'; connect-src 'self'`
