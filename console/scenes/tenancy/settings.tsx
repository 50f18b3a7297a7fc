import { Button, Select, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, patch, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { DangerButton } from '../../parts/danger-button.tsx'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, SectionSkeletons } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import { BrandingSection } from './branding.tsx'
import { RetentionSection } from './retention.tsx'
import { useMay, useMe, useMembers } from '../../reads.ts'
import { setSession } from '../../session.ts'
import type { Tenant } from '../../things.ts'
import { absolute, t } from '../../words.ts'

export function Settings() {
  const { tenant } = useMe()
  const read = useQuery({ queryKey: ['tenants.get', { id: tenant?.id }], queryFn: ({ signal }) => get<Tenant>(`/tenants/${tenant?.id}`, undefined, signal), enabled: !!tenant })
  return (
    <>
      <Head title={t('Team settings')} />
      <div className="body">
        <div className="pad">
          <Loaded of={read} what={t('The team could not be read')} skeleton={<SectionSkeletons />}>
            {(team) => <TeamSections team={{ ...team, role: tenant!.role }} />}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function TeamSections({ team }: { team: Tenant }) {
  const admin = useMay('admin')
  const owner = useMay('owner')
  const cache = useQueryClient()
  const deleting = team.status === 'deleting'
  return (
    <>
      {deleting && (
        <div className="note row spread" role="status">
          <span>{team.deletesAt ? t('This team is deleted on {day}.', { day: absolute(team.deletesAt) }) : t('This team is being deleted.')}</span>
          {owner && (
            <Button size="compact-sm" variant="default" onClick={() => void attempt(cache, t('The team was not restored.'), ['tenants.'], () => post(`/tenants/${team.id}/restore`), t('{name} stays.', { name: team.name }))}>
              {t('Keep the team')}
            </Button>
          )}
        </div>
      )}
      {admin ? (
        <Rename team={team} />
      ) : (
        <Section title={t('Name')} text={t('Admins and owners change it.')}>
          <p>{team.name}</p>
        </Section>
      )}
      {admin && <BrandingSection team={team.name} />}
      {admin && <RetentionSection />}
      {owner && <Transfer team={team} />}
      {owner && !deleting && (
        <Section title={t('Delete the team')} text={t('Its projects, tasks and log go after a week. Until then an owner can bring it back.')}>
          <DangerButton
            asks={{
              title: t('Delete {name}', { name: team.name }),
              text: t('Everybody loses access at once. An owner can restore the team for a week; then it is gone for good.'),
              verb: t('Delete {name}', { name: team.name }),
              typeName: team.name,
              run: () => remove(`/tenants/${team.id}`).then(() => markStale(cache, ['tenants.'])),
            }}
          >
            {t('Delete {name}', { name: team.name })}
          </DangerButton>
        </Section>
      )}
    </>
  )
}

function Rename({ team }: { team: Tenant }) {
  const cache = useQueryClient()
  const me = useMe()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: team.name, slug: team.slug },
    async ({ name, slug }) => {
      const changed = await patch<Tenant>(`/tenants/${team.id}`, { ...(name !== team.name ? { name } : {}), ...(slug !== team.slug ? { slug } : {}) })
      setSession({ ...me, state: 'in', tenant: me.tenant && { ...me.tenant, name: changed.name, slug: changed.slug } })
      void markStale(cache, ['tenants.'])
      say(t('Team is called {name} now.', { name: changed.name }))
    },
    { name: (name: string) => (name.trim() ? null : t('A team needs a name.')), slug: (slug: string) => (/^[a-z][a-z0-9-]{1,40}$/.test(slug) ? null : t('Small letters, digits and dashes, a letter first.')) },
  )
  return (
    <Section title={t('Name')} text={t('The short name stands in addresses and in the org-id header.')}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Name')} maxLength={100} {...form.getInputProps('name')} />
        <TextInput label={t('Short name')} maxLength={41} {...form.getInputProps('slug')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.isDirty()}>
          {t('Save')}
        </Submit>
      </form>
    </Section>
  )
}

function Transfer({ team }: { team: Tenant }) {
  const { user } = useMe()
  const everybody = useMembers().data
  const members = everybody?.filter((member) => member.userId !== user.id) ?? []
  const [to, setTo] = useState<string | null>(null)
  const name = members.find((member) => member.userId === to)?.name ?? ''
  return (
    <Section title={t('Transfer ownership')} text={t('The other becomes an owner, you become an admin.')}>
      {everybody && !members.length && <p className="dim">{t('Nobody else is in the team yet: invite somebody first.')}</p>}
      <div className="row wrap" hidden={!members.length}>
        <Select aria-label={t('New owner')} placeholder={t('Choose a member')} w={240} data={members.map((member) => ({ value: member.userId, label: member.name }))} value={to} onChange={setTo} />
        <Button
          variant="default"
          disabled={!to}
          onClick={() =>
            ask({
              title: t('Transfer {team} to {name}', { team: team.name, name }),
              text: t('{name} becomes an owner of {team}. You become an admin and cannot take it back yourself.', { team: team.name, name }),
              verb: t('Transfer to {name}', { name }),
              danger: true,
              run: async () => {
                await post(`/tenants/${team.id}/transfer`, { userId: to })
                location.reload()
              },
            })
          }
        >
          {t('Transfer')}
        </Button>
      </div>
    </Section>
  )
}
