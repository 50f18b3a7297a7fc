import { Button, NumberInput, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, patch, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, SectionSkeletons } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import type { Page, Plan } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import { kept, labels, meters, shown } from './limits.ts'
import { ModuleSwitches } from './module-switches.tsx'
import './operators.css'

/** The installation's price list. */
export function Plans() {
  const read = useQuery({ queryKey: ['plans.list'], queryFn: ({ signal }) => get<Page<Plan>>('/plans', undefined, signal) })
  const [adding, setAdding] = useState(false)
  return (
    <>
      <Head title={t('Plans')}>
        <Button size="compact-sm" onClick={() => setAdding(true)} disabled={adding}>
          {t('Make a plan')}
        </Button>
      </Head>
      <div className="body">
        <div className="pad">
          {adding && <NewPlan done={() => setAdding(false)} />}
          <Loaded of={read} what={t('The plans could not be read')} skeleton={<SectionSkeletons count={4} />}>
            {({ items }) => (
              <>
                {items.map((plan) => (
                  <OnePlan key={`${plan.id} ${plan.version}`} plan={plan} />
                ))}
              </>
            )}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function NewPlan({ done }: { done: () => void }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm({ name: '', title: '' }, async (values) => {
    await post('/plans', values)
    await markStale(cache, ['plans.'])
    done()
  })
  return (
    <Section title={t('New plan')} text={t('It begins without limits.')}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Title')} maxLength={80} data-autofocus {...form.getInputProps('title')} />
        <TextInput label={t('Short name')} maxLength={40} {...form.getInputProps('name')} />
        <Refusal of={refusal} />
        <div className="row">
          <Submit busy={busy}>{t('Make the plan')}</Submit>
          <Button variant="default" onClick={done}>
            {t('Cancel')}
          </Button>
        </div>
      </form>
    </Section>
  )
}

function OnePlan({ plan }: { plan: Plan }) {
  const cache = useQueryClient()
  const { id, name, title, tenants, isDefault } = plan
  const [off, setOff] = useState(() => Object.keys(plan.modules).filter((module) => plan.modules[module] === false))
  const switched = off.some((module) => plan.modules[module] !== false) || Object.keys(plan.modules).some((module) => plan.modules[module] === false && !off.includes(module))
  const { form, onSubmit, refusal, busy } = useServerForm({ title, ...Object.fromEntries(meters.map((meter) => [meter, shown(meter, plan.limits[meter])])) } as Record<string, string | number>, async (values) => {
    await patch(`/plans/${id}`, { title: values.title, limits: Object.fromEntries(meters.map((meter) => [meter, kept(meter, values[meter] ?? '')])), ...(switched ? { modules: Object.fromEntries(off.map((module) => [module, false])) } : {}) })
    await markStale(cache, ['plans.', 'tenants.'])
    say(t('The limits of {name} hold from now on.', { name: String(values.title) }))
  })
  return (
    <Section
      title={title}
      text={
        <>
          <code>{name}</code> · {countOf(tenants, 'tenant', 'tenants')}
          {isDefault && ` · ${t('new tenants begin with it')}`}
        </>
      }
    >
      <form className="stack" onSubmit={onSubmit} aria-label={t('Plan {name}', { name: title })}>
        <TextInput label={t('Title')} maxLength={80} {...form.getInputProps('title')} />
        <div className="limits">
          {meters.map((meter) => (
            <NumberInput key={meter} label={labels()[meter]} placeholder={t('No limit')} min={0} allowNegative={false} decimalScale={meter === 'storage' ? 2 : 0} thousandSeparator="," hideControls {...form.getInputProps(meter)} />
          ))}
        </div>
        <ModuleSwitches isOn={(module) => !off.includes(module)} set={(module, on) => setOff(on ? off.filter((one) => one !== module) : [...off, module])} />
        <Refusal of={refusal} />
        <div className="row wrap">
          <Submit busy={busy} disabled={!form.isDirty() && !switched}>
            {t('Save')}
          </Submit>
          {!isDefault && (
            <Button variant="default" aria-label={t('Make it the default: {name}', { name: title })} onClick={() => void attempt(cache, t('{name} was not changed.', { name: title }), ['plans.'], () => patch(`/plans/${id}`, { isDefault: true }), t('New tenants begin with {name}.', { name: title }))}>
              {t('Make it the default')}
            </Button>
          )}
          {!isDefault && tenants === 0 && (
            <Button
              variant="light"
              color="red"
              aria-label={t('Delete {name}', { name: title })}
              onClick={() => ask({ title: t('Delete {name}', { name: title }), text: t('No tenant has it. It cannot be brought back.'), verb: t('Delete {name}', { name: title }), danger: true, run: () => remove(`/plans/${id}`).then(() => markStale(cache, ['plans.'])) })}
            >
              {t('Delete')}
            </Button>
          )}
        </div>
      </form>
    </Section>
  )
}
