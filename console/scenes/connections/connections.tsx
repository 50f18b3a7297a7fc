import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { aboutKind, connectionsQuery, isPreset, KindMark, kindsQuery, placeOf, StateChip, type Connection, type Kind } from './connection.tsx'

/** The services outside that workflows may use, and what can be connected. */
export function Connections() {
  const member = useMay('member')
  const admin = useMay('admin')
  const connections = useQuery({ ...connectionsQuery, enabled: member })
  const kinds = useQuery({ ...kindsQuery, enabled: member })
  return (
    <>
      <Head title={t('Connections')}>
        {admin && (
          <Button size="xs" leftSection={<Plus size={14} />} renderRoot={(props) => <Link to="/connections/new" {...props} />}>
            {t('New connection')}
          </Button>
        )}
      </Head>
      <div className="body">
        <div className="pad">
          {!member ? (
            <Empty title={t('For members')}>{t('Members see which services outside the team’s workflows use.')}</Empty>
          ) : (
            <Loaded of={connections} what={t('The connections could not be read')} skeleton={<RowSkeletons count={4} h={60} />}>
              {(all) =>
                all.length ? (
                  <div className="box">
                    <ul className="rows">
                      {all.map((one) => (
                        <Row key={one.id} connection={one} kind={kinds.data?.find((kind) => kind.type === one.type)} />
                      ))}
                    </ul>
                  </div>
                ) : (
                  <Empty title={t('Nothing is connected yet')} art={<span />}>
                    {admin ? t('A connection holds the address and the secrets of a service outside. Workflows use it by name and never see what it holds.') : t('Admins connect services outside. Workflows then use them by name.')}
                  </Empty>
                )
              }
            </Loaded>
          )}
          {admin && <Gallery kinds={kinds.data} />}
        </div>
      </div>
    </>
  )
}

function Row({ connection: one, kind }: { connection: Connection; kind: Kind | undefined }) {
  return (
    <li>
      <Link className="line" to="/connections/$connection" params={{ connection: one.id }} style={{ minHeight: 60 }}>
        <KindMark type={one.type} title={kind?.title ?? one.type} preset={!!kind && isPreset(kind)} />
        <span className="grow">
          <span className="truncate" style={{ display: 'block', fontWeight: 500 }}>
            {one.name}
          </span>
          <span className="meta truncate" style={{ display: 'block' }}>
            {kind?.title ?? one.type} · {placeOf(one)}
            {one.testedAt && (
              <>
                {' · '}
                {t('tried')} <Time at={one.testedAt} />
              </>
            )}
          </span>
        </span>
        <StateChip of={one.status} />
      </Link>
    </li>
  )
}

/** Everything that can be connected; presets first, since they ask least. */
export function Gallery({ kinds }: { kinds: Kind[] | undefined }) {
  if (!kinds)
    return (
      <div className="gallery gallery-title" aria-busy="true">
        {Array.from({ length: 6 }, (_, at) => (
          <Skeleton key={at} h={64} r={8} />
        ))}
      </div>
    )
  const groups: [string, Kind[]][] = [[t('Ready-made'), kinds.filter(isPreset)], [t('Anything else'), kinds.filter((kind) => !isPreset(kind))]]
  return (
    <>
      {groups.map(([title, some]) => (
        <section key={title}>
          <h2 className="gallery-title">{title}</h2>
          <div className="gallery">
            {some.map((kind) => (
              <Link key={kind.type} className="kind-card" to="/connections/new" search={{ type: kind.type } as never}>
                <KindMark type={kind.type} title={kind.title} preset={isPreset(kind)} />
                <span className="grow">
                  <span className="truncate" style={{ display: 'block' }}>
                    {kind.title}
                  </span>
                  <span className="meta">
                    {aboutKind(kind)}
                    {kind.operations.length > 0 && ` · ${t('{count} operations', { count: kind.operations.length })}`}
                  </span>
                </span>
              </Link>
            ))}
          </div>
        </section>
      ))}
    </>
  )
}
