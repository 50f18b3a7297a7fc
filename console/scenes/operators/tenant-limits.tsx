import { NumberInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import type { Tenant } from '../../things.ts'
import { t } from '../../words.ts'
import { kept, labels, meters, shown } from './limits.ts'
import { ModuleSwitches } from './module-switches.tsx'

/** What one tenant has beside its plan: limits of its own, modules that are switched off. Only what is changed is sent. */
export function TenantLimits({ tenant: { id, name, limits = {}, modules: on = [] }, close }: { tenant: Tenant; close: () => void }) {
  const cache = useQueryClient()
  const [wished, wish] = useState<Record<string, boolean>>({})
  const { form, onSubmit, refusal, busy } = useServerForm(
    Object.fromEntries(meters.map((meter) => [meter, shown(meter, limits[meter])])) as Record<string, string | number>,
    async (values) => {
      const changed = meters.filter((meter) => values[meter] !== shown(meter, limits[meter]))
      const switched = Object.entries(wished).filter(([module, next]) => next !== on.includes(module))
      if (changed.length || switched.length)
        await patch(`/tenants/${id}`, {
          ...(changed.length ? { limits: Object.fromEntries(changed.map((meter) => [meter, kept(meter, values[meter] ?? '')])) } : {}),
          ...(switched.length ? { modules: Object.fromEntries(switched) } : {}),
        })
      await markStale(cache, ['tenants.', 'plans.'])
      say(t('The limits of {name} hold from now on.', { name }))
      close()
    },
  )
  return (
    <Dialog title={t('Limits and modules of {name}', { name })} opened close={close} size={520}>
      <form className="stack" onSubmit={onSubmit}>
        <p className="dim">{t('What is changed here holds for {name} whatever its plan says. An empty field: no limit.', { name })}</p>
        <div className="limits">
          {meters.map((meter) => (
            <NumberInput key={meter} label={labels()[meter]} placeholder={t('No limit')} min={0} allowNegative={false} decimalScale={meter === 'storage' ? 2 : 0} thousandSeparator="," hideControls {...form.getInputProps(meter)} />
          ))}
        </div>
        <ModuleSwitches isOn={(name) => wished[name] ?? on.includes(name)} set={(name, next) => wish({ ...wished, [name]: next })} />
        <Refusal of={refusal} />
        <DialogFoot verb={t('Save')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
