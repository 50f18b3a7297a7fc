// Where a published trigger is reached from outside: its address, to copy and to renew; the secret its sender signs with; and what went wrong.
import { Button, PasswordInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post, put } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Copyable } from '../../parts/copyable.tsx'
import { Time } from '../../parts/time.tsx'
import { useMe } from '../../reads.ts'
import { t } from '../../words.ts'
import { nameOf, type DrawnNode, type NodeType } from './graph/drawn.ts'
import { useTriggers, type Trigger } from './reads.ts'
import './trigger-place.css'

const reached = new Set(['webhook', 'email', 'sms', 'iot'])

export function TriggerPlace({ workflowId, node, type, may }: { workflowId: string; node: DrawnNode; type: NodeType | undefined; may: boolean }) {
  const { acting } = useMe()
  const triggers = useTriggers(workflowId)
  const own = triggers.data?.find((trigger) => trigger.node === node.id && trigger.type === node.type)
  const outside = reached.has(node.type) && !acting // whoever acts for somebody is not told the addresses
  if (!triggers.data || !(outside || own?.problem || (own?.nextAt && !may))) return null
  const signed = isSigned(node, type)
  return (
    <section className="trigger-place stack tight">
      <h3>{outside ? t('Where it is reached') : t('How it fares')}</h3>
      {own?.problem && (
        <p className="note" data-tone="warning">
          {t('The last time it began no run: {reason}', { reason: own.problem })}
        </p>
      )}
      {own?.nextAt && !may && (
        <p className="meta">
          {t('Next')} <Time at={own.nextAt} />
        </p>
      )}
      {outside && !own && <p className="meta">{t('It gets an address of its own when it is published.')}</p>}
      {outside && own && may && (
        <>
          <Addresses trigger={own} />
          {(own.address || own.url) && (
            <div>
              <Renew workflowId={workflowId} node={node} name={nameOf(node, type)} />
            </div>
          )}
          {signed && <Secret workflowId={workflowId} trigger={own} />}
        </>
      )}
    </section>
  )
}

/** What the sender has to sign with, unless the trigger takes anything. */
function isSigned({ type, settings }: DrawnNode, known: NodeType | undefined): boolean {
  if (settings?.provider !== undefined) return true
  const unsaid = (known?.settings.properties?.signature as { default?: unknown } | undefined)?.default ?? 'none'
  return type !== 'email' && (settings?.signature ?? unsaid) !== 'none'
}

/** Addresses to copy; of an email trigger also what an operator has to set before letters can come. */
export function Addresses({ trigger }: { trigger: Trigger }) {
  return (
    <>
      {trigger.address && <Copyable value={trigger.address} label={t('Letters to {node}', { node: trigger.node })} />}
      {trigger.url && <Copyable value={trigger.url} label={trigger.type === 'email' ? t('For the provider, {node}', { node: trigger.node }) : t('Requests to {node}', { node: trigger.node })} />}
      {trigger.type === 'email' && !trigger.address && !trigger.url && (
        <p className="note" data-tone="warning">
          {t('This installation takes no letters yet. Its operator sets MAIL_IN_DOMAIN, and SMTP_IN_PORT for the built-in receiver; then the address stands here. Or choose a provider above that hands letters on by webhook.')}
        </p>
      )}
    </>
  )
}

function Renew({ workflowId, node, name }: { workflowId: string; node: DrawnNode; name: string }) {
  const cache = useQueryClient()
  const renew = () =>
    ask({
      title: t('Renew the address of {name}', { name }),
      text: t('The address it has now ends at once: whoever sends to it has to be told the new one.'),
      verb: t('Renew the address'),
      danger: true,
      run: () => post(`/workflows/${workflowId}/triggers/${node.id}/rotate`).then(() => markStale(cache, ['workflows.triggers'])),
    })
  return (
    <Button size="compact-sm" variant="default" onClick={renew}>
      {t('Renew the address')}
    </Button>
  )
}

function Secret({ workflowId, trigger }: { workflowId: string; trigger: Trigger }) {
  const cache = useQueryClient()
  const [secret, setSecret] = useState('')
  const [busy, setBusy] = useState(false)
  const keep = async (next: string | null, said: string) => {
    setBusy(true)
    if (await attempt(cache, t('The secret was not changed.'), ['workflows.triggers'], () => put(`/workflows/${workflowId}/triggers/${trigger.node}/secret`, { secret: next }), said)) setSecret('')
    setBusy(false)
  }
  return (
    <form
      className="stack tight"
      onSubmit={(event) => {
        event.preventDefault()
        void keep(secret, t('The secret is kept. It is never shown.'))
      }}
    >
      {!trigger.hasSecret && (
        <p className="note" data-tone="warning">
          {t('Every request is refused until the secret that its sender signs with is set here.')}
        </p>
      )}
      <PasswordInput
        label={t('Secret of its sender')}
        description={trigger.hasSecret ? t('One is kept. It is never shown; what you write here takes its place.') : undefined}
        autoComplete="new-password"
        maxLength={1000}
        visibilityToggleButtonProps={{ 'aria-label': t('Show: {name}', { name: t('Secret of its sender') }) }}
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
      />
      <div className="row wrap">
        <Button type="submit" size="compact-sm" variant="default" loading={busy} disabled={!secret}>
          {t('Keep the secret')}
        </Button>
        {trigger.hasSecret && (
          <Button size="compact-sm" variant="subtle" c="var(--danger)" disabled={busy} onClick={() => void keep(null, t('The secret is gone: requests are refused until there is another.'))}>
            {t('Take it away')}
          </Button>
        )}
      </div>
    </form>
  )
}
