// Asks for the proof that a verb wants: the code of the second factor, else the password; a passkey where there is one.
import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call, get } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { settleProof, useProofWanted } from '../../proof.ts'
import type { Page } from '../../things.ts'
import { passkeysWork, usePasskeyHere } from '../../webauthn.ts'
import { t } from '../../words.ts'

export function ProofDialog() {
  const wanted = useProofWanted()
  return (
    <Dialog title={t('Prove that it is you')} opened={wanted} close={() => settleProof(false)}>
      {wanted && <Proof />}
    </Dialog>
  )
}

function Proof() {
  const totp = useQuery({ queryKey: ['users.totp'], queryFn: ({ signal }) => get<{ enabled: boolean }>('/users/me/totp', undefined, signal) })
  const passkeys = useQuery({ queryKey: ['passkeys.list'], queryFn: async ({ signal }) => (await get<Page<{ id: string }>>('/users/me/passkeys', undefined, signal)).items })
  const byCode = totp.data?.enabled ?? false
  const { form, onSubmit, refusal, busy } = useServerForm({ code: '', password: '' }, async ({ code, password }) => {
    await call('POST', '/auth/step-up', { body: byCode ? { code } : { password } })
    settleProof(true)
  })
  const key = useServerForm({}, async () => {
    const passkey = await usePasskeyHere()
    if (!passkey) return
    await call('POST', '/auth/step-up', { body: { passkey } })
    settleProof(true)
  })
  return (
    <div className="stack">
      <p className="dim">{t('This cannot be undone, or opens doors. It is asked again after a quarter of an hour.')}</p>
      <form className="stack" onSubmit={onSubmit}>
        {byCode ? (
          <TextInput data-autofocus label={t('Code of your authenticator app, or a recovery code')} autoComplete="one-time-code" {...form.getInputProps('code')} />
        ) : (
          <PasswordInput data-autofocus label={t('Your password')} autoComplete="current-password" visibilityToggleButtonProps={{ 'aria-label': t('Show the password') }} {...form.getInputProps('password')} />
        )}
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={byCode ? form.values.code.length < 6 : !form.values.password}>
          {t('Continue')}
        </Submit>
      </form>
      {!!passkeys.data?.length && passkeysWork() && (
        <form className="stack" onSubmit={key.onSubmit}>
          <Button type="submit" variant="default" loading={key.busy}>
            {t('Use a passkey')}
          </Button>
          <Refusal of={key.refusal} />
        </form>
      )}
    </div>
  )
}
