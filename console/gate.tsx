// What stands in place of a scene that this person, here and now, has no use of: each says why and what to do, and nothing is asked in vain.
import { Button } from '@mantine/core'
import { Link, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, type ReactNode } from 'react'
import { stopActing } from './api.ts'
import { isOneTeam } from './installation.ts'
import { usePlaces } from './modules.ts'
import { Head } from './parts/head.tsx'
import { Empty } from './parts/states.tsx'
import { useDemand } from './proof.ts'
import { useMay, useMe } from './reads.ts'
import { t } from './words.ts'

const Demanded = lazy(() => import('./scenes/identity/demanded.tsx').then((part) => ({ default: part.Demanded })))
const NewTeam = lazy(() => import('./scenes/tenancy/new-team.tsx').then((part) => ({ default: part.NewTeam })))

const forOperators = /^\/operate(\/|$)/
const forAdmins = /^\/(audit|applications|domains|usage|keys|issuers|security)(\/|$)/
const withoutTeam = /^\/(operate|account|teams)(\/|$)/
const ofTeams = /^\/(teams|domains|operate\/(tenants|plans))(\/|$)/

export function Gate({ children }: { children: ReactNode }) {
  const { user, tenant, acting } = useMe()
  const path = useRouterState({ select: (state) => state.location.pathname })
  const demand = useDemand()
  const admin = useMay('admin')
  const leads = usePlaces()
  if (isOneTeam() && ofTeams.test(path)) return <Closed title={t('One team for everybody')}>{t('This installation has one team, which everybody belongs to: there are no others to make or to tell apart.')}</Closed>
  if (acting && /^\/(account|teams)(\/|$)/.test(path))
    return (
      <Closed title={t('Not while you act for somebody')} action={<Button onClick={() => void stopActing()}>{t('Stop acting')}</Button>}>
        {t('The account of {name} is theirs: you neither see nor change it.', { name: user.name })}
      </Closed>
    )
  if (forOperators.test(path) && user.role !== 'operator') return <Closed title={t('For operators')}>{t('These pages are for those who run this installation.')}</Closed>
  const alone = withoutTeam.test(path)
  if (demand && !alone)
    return (
      <Suspense fallback={null}>
        <Demanded code={demand} />
      </Suspense>
    )
  if (!tenant && !alone && isOneTeam()) return <Closed title={t('You are not in the team')}>{t('Ask an admin for an invitation, and follow its link.')}</Closed>
  if (!tenant && !alone)
    return (
      <Suspense fallback={null}>
        <NewTeam />
      </Suspense>
    )
  if (!leads(path)) return <Closed title={t('Switched off')}>{t('{name} does not have this part. Those who run this installation can switch it on.', { name: tenant?.name ?? '' })}</Closed>
  if (forAdmins.test(path) && !admin) return <Closed title={t('For admins')}>{t('Admins and owners of {name} see and change this. Ask one of them, or ask to become one.', { name: tenant?.name ?? '' })}</Closed>
  return children
}

function Closed({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <>
      <Head title={title} />
      <div className="body">
        <Empty
          title={title}
          action={
            action ?? (
              <Button component={Link} to="/" variant="default">
                {t('Go home')}
              </Button>
            )
          }
        >
          {children}
        </Empty>
      </div>
    </>
  )
}
