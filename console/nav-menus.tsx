// The menus of the navigation, loaded when one is first opened: what floats is no part of the first page.
import { Menu } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { Check, LogOut, Plus, UserRound } from 'lucide-react'
import { useEffect, useState } from 'react'
import { logout, switchTenant } from './api.ts'
import { PersonButton, TeamButton } from './nav-buttons.tsx'
import { show } from './overlays.ts'
import { sayProblem } from './parts/toasts.tsx'
import { useMe, useTenants } from './reads.ts'
import { t } from './words.ts'

function useOpened() {
  const [opened, setOpened] = useState(false)
  useEffect(() => setOpened(true), [])
  return { opened, onChange: setOpened }
}

export function TeamMenu() {
  const state = useOpened()
  return (
    <Menu width={240} {...state}>
      <Menu.Target>
        <TeamButton />
      </Menu.Target>
      <Menu.Dropdown>{state.opened && <TeamItems />}</Menu.Dropdown>
    </Menu>
  )
}

function TeamItems() {
  const { tenant } = useMe()
  const tenants = useTenants()
  const navigate = useNavigate()
  const to = async (id: string) => {
    try {
      await switchTenant(id)
      await navigate({ to: '/' })
    } catch (error) {
      sayProblem(error, t('The team was not switched.'))
    }
  }
  return (
    <>
      <Menu.Label>{t('Teams')}</Menu.Label>
      {tenants.data?.map((one) => (
        <Menu.Item key={one.id} onClick={() => void (one.id !== tenant?.id && to(one.id))} rightSection={one.id === tenant?.id ? <Check size={14} aria-label={t('active')} /> : null}>
          {one.name}
        </Menu.Item>
      ))}
      {tenants.isPending && <Menu.Item disabled>{t('Loading')}</Menu.Item>}
      <Menu.Divider />
      <Menu.Item component={Link} to="/teams/new" leftSection={<Plus size={14} />}>
        {t('Create a team')}
      </Menu.Item>
    </>
  )
}

export function PersonMenu() {
  const { user } = useMe()
  const state = useOpened()
  return (
    <Menu width={216} position="top-start" {...state}>
      <Menu.Target>
        <PersonButton />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.email}</Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<UserRound size={14} />}>
          {t('Account')}
        </Menu.Item>
        <Menu.Item onClick={() => show({ kind: 'keys' })} rightSection={<kbd>?</kbd>}>
          {t('Keyboard shortcuts')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={14} />} onClick={() => void logout()}>
          {t('Sign out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
