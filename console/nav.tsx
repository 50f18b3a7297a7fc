import { Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useRouterState, type LinkProps } from '@tanstack/react-router'
import { Activity, BarChart3, Bell, Check, ChevronsUpDown, Cog, Ellipsis, FolderKanban, House, LogOut, Mail, Plus, ScrollText, Search, Settings2, UserRound, Users } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { logout, switchTenant } from './api.ts'
import { show, useOverlay } from './overlays.ts'
import { Mark } from './parts/mark.tsx'
import { Avatar } from './parts/person.tsx'
import { sayProblem } from './parts/toasts.tsx'
import { useMay, useMe, useProjects, useTenants, useUnread } from './reads.ts'
import { t } from './words.ts'

type Place = { to: LinkProps['to']; icon: ReactNode; label: string; count?: number; exact?: boolean }

function usePlaces() {
  const { user, tenant } = useMe()
  const admin = useMay('admin')
  const unread = useUnread().data?.items.length ?? 0
  const main: Place[] = tenant
    ? [
        { to: '/', icon: <House size={16} />, label: t('Home'), exact: true },
        { to: '/notifications', icon: <Bell size={16} />, label: t('Notifications'), count: unread },
        { to: '/projects', icon: <FolderKanban size={16} />, label: t('Projects'), exact: true },
        { to: '/reports', icon: <BarChart3 size={16} />, label: t('Reports') },
      ]
    : []
  const team: Place[] = tenant
    ? [
        { to: '/members', icon: <Users size={16} />, label: t('Members') },
        ...(admin ? [{ to: '/audit' as const, icon: <ScrollText size={16} />, label: t('Audit log') }] : []),
        { to: '/settings', icon: <Settings2 size={16} />, label: t('Settings') },
      ]
    : []
  const operate: Place[] =
    user.role === 'operator'
      ? [
          { to: '/operate/readers', icon: <Activity size={16} />, label: t('Readers') },
          { to: '/operate/jobs', icon: <Cog size={16} />, label: t('Jobs') },
          { to: '/operate/outbox', icon: <Mail size={16} />, label: t('Outbox') },
        ]
      : []
  return { main, team, operate }
}

function Item({ place }: { place: Place }) {
  return (
    <Link to={place.to} className="nav-item" activeOptions={{ exact: place.exact, includeSearch: false }} title={place.label}>
      {place.icon}
      <span>{place.label}</span>
      {!!place.count && (
        <span className="count" data-strong>
          {place.count > 99 ? '99+' : place.count}
          <span className="sr"> {t('unread')}</span>
        </span>
      )}
    </Link>
  )
}

function Projects() {
  const projects = useProjects().data?.filter((project) => project.status === 'active') ?? []
  if (!projects.length) return null
  return (
    <div className="nav-group">
      <div className="nav-title">{t('Projects')}</div>
      {projects.slice(0, 12).map((project) => (
        <Link key={project.id} to="/projects/$project" params={{ project: project.key }} className="nav-item" title={project.name}>
          <span className="project-mark" aria-hidden="true">
            {project.key.slice(0, 2)}
          </span>
          <span className="truncate">{project.name}</span>
        </Link>
      ))}
    </div>
  )
}

export function Nav() {
  const { main, team, operate } = usePlaces()
  return (
    <nav className="nav" aria-label={t('Main')}>
      <TeamSwitcher />
      {main.map((place) => (
        <Item key={place.to} place={place} />
      ))}
      <Projects />
      {team.length > 0 && (
        <div className="nav-group">
          <div className="nav-title">{t('Team')}</div>
          {team.map((place) => (
            <Item key={place.to} place={place} />
          ))}
        </div>
      )}
      {operate.length > 0 && (
        <div className="nav-group">
          <div className="nav-title">{t('Platform')}</div>
          {operate.map((place) => (
            <Item key={place.to} place={place} />
          ))}
        </div>
      )}
      <div style={{ marginTop: 'auto', paddingTop: 16 }}>
        <PersonMenu />
      </div>
    </nav>
  )
}

function TeamSwitcher() {
  const { tenant } = useMe()
  const [opened, setOpened] = useState(false)
  return (
    <Menu width={240} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <button type="button" className="nav-item" style={{ height: 40, marginBottom: 4 }} aria-label={t('Team: {name}. Switch team', { name: tenant?.name ?? t('none') })}>
          <Mark />
          <span className="grow truncate" style={{ color: 'var(--text)', fontWeight: 600 }}>
            {tenant?.name ?? 'Groundwork'}
          </span>
          <ChevronsUpDown size={14} aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>{opened && <TeamItems />}</Menu.Dropdown>
    </Menu>
  )
}

function TeamItems() {
  const { tenant } = useMe()
  const tenants = useTenants()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const to = async (id: string) => {
    try {
      await switchTenant(id)
      cache.clear()
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

function PersonMenu() {
  const { user } = useMe()
  return (
    <Menu width={216} position="top-start">
      <Menu.Target>
        <button type="button" className="nav-item" style={{ height: 36 }}>
          <Avatar id={user.id} name={user.name} named />
          <span className="truncate">{user.name}</span>
          <span className="sr">{t('Your account')}</span>
        </button>
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

export function BottomBar() {
  const unread = useUnread().data?.items.length ?? 0
  const overlay = useOverlay()
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <>
      <nav className="bottom-bar" aria-label={t('Places')}>
        <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
          <House size={20} />
          {t('Home')}
        </Link>
        <Link to="/projects">
          <FolderKanban size={20} />
          {t('Projects')}
        </Link>
        <button type="button" onClick={() => show({ kind: 'palette' })}>
          <Search size={20} />
          {t('Search')}
        </button>
        <Link to="/notifications" aria-label={unread ? t('Inbox, {count} unread', { count: unread }) : t('Inbox')}>
          <Bell size={20} />
          {t('Inbox')}
          {unread > 0 && <span className="bell-dot" style={{ top: 8, right: 'calc(50% - 14px)' }} />}
        </Link>
        <button type="button" aria-expanded={overlay?.kind === 'more'} onClick={() => show({ kind: 'more' })}>
          <Ellipsis size={20} />
          {t('More')}
        </button>
      </nav>
      {overlay?.kind === 'more' && <MoreSheet key={path} />}
    </>
  )
}

function MoreSheet() {
  const { main, team, operate } = usePlaces()
  return (
    <>
      <button type="button" className="scrim" aria-label={t('Close')} onClick={() => show(null)} />
      <div className="more-sheet" role="dialog" aria-modal="true" aria-label={t('More places')} onKeyDown={(event) => event.key === 'Escape' && show(null)} onClick={(event) => (event.target as HTMLElement).closest('a') && show(null)}>
        <TeamSwitcher />
        {[...main.slice(3), ...team, ...operate].map((place) => (
          <Item key={place.to} place={place} />
        ))}
        <PersonMenu />
      </div>
    </>
  )
}
