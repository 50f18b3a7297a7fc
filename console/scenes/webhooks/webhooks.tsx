import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus, Webhook as Icon } from 'lucide-react'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { eventsInWords, StateChip, webhooksQuery, type Webhook } from './webhook.tsx'

/** Where the team's events are sent to. */
export function Webhooks() {
  const admin = useMay('admin')
  const webhooks = useQuery({ ...webhooksQuery, enabled: admin })
  const add = (
    <Button size="xs" leftSection={<Plus size={14} />} renderRoot={(props) => <Link to="/webhooks/new" {...props} />}>
      {t('New webhook')}
    </Button>
  )
  return (
    <>
      <Head title={t('Webhooks')}>{admin && add}</Head>
      <div className="body">
        <div className="pad">
          {!admin ? (
            <Empty title={t('For admins')}>{t('Admins send the team’s events to other systems.')}</Empty>
          ) : (
            <Loaded of={webhooks} what={t('The webhooks could not be read')} skeleton={<RowSkeletons count={3} h={60} />}>
              {(all) =>
                all.length ? (
                  <div className="box">
                    <ul className="rows">
                      {all.map((one) => (
                        <Row key={one.id} webhook={one} />
                      ))}
                    </ul>
                  </div>
                ) : (
                  <Empty title={t('Nothing is sent out yet')} action={add}>
                    {t('A webhook sends each event of the team, or some, to an address of yours: signed, in order to be believed, and tried again for three days.')}
                  </Empty>
                )
              }
            </Loaded>
          )}
        </div>
      </div>
    </>
  )
}

function Row({ webhook: one }: { webhook: Webhook }) {
  return (
    <li>
      <Link className="line" to="/webhooks/$webhook" params={{ webhook: one.id }} style={{ minHeight: 60 }}>
        <Icon size={16} className="dim" aria-hidden="true" />
        <span className="grow">
          <span className="truncate" style={{ display: 'block', fontWeight: 500 }}>
            {one.description ?? one.url}
          </span>
          <span className="meta truncate" style={{ display: 'block' }}>
            {one.description && `${one.url} · `}
            {eventsInWords(one.events)}
            {one.waiting > 0 && ` · ${t('{count} waiting', { count: one.waiting })}`}
            {one.failingSince && (
              <>
                {' · '}
                {t('first failed')} <Time at={one.failingSince} />
              </>
            )}
          </span>
        </span>
        <StateChip of={one} />
      </Link>
    </li>
  )
}
