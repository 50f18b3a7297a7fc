import { Button, ColorInput, FileButton, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { patch, put, remove } from '../../api.ts'
import { contrast, useBranding } from '../../brand.ts'
import { attempt, markStale } from '../../cache.ts'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import type { Branding } from '../../things.ts'
import { t } from '../../words.ts'

/** How the team looks: on its own login page, in its mails, here. */
export function BrandingSection({ team }: { team: string }) {
  const branding = useBranding()
  return (
    <Section title={t('Branding')} text={t('On the login page of your own address, in mails, and in this console. The colour must be readable: 4.5 to 1 against white.')}>
      <Loaded of={branding} what={t('The branding could not be read')} skeleton={<Skeleton h={120} />}>
        {(data) => <Look key={data.version} branding={data} team={team} />}
      </Loaded>
    </Section>
  )
}

function Look({ branding, team }: { branding: Branding; team: string }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm({ name: branding.name ?? '', color: branding.color ?? '' }, async ({ name, color }) => {
    await patch('/branding', { name: name.trim() || null, color: color || null })
    await markStale(cache, ['branding.'])
    say(t('{name} looks like this now.', { name: name.trim() || team }))
  })
  const { color } = form.values
  const ratio = /^#[0-9a-f]{6}$/i.test(color) ? contrast(color, '#ffffff') : null
  const give = async (file: File | null) => {
    if (!file) return
    const bytes = new Uint8Array(await file.arrayBuffer())
    let text = ''
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
    await attempt(cache, t('The logo was not taken.'), ['branding.'], () => put('/branding/logo', { data: btoa(text) }), t('The logo is in place.'))
  }
  return (
    <>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Shown name')} placeholder={team} maxLength={60} {...form.getInputProps('name')} />
        <ColorInput label={t('Colour')} placeholder="#0f6472" format="hex" swatches={['#0f6472', '#24539e', '#6b3fa0', '#a0286a', '#b3261e', '#16653a', '#3d4a5c']} withEyeDropper={false} description={ratio === null ? undefined : t('Contrast with white: {ratio} to 1', { ratio: ratio.toFixed(1) })} {...form.getInputProps('color')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.isDirty()}>
          {t('Save')}
        </Submit>
      </form>
      <div className="row wrap">
        {branding.logoUrl && <img className="brand-logo" src={branding.logoUrl} alt={t('The logo')} />}
        <FileButton accept="image/png,image/jpeg,image/webp" onChange={(file) => void give(file)} inputProps={{ 'aria-label': t('Logo file') }}>
          {(props) => (
            <Button variant="default" {...props}>
              {branding.logoUrl ? t('Change the logo') : t('Add a logo')}
            </Button>
          )}
        </FileButton>
        {branding.logoUrl && (
          <Button variant="subtle" color="gray" onClick={() => void attempt(cache, t('The logo was not removed.'), ['branding.'], () => remove('/branding/logo'), t('The logo is gone.'))}>
            {t('Remove the logo')}
          </Button>
        )}
      </div>
    </>
  )
}
