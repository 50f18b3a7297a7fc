// The one script on pages of sign-in: passkeys cannot be used without. It stands inline, and the page's policy names its hash and no other.
import { createHash } from 'node:crypto'

/** Serves the form `passkey`: with the question it carries (`data-options`, to make one where it names a user), else with one that it asks for. */
export const passkeyScript = `(() => {
  const form = document.getElementById('passkey')
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return
  const say = (text) => { const at = document.getElementById('passkey-fault'); at.textContent = text; at.hidden = text === '' }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
  const asked = async () => {
    if (form.dataset.options) return JSON.parse(form.dataset.options)
    const answer = await fetch('/api/v1/auth/passkey/options', { method: 'POST' })
    if (!answer.ok) throw new Error((await answer.json()).detail)
    return answer.json()
  }
  form.hidden = false
  const without = document.getElementById('passkey-without')
  if (without) without.hidden = true
  form.addEventListener('submit', async (event) => {
    if (form.credential.value) return
    event.preventDefault()
    say('')
    let making = false
    try {
      const { extensions, hints, elsewhere, ...publicKey } = await asked()
      publicKey.challenge = bytes(publicKey.challenge)
      if (publicKey.excludeCredentials) publicKey.excludeCredentials = publicKey.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) }))
      making = Boolean(publicKey.user)
      if (making) publicKey.user.id = bytes(publicKey.user.id)
      const given = await (making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }))
      const response = {}
      for (const name of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject']) if (given.response[name]) response[name] = text(given.response[name])
      if (making && given.response.getTransports) response.transports = given.response.getTransports()
      form.credential.value = JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, clientExtensionResults: {}, response })
      form.submit()
    } catch (error) {
      say(error.name === 'InvalidStateError' ? 'This device has a passkey of this account already.' : error.name !== 'NotAllowedError' ? error.message : making ? 'No passkey was made. Try again, or go back.' : form.dataset.options ? 'No passkey was used. Try again, or go back.' : 'No passkey was used. Try again, or sign in with your password.')
    }
  })
})()`
const hash = createHash('sha256').update(passkeyScript).digest('base64')
/** What the policy of a page with this script allows beside the plain one. */
export const scriptPolicy = `; script-src 'sha256-${hash}'; connect-src 'self'`
