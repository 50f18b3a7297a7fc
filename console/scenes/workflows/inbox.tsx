// What came to the webhook triggers of a workflow: taken or why not, with its headers and bytes, and which run it began.
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Bytes } from '../../parts/bytes.tsx'
import { Boxed } from '../../parts/boxed.tsx'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { useTriggers, workflowQuery } from './reads.ts'
import { Addresses } from './trigger-place.tsx'
import './run.css'
import '../webhooks/webhooks.css'

type Received = { id: string; node: string; method: string; contentType: string | null; bytes: number; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null; createdAt: string }
type FullReceived = Received & { headers: Record<string, string>; query: unknown; body: string | null; encoding: 'utf8' | 'base64' }

export function WebhookInbox() {
  const { workflow: id } = useParams({ strict: false }) as { workflow: string }
  const { request } = useSearch({ strict: false }) as { request?: string }
  const may = useMay('member')
  const navigate = useNavigate()
  const workflow = useQuery(workflowQuery(id))
  const addresses = useTriggers(id, may).data?.filter(({ url, address, type }) => url || address || type === 'email') ?? []
  const received = usePages<Received>(['inbox.list', { id }], `/workflows/${id}/inbox`, {}, { enabled: may, refetchInterval: 5000 })
  const open = (next: string) => void navigate({ to: '.', search: { request: next === request ? undefined : next } as never, replace: true, resetScroll: false })
  return (
    <>
      <Head
        title={t('Inbox')}
        before={
          <Link className="truncate" to="/workflows/$workflow" params={{ workflow: id }}>
            {workflow.data?.name ?? t('Workflow')}
          </Link>
        }
      />
      <div className="body">
        <div className="pad">
          {!may ? (
            <Empty title={t('For members')}>{t('Members see what came to the workflow’s addresses.')}</Empty>
          ) : (
            <>
              {addresses.length > 0 && (
                <div className="stack tight" style={{ marginBottom: 20 }}>
                  {addresses.map((trigger) => (
                    <Addresses key={trigger.id} trigger={trigger} />
                  ))}
                </div>
              )}
              <Boxed of={received} what={t('The inbox could not be read')} count={5} h={48} empty={<Empty title={t('Nothing came yet')} art={<span />}>{t('Every request and letter to the workflow’s addresses stands here, also those that were refused, with the reason.')}</Empty>}>
                {(one) => <Row key={one.id} received={one} open={one.id === request} toggle={() => open(one.id)} />}
              </Boxed>
              <More of={received}>{t('Show older ones')}</More>
            </>
          )}
        </div>
      </div>
    </>
  )
}

function Row({ received: one, open, toggle }: { received: Received; open: boolean; toggle: () => void }) {
  return (
    <li className="delivery">
      <button type="button" className="plain line" aria-expanded={open} onClick={toggle}>
        {open ? <ChevronDown size={14} aria-hidden="true" /> : <ChevronRight size={14} aria-hidden="true" />}
        <span className="chip" data-tone={one.verified ? 'positive' : 'danger'}>
          {one.verified ? t('Taken') : t('Refused')}
        </span>
        <span className="grow">
          <span className="truncate" style={{ display: 'block' }}>
            <code>
              {one.method} {one.node}
            </code>{' '}
            <span className="meta">
              {one.contentType} · {one.bytes} B{one.replayOf && ` · ${t('replayed')}`}
            </span>
          </span>
          {one.reason && <span className="meta due" data-late>{one.reason}</span>}
        </span>
        <span className="meta">
          <Time at={one.createdAt} />
        </span>
      </button>
      {open && <InFull id={one.id} />}
    </li>
  )
}

function InFull({ id }: { id: string }) {
  const cache = useQueryClient()
  const full = useQuery({ queryKey: ['inbox.get', { id }], queryFn: ({ signal }) => get<FullReceived>(`/inbox/${id}`, undefined, signal) })
  const replay = () =>
    attempt(cache, t('It was not taken again.'), ['inbox.', 'runs.'], async () => {
      const { runId } = await post<{ runId: string | null }>(`/inbox/${id}/replay`)
      say(runId ? t('It was taken once more and began a run.') : t('It was taken once more; it began no run.'))
    })
  return (
    <div className="delivery-in-full">
      <Loaded of={full} what={t('It could not be read')} skeleton={<RowSkeletons count={3} />}>
        {(one) => (
          <>
            <p className={one.verified ? 'meta' : 'note'}>
              {one.reason ? t('Refused: {reason}. No run was begun.', { reason: one.reason }) : one.runId ? t('Its signature was right, or none is asked for.') : t('It began no run.')}
            </p>
            <div>
              <div className="meta">{t('Headers')}</div>
              <dl className="inbox-facts">
                {Object.entries(one.headers).map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>])}
              </dl>
              <p className="meta">{t('Headers that carry credentials are never kept.')}</p>
            </div>
            {Object.keys((one.query ?? {}) as object).length > 0 && <Bytes label={t('Query')} text={JSON.stringify(one.query)} />}
            <Bytes label={one.encoding === 'base64' ? t('Body, as base64') : t('Body')} text={one.body ?? ''} />
            <div className="row wrap">
              {one.runId && (
                <Button size="compact-sm" variant="default" renderRoot={(props) => <Link to="/runs/$run" params={{ run: one.runId! }} {...props} />}>
                  {t('Look at its run')}
                </Button>
              )}
              <Button size="compact-sm" variant="default" onClick={() => void replay()}>
                {one.verified ? t('Take it once more') : t('Take it all the same')}
              </Button>
            </div>
          </>
        )}
      </Loaded>
    </div>
  )
}
