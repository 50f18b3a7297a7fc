// What a plan or a tenant may go without: each part by its name and what it gives. A part whose need is off is off with it.
import { Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { get } from '../../api.ts'
import { RowSkeletons, Loaded } from '../../parts/states.tsx'
import type { Page } from '../../things.ts'
import { t } from '../../words.ts'

type Optional = { name: string; title: string; gives: string; needs: string[] }

export function ModuleSwitches({ isOn, set }: { isOn: (name: string) => boolean; set: (name: string, on: boolean) => void }) {
  const read = useQuery({ queryKey: ['plans.modules'], queryFn: async ({ signal }) => (await get<Page<Optional>>('/modules', undefined, signal)).items, staleTime: Infinity })
  return (
    <fieldset className="modules">
      <legend>{t('Modules')}</legend>
      <Loaded of={read} what={t('The modules could not be read')} skeleton={<RowSkeletons count={5} />}>
        {(all) => (
          <>
            {all.map(({ name, title, gives, needs }) => {
              const lacking = all.find((other) => needs.includes(other.name) && !isOn(other.name))
              return (
                <Switch
                  key={name}
                  label={title}
                  description={lacking ? t('{gives} Needs {other}.', { gives, other: lacking.title }) : gives}
                  disabled={!!lacking}
                  checked={isOn(name) && !lacking}
                  onChange={(event) => set(name, event.currentTarget.checked)}
                />
              )
            })}
          </>
        )}
      </Loaded>
    </fieldset>
  )
}
