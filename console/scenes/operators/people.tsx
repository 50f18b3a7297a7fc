import { Menu, SegmentedControl, Select } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { patch } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Boxed } from '../../parts/boxed.tsx'
import { FindField, useFound } from '../../parts/find-field.tsx'
import { Head } from '../../parts/head.tsx'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useMe } from '../../reads.ts'
import type { ManagedPerson } from '../../things.ts'
import { t } from '../../words.ts'
import { ActAs } from './act-as.tsx'
import { Acted } from './acted.tsx'
import './operators.css'

/** Everybody with an account on this installation: who operates it, who may come in. */
export function People() {
  const { show } = useSearch({ strict: false }) as { show?: string }
  const navigate = useNavigate()
  return (
    <>
      <Head title={t('People')} />
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          aria-label={t('Which')}
          value={show ?? 'all'}
          onChange={(next) => void navigate({ to: '.', search: { show: next === 'all' ? undefined : next } as never, replace: true })}
          data={[
            { value: 'all', label: t('Everybody') },
            { value: 'acted', label: t('Who acted for whom') },
          ]}
        />
        {show !== 'acted' && <FindField label={t('Find by name or address')} placeholder={t('Name or address')} />}
      </div>
      <div className="body">
        <div className="pad">{show === 'acted' ? <Acted /> : <Everybody />}</div>
      </div>
    </>
  )
}

function Everybody() {
  const q = useFound()
  const people = usePages<ManagedPerson>(['users.list', { q }], '/users', { q }, { keepPrevious: true })
  return (
    <>
      <Boxed
        of={people}
        what={t('The people could not be read')}
        count={8}
        empty={
          <Empty title={t('Nobody fits')} art={<span className="art" />}>
            {t('No name or address has “{q}” in it.', { q: q ?? '' })}
          </Empty>
        }
      >
        {(person) => <PersonRow key={person.id} person={person} />}
      </Boxed>
      <More of={people} />
    </>
  )
}

function PersonRow({ person }: { person: ManagedPerson }) {
  const { user } = useMe()
  const [acting, setActing] = useState(false)
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
            <MoreMenu label={t('Actions for {name}', { name })} width={220}>
              {person.role === 'user' && !closed && <Menu.Item onClick={() => setActing(true)}>{t('Act as {name}', { name })}</Menu.Item>}
              {closed ? (
                <Menu.Item onClick={() => void change({ status: 'active' }, t('{name} may sign in again.', { name }))}>{t('Open the account')}</Menu.Item>
              ) : (
                <Menu.Item color="red" onClick={close}>
                  {t('Close the account')}
                </Menu.Item>
              )}
            </MoreMenu>
          </>
        )}
      </div>
      {acting && <ActAs person={person} close={() => setActing(false)} />}
    </li>
  )
}
