// What stands round every scene: navigation, toasts, overlays, the live stream, shortcuts. Drawn only for somebody who is signed in.
import { Button, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { listenForKeys, useOffer, type Action } from './actions.ts'
import { logout, startSession, stopActing } from './api.ts'
import { useBrandColor } from './brand.ts'
import { staleByEvents } from './cache.ts'
import { Gate } from './gate.tsx'
import { followLive, liveState, onLiveState } from './live.ts'
import { BottomBar, Nav } from './nav.tsx'
import { isOneTeam } from './installation.ts'
import { show, useOverlay } from './overlays.ts'
import { useAsked } from './parts/ask.ts'
import { useDemand, useProofWanted } from './proof.ts'
import { Mark } from './parts/mark.tsx'
import { Trouble } from './parts/states.tsx'
import { Time } from './parts/time.tsx'
import { say, Toasts } from './parts/toasts.tsx'
import { useMe, useModules, usePreferences, useSession } from './reads.ts'
import { remember, remembered } from './remembered.ts'
import { leaveForLogin } from './session.ts'
import { undoLast } from './undo.ts'
import { setRegion, t } from './words.ts'

const Palette = lazy(() => import('./parts/palette.tsx').then((part) => ({ default: part.Palette })))
const KeySheet = lazy(() => import('./parts/key-sheet.tsx').then((part) => ({ default: part.KeySheet })))
const CreateTask = lazy(() => import('./scenes/tasks/create-task.tsx').then((part) => ({ default: part.CreateTask })))
const CreateProject = lazy(() => import('./scenes/projects/create-project.tsx').then((part) => ({ default: part.CreateProject })))
const AskDialog = lazy(() => import('./parts/dialog.tsx').then((part) => ({ default: part.AskDialog })))
const ProofDialog = lazy(() => import('./scenes/identity/proof-dialog.tsx').then((part) => ({ default: part.ProofDialog })))

export function Frame() {
  const now = useSession()
  useEffect(() => {
    if (now.state === 'out') leaveForLogin()
  }, [now.state])
  if (now.state === 'failed')
    return (
      <div className="gate">
        <Trouble error={now.error} what={t('The server did not answer')} retry={() => void startSession()} />
      </div>
    )
  if (now.state !== 'in')
    return (
      <div className="boot" aria-busy="true">
        <Mark size={32} />
        <span className="sr" role="status">
          {t('Loading')}
        </span>
      </div>
    )
  return <Signed key={`${now.user.id} ${now.tenant?.id}`} />
}

function Signed() {
  const { tenant } = useMe()
  const cache = useQueryClient()
  const [collapsed, setCollapsed] = useState(() => remembered('nav') === 'narrow')
  const preferences = usePreferences().data
  useBrandColor(useComputedColorScheme('light'))
  // before anything below is drawn; what was never chosen (the first version) is as the browser has it
  useMemo(() => setRegion(preferences && preferences.version > 1 ? preferences : {}), [preferences])
  useEffect(listenForKeys, [])
  useEffect(() => {
    const event = staleByEvents(cache)
    return followLive(tenant ? ['tenant', 'me'] : ['me'], { event, resync: () => void cache.invalidateQueries() })
  }, [cache, tenant])
  useGlobalActions(() => {
    setCollapsed((was) => {
      remember('nav', was ? 'wide' : 'narrow')
      return !was
    })
  })
  return (
    <>
      <a className="skip" href="#main">
        {t('Skip to content')}
      </a>
      <div className="frame" data-collapsed={collapsed || undefined}>
        <Nav />
        <main className="page" id="main" tabIndex={-1}>
          <ActingBanner />
          <LostBanner />
          <Gate>
            <Outlet />
          </Gate>
        </main>
        <BottomBar />
      </div>
      <Overlays />
      <Toasts />
    </>
  )
}

/** As long as an operator acts for somebody: whose rights these are, until when, and the way out. */
function ActingBanner() {
  const { user, tenant, acting } = useMe()
  const until = acting?.until
  useEffect(() => {
    if (!until) return
    const timer = setTimeout(() => void stopActing(), Math.max(0, Date.parse(until) - Date.now()))
    return () => clearTimeout(timer)
  }, [until])
  if (!acting) return null
  return (
    <div className="banner acting" role="status">
      <span>
        {t('You act as {name} in {team}. The logs name you.', { name: user.name, team: tenant?.name ?? '' })} {t('Ends')} <Time at={acting.until} />
      </span>
      <Button size="compact-xs" variant="default" onClick={() => void stopActing()}>
        {t('Stop acting')}
      </Button>
    </div>
  )
}

function LostBanner() {
  const state = useSyncExternalStore(onLiveState, liveState)
  const cache = useQueryClient()
  useEffect(() => {
    if (state === 'barred') void cache.invalidateQueries() // the answers say why: a membership that ended, or a team that is closed
  }, [state, cache])
  if (useDemand()) return null // the page says what to do
  if (state === 'barred')
    return (
      <div className="banner" role="alert">
        {t('You are no longer a member of this team.')}
        <Button size="compact-xs" variant="default" onClick={() => location.assign('/')}>
          {t('Go to another team')}
        </Button>
      </div>
    )
  if (state !== 'lost') return null
  return (
    <div className="banner" role="alert">
      {t('No connection to the server. What you see may be old; it catches up by itself.')}
    </div>
  )
}

function Overlays() {
  const overlay = useOverlay()
  const asked = useAsked()
  const [everAsked, setEverAsked] = useState(false)
  const proof = useProofWanted()
  const [everProven, setEverProven] = useState(false)
  useEffect(() => setEverProven((was) => was || proof), [proof])
  useEffect(() => setEverAsked((was) => was || !!asked), [asked])
  const close = () => show(null)
  return (
    <Suspense fallback={null}>
      {overlay?.kind === 'palette' && <Palette close={close} />}
      {overlay?.kind === 'keys' && <KeySheet close={close} />}
      {overlay?.kind === 'create-task' && <CreateTask close={close} projectId={overlay.projectId} status={overlay.status} />}
      {(asked || everAsked) && <AskDialog />}
      {(proof || everProven) && <ProofDialog />}
      {overlay?.kind === 'create-project' && <CreateProject close={close} />}
    </Suspense>
  )
}

function useGlobalActions(toggleNav: () => void) {
  const navigate = useNavigate()
  const { user, tenant, acting } = useMe()
  const { setColorScheme } = useMantineColorScheme()
  const go = (to: string) => () => void navigate({ to })
  const admin = tenant?.role === 'admin' || tenant?.role === 'owner'
  const on = useModules()
  const teams = !isOneTeam()
  const all: Action[] = [
    { id: 'palette', label: t('Search and commands'), group: t('General'), keys: 'mod+k', run: () => show({ kind: 'palette' }) },
    { id: 'search', label: t('Search'), group: t('General'), keys: '/', run: () => show({ kind: 'palette' }) },
    { id: 'keys', label: t('Keyboard shortcuts'), group: t('General'), keys: '?', run: () => show({ kind: 'keys' }) },
    { id: 'undo', label: t('Undo the last change'), group: t('General'), keys: 'mod+z', run: () => undoLast() || say(t('Nothing to undo here.'), undefined, 'warning') },
    { id: 'nav', label: t('Fold the navigation'), group: t('General'), keys: '[', run: toggleNav },
    ...(tenant && tenant.role !== 'viewer'
      ? [
          ...(on('projects') && on('tasks') ? [{ id: 'create-task', label: t('Create task'), group: t('Create'), keys: 'c', run: () => show({ kind: 'create-task' as const }), also: 'new issue add' }] : []),
          ...(on('projects') ? [{ id: 'create-project', label: t('Create project'), group: t('Create'), run: () => show({ kind: 'create-project' as const }), also: 'new board' }] : []),
        ]
      : []),
    { id: 'go-home', label: t('Go home'), group: t('Go to'), keys: 'g h', run: go('/') },
    ...(on('projects') ? [{ id: 'go-projects', label: t('Go to projects'), group: t('Go to'), keys: 'g p', run: go('/projects') }] : []),
    ...(on('workflows') ? [{ id: 'go-workflows', label: t('Go to workflows'), group: t('Go to'), keys: 'g w', run: go('/workflows'), also: 'automation' }] : []),
    { id: 'go-notifications', label: t('Go to notifications'), group: t('Go to'), keys: 'g n', run: go('/notifications') },
    ...(on('workflows') ? [{ id: 'go-approvals', label: t('Go to approvals'), group: t('Go to'), keys: 'g v', run: go('/approvals'), also: 'inbox decide approve reject' }, { id: 'go-runs', label: t('Go to runs'), group: t('Go to'), run: go('/runs'), also: 'executions history failed' }] : []),
    ...(on('connections') ? [{ id: 'go-connections', label: t('Go to connections'), group: t('Go to'), keys: 'g c', run: go('/connections'), also: 'credentials integrations slack github gmail hubspot' }] : []),
    ...(admin && on('webhooks') ? [{ id: 'go-webhooks', label: t('Go to webhooks'), group: t('Go to'), run: go('/webhooks'), also: 'deliveries endpoints' }] : []),
    ...(on('reports') ? [{ id: 'go-reports', label: t('Go to reports'), group: t('Go to'), keys: 'g r', run: go('/reports') }] : []),
    { id: 'go-members', label: t('Go to members'), group: t('Go to'), keys: 'g m', run: go('/members') },
    ...(admin ? [{ id: 'go-audit', label: t('Go to the audit log'), group: t('Go to'), keys: 'g a', run: go('/audit') }] : []),
    { id: 'go-settings', label: t('Go to team settings'), group: t('Go to'), keys: 'g s', run: go('/settings') },
    ...(admin
      ? [
          { id: 'go-security', label: t('Go to team security'), group: t('Go to'), run: go('/security'), also: 'sso saml scim two-factor passkeys' },
          ...(on('oauth') ? [{ id: 'go-applications', label: t('Go to applications'), group: t('Go to'), run: go('/applications'), also: 'oauth clients scopes' }] : []),
          ...(on('keys') ? [{ id: 'go-keys', label: t('Go to API keys'), group: t('Go to'), run: go('/keys'), also: 'tokens' }] : []),
          ...(on('issuers') ? [{ id: 'go-issuers', label: t('Go to trusted issuers'), group: t('Go to'), run: go('/issuers'), also: 'jwks supabase auth0 keycloak' }] : []),
          { id: 'go-usage', label: teams ? t('Go to plan and usage') : t('Go to usage'), group: t('Go to'), run: go('/usage'), also: 'limits quota' },
          ...(teams ? [{ id: 'go-domains', label: t('Go to domains'), group: t('Go to'), run: go('/domains'), also: 'dns address' }] : []),
        ]
      : []),
    { id: 'go-account', label: t('Go to your account'), group: t('Go to'), keys: 'g u', run: go('/account') },
    ...(user.role === 'operator' ? [{ id: 'go-readers', label: t('Go to readers and jobs'), group: t('Go to'), keys: 'g o', run: go('/operate/readers') }, { id: 'go-people', label: t('Go to all people'), group: t('Go to'), run: go('/operate/people'), also: 'users accounts ban act as impersonate' }, ...(teams ? [{ id: 'go-tenants', label: t('Go to all tenants'), group: t('Go to'), run: go('/operate/tenants'), also: 'suspend limits modules' }, { id: 'go-plans', label: t('Go to plans'), group: t('Go to'), run: go('/operate/plans') }] : []), { id: 'go-jobs', label: t('Go to jobs'), group: t('Go to'), run: go('/operate/jobs') }, { id: 'go-outbox', label: t('Go to the outbox'), group: t('Go to'), run: go('/operate/outbox'), also: 'mail' }] : []),
    { id: 'light', label: t('Use the light scheme'), group: t('Look'), run: () => setColorScheme('light') },
    { id: 'dark', label: t('Use the dark scheme'), group: t('Look'), run: () => setColorScheme('dark') },
    { id: 'auto', label: t('Follow the system’s scheme'), group: t('Look'), run: () => setColorScheme('auto') },
    ...(teams ? [{ id: 'team', label: t('Create a team'), group: t('Create'), run: go('/teams/new'), also: 'tenant workspace' }] : []),
    acting ? { id: 'logout', label: t('Stop acting as {name}', { name: user.name }), group: t('General'), run: () => void stopActing() } : { id: 'logout', label: t('Sign out'), group: t('General'), run: () => void logout() },
  ]
  useOffer(all, `${user.role} ${tenant?.role} ${['projects', 'tasks', 'reports', 'workflows', 'connections', 'webhooks', 'oauth', 'keys', 'issuers'].map(on).join(' ')}`, true)
}
