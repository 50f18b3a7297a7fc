import { Button, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { get, patch } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Head } from '../../parts/head.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useMe } from '../../reads.ts'
import type { ManagedPerson, Page } from '../../things.ts'
import { t } from '../../words.ts'
import './operators.css'

/** Everybody with an account on this installation: who operates it, who may come in. */
export function People() {
  const q = (useSearch({ strict: false }) as { q?: string }).q
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q ?? '')
  const find = useDebouncedCallback((next: string) => void navigate({ to: '.', search: { q: next.trim() || undefined } as never, replace: true }), 200)
  const people = useInfiniteQuery({
    queryKey: ['users.list', { q }],
    queryFn: ({ signal, pageParam }) => get<Page<ManagedPerson>>('/users', { q, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  })
  const rows = people.data?.pages.flatMap((page) => page.items)
  return (
    <>
      <Head title={t('People')} />
      <div className="toolbar">
        <TextInput
          size="xs"
          type="search"
          leftSection={<Search size={13} aria-hidden="true" />}
          aria-label={t('Find by name or address')}
          placeholder={t('Name or address')}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            find(event.currentTarget.value)
          }}
        />
      </div>
      <div className="body">
        <div className="pad">
          <div className="box">
            <Loaded of={{ ...people, data: rows }} what={t('The people could not be read')} skeleton={<RowSkeletons count={8} h={52} />}>
              {(all) =>
                all.length ? (
                  <ul className="rows">
                    {all.map((person) => (
                      <PersonRow key={person.id} person={person} />
                    ))}
                  </ul>
                ) : (
                  <Empty title={t('Nobody fits')} art={<span className="art" />}>
                    {t('No name or address has “{q}” in it.', { q: q ?? '' })}
                  </Empty>
                )
              }
            </Loaded>
          </div>
          {people.hasNextPage && (
            <div style={{ padding: 16, textAlign: 'center' }}>
              <Button variant="default" loading={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
                {t('Show more')}
              </Button>
            </div>
          )}
        </div>
      </div>
    </>
  )
}

function PersonRow({ person }: { person: ManagedPerson }) {
  const { user } = useMe()
  const cache = useQueryClient()
  const self = person.id === user.id
  const closed = person.status === 'banned'
  const { name } = person
  const change = (change: Partial<Pick<ManagedPerson, 'role' | 'status'>>, said: string) => attempt(cache, t('{name} was not changed.', { name }), ['users.list'], () => patch(`/users/${person.id}`, change), said)
  const makeOperator = () =>
    ask({
      title: t('Make {name} an operator', { name }),
      text: t('Operators see every account, the outbox and the jobs of this installation, and may make others operators.'),
      verb: t('Make {name} an operator', { name }),
      run: () => change({ role: 'operator' }, t('{name} is an operator now.', { name })),
    })
  const close = () =>
    ask({
      title: t('Close the account of {name}', { name }),
      text: t('{name} is signed out everywhere at once and cannot sign in until the account is opened again. Nothing is deleted.', { name }),
      verb: t('Close the account'),
      danger: true,
      run: () => change({ status: 'banned' }, t('The account of {name} is closed.', { name })),
    })
  return (
    <li>
      <div className="line person-line">
        <Avatar id={person.id} name={name} size="lg" named />
        <div className="grow">
          <div className="truncate" style={{ fontWeight: 500 }}>
            {name} {self && <span className="dim">{t('(you)')}</span>}
          </div>
          <div className="meta truncate">
            {person.email} {!person.emailVerified && `· ${t('not verified')} `}
            {person.createdAt && (
              <>
                · {t('since')} <Time at={person.createdAt} />
              </>
            )}
          </div>
        </div>
        {closed && (
          <span className="chip" data-tone="danger">
            {t('Closed')}
          </span>
        )}
        {self ? (
          <span className="dim">{t('Operator')}</span>
        ) : (
          <>
            <Select
              size="xs"
              w={112}
              aria-label={t('Role of {name}', { name })}
              value={person.role}
              data={[
                { value: 'user', label: t('Person') },
                { value: 'operator', label: t('Operator') },
              ]}
              onChange={(role) => role && role !== person.role && (role === 'operator' ? makeOperator() : void change({ role: 'user' }, t('{name} operates nothing any more.', { name })))}
            />
            <Button size="compact-sm" variant="default" aria-label={closed ? t('Open the account of {name}', { name }) : t('Close the account of {name}', { name })} onClick={() => (closed ? void change({ status: 'active' }, t('{name} may sign in again.', { name })) : close())}>
              {closed ? t('Open') : t('Close')}
            </Button>
          </>
        )}
      </div>
    </li>
  )
}
