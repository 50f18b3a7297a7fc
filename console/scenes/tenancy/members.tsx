import { ActionIcon, Button, Menu, Select, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { patch, post, remove } from '../../api.ts'
import { attempt, markStale, useChange } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say } from '../../parts/toasts.tsx'
import { useInvitations, useMay, useMe, useMembers } from '../../reads.ts'
import type { Invitation, Member, TenantRole } from '../../things.ts'
import { t } from '../../words.ts'
import './tenancy.css'

const roleName = (role: TenantRole) => ({ owner: t('Owner'), admin: t('Admin'), member: t('Member'), viewer: t('Viewer') })[role]
const roleText = (role: TenantRole) =>
  ({ viewer: t('Viewers read.'), member: t('Members create projects and tasks.'), admin: t('Admins also invite, remove and change settings.'), owner: t('Owners also make owners and delete the team.') })[role]

export function Members() {
  const { user, tenant } = useMe()
  const admin = useMay('admin')
  const members = useMembers()
  return (
    <>
      <Head title={t('Members')} />
      <div className="body">
        <div className="pad">
          {admin && <Invite owner={tenant?.role === 'owner'} />}
          <section style={{ marginTop: admin ? 28 : 0 }}>
            <h2 className="row">
              {t('Members')} <span className="count">{members.data?.length}</span>
            </h2>
            <div className="box" style={{ marginTop: 8 }}>
              <Loaded of={members} what={t('The members could not be read')} skeleton={<RowSkeletons count={5} h={48} />}>
                {(all) => (
                  <ul className="rows">
                    {all.map((member) => (
                      <MemberRow key={member.userId} member={member} self={member.userId === user.id} admin={admin} owner={tenant?.role === 'owner'} />
                    ))}
                  </ul>
                )}
              </Loaded>
            </div>
          </section>
          {admin && <Invitations />}
        </div>
      </div>
    </>
  )
}

function MemberRow({ member, self, admin, owner }: { member: Member; self: boolean; admin: boolean; owner: boolean }) {
  const cache = useQueryClient()
  const change = useChange<TenantRole, Member>({
    run: (role) => patch<Member>(`/members/${member.userId}`, { role }),
    stale: ['members.', 'tenants.'],
    failed: t('The role of {name} was not changed.', { name: member.name }),
    optimistic: (cache, role) => {
      const before = cache.getQueryData<Member[]>(['members.list'])
      cache.setQueryData<Member[]>(['members.list'], (all) => all?.map((one) => (one.userId === member.userId ? { ...one, role } : one)))
      return () => void cache.setQueryData(['members.list'], before)
    },
  })
  const mayChange = admin && (owner || member.role !== 'owner')
  const roles = (['owner', 'admin', 'member', 'viewer'] as const).filter((role) => owner || role !== 'owner')
  return (
    <li>
      <div className="line" style={{ minHeight: 52 }}>
        <Avatar id={member.userId} name={member.name} size="lg" named />
        <div className="grow">
          <div className="truncate" style={{ fontWeight: 500 }}>
            {member.name} {self && <span className="dim">{t('(you)')}</span>}
          </div>
          <div className="meta truncate">{member.email}</div>
        </div>
        {mayChange ? (
          <Select
            size="xs"
            w={112}
            aria-label={t('Role of {name}', { name: member.name })}
            data={roles.map((role) => ({ value: role, label: roleName(role) }))}
            value={member.role}
            onChange={(role) => role && role !== member.role && change.mutate(role as TenantRole)}
          />
        ) : (
          <span className="dim">{roleName(member.role)}</span>
        )}
        {(mayChange || self) && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon aria-label={t('Actions for {name}', { name: member.name })}>
                <Ellipsis size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                color="red"
                onClick={() =>
                  self
                    ? ask({ title: t('Leave the team'), text: t('You lose access to its projects at once. An admin can invite you again.'), verb: t('Leave the team'), danger: true, run: async () => { await post('/members/me/leave'); location.assign('/') } })
                    : ask({
                        title: t('Remove {name}', { name: member.name }),
                        text: t('{name} loses access within two seconds, on every device. What {name} wrote stays.', { name: member.name }),
                        verb: t('Remove {name}', { name: member.name }),
                        danger: true,
                        run: () => remove(`/members/${member.userId}`).then(() => markStale(cache, ['members.'])),
                      })
                }
              >
                {self ? t('Leave the team') : t('Remove from the team')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </li>
  )
}

function Invite({ owner }: { owner: boolean }) {
  const cache = useQueryClient()
  const [link, setLink] = useState('')
  const { form, onSubmit, refusal, busy } = useServerForm(
    { email: '', role: 'member' as TenantRole },
    async (values) => {
      const invitation = await post<Invitation>('/invitations', values)
      setLink(invitation.url ?? '')
      say(t('Invitation sent to {email}.', { email: values.email }))
      form.setFieldValue('email', '')
      void markStale(cache, ['invitations.'])
    },
    { email: (email: string) => (/^\S+@\S+$/.test(email) ? null : t('An address looks like name@example.com.')) },
  )
  return (
    <section>
      <h2>{t('Invite somebody')}</h2>
      <form className="invite" onSubmit={onSubmit} noValidate>
        <TextInput type="email" aria-label={t('Email')} placeholder="name@example.com" {...form.getInputProps('email')} />
        <Select
          aria-label={t('Role')}
          data={(['viewer', 'member', 'admin', 'owner'] as const).filter((role) => owner || role !== 'owner').map((role) => ({ value: role, label: roleName(role) }))}
          {...form.getInputProps('role')}
        />
        <Submit busy={busy}>{t('Send invitation')}</Submit>
      </form>
      <p className="meta" style={{ marginTop: 6 }}>
        {roleText(form.values.role)}
      </p>
      <Refusal of={refusal} />
      {link && (
        <p className="note row" data-tone="info" style={{ marginTop: 8 }}>
          <span className="truncate grow">{link}</span>
          <Button size="compact-xs" variant="default" onClick={() => void navigator.clipboard?.writeText(link)}>
            {t('Copy link')}
          </Button>
        </p>
      )}
    </section>
  )
}

function Invitations() {
  const invitations = useInvitations(true)
  const cache = useQueryClient()
  return (
    <section style={{ marginTop: 28 }}>
      <h2>{t('Open invitations')}</h2>
      <div className="box" style={{ marginTop: 8 }}>
        <Loaded of={invitations} what={t('The invitations could not be read')} skeleton={<RowSkeletons count={2} h={48} />}>
          {(all) => {
            const open = all.filter((one) => !one.status || one.status === 'pending')
            if (!open.length)
              return (
                <Empty title={t('Nobody is waiting')} art={<span />}>
                  {t('Who is invited stands here until the invitation is accepted, withdrawn or a week old.')}
                </Empty>
              )
            return (
              <ul className="rows">
                {open.map((one) => (
                  <li key={one.id}>
                    <div className="line" style={{ minHeight: 48 }}>
                      <span className="grow">
                        <span className="truncate">{one.email ?? t('A link for whoever holds it')}</span>
                        <span className="meta" style={{ display: 'block' }}>
                          {roleName(one.role)} · {t('ends')} <Time at={one.expiresAt} />
                        </span>
                      </span>
                      <Button size="compact-sm" variant="default" aria-label={t('Send again to {email}', { email: one.email ?? t('a link') })} onClick={() => void attempt(cache, t('It was not sent again.'), ['invitations.'], () => post(`/invitations/${one.id}/resend`), t('Sent again to {email}.', { email: one.email ?? t('nobody: copy the new link') }))}>
                        {t('Send again')}
                      </Button>
                      <Button size="compact-sm" variant="subtle" color="gray" aria-label={t('Withdraw the invitation of {email}', { email: one.email ?? t('a link') })} onClick={() => void attempt(cache, t('It was not withdrawn.'), ['invitations.'], () => remove(`/invitations/${one.id}`), t('Invitation of {email} withdrawn.', { email: one.email ?? t('a link') }))}>
                        {t('Withdraw')}
                      </Button>
                    </div>
                  </li>
                ))}
              </ul>
            )
          }}
        </Loaded>
      </div>
    </section>
  )
}
