// What the API answers, as the console reads it. Only the fields it uses: a server may send more.
export type Person = { id: string; email: string; name: string; role: 'operator' | 'user'; emailVerified?: boolean; createdAt?: string }
/** An account as operators see it. */
export type ManagedPerson = Person & { status: 'active' | 'banned' }
export type TenantRole = 'owner' | 'admin' | 'member' | 'viewer'
export type Tenant = { id: string; slug: string; name: string; role: TenantRole; status?: string; deletesAt?: string | null; plan?: string; limits?: Partial<Record<string, number | null>>; modules?: string[]; createdAt?: string }
/** null: as the installation says. */
export type TenantSettings = { eventRetentionDays: number | null; runRetentionDays: number | null; version: number }
export type Page<Item> = { items: Item[]; next: string | null }
export type Thing = { id: string; createdAt: string; updatedAt: string; version: number }

export type Member = { userId: string; name: string; email: string; role: TenantRole; createdAt?: string }
export type Invitation = { id: string; email: string | null; role: TenantRole; status?: string; createdAt: string; expiresAt: string; url?: string }

export type Category = 'todo' | 'doing' | 'done'
export type Column = { id: string; name: string; category: Category; wipLimit?: number | null }
export type Project = Thing & {
  key: string
  name: string
  description: string | null
  visibility: 'open' | 'private'
  status: 'active' | 'archived'
  columns: Column[]
  wip: 'warn' | 'block'
  progress: { total: number; done: number; percent: number }
  role?: ProjectRole | null
}
export type ProjectRole = 'manager' | 'editor' | 'viewer'
export type ProjectMember = { userId: string; name?: string; email?: string; role: ProjectRole }

export const priorities = ['urgent', 'high', 'medium', 'low', 'none'] as const
export type Priority = (typeof priorities)[number]
export type Task = Thing & {
  projectId: string
  ref: string
  title: string
  description: string | null
  status: string
  position: string
  assigneeId: string | null
  priority: Priority
  labels: string[]
  dueAt: string | null
  parentId: string | null
  watching?: boolean
  overLimit?: boolean
}
export type TaskChange = Partial<Pick<Task, 'title' | 'description' | 'status' | 'assigneeId' | 'priority' | 'labels' | 'dueAt' | 'parentId'>>
export type Comment = Thing & { taskId: string; authorId: string | null; text: string; mentions?: string[] }

export type LogEvent = {
  id: string
  tenantId: string
  name: string
  subject: { type: string; id: string }
  actor: { type: string; id: string | null; name?: string | null }
  data: Record<string, unknown>
  causeId: string | null
  requestId: string | null
  at: string
  seq: number | string
  /** In the activity: the task it is about, as it is now. */
  task?: { id: string; ref: string; title: string; deleted: boolean } | null
  sealed?: boolean
}

export type Notification = {
  id: string
  kind: string
  projectName?: string | null
  taskId?: string | null
  taskRef?: string | null
  taskTitle?: string | null
  projectId?: string | null
  actorId?: string | null
  excerpt?: string | null
  readAt: string | null
  createdAt: string
  title?: string | null
  link?: string | null
}
export type Preferences = { locale: string; timeZone: string; notifications: Record<string, Record<string, boolean>>; /** 1 as long as nothing was chosen */ version: number }
export type SignedIn = { id: string; createdAt: string; expiresAt: string; userAgent: string; ipAddress: string; current: boolean }

export type Reader = {
  name: string
  status: 'running' | 'failing' | 'paused'
  position: string
  lag: number
  lagSeconds: number
  heldBackBy: string | null
  tries: number
  lastError: string | null
  handled: number
  parkedCount: number
  parked: { eventId: string; name: string; error: string; parkedAt: string }[]
}
export type Job = {
  id: string
  name: string
  status: 'ready' | 'running' | 'done' | 'failed' | 'held' | 'cancelled'
  attempt: number
  maxAttempts: number
  runAt: string
  createdAt: string
  lastError: string | null
}
export type OutboxMail = { id: string; kind: string; status: string; to: string | null; subject: string | null; text: string | null; revealed: boolean; sealed?: boolean; error: string | null; sentAt: string | null; createdAt: string }
export type Installation = { heldSince: string | null; waiting: number }

export type Domain = Thing & { name: string; status: 'pending' | 'verified' | 'lapsed'; record: { type: 'TXT'; name: string; value: string }; problem: string | null; checkedAt: string | null }
export type Branding = { name: string | null; color: string | null; logoUrl: string | null; version: number }
export type Unit = 'count' | 'bytes'
export type UsageFigure = { meter: string; per: 'level' | 'day' | 'month'; unit: Unit; about: string; used: number; limit: number | null; resetsAt: string | null; days: { day: string; added: number; removed: number; level: number | null }[] }
export type Usage = { plan: { name: string; title: string; description: string | null }; from: string; to: string; items: UsageFigure[] }
export type PlanFits = { items: { plan: string; title: string; current: boolean; fits: boolean; meters: { meter: string; unit: Unit; used: number; limit: number | null; fits: boolean }[] }[] }
export type Plan = Thing & { name: string; title: string; description: string | null; limits: Partial<Record<string, number | null>>; modules: Record<string, boolean>; isDefault: boolean; tenants: number }
export type TenantFigures = { members: Record<TenantRole | 'total', number>; openInvitations: number; projects: number; tasks: number; openTasks: number; callsToday: number; eventsLastWeek: number; activePeopleLastWeek: number; storageBytes: number; lastActivityAt: string | null }
export type MachineKey = {
  id: string
  name: string
  hint: string
  scopes: string[]
  addresses: string[]
  /** of a service key: what it may do inside teams, and in which; null: in every one */
  operations?: string[]
  tenants?: string[] | null
  status: 'active' | 'inactive' | 'expired'
  expiresAt: string | null
  lastUsedAt: string | null
  /** only in the answer that makes or rotates it */
  key?: string
}
export type TrustedIssuer = { id: string; issuer: string; audience: string; mapping: { by: 'email' | 'subject'; scopes?: string[] }; status: 'active' | 'inactive'; source: 'stored' | 'setting' }
/** An operator acted for somebody. */
export type Impersonation = { id: string; operatorId: string; userId: string; tenantId: string; expiresAt: string; endedAt: string | null; createdAt: string }
