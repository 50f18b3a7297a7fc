import { MultiSelect, TagsInput, TextInput } from '@mantine/core'
import type { GetInputPropsReturnType } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getAll, patch } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { changedOf } from '../../parts/changed.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm, type ServerForm } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import type { MachineKey, Tenant } from '../../things.ts'
import { t } from '../../words.ts'

/** `expiresAt` is a day, or empty; `operations` and `tenants` are a service key's. */
type Fields = { name: string; scopes: string[]; expiresAt: string; addresses: string[]; operations: string[]; tenants: string[] }

const scopes = ['read', 'write', 'admin']
const split = [',', ' ', ';']
/** A key works through the day it ends on. */
export const endOf = (day: string) => `${day}T23:59:59Z`
export const faults = { name: (text: string) => (text.trim() ? null : t('Say what it is for.')), scopes: (chosen: string[]) => (chosen.length ? null : t('Choose at least one.')) }

/** What is said of a key when it is made, and when it is changed. */
export function KeyFields({ form, above, placeholder, had = [] }: ServerForm<Fields> & { above?: boolean; placeholder?: string; /** scopes it has, of the team's own too */ had?: string[] }) {
  return (
    <>
      <TextInput label={t('Name')} placeholder={placeholder} data-autofocus maxLength={100} {...form.getInputProps('name')} />
      <MultiSelect label={t('Scopes')} data={[...new Set([...scopes, ...had])]} {...form.getInputProps('scopes')} />
      <TextInput type="date" label={t('Ends (optional)')} {...form.getInputProps('expiresAt')} />
      <TagsInput className="whole" label={t('Only from (optional)')} description={t('Addresses or networks, such as 192.0.2.7 or 2001:db8::/32. Empty: from anywhere.')} placeholder={form.values.addresses.length ? undefined : '192.0.2.0/24'} splitChars={split} maxTags={50} {...form.getInputProps('addresses')} />
      {above && (
        <>
          <TagsInput className="whole" label={t('Operations inside teams (optional)')} description={t('By their names in the API reference, such as tasks.list.')} placeholder={form.values.operations.length ? undefined : 'tasks.list'} splitChars={split} maxTags={200} {...form.getInputProps('operations')} />
          {form.values.operations.length > 0 && <InTeams {...form.getInputProps('tenants')} />}
        </>
      )}
    </>
  )
}

/** Where the named operations may be done. */
function InTeams(props: GetInputPropsReturnType) {
  const teams = useQuery({ queryKey: ['tenants.all', { every: true }], queryFn: ({ signal }) => getAll<Tenant>('/tenants', { all: true }, signal, 1000), staleTime: 60_000 }).data ?? []
  return <MultiSelect className="whole" label={t('In these teams (optional)')} description={t('Empty: in every team.')} searchable data={teams.map((team) => ({ value: team.id, label: `${team.name} (${team.slug})` }))} {...props} />
}

/** Changes a key without a new secret. Only what was changed is sent. */
export function KeyDialog({ of, path, stale, close }: { of: MachineKey; path: string; stale: string[]; close: () => void }) {
  const cache = useQueryClient()
  const before: Fields = { name: of.name, scopes: of.scopes, expiresAt: of.expiresAt?.slice(0, 10) ?? '', addresses: of.addresses, operations: of.operations ?? [], tenants: of.tenants ?? [] }
  const { form, onSubmit, refusal, busy } = useServerForm(
    before,
    async (values) => {
      const changed = changedOf(before, { ...values, name: values.name.trim() })
      if (changed) {
        const { expiresAt, tenants, ...rest } = changed
        await patch(`${path}/${of.id}`, { ...rest, ...(expiresAt === undefined ? {} : { expiresAt: expiresAt ? endOf(expiresAt) : null }), ...(tenants ? { tenants: tenants.length ? tenants : null } : {}) })
        await markStale(cache, stale)
        say(t('{name} is saved.', { name: values.name.trim() }))
      }
      close()
    },
    faults,
  )
  return (
    <Dialog title={t('Change {name}', { name: of.name })} opened close={close} size={560}>
      <form className="stack key-form" onSubmit={onSubmit} noValidate>
        <div className="new-key">
          <KeyFields form={form} above={!!of.operations} had={of.scopes} />
        </div>
        <p className="dim">{t('The key itself stays. What it may no longer do ends within two seconds.')}</p>
        <Refusal of={refusal} />
        <DialogFoot verb={t('Save')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
