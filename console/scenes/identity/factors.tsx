// How a person proves who they are beside the password: an authenticator app, recovery codes, passkeys.
import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { call, get, post, remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { RemoveButton } from '../../parts/remove-button.tsx'
import { ShownOnce } from '../../parts/shown-once.tsx'
import { Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say, sayProblem } from '../../parts/toasts.tsx'
import { setDemand } from '../../proof.ts'
import type { Page } from '../../things.ts'
import { makePasskey, passkeysWork } from '../../webauthn.ts'
import { t } from '../../words.ts'

type Totp = { enabled: boolean; createdAt: string | null }
type Begun = { secret: string; uri: string }
type Passkey = { id: string; name: string; synced: boolean; usedAt: string | null; createdAt: string }

export function Factors() {
  return (
    <>
      <Section title={t('Authenticator app')} text={t('Signing in asks for a code of the app as well. Each code works once.')}>
        <App />
      </Section>
      <Section title={t('Passkeys')} text={t('Sign in with the screen lock of a device or a security key, without password and code.')}>
        <Passkeys />
      </Section>
    </>
  )
}

function App() {
  const cache = useQueryClient()
  const totp = useQuery({ queryKey: ['users.totp'], queryFn: ({ signal }) => get<Totp>('/users/me/totp', undefined, signal) })
  const [begun, setBegun] = useState<Begun | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const done = () => {
    setDemand(null)
    void markStale(cache, ['users.totp', 'users.recovery'])
  }
  return (
    <Loaded of={totp} what={t('The second factor could not be read')} skeleton={<Skeleton h={36} />}>
      {({ enabled, createdAt }) => (
        <>
          {codes && <Codes codes={codes} close={() => setCodes(null)} />}
          {enabled ? (
            <>
              <div className="row spread">
                <div className="grow">
                  {t('On')} <span className="meta">{t('since')} <Time at={createdAt!} /></span>
                </div>
                <Button
                  variant="default"
                  size="compact-sm"
                  onClick={() => ask({ title: t('Remove the authenticator app'), text: t('Signing in takes the password alone from now on. Teams that demand a second factor are closed to you until there is another.'), verb: t('Remove the app'), danger: true, run: () => remove('/users/me/totp').then(done) })}
                >
                  {t('Remove')}
                </Button>
              </div>
              <Recovery show={setCodes} />
            </>
          ) : begun ? (
            <Confirm begun={begun} close={() => setBegun(null)} confirmed={(made) => (setBegun(null), setCodes(made), done())} />
          ) : (
            <div>
              <Button variant="default" onClick={() => void call<Begun>('POST', '/users/me/totp').then(setBegun, (error: unknown) => sayProblem(error, t('It was not begun.')))}>
                {t('Set up an authenticator app')}
              </Button>
            </div>
          )}
        </>
      )}
    </Loaded>
  )
}

function Confirm({ begun, close, confirmed }: { begun: Begun; close: () => void; confirmed: (codes: string[] | null) => void }) {
  const { form, onSubmit, refusal, busy } = useServerForm({ code: '' }, async ({ code }) => {
    const { recoveryCodes } = await post<{ recoveryCodes: string[] | null }>('/users/me/totp/confirm', { code })
    confirmed(recoveryCodes)
    say(t('The authenticator app counts from now on.'))
  })
  return (
    <form className="stack" onSubmit={onSubmit}>
      <p>
        {t('Add this key to the app, by hand or by')} <a href={begun.uri}>{t('the link on this device')}</a>.
      </p>
      <code className="secret" aria-label={t('Key')}>
        {begun.secret.match(/.{1,4}/g)!.join(' ')}
      </code>
      <TextInput label={t('The code the app shows')} autoComplete="one-time-code" inputMode="numeric" maxLength={7} {...form.getInputProps('code')} />
      <Refusal of={refusal} />
      <div className="row">
        <Submit busy={busy} disabled={form.values.code.length < 6}>
          {t('Turn it on')}
        </Submit>
        <Button variant="default" onClick={close}>
          {t('Cancel')}
        </Button>
      </div>
    </form>
  )
}

/** Shown once: they stand nowhere else. */
const Codes = ({ codes, close }: { codes: string[]; close: () => void }) => (
  <ShownOnce text={t('Keep these recovery codes where the phone is not. Each stands in for a code once; they are not shown again.')} copy={codes.join('\n')} done={t('I have kept them')} close={close}>
    <ul className="codes">
      {codes.map((code) => (
        <li key={code}>
          <code>{code}</code>
        </li>
      ))}
    </ul>
  </ShownOnce>
)

function Recovery({ show }: { show: (codes: string[]) => void }) {
  const cache = useQueryClient()
  const recovery = useQuery({ queryKey: ['users.recoveryCodes'], queryFn: ({ signal }) => get<{ remaining: number }>('/users/me/recovery-codes', undefined, signal) })
  return (
    <div className="row spread">
      <div className="grow">{recovery.data ? t('{n} recovery codes are left', { n: recovery.data.remaining }) : t('Recovery codes')}</div>
      <Button
        variant="default"
        size="compact-sm"
        onClick={() =>
          ask({
            title: t('Make new recovery codes'),
            text: t('The old ones no longer work.'),
            verb: t('Make new codes'),
            run: async () => {
              show((await post<{ recoveryCodes: string[] }>('/users/me/recovery-codes')).recoveryCodes)
              await markStale(cache, ['users.recovery'])
            },
          })
        }
      >
        {t('Make new ones')}
      </Button>
    </div>
  )
}

function Passkeys() {
  const cache = useQueryClient()
  const passkeys = useQuery({ queryKey: ['passkeys.list'], queryFn: async ({ signal }) => (await get<Page<Passkey>>('/users/me/passkeys', undefined, signal)).items })
  const { form, onSubmit, refusal, busy } = useServerForm({ name: '' }, async ({ name }) => {
    const credential = await makePasskey(name.trim())
    if (!credential) return
    await post('/users/me/passkeys', { name: name.trim(), credential })
    form.reset()
    setDemand(null)
    say(t('{name} can sign you in now.', { name }))
    await markStale(cache, ['passkeys.'])
  })
  return (
    <>
      <Loaded of={passkeys} what={t('The passkeys could not be read')} skeleton={<RowSkeletons count={1} h={52} />}>
        {(all) =>
          all.length > 0 && (
            <ul className="rows box">
              {all.map((one) => (
                <li key={one.id}>
                  <div className="line" style={{ minHeight: 52 }}>
                    <KeyRound size={16} className="dim" aria-hidden="true" />
                    <div className="grow">
                      <div>{one.name}</div>
                      <div className="meta">
                        {one.usedAt ? t('last used') : t('never used, made')} <Time at={one.usedAt ?? one.createdAt} />
                      </div>
                    </div>
                    <RemoveButton
                      label={t('Remove {name}', { name: one.name })}
                      path={`/users/me/passkeys/${one.id}`}
                      stale={['passkeys.']}
                      asks={{ title: t('Remove {name}', { name: one.name }), text: t('It no longer signs you in. Delete it in the device’s settings as well.'), verb: t('Remove {name}', { name: one.name }) }}
                    />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {passkeysWork() ? (
        <form className="stack" onSubmit={onSubmit}>
          <TextInput label={t('Name of the device')} placeholder={t('Laptop')} maxLength={100} {...form.getInputProps('name')} />
          <Refusal of={refusal} />
          <Submit busy={busy} disabled={!form.values.name.trim()}>
            {t('Add a passkey')}
          </Submit>
        </form>
      ) : (
        <p className="dim">{t('This browser cannot make passkeys.')}</p>
      )}
    </>
  )
}
