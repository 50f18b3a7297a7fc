// The table of contents of the console: every scene with its address, each in a chunk of its own.
import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { Frame } from './frame.tsx'
import { Missing, Broken } from './parts/missing.tsx'
import { readFilters } from './scenes/tasks/filters.ts'

const root = createRootRouteWithContext<{ cache: QueryClient }>()({ component: Outlet, notFoundComponent: Missing, errorComponent: Broken })

// without a session
const setup = createRoute({ getParentRoute: () => root, path: '/setup', component: lazyRouteComponent(() => import('./scenes/identity/join.tsx'), 'Setup') })
const signup = createRoute({ getParentRoute: () => root, path: '/signup', component: lazyRouteComponent(() => import('./scenes/identity/join.tsx'), 'SignUp') })
const accept = createRoute({ getParentRoute: () => root, path: '/invitations/accept', component: lazyRouteComponent(() => import('./scenes/tenancy/accept.tsx'), 'Accept') })

// inside the frame
const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame, notFoundComponent: Missing })
const home = createRoute({ getParentRoute: () => frame, path: '/', component: lazyRouteComponent(() => import('./scenes/activity/home.tsx'), 'Home') })
const projects = createRoute({ getParentRoute: () => frame, path: '/projects', component: lazyRouteComponent(() => import('./scenes/projects/projects.tsx'), 'Projects') })
const board = createRoute({
  getParentRoute: () => frame,
  path: '/projects/$project',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('./scenes/tasks/board.tsx'), 'Board'),
})
const list = createRoute({
  getParentRoute: () => frame,
  path: '/projects/$project/list',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('./scenes/tasks/list.tsx'), 'List'),
})
const projectSettings = createRoute({
  getParentRoute: () => frame,
  path: '/projects/$project/settings',
  component: lazyRouteComponent(() => import('./scenes/projects/project-settings.tsx'), 'ProjectSettings'),
})
const task = createRoute({ getParentRoute: () => frame, path: '/tasks/$task', component: lazyRouteComponent(() => import('./scenes/tasks/task-page.tsx'), 'TaskPage') })
const members = createRoute({ getParentRoute: () => frame, path: '/members', component: lazyRouteComponent(() => import('./scenes/tenancy/members.tsx'), 'Members') })
const settings = createRoute({ getParentRoute: () => frame, path: '/settings', component: lazyRouteComponent(() => import('./scenes/tenancy/settings.tsx'), 'Settings') })
const applications = createRoute({ getParentRoute: () => frame, path: '/applications', component: lazyRouteComponent(() => import('./scenes/oauth/applications.tsx'), 'Applications') })
const domains = createRoute({ getParentRoute: () => frame, path: '/domains', component: lazyRouteComponent(() => import('./scenes/tenancy/domains.tsx'), 'Domains') })
const usage = createRoute({
  getParentRoute: () => frame,
  path: '/usage',
  validateSearch: (search) => strings(search, ['meter', 'days']),
  component: lazyRouteComponent(() => import('./scenes/tenancy/usage.tsx'), 'Usage'),
})
const keys = createRoute({ getParentRoute: () => frame, path: '/keys', component: lazyRouteComponent(() => import('./scenes/keys/keys.tsx'), 'ApiKeys') })
const issuers = createRoute({ getParentRoute: () => frame, path: '/issuers', component: lazyRouteComponent(() => import('./scenes/keys/issuers.tsx'), 'TenantIssuers') })
const security = createRoute({ getParentRoute: () => frame, path: '/security', component: lazyRouteComponent(() => import('./scenes/tenancy/security.tsx'), 'Security') })
const newTenant = createRoute({ getParentRoute: () => frame, path: '/teams/new', component: lazyRouteComponent(() => import('./scenes/tenancy/new-team.tsx'), 'NewTeam') })
const audit = createRoute({
  getParentRoute: () => frame,
  path: '/audit',
  validateSearch: (search) => strings(search, ['name', 'actor', 'subject', 'from', 'to']),
  component: lazyRouteComponent(() => import('./scenes/activity/audit.tsx'), 'Audit'),
})
const notifications = createRoute({
  getParentRoute: () => frame,
  path: '/notifications',
  validateSearch: (search) => strings(search, ['show']),
  component: lazyRouteComponent(() => import('./scenes/notifications/notifications.tsx'), 'Notifications'),
})
const reports = createRoute({
  getParentRoute: () => frame,
  path: '/reports',
  validateSearch: (search) => strings(search, ['project', 'days']),
  component: lazyRouteComponent(() => import('./scenes/reports/reports.tsx'), 'Reports'),
})
const workflows = createRoute({
  getParentRoute: () => frame,
  path: '/workflows',
  validateSearch: (search) => strings(search, ['status', 'q']),
  component: lazyRouteComponent(() => import('./scenes/workflows/workflows.tsx'), 'Workflows'),
})
const workflow = createRoute({
  getParentRoute: () => frame,
  path: '/workflows/$workflow',
  validateSearch: (search) => strings(search, ['view', 'node', 'run']),
  component: lazyRouteComponent(() => import('./scenes/workflows/editor.tsx'), 'Editor'),
})
const workflowVersions = createRoute({
  getParentRoute: () => frame,
  path: '/workflows/$workflow/versions',
  validateSearch: (search) => strings(search, ['from', 'to', 'show']),
  component: lazyRouteComponent(() => import('./scenes/workflows/versions.tsx'), 'Versions'),
})
const workflowTemplates = createRoute({ getParentRoute: () => frame, path: '/workflows/templates', validateSearch: (search) => strings(search, ['template']), component: lazyRouteComponent(() => import('./scenes/workflows/templates.tsx'), 'Templates') })
const connections = createRoute({ getParentRoute: () => frame, path: '/connections', component: lazyRouteComponent(() => import('./scenes/connections/connections.tsx'), 'Connections') })
const newConnection = createRoute({
  getParentRoute: () => frame,
  path: '/connections/new',
  validateSearch: (search) => strings(search, ['type']),
  component: lazyRouteComponent(() => import('./scenes/connections/new-connection.tsx'), 'NewConnection'),
})
const connectionCallback = createRoute({
  getParentRoute: () => frame,
  path: '/connections/callback',
  validateSearch: (search) => strings(search, ['state', 'code', 'error', 'error_description']),
  component: lazyRouteComponent(() => import('./scenes/connections/callback.tsx'), 'ConnectionCallback'),
})
const connection = createRoute({ getParentRoute: () => frame, path: '/connections/$connection', component: lazyRouteComponent(() => import('./scenes/connections/connection-page.tsx'), 'ConnectionPage') })
const webhooks = createRoute({ getParentRoute: () => frame, path: '/webhooks', component: lazyRouteComponent(() => import('./scenes/webhooks/webhooks.tsx'), 'Webhooks') })
const newWebhook = createRoute({ getParentRoute: () => frame, path: '/webhooks/new', component: lazyRouteComponent(() => import('./scenes/webhooks/new-webhook.tsx'), 'NewWebhook') })
const webhook = createRoute({
  getParentRoute: () => frame,
  path: '/webhooks/$webhook',
  validateSearch: (search) => strings(search, ['state', 'delivery']),
  component: lazyRouteComponent(() => import('./scenes/webhooks/webhook-page.tsx'), 'WebhookPage'),
})
const approvals = createRoute({
  getParentRoute: () => frame,
  path: '/approvals',
  validateSearch: (search) => strings(search, ['show', 'id']),
  component: lazyRouteComponent(() => import('./scenes/workflows/approvals.tsx'), 'Approvals'),
})
const runsOfAll = createRoute({
  getParentRoute: () => frame,
  path: '/runs',
  validateSearch: (search) => strings(search, ['status']),
  component: lazyRouteComponent(() => import('./scenes/workflows/runs.tsx'), 'Runs'),
})
const runs = createRoute({
  getParentRoute: () => frame,
  path: '/workflows/$workflow/runs',
  validateSearch: (search) => strings(search, ['status']),
  component: lazyRouteComponent(() => import('./scenes/workflows/runs.tsx'), 'Runs'),
})
const run = createRoute({
  getParentRoute: () => frame,
  path: '/runs/$run',
  validateSearch: (search) => strings(search, ['step']),
  component: lazyRouteComponent(() => import('./scenes/workflows/run.tsx'), 'RunPage'),
})
const webhookInbox = createRoute({
  getParentRoute: () => frame,
  path: '/workflows/$workflow/inbox',
  validateSearch: (search) => strings(search, ['request']),
  component: lazyRouteComponent(() => import('./scenes/workflows/inbox.tsx'), 'WebhookInbox'),
})
const account = createRoute({ getParentRoute: () => frame, path: '/account', component: lazyRouteComponent(() => import('./scenes/identity/account.tsx'), 'Account') })
const readers = createRoute({ getParentRoute: () => frame, path: '/operate/readers', component: lazyRouteComponent(() => import('./scenes/operators/readers.tsx'), 'Readers') })
const jobs = createRoute({
  getParentRoute: () => frame,
  path: '/operate/jobs',
  validateSearch: (search) => strings(search, ['status']),
  component: lazyRouteComponent(() => import('./scenes/operators/jobs.tsx'), 'Jobs'),
})
const outbox = createRoute({ getParentRoute: () => frame, path: '/operate/outbox', component: lazyRouteComponent(() => import('./scenes/operators/outbox.tsx'), 'Outbox') })
const people = createRoute({
  getParentRoute: () => frame,
  path: '/operate/people',
  validateSearch: (search) => strings(search, ['q', 'show']),
  component: lazyRouteComponent(() => import('./scenes/operators/people.tsx'), 'People'),
})
const tenants = createRoute({
  getParentRoute: () => frame,
  path: '/operate/tenants',
  validateSearch: (search) => strings(search, ['q']),
  component: lazyRouteComponent(() => import('./scenes/operators/tenants.tsx'), 'Tenants'),
})
const plans = createRoute({ getParentRoute: () => frame, path: '/operate/plans', component: lazyRouteComponent(() => import('./scenes/operators/plans.tsx'), 'Plans') })
const serviceKeys = createRoute({ getParentRoute: () => frame, path: '/operate/keys', component: lazyRouteComponent(() => import('./scenes/keys/keys.tsx'), 'ServiceKeys') })
const platformIssuers = createRoute({ getParentRoute: () => frame, path: '/operate/issuers', component: lazyRouteComponent(() => import('./scenes/keys/issuers.tsx'), 'PlatformIssuers') })
const operate = createRoute({
  getParentRoute: () => frame,
  path: '/operate',
  beforeLoad: () => {
    throw redirect({ to: '/operate/readers' })
  },
})

const tree = root.addChildren([
  setup,
  signup,
  accept,
  frame.addChildren([
    home, projects, board, list, projectSettings, task, members, settings, security, keys, issuers, applications, domains, usage, newTenant, audit, notifications, reports, workflows, workflow, workflowVersions, workflowTemplates, account, operate, readers, jobs, outbox, people, serviceKeys, platformIssuers, tenants, plans, connections, newConnection, connectionCallback, connection, webhooks, newWebhook, webhook, approvals, runsOfAll, runs, run, webhookInbox,
  ]),
])

export const makeRouter = (cache: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { cache },
    defaultErrorComponent: Broken,
    defaultPreload: 'intent',
    defaultPreloadDelay: 60,
    scrollRestoration: true,
    notFoundMode: 'root',
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const text = new URLSearchParams(
        Object.entries(search as Record<string, unknown>).flatMap(([name, value]) => (typeof value === 'string' && value ? [[name, value]] : [])),
      ).toString()
      return text && `?${text.replaceAll('%2C', ',')}`
    },
  })

/** The named parameters of an address, absent when empty. */
function strings<Name extends string>(search: Record<string, unknown>, names: Name[]): Partial<Record<Name, string>> {
  return Object.fromEntries(names.flatMap((name) => (search[name] ? [[name, String(search[name])]] : []))) as Partial<Record<Name, string>>
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
