import { Link, useRouterState, type LinkProps } from '@tanstack/react-router'
import { Activity, AppWindow, BadgeCheck, BarChart3, Bell, Building2, ChevronDown, Cog, ContactRound, Ellipsis, FolderKanban, Gauge, Globe, House, KeyRound, Layers, Mail, Plug, ScrollText, Search, Settings2, ShieldCheck, SquareCheckBig, Users, Webhook, Workflow as WorkflowIcon } from 'lucide-react'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { PersonButton, TeamButton } from './nav-buttons.tsx'
import { isOneTeam } from './installation.ts'
import { show, useOverlay } from './overlays.ts'
import { remember, remembered } from './remembered.ts'
import { useMay, useMe, useModules, useProjects, useUnread, useWaitingApprovals } from './reads.ts'
import { t } from './words.ts'

const TeamMenu = lazy(() => import('./nav-menus.tsx').then((part) => ({ default: part.TeamMenu })))
const PersonMenu = lazy(() => import('./nav-menus.tsx').then((part) => ({ default: part.PersonMenu })))

type Place = { to: LinkProps['to']; icon: ReactNode; label: string; count?: number; exact?: boolean }

function usePlaces() {
  const { user, tenant } = useMe()
  const admin = useMay('admin')
  const member = useMay('member')
  const on = useModules()
  const oneTeam = isOneTeam()
  const unread = useUnread().data?.items.length ?? 0
  const main: Place[] = tenant
    ? [
        { to: '/', icon: <House size={16} />, label: t('Home'), exact: true },
        { to: '/notifications', icon: <Bell size={16} />, label: t('Notifications'), count: unread },
        ...(on('projects') ? [{ to: '/projects' as const, icon: <FolderKanban size={16} />, label: t('Projects'), exact: true }] : []),
        ...(on('reports') ? [{ to: '/reports' as const, icon: <BarChart3 size={16} />, label: t('Reports') }] : []),
      ]
    : []
  const team: Place[] = tenant
    ? [
        { to: '/members', icon: <Users size={16} />, label: t('Members') },
        ...(admin && on('oauth') ? [{ to: '/applications' as const, icon: <AppWindow size={16} />, label: t('Applications') }] : []),
        ...(admin ? [{ to: '/audit' as const, icon: <ScrollText size={16} />, label: t('Audit log') }] : []),
        ...(admin ? [{ to: '/usage' as const, icon: <Gauge size={16} />, label: oneTeam ? t('Usage') : t('Plan and usage') }] : []),
        ...(admin && !oneTeam ? [{ to: '/domains' as const, icon: <Globe size={16} />, label: t('Domains') }] : []),
        ...(admin && on('keys') ? [{ to: '/keys' as const, icon: <KeyRound size={16} />, label: t('API keys') }] : []),
        ...(admin && on('issuers') ? [{ to: '/issuers' as const, icon: <BadgeCheck size={16} />, label: t('Trusted issuers') }] : []),
        ...(admin ? [{ to: '/security' as const, icon: <ShieldCheck size={16} />, label: t('Security') }] : []),
        { to: '/settings', icon: <Settings2 size={16} />, label: t('Settings') },
      ]
    : []
  const waiting = useWaitingApprovals().data?.items.length ?? 0
  const automation: Place[] = tenant
    ? [
        ...(on('workflows') ? [{ to: '/workflows' as const, icon: <WorkflowIcon size={16} />, label: t('Workflows') }] : []),
        ...(member && on('workflows') ? [{ to: '/approvals' as const, icon: <SquareCheckBig size={16} />, label: t('Approvals'), count: waiting }] : []),
        ...(member && on('connections') ? [{ to: '/connections' as const, icon: <Plug size={16} />, label: t('Connections') }] : []),
        ...(admin && on('webhooks') ? [{ to: '/webhooks' as const, icon: <Webhook size={16} />, label: t('Webhooks') }] : []),
      ]
    : []
  const operate: Place[] =
    user.role === 'operator'
      ? [
          { to: '/operate/readers', icon: <Activity size={16} />, label: t('Readers') },
          { to: '/operate/jobs', icon: <Cog size={16} />, label: t('Jobs') },
          { to: '/operate/outbox', icon: <Mail size={16} />, label: t('Outbox') },
          ...(oneTeam ? [] : [{ to: '/operate/tenants' as const, icon: <Building2 size={16} />, label: t('Tenants') }, { to: '/operate/plans' as const, icon: <Layers size={16} />, label: t('Plans') }]),
          { to: '/operate/people', icon: <ContactRound size={16} />, label: t('People') },
          { to: '/operate/keys', icon: <KeyRound size={16} />, label: t('Service keys') },
          { to: '/operate/issuers', icon: <BadgeCheck size={16} />, label: t('Trusted issuers') },
        ]
      : []
  return { main, automation, team, operate }
}

function Item({ place }: { place: Place }) {
  return (
    <Link to={place.to} className="nav-item" activeOptions={{ exact: place.exact, includeSearch: false }} title={place.label}>
      {place.icon}
      <span>{place.label}</span>
      {!!place.count && (
        <span className="count" data-strong>
          {place.count > 99 ? '99+' : place.count}
          <span className="sr"> {place.to === '/approvals' ? t('waiting') : t('unread')}</span>
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
  const { main, automation, team, operate } = usePlaces()
  return (
    <nav className="nav" aria-label={t('Main')}>
      <TeamSwitcher />
      {main.map((place) => (
        <Item key={place.to} place={place} />
      ))}
      <Projects />
      <Group name="automation" title={t('Automation')} places={automation} />
      <Group name="team" title={t('Team')} places={team} />
      <Group name="platform" title={t('Platform')} places={operate} />
      <div className="nav-foot">
        <PersonSwitcher />
      </div>
    </nav>
  )
}

/** Places under a heading that folds; where one is stays open. */
function Group({ name, title, places }: { name: string; title: string; places: Place[] }) {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const [folded, setFolded] = useState(() => remembered(`nav.${name}`) === 'folded')
  if (!places.length) return null
  const shown = folded ? places.filter((place) => place.to === path) : places
  const fold = () => {
    remember(`nav.${name}`, folded ? 'open' : 'folded')
    setFolded(!folded)
  }
  return (
    <div className="nav-group">
      <button type="button" className="plain nav-title nav-fold" aria-expanded={!folded} onClick={fold}>
        {title}
        <ChevronDown size={12} aria-hidden="true" />
      </button>
      {shown.map((place) => (
        <Item key={place.to} place={place} />
      ))}
    </div>
  )
}

function TeamSwitcher() {
  const [wanted, setWanted] = useState(false)
  if (useMe().acting || isOneTeam()) return <TeamButton disabled />
  const button = <TeamButton onClick={() => setWanted(true)} />
  return wanted ? (
    <Suspense fallback={button}>
      <TeamMenu />
    </Suspense>
  ) : (
    button
  )
}

function PersonSwitcher() {
  const [wanted, setWanted] = useState(false)
  if (useMe().acting) return <PersonButton disabled />
  const button = <PersonButton onClick={() => setWanted(true)} />
  return wanted ? (
    <Suspense fallback={button}>
      <PersonMenu />
    </Suspense>
  ) : (
    button
  )
}

export function BottomBar() {
  const unread = useUnread().data?.items.length ?? 0
  const overlay = useOverlay()
  const on = useModules()
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <>
      <nav className="bottom-bar" aria-label={t('Places')}>
        <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
          <House size={20} />
          {t('Home')}
        </Link>
        {on('projects') && (
          <Link to="/projects">
            <FolderKanban size={20} />
            {t('Projects')}
          </Link>
        )}
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
  const { main, automation, team, operate } = usePlaces()
  const inBar = ['/', '/notifications', '/projects']
  return (
    <>
      <button type="button" className="scrim" aria-label={t('Close')} onClick={() => show(null)} />
      <div className="more-sheet" role="dialog" aria-modal="true" aria-label={t('More places')} onKeyDown={(event) => event.key === 'Escape' && show(null)} onClick={(event) => (event.target as HTMLElement).closest('a') && show(null)}>
        <TeamSwitcher />
        {[...main.filter(({ to }) => !inBar.includes(String(to))), ...automation, ...team, ...operate].map((place) => (
          <Item key={place.to} place={place} />
        ))}
        <PersonSwitcher />
      </div>
    </>
  )
}
