// Generated from docs/openapi.json by `npm run generate`. Change the routes, not this file.
import type { CallOptions, Operation } from './request.ts'

/** Taken on; says nothing about whether an account exists. */
export type Accepted = { status: 'accepted' }

export type ActiveTenant = { id: string; slug: string; name: string; role: 'viewer' | 'member' | 'admin' | 'owner' }

export type ActivityEvent = { id: string; tenantId: string; name: string; subject: { type: string; id: string }; data: Record<string, unknown>; causeId: string | null; requestId: string | null; at: string; seq: number; cursor: string; sealed?: boolean; actor: { type: string; id: string | null; name: string | null }; task: { id: string; ref: string; title: string; deleted: boolean } | null }

export type ActivityList = { items: ActivityEvent[]; next: string | null }

export type AllRead = { read: number }

export type ApiKey = { id: string; name: string; hint: string; scopes: string[]; addresses: string[]; status: 'active' | 'inactive' | 'expired'; expiresAt: string | null; formerEndsAt: string | null; madeBy: string; lastUsedAt: string | null; key?: string; createdAt: string; updatedAt: string; version: number }

export type ApiKeyList = { items: ApiKey[]; next: string | null }

export type Approval = { id: string; runId: string; workflowId: string; workflowName: string; node: string; title: string; text: string; people: string[]; role: string | null; status: 'pending' | 'approved' | 'rejected' | 'timed_out' | 'cancelled'; deadlineAt: string | null; escalatesAt: string | null; escalatedAt: string | null; decidedBy: string | null; decidedAt: string | null; comment: string | null; version: number; createdAt: string; updatedAt: string; mine: boolean }

export type ApprovalList = { items: Approval[]; next: string | null }

export type AskedDomain = { domain: string }

/** null: as the installation looks; `name` null: the tenant's. */
export type Branding = { name: string | null; color: string | null; logoUrl: string | null; version: number; updatedAt: string }

export type BulkAnswer = { items: Task[] }

/** Tasks that were not done at the end of each day (UTC); `ideal` goes evenly to none at the span's end. */
export type BurnDownReport = { items: { day: string; open: number; ideal: number }[]; next: null }

export type ChangeApiKey = { name?: string; scopes?: string[]; expiresAt?: string | null; addresses?: string[]; status?: 'active' | 'inactive' }

export type ChangeBranding = { name?: string | null; color?: string | null }

export type ChangeConnection = { name?: string; settings?: Record<string, unknown>; secrets?: Record<string, string> }

export type ChangeMember = { role: 'viewer' | 'member' | 'admin' | 'owner' }

export type ChangeOAuthClient = { name?: string; redirectUris?: string[]; postLogoutRedirectUris?: string[]; grantTypes?: ('authorization_code' | 'refresh_token' | 'client_credentials' | 'urn:ietf:params:oauth:grant-type:device_code' | 'password')[]; scopes?: string[]; tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'; applicationType?: 'web' | 'native'; clientUri?: string | null; policyUri?: string | null; tosUri?: string | null; jwks?: { keys: Record<string, unknown>[] } | null; requirePkce?: boolean; resourceServer?: boolean }

export type ChangeOAuthScope = { description?: string; permissions?: string[] }

/** `limits` and `modules` replace those of before. */
export type ChangePlan = { title?: string; description?: string | null; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null }; modules?: Record<string, boolean>; position?: number; isDefault?: true }

export type ChangeServiceKey = { name?: string; scopes?: string[]; expiresAt?: string | null; addresses?: string[]; status?: 'active' | 'inactive'; operations?: string[]; tenants?: string[] | null }

export type ChangeSsoProvider = { name?: string; oidc?: { issuer: string; clientId: string; scopes?: string[]; clientSecret?: string | null }; saml?: { metadata?: string; entityId?: string; ssoUrl?: string; certificates?: string[] }; groupsClaim?: string; roles?: ({ group: string; role: 'viewer' | 'member' | 'admin' })[]; defaultRole?: 'viewer' | 'member' | 'admin' }

/** Admins: name and slug. Operators: plan, limits and modules that differ from it, status. */
export type ChangeTenant = { name?: string; slug?: string; plan?: string; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null }; modules?: Record<string, boolean>; status?: 'active' | 'suspended' }

export type ChangeTenantSettings = { eventRetentionDays?: number | null }

export type ChangeTrustedIssuer = { audience?: string; jwksUri?: string | null; mapping?: IssuerMapping; status?: 'active' | 'inactive' }

/** `id` never changes and is the `status` of its tasks. */
export type Column = { id: string; name: string; category: 'todo' | 'doing' | 'done'; wipLimit: number | null }

export type Comment = { id: string; taskId: string; authorId: string | null; text: string; mentions: string[]; version: number; createdAt: string; updatedAt: string }

export type CommentList = { items: Comment[]; next: string | null }

export type CompleteAuthorization = { state: string; code?: string; error?: string }

/** What I allowed an application. */
export type ConnectedApp = { id: string; clientId: string; name: string; clientUri: string | null; tenantId: string; tenantName: string; scopes: string[]; createdAt: string; updatedAt: string; version: number }

export type ConnectedAppList = { items: ConnectedApp[]; next: string | null }

export type Connection = { id: string; name: string; type: string; settings: Record<string, unknown>; secrets: string[]; status: 'untested' | 'working' | 'failing' | 'unauthorized'; testedAt: string | null; error: string | null; createdBy: string | null; createdAt: string; updatedAt: string; version: number }

export type ConnectionAuthorization = { url: string; expiresAt: string }

export type ConnectionList = { items: Connection[]; next: string | null }

export type ConnectionTest = { ok: boolean; message: string }

export type ConnectionTypes = { items: { type: string; title: string; fields: { name: string; kind: string; title: string; required: boolean; secret: boolean; choices?: string[]; default?: unknown }[]; operations: { name: string; title: string; method: string; path: string; documentation: string; input: unknown }[] }[] }

export type CreateConnection = { name: string; type: string; settings?: Record<string, unknown>; secrets?: Record<string, string> }

/** From the first column of category doing, else from the making, until done; for tasks that became done in the span. */
export type CycleTimeReport = { items: { taskId: string; ref: string; title: string; hours: number; startedAt: string; doneAt: string }[]; next: null; medianHours: number | null; p85Hours: number | null }

/** Nodes and edges. Drafts are always savable; GET /workflows/schema says what may be published. */
export type Definition = { nodes: ({ id?: string; primitive?: string; type?: string; name?: string; settings?: Record<string, unknown>; connectionId?: string | null; join?: string; retry?: Record<string, unknown>; timeoutMs?: number; position?: Record<string, unknown> })[]; edges: { from?: string; to?: string; when?: string }[] }

export type DefinitionDiff = { nodes: { added: unknown[]; removed: unknown[]; changed: { id: string; paths: { path: string; from?: unknown; to?: unknown }[] }[] }; edges: { added: unknown[]; removed: unknown[] }; patch: unknown[]; same: boolean }

export type DefinitionFault = { level: 'error' | 'warning'; code: string; node: string | null; path: string; message: string }

export type Deployment = { id: string; workflowId: string; workflowName: string; number: number; status: 'pending' | 'deploying' | 'active' | 'failed' | 'superseded'; error: string | null; createdBy: string | null; createdAt: string; updatedAt: string }

export type DeploymentList = { items: Deployment[]; next: string | null }

/** pending: not proved yet. verified: opens the tenant; looked at daily. lapsed: the record is gone, so it opens nothing. */
export type Domain = { id: string; name: string; status: 'pending' | 'verified' | 'lapsed'; verifiedAt: string | null; checkedAt: string | null; problem: string | null; createdAt: string; updatedAt: string; version: number; record: { type: 'TXT'; name: string; value: string } }

export type DomainList = { items: Domain[]; next: string | null }

/** `seq` is the true order per subject; `cursor` is opaque. */
export type Event = { id: string; tenantId: string; name: string; subject: { type: string; id: string }; actor: { type: string; id: string | null }; data: Record<string, unknown>; causeId: string | null; requestId: string | null; at: string; seq: number; cursor: string; sealed?: boolean }

export type EventList = { items: Event[]; next: string | null }

export type FieldFault = { in: 'body' | 'query' | 'params' | 'headers'; path: string; message: string }

export type FullReceivedWebhook = { id: string; workflowId: string; node: string; method: string; contentType: string | null; bytes: number; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null; createdAt: string; headers: Record<string, string>; query: unknown; body: string | null; encoding: 'utf8' | 'base64' }

export type FullWorkflowVersion = { workflowId: string; number: number; hash: string; note: string | null; publishedBy: string | null; active: boolean; createdAt: string; definition: Definition }

export type Impersonation = { id: string; operatorId: string; userId: string; tenantId: string; expiresAt: string; createdAt: string; endedAt: string | null }

export type ImpersonationList = { items: Impersonation[]; next: string | null }

export type InitialAccessToken = { id: string; token: string; expiresAt: string; quota: number; registrationEndpoint: string }

/** `heldSince`: restored from a backup then, and nothing that it had queued goes out until it is released. */
export type Installation = { id: string; heldSince: string | null; waiting: number; createdAt: string }

/** `email` null: a link for whoever holds it. */
export type Invitation = { id: string; email: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; status: 'pending' | 'accepted' | 'rejected' | 'canceled'; inviterId: string; sentAt: string; expiresAt: string; url?: string; createdAt: string; updatedAt: string; version: number }

export type InvitationList = { items: Invitation[]; next: string | null }

export type InvitationPreview = { tenantName: string; email: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; expiresAt: string }

export type InvitationToken = { token: string }

export type IssuerMapping = { by: 'email' | 'subject'; emailClaim?: string; verifiedClaim?: string | null; subjectClaim?: string; tenantClaim?: string; scopes?: ('read' | 'write' | 'profile' | 'admin')[]; scopeClaim?: string; justInTime?: boolean; role?: 'viewer' | 'member' | 'admin' }

/** What a job carries is not shown: it may be a tenant's. */
export type Job = { id: string; tenantId: string; name: string; status: 'ready' | 'running' | 'done' | 'failed' | 'held' | 'cancelled'; attempt: number; maxAttempts: number; runAt: string; lastError: string | null; finishedAt: string | null; causeId: string | null; createdAt: string; updatedAt: string }

export type JobList = { items: Job[]; next: string | null }

export type KeyRotation = { overlapMinutes?: number }

export type ListedRun = { id: string; workflowId: string; workflowName: string; version: number; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; trigger: string | null; error: { message: string; code: string } | null; startedBy: { type: string; id: string | null }; actsFor: string[]; causeId: string | null; parentRunId: string | null; createdAt: string; startedAt: string | null; completedAt: string | null }

export type ListedWorkflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; runs: { last: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled' | null; lastAt: string | null; total: number; failed: number } }

/** The `data:` of one message; its `id:` is the cursor. `ready`: from here nothing is missed. `heartbeat`: every 10 s. `resync`: the past is gone, load anew. `refused`: this topic is not for you. A `prev` that is not the cursor you had is a hole: connect again with your own. */
export type LiveFrame = { type: 'ready'; cursor: string; prev: string | null } | { type: 'event'; cursor: string; prev: string | null; event: Event } | { type: 'heartbeat'; cursor: string; prev: string | null } | { type: 'resync'; cursor: string; prev: string | null } | { type: 'refused'; topic: string; code: string }

export type ManagedUser = { id: string; email: string; name: string; role: 'operator' | 'user'; emailVerified: boolean; image: string | null; createdAt: string; updatedAt: string; version: number; status: 'active' | 'banned' }

export type ManagedUserList = { items: ManagedUser[]; next: string | null }

/** `id` is the person's. */
export type Member = { id: string; userId: string; name: string; email: string; image: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; createdAt: string; updatedAt: string; version: number }

export type MemberList = { items: Member[]; next: string | null }

export type NewApiKey = { name: string; scopes: string[]; expiresAt?: string | null; addresses?: string[] }

export type NewDomain = { name: string }

export type NewImpersonation = { userId: string; tenantId: string; reason: string; minutes?: number }

export type NewInitialAccessToken = { expiresIn?: number; quota?: number }

export type NewInvitation = { email?: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; days?: number }

export type NewLogo = { data: string }

export type NewOAuthClient = { name: string; redirectUris?: string[]; postLogoutRedirectUris?: string[]; grantTypes?: ('authorization_code' | 'refresh_token' | 'client_credentials' | 'urn:ietf:params:oauth:grant-type:device_code' | 'password')[]; scopes?: string[]; tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'; applicationType?: 'web' | 'native'; clientUri?: string | null; policyUri?: string | null; tosUri?: string | null; jwks?: { keys: Record<string, unknown>[] } | null; requirePkce?: boolean; resourceServer?: boolean }

export type NewOAuthScope = { name: string; description: string; permissions: string[] }

export type NewPlan = { name: string; title: string; description?: string | null; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null }; modules?: Record<string, boolean>; position?: number }

export type NewRecoveryCodes = { recoveryCodes: string[] | null }

export type NewScimToken = { name?: string }

export type NewServiceKey = { name: string; scopes: string[]; expiresAt?: string | null; addresses?: string[]; operations?: string[]; tenants?: string[] | null }

export type NewSsoProvider = { protocol: 'oidc' | 'saml'; name: string; oidc?: { issuer: string; clientId: string; scopes?: string[]; clientSecret?: string | null }; saml?: { metadata?: string; entityId?: string; ssoUrl?: string; certificates?: string[] }; groupsClaim?: string; roles?: ({ group: string; role: 'viewer' | 'member' | 'admin' })[]; defaultRole?: 'viewer' | 'member' | 'admin' }

export type NewSsoTicket = { days?: number; note?: string }

export type NewTenant = { name: string; slug?: string }

export type NewTotp = { secret: string; uri: string }

export type NewTrustedIssuer = { issuer: string; audience: string; jwksUri?: string | null; mapping: IssuerMapping }

export type NodeTypes = { schema: Record<string, unknown>; types: unknown[]; events: ({ name: string; about: string | null; payload: unknown })[]; limits: Record<string, number> }

/** `excerpt` is the begin of the comment it is about; `title` and `link`, a path of the console, are a notice's. */
export type Notification = { id: string; kind: 'assigned' | 'mentioned' | 'watched' | 'due' | 'invited' | 'notice'; projectId: string | null; projectName: string | null; taskId: string | null; taskRef: string | null; taskTitle: string | null; actorId: string | null; excerpt: string | null; title: string | null; link: string | null; readAt: string | null; version: number; createdAt: string; updatedAt: string }

export type NotificationList = { items: Notification[]; next: string | null }

/** `id` is the client id. `clientSecret` stands in the answers that make one, never again. */
export type OAuthClient = { id: string; clientId: string; name: string; redirectUris: string[]; postLogoutRedirectUris: string[]; grantTypes: ('authorization_code' | 'refresh_token' | 'client_credentials' | 'urn:ietf:params:oauth:grant-type:device_code' | 'password')[]; scopes: string[]; tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'; applicationType: 'web' | 'native'; clientUri: string | null; policyUri: string | null; tosUri: string | null; jwks: { keys: Record<string, unknown>[] } | null; requirePkce: boolean; resourceServer: boolean; origin: 'admin' | 'registration'; createdBy: string | null; previousSecretEndsAt: string | null; clientSecret?: string; createdAt: string; updatedAt: string; version: number }

export type OAuthClientList = { items: OAuthClient[]; next: string | null }

export type OAuthScope = { id: string; name: string; description: string; permissions: string[]; createdAt: string; updatedAt: string; version: number }

export type OAuthScopeList = { items: OAuthScope[]; next: string | null }

export type OutboxList = { items: OutboxMail[]; next: string | null }

/** Links are masked until they are revealed. */
export type OutboxMail = { id: string; tenantId: string; kind: string; status: 'queued' | 'sent' | 'kept' | 'failed' | 'held'; to: string | null; subject: string | null; text: string | null; html?: string; revealed: boolean; sealed?: boolean; error: string | null; sentAt: string | null; createdAt: string; updatedAt: string }

/** Tasks that are late and not done, now; the latest 500. */
export type OverdueReport = { items: ({ taskId: string; projectId: string; ref: string; title: string; dueAt: string; assigneeId: string | null; daysLate: number })[]; next: null; total: number }

export type ParkedEvent = { eventId: string; tenantId: string; name: string; error: string; at: string; parkedAt: string }

export type Passkey = { id: string; name: string; synced: boolean; usedAt: string | null; createdAt: string }

/** For `navigator.credentials`, as PublicKeyCredentialRequestOptionsJSON or PublicKeyCredentialCreationOptionsJSON. */
export type PasskeyChallenge = { challenge: string }

/** As `PublicKeyCredential.toJSON()` gives it. */
export type PasskeyCredential = { id: string; rawId: string; type: 'public-key'; response: { clientDataJSON: string } }

export type PasskeyList = { items: Passkey[]; next: string | null }

export type PersonExport = { user: User; preferences: Preferences; credentials: Record<string, unknown>[]; sessions: Record<string, unknown>[]; memberships: Record<string, unknown>[]; invitationsSent: Record<string, unknown>[] }

/** A meter that `limits` does not name has no limit. New tenants get the plan with `isDefault`. */
export type Plan = { id: string; name: string; title: string; description: string | null; limits: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null }; modules: Record<string, boolean>; position: number; isDefault: boolean; version: number; createdAt: string; updatedAt: string; tenants: number }

export type PlanFits = { items: ({ plan: string; title: string; current: boolean; fits: boolean; meters: ({ meter: string; per: 'level' | 'day' | 'month'; unit: 'count' | 'bytes'; used: number; limit: number | null; fits: boolean })[] })[] }

export type PlanList = { items: Plan[]; next: string | null }

export type Preferences = { locale: string; timeZone: string; notifications: Record<string, Record<string, boolean>>; version: number }

/** RFC 9457; `detail` says what to do next. */
export type Problem = { type: string; title: string; status: number; code: string; detail?: string; instance: string; requestId: string; errors?: FieldFault[] }

/** Tasks by column, now. */
export type ProgressReport = { items: ({ projectId: string; key: string; name: string; total: number; done: number; percent: number; columns: ({ id: string; name: string; category: 'todo' | 'doing' | 'done'; count: number })[] })[]; next: null }

/** `role` is what the caller may do in it. */
export type Project = { id: string; key: string; name: string; description: string | null; visibility: 'open' | 'private'; status: 'active' | 'archived'; columns: Column[]; wip: 'warn' | 'block'; progress: { total: number; done: number; percent: number }; createdBy: string | null; version: number; createdAt: string; updatedAt: string; role: 'viewer' | 'editor' | 'manager' }

export type ProjectList = { items: Project[]; next: string | null }

export type ProjectMember = { userId: string; name: string; email: string; role: 'viewer' | 'editor' | 'manager'; version: number; createdAt: string; updatedAt: string }

export type ProjectMemberList = { items: ProjectMember[]; next: string | null }

export type PublishedWorkflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; definition: Definition; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; number: number; hash: string; warnings: DefinitionFault[]; diverging: ({ runId: string; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; key: string; message: string })[] }

export type QueuedDeliveries = { deliveries: number | null }

/** A named cursor over the log. */
export type Reader = { id: string; name: string; takes: string[]; status: 'running' | 'failing' | 'paused'; paused: boolean; position: string; lag: number; lagSeconds: number; heldBackBy: string | null; tries: number; lastError: string | null; handled: number; parkedCount: number; parked: ParkedEvent[]; createdAt: string; updatedAt: string }

export type ReaderList = { items: Reader[]; next: string | null }

export type ReceivedWebhook = { id: string; workflowId: string; node: string; method: string; contentType: string | null; bytes: number; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null; createdAt: string }

export type ReceivedWebhookList = { items: ReceivedWebhook[]; next: string | null }

export type RecoveryCodes = { remaining: number; createdAt: string | null }

export type Replayed = { replayed: number; failed: { eventId: string; error: string }[]; reader: Reader }

export type ReplayedWebhook = { id: string; runId: string | null }

/** One of the three. */
export type Rewind = { to?: string; at?: string; events?: number }

export type RotateClientSecret = { overlapSeconds?: number }

export type RotateConnection = { secrets: Record<string, string> }

export type Run = { id: string; workflowId: string; workflowName: string; version: number; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; trigger: string | null; error: { message: string; code: string } | null; startedBy: { type: string; id: string | null }; actsFor: string[]; causeId: string | null; parentRunId: string | null; createdAt: string; startedAt: string | null; completedAt: string | null; input: unknown; results: unknown; steps: RunStep[]; hidden: boolean; definition: Definition }

export type RunList = { items: ListedRun[]; next: string | null }

export type RunStep = { key: string; node: string; kind: string; status: 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped'; attempt: number; input: unknown; output: unknown; error: { message: string; code: string } | null; way: string | null; dueAt: string | null; startedAt: string | null; completedAt: string | null }

export type ScimToken = { id: string; name: string; token?: string; baseUrl: string; usedAt: string | null; createdAt: string; updatedAt: string; version: number }

export type ScimTokenList = { items: ScimToken[]; next: string | null }

export type Security = { secondFactor: 'optional' | 'required'; passkeys: 'optional' | 'required'; sso: 'optional' | 'required'; version: number }

export type ServiceKey = { id: string; name: string; hint: string; scopes: string[]; addresses: string[]; status: 'active' | 'inactive' | 'expired'; expiresAt: string | null; formerEndsAt: string | null; madeBy: string; lastUsedAt: string | null; operations: string[]; tenants: string[] | null; key?: string; createdAt: string; updatedAt: string; version: number }

export type ServiceKeyList = { items: ServiceKey[]; next: string | null }

export type Session = { id: string; current: boolean; ipAddress: string; userAgent: string; tenantId: string | null; createdAt: string; expiresAt: string }

export type SessionList = { items: Session[]; next: string | null }

export type SignedIn = { user: User; tenant: ActiveTenant | null; accessToken: string; tokenType: 'Bearer'; expiresIn: number; refreshToken: string | null }

/** Published now; of each algorithm the first signs. */
export type SigningKeys = { id: string; keys: { kid: string; alg: string }[] }

/** Secrets go in and never come out. */
export type SsoProvider = { id: string; protocol: 'oidc' | 'saml'; name: string; status: 'draft' | 'enabled' | 'disabled'; testedAt: string | null; problem: string | null; oidc: { issuer: string; clientId: string; scopes: string[]; hasSecret: boolean; redirectUri: string } | null; saml: { entityId: string; ssoUrl: string; certificates: string[]; ours: { entityId: string; acsUrl: string; metadataUrl: string } } | null; groupsClaim: string; roles: { group: string; role: string }[]; defaultRole: string; createdAt: string; updatedAt: string; version: number }

export type SsoProviderList = { items: SsoProvider[]; next: string | null }

export type SsoTest = { reachable: boolean; problem: string | null; domains: string[]; signInUrl: string }

export type SsoTicket = { id: string; note: string | null; status: 'open' | 'used' | 'expired' | 'revoked'; createdBy: string; providerId: string | null; expiresAt: string; usedAt: string | null; url?: string; createdAt: string; updatedAt: string; version: number }

export type SsoTicketList = { items: SsoTicket[]; next: string | null }

export type StartedImpersonation = { id: string; operatorId: string; userId: string; tenantId: string; expiresAt: string; createdAt: string; accessToken: string; tokenType: 'Bearer'; expiresIn: number; user: { id: string; name: string }; role: 'viewer' | 'member' | 'admin' | 'owner' }

/** `position` is a rank: tasks of a column stand in the order of its bytes. */
export type Task = { id: string; projectId: string; title: string; description: string | null; status: string; position: string; assigneeId: string | null; priority: 'none' | 'low' | 'medium' | 'high' | 'urgent'; labels: string[]; fields: Record<string, unknown>; dueAt: string | null; parentId: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; ref: string; overLimit?: boolean; watching?: boolean; commentCount?: number }

export type TaskList = { items: Task[]; next: string | null }

export type Template = { id: string; name: string; description: string; category: string; parameters: Record<string, unknown>; definition: Definition }

export type TemplateList = { items: Template[]; next: null }

/** `role` is yours in it. */
export type Tenant = { id: string; slug: string; name: string; logo: string | null; status: 'active' | 'deleting' | 'suspended'; deletesAt: string | null; role: 'viewer' | 'member' | 'admin' | 'owner' | null; plan: string; limits: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null }; modules: string[]; createdAt: string; updatedAt: string; version: number }

export type TenantList = { items: Tenant[]; next: string | null }

/** `eventRetentionDays` null: as the installation says. */
export type TenantSettings = { eventRetentionDays: number | null }

export type TenantStatistics = { members: { viewer: number; member: number; admin: number; owner: number; total: number }; openInvitations: number; projects: number; tasks: number; openTasks: number; storageBytes: number; callsToday: number; eventsLastWeek: number; activePeopleLastWeek: number; lastActivityAt: string | null }

export type TenantUsage = { plan: { name: string; title: string; description: string | null }; from: string; to: string; items: UsageFigure[] }

/** `effect` is what a step would have done to the world; in a test it is told, not done. */
export type TestedWorkflow = { status: 'completed' | 'failed'; results: unknown; error: { message: string; code: string } | null; steps: ({ key: string; node: string; status: 'completed' | 'failed' | 'skipped'; output: unknown; error: { message: string; code: string } | null; effect: unknown | null })[]; faults: DefinitionFault[] }

/** Tasks made, and tasks that came into a column of category done, by day (UTC). */
export type ThroughputReport = { items: { day: string; created: number; done: number }[]; next: null }

export type Totp = { enabled: boolean; createdAt: string | null }

export type TransferTenant = { userId: string }

export type Trigger = { id: string; workflowId: string; node: string; type: string; enabled: boolean; url: string | null; hasSecret: boolean; nextAt: string | null; problem: string | null; updatedAt: string }

export type TriggerList = { items: Trigger[]; next: null }

export type TrustedIssuer = { id: string; issuer: string; audience: string; jwksUri: string | null; mapping: IssuerMapping; status: 'active' | 'inactive'; source: 'stored' | 'setting'; createdAt: string; updatedAt: string; version: number }

export type TrustedIssuerList = { items: TrustedIssuer[]; next: string | null }

/** Events a day, by name and by person; days without any are left out. */
export type Usage = { from: string; to: string; total: number; days: { day: string; count: number }[]; names: { name: string; count: number }[]; people: { userId: string; count: number }[] }

export type UsageEventList = { items: Event[]; next: string | null }

/** level: what stands now. day, month: what came in it so far; `resetsAt` is its end (UTC). */
export type UsageFigure = { meter: string; per: 'level' | 'day' | 'month'; unit: 'count' | 'bytes'; about: string; used: number; limit: number | null; resetsAt: string | null; days: ({ day: string; added: number; removed: number; level: number | null })[] }

export type User = { id: string; email: string; name: string; role: 'operator' | 'user'; emailVerified: boolean; image: string | null; createdAt: string; updatedAt: string; version: number }

/** `reads`: what the settings of each node read. */
export type ValidatedDefinition = { valid: boolean; faults: DefinitionFault[]; reads: Record<string, string[]> }

export type Webhook = { id: string; url: string; description: string | null; events: string[]; status: 'active' | 'paused' | 'disabled'; disabledReason: string | null; failingSince: string | null; waiting: number; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type WebhookDelivery = { id: string; eventId: string; eventName: string; state: 'pending' | 'delivered' | 'failed'; attempt: number; nextAt: string | null; statusCode: number | null; error: string | null; durationMs: number | null; deliveredAt: string | null; version: number; createdAt: string; updatedAt: string }

export type WebhookDeliveryInFull = { id: string; eventId: string; eventName: string; state: 'pending' | 'delivered' | 'failed'; attempt: number; nextAt: string | null; statusCode: number | null; error: string | null; durationMs: number | null; deliveredAt: string | null; version: number; createdAt: string; updatedAt: string; body: string | null; answer: string | null }

export type WebhookDeliveryList = { items: WebhookDelivery[]; next: string | null }

export type WebhookList = { items: Webhook[]; next: string | null }

export type WebhookWithSecret = { id: string; url: string; description: string | null; events: string[]; status: 'active' | 'paused' | 'disabled'; disabledReason: string | null; failingSince: string | null; waiting: number; createdBy: string | null; version: number; createdAt: string; updatedAt: string; secret: string }

/** `definition` is the draft; runs use published versions. `version` is the ETag of the draft. */
export type Workflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; definition: Definition; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type WorkflowList = { items: ListedWorkflow[]; next: string | null }

export type WorkflowVersion = { workflowId: string; number: number; hash: string; note: string | null; publishedBy: string | null; active: boolean; createdAt: string }

export type WorkflowVersionList = { items: WorkflowVersion[]; next: string | null }

/** Open tasks by assignee, now, and those that became done in the span. */
export type WorkloadReport = { items: ({ userId: string | null; name: string | null; todo: number; doing: number; done: number; overdue: number })[]; next: null }

export type Operations = {
  activity: {
    /** What happened, newest first */
    list(input?: { query?: { after?: string; limit?: number; projectId?: string; taskId?: string; userId?: string } } & CallOptions): Promise<ActivityList>
    /** How much happened, by day, name and person */
    usage(input?: { query?: { projectId?: string; taskId?: string; userId?: string; from?: string; to?: string } } & CallOptions): Promise<Usage>
  }
  apiKeys: {
    /** Change name, scopes, end, addresses or status */
    change(input: { id: string; body: ChangeApiKey } & CallOptions): Promise<ApiKey>
    /** Make an API key */
    create(input: { body: NewApiKey } & CallOptions): Promise<ApiKey>
    /** Delete an API key */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One API key */
    get(input: { id: string } & CallOptions): Promise<ApiKey>
    /** API keys of the active tenant, newest first */
    list(input?: { query?: { after?: string; limit?: number; status?: 'active' | 'inactive' | 'expired' } } & CallOptions): Promise<ApiKeyList>
    /** A new secret for a key */
    rotate(input: { id: string; body?: KeyRotation } & CallOptions): Promise<ApiKey>
  }
  approvals: {
    /** Approve or reject */
    decide(input: { id: string; body: { decision: 'approve' | 'reject'; comment?: string | null } } & CallOptions): Promise<Approval>
    /** List approvals */
    list(input?: { query?: { after?: string; limit?: number; status?: 'pending' | 'approved' | 'rejected' | 'timed_out' | 'cancelled'; mine?: boolean } } & CallOptions): Promise<ApprovalList>
  }
  auth: {
    /** Sign one of my devices out */
    endSession(input: { id: string } & CallOptions): Promise<void>
    /** Send a link to a new password */
    forgotPassword(input: { body: { email: string } } & CallOptions): Promise<Accepted>
    /** Where I am signed in */
    listSessions(input?: CallOptions): Promise<SessionList>
    /** Sign in with address and password */
    login(input: { body: { email: string; password: string; tenant?: string; code?: string } } & CallOptions): Promise<SignedIn>
    /** The second step of signing in */
    loginCode(input: { body: { challenge: string; code: string; tenant?: string } } & CallOptions): Promise<SignedIn>
    /** End this session */
    logout(input?: CallOptions): Promise<void>
    /** Sign in with a passkey */
    passkey(input: { body: { credential: PasskeyCredential; tenant?: string } } & CallOptions): Promise<SignedIn>
    /** A challenge for signing in with a passkey */
    passkeyOptions(input?: CallOptions): Promise<PasskeyChallenge>
    /** A new pair for a refresh token */
    refresh(input?: { body?: { refreshToken?: string } } & CallOptions): Promise<SignedIn>
    /** Make an account */
    register(input: { body: { email: string; password: string; name: string; tenantName?: string; setupToken?: string; invitationToken?: string } } & CallOptions): Promise<SignedIn>
    /** Send the verification mail again */
    resendVerification(input: { body: { email: string } } & CallOptions): Promise<Accepted>
    /** Set a new password by the link in a mail */
    resetPassword(input: { body: { token: string; password: string } } & CallOptions): Promise<void>
    /** A pair for the login page's session */
    session(input?: CallOptions): Promise<SignedIn>
    /** Prove that it is me */
    stepUp(input: { body: { password?: string; code?: string; passkey?: PasskeyCredential } } & CallOptions): Promise<void>
    /** A pair for another of my tenants */
    switch(input: { body: { tenant: string } } & CallOptions): Promise<SignedIn>
    /** Follow the link that proves an address */
    verifyEmail(input: { body: { token: string } } & CallOptions): Promise<void>
  }
  branding: {
    /** Change name and colour */
    change(input: { body: ChangeBranding } & CallOptions): Promise<Branding>
    /** How the active tenant looks */
    get(input?: CallOptions): Promise<Branding>
    /** Give a logo */
    putLogo(input: { body: NewLogo } & CallOptions): Promise<Branding>
    /** Take the logo away */
    removeLogo(input?: CallOptions): Promise<void>
  }
  connectedApps: {
    /** Applications I allowed something */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<ConnectedAppList>
    /** Take back what I allowed */
    withdraw(input: { clientId: string } & CallOptions): Promise<void>
  }
  connections: {
    /** Begin a consent (OAuth 2.0) */
    authorize(input: { id: string } & CallOptions): Promise<ConnectionAuthorization>
    /** Change a connection */
    change(input: { id: string; body: ChangeConnection } & CallOptions): Promise<Connection>
    /** End a consent (OAuth 2.0) */
    complete(input: { body: CompleteAuthorization } & CallOptions): Promise<Connection>
    /** Make a connection */
    create(input: { body: CreateConnection } & CallOptions): Promise<Connection>
    /** Delete a connection */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One connection */
    get(input: { id: string } & CallOptions): Promise<Connection>
    /** Connections, newest first */
    list(input?: { query?: { after?: string; limit?: number; type?: string } } & CallOptions): Promise<ConnectionList>
    /** Put in new secrets */
    rotate(input: { id: string; body: RotateConnection } & CallOptions): Promise<Connection>
    /** Try a connection */
    test(input: { id: string } & CallOptions): Promise<ConnectionTest>
    /** What a connection can be */
    types(input?: CallOptions): Promise<ConnectionTypes>
  }
  deployments: {
    /** List deployments */
    list(input?: { query?: { after?: string; limit?: number; workflowId?: string } } & CallOptions): Promise<DeploymentList>
  }
  domains: {
    /** Name a domain */
    add(input: { body: NewDomain } & CallOptions): Promise<Domain>
    /** Whether a name opens a tenant */
    ask(input: { query: { domain: string } } & CallOptions): Promise<AskedDomain>
    /** One domain */
    get(input: { id: string } & CallOptions): Promise<Domain>
    /** Domains of the active tenant, newest first */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<DomainList>
    /** Take a domain away */
    remove(input: { id: string } & CallOptions): Promise<void>
    /** Look for the record now */
    verify(input: { id: string } & CallOptions): Promise<Domain>
  }
  events: {
    /** The tenant's log, newest first */
    list(input?: { query?: { after?: string; limit?: number; name?: string; subjectId?: string; actorId?: string; from?: string; to?: string } } & CallOptions): Promise<EventList | string>
  }
  impersonations: {
    /** End the impersonation this token is for */
    end(input?: CallOptions): Promise<void>
    /** Impersonations, newest first */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<ImpersonationList>
    /** Act with a person's rights in a tenant, for a while */
    start(input: { body: NewImpersonation } & CallOptions): Promise<StartedImpersonation>
  }
  inbox: {
    /** Read a request that came in */
    get(input: { id: string } & CallOptions): Promise<FullReceivedWebhook>
    /** Take a request once more */
    replay(input: { id: string } & CallOptions): Promise<ReplayedWebhook>
  }
  installation: {
    /** Whether a restored backup holds its jobs */
    get(input?: CallOptions): Promise<Installation>
    /** Let out what a restored backup had queued */
    release(input?: CallOptions): Promise<Installation>
  }
  invitations: {
    /** Accept an invitation */
    accept(input: { body: InvitationToken } & CallOptions): Promise<Tenant>
    /** Invite by mail, or by a link */
    create(input: { body: NewInvitation } & CallOptions): Promise<Invitation>
    /** Invitations of the active tenant */
    list(input?: { query?: { after?: string; limit?: number; status?: 'pending' | 'accepted' | 'canceled' } } & CallOptions): Promise<InvitationList>
    /** What an invitation is for */
    preview(input: { body: InvitationToken } & CallOptions): Promise<InvitationPreview>
    /** Send it again, with a new link */
    resend(input: { id: string } & CallOptions): Promise<Invitation>
    /** Withdraw an invitation */
    withdraw(input: { id: string } & CallOptions): Promise<void>
  }
  jobs: {
    /** Cancel a job */
    cancel(input: { id: string } & CallOptions): Promise<Job>
    /** List jobs, newest first */
    list(input?: { query?: { after?: string; limit?: number; status?: 'ready' | 'running' | 'done' | 'failed' | 'held' | 'cancelled'; name?: string } } & CallOptions): Promise<JobList>
    /** Try a job again at once */
    retry(input: { id: string } & CallOptions): Promise<Job>
  }
  members: {
    /** Change a member's role */
    change(input: { userId: string; body: ChangeMember } & CallOptions): Promise<Member>
    /** Leave the active tenant */
    leave(input?: CallOptions): Promise<void>
    /** Members of the active tenant */
    list(input?: { query?: { after?: string; limit?: number; q?: string } } & CallOptions): Promise<MemberList>
    /** Take a member out */
    remove(input: { userId: string } & CallOptions): Promise<void>
  }
  notifications: {
    /** List my notifications, newest first */
    list(input?: { query?: { after?: string; limit?: number; unread?: boolean } } & CallOptions): Promise<NotificationList>
    /** Mark a notification as read */
    read(input: { id: string } & CallOptions): Promise<Notification>
    /** Mark all my notifications as read */
    readAll(input?: CallOptions): Promise<AllRead>
  }
  oauthClients: {
    /** Change an OAuth client */
    change(input: { id: string; body: ChangeOAuthClient } & CallOptions): Promise<OAuthClient>
    /** Make an OAuth client */
    create(input: { body: NewOAuthClient } & CallOptions): Promise<OAuthClient>
    /** Remove an OAuth client */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One OAuth client */
    get(input: { id: string } & CallOptions): Promise<OAuthClient>
    /** A token with which clients register themselves */
    issueInitialAccessToken(input: { body: NewInitialAccessToken } & CallOptions): Promise<InitialAccessToken>
    /** OAuth clients of the active tenant */
    list(input?: { query?: { after?: string; limit?: number; q?: string } } & CallOptions): Promise<OAuthClientList>
    /** A new secret */
    rotateSecret(input: { id: string; body?: RotateClientSecret } & CallOptions): Promise<OAuthClient>
  }
  outbox: {
    /** List mails, newest first, links masked */
    list(input?: { query?: { after?: string; limit?: number; status?: 'queued' | 'sent' | 'kept' | 'failed' | 'held' } } & CallOptions): Promise<OutboxList>
    /** Show a mail with its links; that somebody looked is logged */
    reveal(input: { id: string } & CallOptions): Promise<OutboxMail>
  }
  passkeys: {
    /** Keep a passkey */
    create(input: { body: { name: string; credential: PasskeyCredential } } & CallOptions): Promise<Passkey>
    /** Remove a passkey */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** My passkeys */
    list(input?: CallOptions): Promise<PasskeyList>
    /** A challenge for making a passkey */
    options(input?: CallOptions): Promise<PasskeyChallenge>
  }
  plans: {
    /** Change a plan */
    change(input: { id: string; body: ChangePlan } & CallOptions): Promise<Plan>
    /** Make a plan */
    create(input: { body: NewPlan } & CallOptions): Promise<Plan>
    /** Delete a plan nobody has */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One plan */
    get(input: { id: string } & CallOptions): Promise<Plan>
    /** All plans */
    list(input?: CallOptions): Promise<PlanList>
  }
  projects: {
    /** Change or archive a project */
    change(input: { id: string; body: { key?: string; name?: string; description?: string | null; visibility?: 'open' | 'private'; status?: 'active' | 'archived'; columns?: ({ id?: string; name: string; category: 'todo' | 'doing' | 'done'; wipLimit?: number | null })[]; wip?: 'warn' | 'block' } } & CallOptions): Promise<Project>
    /** Create a project */
    create(input: { body: { key?: string; name: string; description?: string | null; visibility?: 'open' | 'private'; columns?: ({ id?: string; name: string; category: 'todo' | 'doing' | 'done'; wipLimit?: number | null })[]; wip?: 'warn' | 'block' } } & CallOptions): Promise<Project>
    /** Delete a project with its tasks */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Read a project */
    get(input: { id: string } & CallOptions): Promise<Project>
    /** Read a member of a project */
    getMember(input: { id: string; userId: string } & CallOptions): Promise<ProjectMember>
    /** List the projects you see */
    list(input?: { query?: { after?: string; limit?: number; status?: 'active' | 'archived'; q?: string } } & CallOptions): Promise<ProjectList>
    /** List the members of a project */
    listMembers(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<ProjectMemberList>
    /** Add a member to a project, or change their role */
    putMember(input: { id: string; userId: string; body: { role: 'viewer' | 'editor' | 'manager' } } & CallOptions): Promise<ProjectMember>
    /** Take a member out of a project */
    removeMember(input: { id: string; userId: string } & CallOptions): Promise<void>
  }
  readers: {
    /** List the readers of the log */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<ReaderList>
    /** Pause a reader */
    pause(input: { name: string } & CallOptions): Promise<Reader>
    /** Handle parked events after all */
    replay(input: { name: string; body?: { eventId?: string } } & CallOptions): Promise<Replayed>
    /** Let a paused reader go on */
    resume(input: { name: string } & CallOptions): Promise<Reader>
    /** Handle events again, from a cursor, an instant, or so many back */
    rewind(input: { name: string; body: Rewind } & CallOptions): Promise<Reader>
    /** Park the event a reader fails on */
    skip(input: { name: string } & CallOptions): Promise<Reader>
  }
  reports: {
    /** Open tasks by day */
    burnDown(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<BurnDownReport | string>
    /** How long tasks take */
    cycleTime(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<CycleTimeReport | string>
    /** Late tasks */
    overdue(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<OverdueReport | string>
    /** Tasks by column */
    progress(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<ProgressReport | string>
    /** Tasks made and done a day */
    throughput(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<ThroughputReport | string>
    /** Tasks by assignee */
    workload(input?: { query?: { projectId?: string; from?: string; to?: string } } & CallOptions): Promise<WorkloadReport | string>
  }
  runs: {
    /** Cancel a run */
    cancel(input: { id: string } & CallOptions): Promise<Run>
    /** Read a run with its steps */
    get(input: { id: string } & CallOptions): Promise<Run>
    /** List runs */
    list(input?: { query?: { after?: string; limit?: number; workflowId?: string; status?: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; from?: string; to?: string } } & CallOptions): Promise<RunList>
    /** Let a run go on with another version */
    move(input: { id: string; body: { version: number } } & CallOptions): Promise<Run>
    /** Pause a run */
    pause(input: { id: string } & CallOptions): Promise<Run>
    /** Let a paused run go on */
    resume(input: { id: string } & CallOptions): Promise<Run>
    /** Retry a run */
    retry(input: { id: string; body?: { fromNode?: string } } & CallOptions): Promise<Run>
    /** Send a signal to a run */
    signal(input: { id: string; name: string; body?: { payload?: unknown } } & CallOptions): Promise<Run>
  }
  scimTokens: {
    /** A token for provisioning by SCIM 2.0 */
    create(input: { body: NewScimToken } & CallOptions): Promise<ScimToken>
    /** Remove a provisioning token */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Provisioning tokens */
    list(input?: CallOptions): Promise<ScimTokenList>
  }
  scopes: {
    /** Change a scope */
    change(input: { id: string; body: ChangeOAuthScope } & CallOptions): Promise<OAuthScope>
    /** Add a scope */
    create(input: { body: NewOAuthScope } & CallOptions): Promise<OAuthScope>
    /** Remove a scope */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One scope */
    get(input: { id: string } & CallOptions): Promise<OAuthScope>
    /** Scopes the tenant added */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<OAuthScopeList>
  }
  security: {
    /** Demand a second factor, passkeys or single sign-on */
    change(input: { body: { secondFactor?: 'optional' | 'required'; passkeys?: 'optional' | 'required'; sso?: 'optional' | 'required' } } & CallOptions): Promise<Security>
    /** What the tenant demands of those who enter it */
    get(input?: CallOptions): Promise<Security>
  }
  serviceKeys: {
    /** Change a service key */
    change(input: { id: string; body: ChangeServiceKey } & CallOptions): Promise<ServiceKey>
    /** Make a service key */
    create(input: { body: NewServiceKey } & CallOptions): Promise<ServiceKey>
    /** Delete a service key */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One service key */
    get(input: { id: string } & CallOptions): Promise<ServiceKey>
    /** Service keys, newest first */
    list(input?: { query?: { after?: string; limit?: number; status?: 'active' | 'inactive' | 'expired' } } & CallOptions): Promise<ServiceKeyList>
    /** A new secret for a service key */
    rotate(input: { id: string; body?: KeyRotation } & CallOptions): Promise<ServiceKey>
  }
  signingKeys: {
    /** New signing keys */
    rotate(input?: CallOptions): Promise<SigningKeys>
  }
  ssoProviders: {
    /** Change a provider */
    change(input: { id: string; body: ChangeSsoProvider } & CallOptions): Promise<SsoProvider>
    /** Add a single sign-on provider */
    create(input: { body: NewSsoProvider } & CallOptions): Promise<SsoProvider>
    /** Remove a provider */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Stop a provider */
    disable(input: { id: string } & CallOptions): Promise<SsoProvider>
    /** Let a provider sign people in */
    enable(input: { id: string } & CallOptions): Promise<SsoProvider>
    /** One provider */
    get(input: { id: string } & CallOptions): Promise<SsoProvider>
    /** Single sign-on providers */
    list(input?: CallOptions): Promise<SsoProviderList>
    /** Ask the provider, and get a link to try a sign-in */
    test(input: { id: string } & CallOptions): Promise<SsoTest>
  }
  ssoTickets: {
    /** A link by which a customer's IT sets single sign-on up */
    create(input: { body: NewSsoTicket } & CallOptions): Promise<SsoTicket>
    /** Withdraw a link */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Set-up links, newest first */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<SsoTicketList>
  }
  tasks: {
    /** Comment on a task */
    addComment(input: { id: string; body: { text: string } } & CallOptions): Promise<Comment>
    /** Change many tasks */
    bulk(input: { body: { ids: string[]; change: { status?: string; assigneeId?: string | null; priority?: 'none' | 'low' | 'medium' | 'high' | 'urgent'; labels?: string[]; dueAt?: string | null; parentId?: string | null; addLabels?: string[]; removeLabels?: string[]; deleted?: true } } } & CallOptions): Promise<BulkAnswer>
    /** Change a task */
    change(input: { id: string; body: { title?: string; description?: string | null; assigneeId?: string | null; priority?: 'none' | 'low' | 'medium' | 'high' | 'urgent'; labels?: string[]; dueAt?: string | null; parentId?: string | null; status?: string; fields?: Record<string, string | number | boolean | null> } } & CallOptions): Promise<Task>
    /** Change your comment */
    changeComment(input: { id: string; body: { text: string } } & CallOptions): Promise<Comment>
    /** Create a task */
    create(input: { body: { projectId: string; title: string; description?: string | null; assigneeId?: string | null; priority?: 'none' | 'low' | 'medium' | 'high' | 'urgent'; labels?: string[]; dueAt?: string | null; parentId?: string | null; status?: string; fields?: Record<string, string | number | boolean> } } & CallOptions): Promise<Task>
    /** Delete a task with its subtasks */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Delete a comment */
    deleteComment(input: { id: string } & CallOptions): Promise<void>
    /** Read a task */
    get(input: { id: string } & CallOptions): Promise<Task>
    /** List tasks */
    list(input?: { query?: { after?: string; limit?: number; projectId?: string; status?: string; priority?: 'none' | 'low' | 'medium' | 'high' | 'urgent'; label?: string; assigneeId?: string; parentId?: string; dueBefore?: string; dueAfter?: string; q?: string; fields?: string; sort?: '-createdAt' | 'createdAt' | 'dueAt' | 'position' } } & CallOptions): Promise<TaskList>
    /** List the comments of a task */
    listComments(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<CommentList>
    /** Move a task */
    move(input: { id: string; query?: { status?: string }; body?: { status?: string; before?: string | null; after?: string | null } } & CallOptions): Promise<Task>
    /** Search tasks */
    search(input: { query: { after?: string; limit?: number; q: string } } & CallOptions): Promise<TaskList>
    /** Undo your last change of a task */
    undo(input: { id: string; body?: { bulk?: boolean } } & CallOptions): Promise<Task>
    /** Stop watching a task */
    unwatch(input: { id: string } & CallOptions): Promise<void>
    /** Watch a task */
    watch(input: { id: string } & CallOptions): Promise<void>
  }
  templates: {
    /** List templates */
    list(input?: CallOptions): Promise<TemplateList>
    /** Make a workflow from a template */
    use(input: { id: string; body?: { name?: string; parameters?: Record<string, unknown> } } & CallOptions): Promise<Workflow>
  }
  tenantIssuers: {
    /** Trust an outside issuer */
    add(input: { body: NewTrustedIssuer } & CallOptions): Promise<TrustedIssuer>
    /** Change what is believed of it */
    change(input: { id: string; body: ChangeTrustedIssuer } & CallOptions): Promise<TrustedIssuer>
    /** One of them */
    get(input: { id: string } & CallOptions): Promise<TrustedIssuer>
    /** Outside issuers that the active tenant trusts */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<TrustedIssuerList>
    /** Trust it no more */
    remove(input: { id: string } & CallOptions): Promise<void>
  }
  tenants: {
    /** Change a tenant */
    change(input: { id: string; body: ChangeTenant } & CallOptions): Promise<Tenant>
    /** Change settings of the active tenant */
    changeSettings(input: { body: ChangeTenantSettings } & CallOptions): Promise<TenantSettings>
    /** Create a tenant */
    create(input: { body: NewTenant } & CallOptions): Promise<Tenant>
    /** Delete a tenant after a week */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** One tenant */
    get(input: { id: string } & CallOptions): Promise<Tenant>
    /** My tenants */
    list(input?: { query?: { after?: string; limit?: number; all?: boolean; q?: string; status?: 'active' | 'deleting' | 'suspended'; plan?: string } } & CallOptions): Promise<TenantList>
    /** What a tenant would use of each plan */
    planFits(input: { id: string; query?: { plan?: string } } & CallOptions): Promise<PlanFits>
    /** Take a deletion back */
    restore(input: { id: string } & CallOptions): Promise<Tenant>
    /** Settings of the active tenant */
    settings(input?: CallOptions): Promise<TenantSettings>
    /** Figures of a tenant */
    statistics(input: { id: string } & CallOptions): Promise<TenantStatistics>
    /** Make another member owner and become admin */
    transfer(input: { id: string; body: TransferTenant } & CallOptions): Promise<Tenant>
  }
  trustedIssuers: {
    /** Trust an outside issuer */
    add(input: { body: NewTrustedIssuer } & CallOptions): Promise<TrustedIssuer>
    /** Change what is believed of it */
    change(input: { id: string; body: ChangeTrustedIssuer } & CallOptions): Promise<TrustedIssuer>
    /** One of them */
    get(input: { id: string } & CallOptions): Promise<TrustedIssuer>
    /** Outside issuers that the platform trusts */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<TrustedIssuerList>
    /** Trust it no more */
    remove(input: { id: string } & CallOptions): Promise<void>
  }
  usage: {
    /** The events behind a figure */
    events(input: { meter: string; query?: { after?: string; limit?: number; from?: string; to?: string } } & CallOptions): Promise<UsageEventList>
    /** What the active tenant uses of its plan */
    get(input?: { query?: { from?: string; to?: string } } & CallOptions): Promise<TenantUsage>
  }
  users: {
    /** Set up an authenticator app */
    beginTotp(input?: CallOptions): Promise<NewTotp>
    /** Change my address */
    changeEmail(input: { body: { email: string; password?: string } } & CallOptions): Promise<Accepted>
    /** Change my name, picture or password */
    changeMe(input: { body: { name?: string; image?: string | null; password?: string; currentPassword?: string } } & CallOptions): Promise<User>
    /** Change my preferences */
    changePreferences(input: { body: { locale?: string; timeZone?: string; notifications?: Record<string, { inApp?: boolean; mail?: boolean; digest?: boolean }> } } & CallOptions): Promise<Preferences>
    /** Turn the second factor on */
    confirmTotp(input: { body: { code: string } } & CallOptions): Promise<NewRecoveryCodes>
    /** Delete my account */
    deleteMe(input?: CallOptions): Promise<void>
    /** Everything kept about me */
    export(input?: CallOptions): Promise<PersonExport>
    /** All people, newest first */
    list(input?: { query?: { after?: string; limit?: number; q?: string; role?: 'operator' | 'user'; status?: 'active' | 'banned' } } & CallOptions): Promise<ManagedUserList>
    /** New recovery codes */
    makeRecoveryCodes(input?: CallOptions): Promise<NewRecoveryCodes>
    /** Make an operator, close or open an account */
    manage(input: { id: string; body: { role?: 'operator' | 'user'; status?: 'active' | 'banned' } } & CallOptions): Promise<ManagedUser>
    /** My account */
    me(input?: CallOptions): Promise<User>
    /** My preferences */
    preferences(input?: CallOptions): Promise<Preferences>
    /** How many recovery codes are left */
    recoveryCodes(input?: CallOptions): Promise<RecoveryCodes>
    /** Remove the authenticator app */
    removeTotp(input?: CallOptions): Promise<void>
    /** Whether an authenticator app is my second factor */
    totp(input?: CallOptions): Promise<Totp>
  }
  webhooks: {
    /** Change, pause or switch on a webhook */
    change(input: { id: string; body: { url?: string; events?: string[]; description?: string | null; status?: 'active' | 'paused' } } & CallOptions): Promise<Webhook>
    /** Send events to an address */
    create(input: { body: { url: string; events: string[]; description?: string | null } } & CallOptions): Promise<WebhookWithSecret>
    /** List what a webhook was sent, newest first */
    deliveries(input: { id: string; query?: { after?: string; limit?: number; state?: 'pending' | 'delivered' | 'failed' } } & CallOptions): Promise<WebhookDeliveryList>
    /** Read a delivery with its body and the answer */
    delivery(input: { id: string; deliveryId: string } & CallOptions): Promise<WebhookDeliveryInFull>
    /** Read a webhook */
    get(input: { id: string } & CallOptions): Promise<Webhook>
    /** List the webhooks, newest first */
    list(input?: { query?: { after?: string; limit?: number } } & CallOptions): Promise<WebhookList>
    /** Send a webhook an event to try it */
    ping(input: { id: string } & CallOptions): Promise<void>
    /** Delete a webhook and its deliveries */
    remove(input: { id: string } & CallOptions): Promise<void>
    /** Send these deliveries once more */
    replay(input: { id: string; body: { deliveryIds: string[] } } & CallOptions): Promise<QueuedDeliveries>
    /** Send the last deliveries, or all since a time, once more */
    rewind(input: { id: string; body: { last?: number; from?: string } } & CallOptions): Promise<QueuedDeliveries>
    /** Give a webhook a new secret; for a day both sign */
    rotate(input: { id: string } & CallOptions): Promise<WebhookWithSecret>
  }
  workflows: {
    /** Let its triggers work */
    activate(input: { id: string } & CallOptions): Promise<Workflow>
    /** Archive a workflow */
    archive(input: { id: string } & CallOptions): Promise<Workflow>
    /** Change a draft */
    change(input: { id: string; body: { name?: string; description?: string | null; definition?: Definition } } & CallOptions): Promise<Workflow>
    /** Create a workflow */
    create(input: { body: { name: string; description?: string | null; definition?: Definition } } & CallOptions): Promise<Workflow>
    /** Stop its triggers */
    deactivate(input: { id: string } & CallOptions): Promise<Workflow>
    /** Delete a workflow */
    delete(input: { id: string } & CallOptions): Promise<void>
    /** Compare two versions */
    diff(input: { id: string; query: { from: string; to: string } } & CallOptions): Promise<DefinitionDiff>
    /** Read a workflow */
    get(input: { id: string } & CallOptions): Promise<Workflow>
    /** What came to its webhooks */
    inbox(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<ReceivedWebhookList>
    /** List workflows */
    list(input?: { query?: { after?: string; limit?: number; status?: 'draft' | 'active' | 'inactive' | 'archived'; q?: string } } & CallOptions): Promise<WorkflowList>
    /** Publish the draft */
    publish(input: { id: string; body?: { note?: string | null } } & CallOptions): Promise<PublishedWorkflow>
    /** Make a version the draft again */
    restore(input: { id: string; number: number } & CallOptions): Promise<Workflow>
    /** Give a webhook a new address */
    rotateAddress(input: { id: string; node: string } & CallOptions): Promise<Trigger>
    /** Start a run */
    run(input: { id: string; body?: { input?: unknown; version?: number; trigger?: string } } & CallOptions): Promise<Run>
    /** Node types */
    schema(input?: CallOptions): Promise<NodeTypes>
    /** Set the secret a webhook is signed with */
    setSecret(input: { id: string; node: string; body: { secret: string | null } } & CallOptions): Promise<Trigger>
    /** Test the draft or one of its nodes */
    test(input: { id: string; body: { node?: string; input?: unknown; trigger?: string; runId?: string; outputs?: Record<string, unknown>; definition?: Definition; item?: unknown; index?: number } } & CallOptions): Promise<TestedWorkflow>
    /** List its triggers */
    triggers(input: { id: string } & CallOptions): Promise<TriggerList>
    /** Judge a definition */
    validate(input: { body: { definition: Definition } } & CallOptions): Promise<ValidatedDefinition>
    /** Read a version */
    version(input: { id: string; number: number } & CallOptions): Promise<FullWorkflowVersion>
    /** List versions */
    versions(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<WorkflowVersionList>
  }
}

export const operations: { [group in keyof Operations]: { [verb in keyof Operations[group]]: Operation } } = {
  activity: {
    list: { method: 'GET', path: '/api/v1/activity' },
    usage: { method: 'GET', path: '/api/v1/activity/usage' },
  },
  apiKeys: {
    change: { method: 'PATCH', path: '/api/v1/api-keys/{id}' },
    create: { method: 'POST', path: '/api/v1/api-keys' },
    delete: { method: 'DELETE', path: '/api/v1/api-keys/{id}' },
    get: { method: 'GET', path: '/api/v1/api-keys/{id}' },
    list: { method: 'GET', path: '/api/v1/api-keys' },
    rotate: { method: 'POST', path: '/api/v1/api-keys/{id}/rotate' },
  },
  approvals: {
    decide: { method: 'POST', path: '/api/v1/approvals/{id}' },
    list: { method: 'GET', path: '/api/v1/approvals' },
  },
  auth: {
    endSession: { method: 'DELETE', path: '/api/v1/auth/sessions/{id}' },
    forgotPassword: { method: 'POST', path: '/api/v1/auth/forgot-password', public: true },
    listSessions: { method: 'GET', path: '/api/v1/auth/sessions' },
    login: { method: 'POST', path: '/api/v1/auth/login', public: true },
    loginCode: { method: 'POST', path: '/api/v1/auth/login/code', public: true },
    logout: { method: 'POST', path: '/api/v1/auth/logout' },
    passkey: { method: 'POST', path: '/api/v1/auth/passkey', public: true },
    passkeyOptions: { method: 'POST', path: '/api/v1/auth/passkey/options', public: true },
    refresh: { method: 'POST', path: '/api/v1/auth/refresh', public: true },
    register: { method: 'POST', path: '/api/v1/auth/register', public: true },
    resendVerification: { method: 'POST', path: '/api/v1/auth/resend-verification', public: true },
    resetPassword: { method: 'POST', path: '/api/v1/auth/reset-password', public: true },
    session: { method: 'POST', path: '/api/v1/auth/session', public: true },
    stepUp: { method: 'POST', path: '/api/v1/auth/step-up' },
    switch: { method: 'POST', path: '/api/v1/auth/switch' },
    verifyEmail: { method: 'POST', path: '/api/v1/auth/verify-email', public: true },
  },
  branding: {
    change: { method: 'PATCH', path: '/api/v1/branding' },
    get: { method: 'GET', path: '/api/v1/branding' },
    putLogo: { method: 'PUT', path: '/api/v1/branding/logo' },
    removeLogo: { method: 'DELETE', path: '/api/v1/branding/logo' },
  },
  connectedApps: {
    list: { method: 'GET', path: '/api/v1/connected-apps' },
    withdraw: { method: 'DELETE', path: '/api/v1/connected-apps/{clientId}' },
  },
  connections: {
    authorize: { method: 'POST', path: '/api/v1/connections/{id}/authorize' },
    change: { method: 'PATCH', path: '/api/v1/connections/{id}' },
    complete: { method: 'POST', path: '/api/v1/connections/complete' },
    create: { method: 'POST', path: '/api/v1/connections' },
    delete: { method: 'DELETE', path: '/api/v1/connections/{id}' },
    get: { method: 'GET', path: '/api/v1/connections/{id}' },
    list: { method: 'GET', path: '/api/v1/connections' },
    rotate: { method: 'POST', path: '/api/v1/connections/{id}/rotate' },
    test: { method: 'POST', path: '/api/v1/connections/{id}/test' },
    types: { method: 'GET', path: '/api/v1/connections/types' },
  },
  deployments: {
    list: { method: 'GET', path: '/api/v1/deployments' },
  },
  domains: {
    add: { method: 'POST', path: '/api/v1/domains' },
    ask: { method: 'GET', path: '/api/v1/domains/ask', public: true },
    get: { method: 'GET', path: '/api/v1/domains/{id}' },
    list: { method: 'GET', path: '/api/v1/domains' },
    remove: { method: 'DELETE', path: '/api/v1/domains/{id}' },
    verify: { method: 'POST', path: '/api/v1/domains/{id}/verify' },
  },
  events: {
    list: { method: 'GET', path: '/api/v1/events' },
  },
  impersonations: {
    end: { method: 'DELETE', path: '/api/v1/impersonations/current' },
    list: { method: 'GET', path: '/api/v1/impersonations' },
    start: { method: 'POST', path: '/api/v1/impersonations' },
  },
  inbox: {
    get: { method: 'GET', path: '/api/v1/inbox/{id}' },
    replay: { method: 'POST', path: '/api/v1/inbox/{id}/replay' },
  },
  installation: {
    get: { method: 'GET', path: '/api/v1/installation' },
    release: { method: 'POST', path: '/api/v1/installation/release' },
  },
  invitations: {
    accept: { method: 'POST', path: '/api/v1/invitations/accept' },
    create: { method: 'POST', path: '/api/v1/invitations' },
    list: { method: 'GET', path: '/api/v1/invitations' },
    preview: { method: 'POST', path: '/api/v1/invitations/preview', public: true },
    resend: { method: 'POST', path: '/api/v1/invitations/{id}/resend' },
    withdraw: { method: 'DELETE', path: '/api/v1/invitations/{id}' },
  },
  jobs: {
    cancel: { method: 'POST', path: '/api/v1/jobs/{id}/cancel' },
    list: { method: 'GET', path: '/api/v1/jobs' },
    retry: { method: 'POST', path: '/api/v1/jobs/{id}/retry' },
  },
  members: {
    change: { method: 'PATCH', path: '/api/v1/members/{userId}' },
    leave: { method: 'POST', path: '/api/v1/members/me/leave' },
    list: { method: 'GET', path: '/api/v1/members' },
    remove: { method: 'DELETE', path: '/api/v1/members/{userId}' },
  },
  notifications: {
    list: { method: 'GET', path: '/api/v1/notifications' },
    read: { method: 'POST', path: '/api/v1/notifications/{id}/read' },
    readAll: { method: 'POST', path: '/api/v1/notifications/read-all' },
  },
  oauthClients: {
    change: { method: 'PATCH', path: '/api/v1/oauth-clients/{id}' },
    create: { method: 'POST', path: '/api/v1/oauth-clients' },
    delete: { method: 'DELETE', path: '/api/v1/oauth-clients/{id}' },
    get: { method: 'GET', path: '/api/v1/oauth-clients/{id}' },
    issueInitialAccessToken: { method: 'POST', path: '/api/v1/oauth-clients/initial-access-tokens' },
    list: { method: 'GET', path: '/api/v1/oauth-clients' },
    rotateSecret: { method: 'POST', path: '/api/v1/oauth-clients/{id}/rotate-secret' },
  },
  outbox: {
    list: { method: 'GET', path: '/api/v1/outbox' },
    reveal: { method: 'POST', path: '/api/v1/outbox/{id}/reveal' },
  },
  passkeys: {
    create: { method: 'POST', path: '/api/v1/users/me/passkeys' },
    delete: { method: 'DELETE', path: '/api/v1/users/me/passkeys/{id}' },
    list: { method: 'GET', path: '/api/v1/users/me/passkeys' },
    options: { method: 'POST', path: '/api/v1/users/me/passkeys/options' },
  },
  plans: {
    change: { method: 'PATCH', path: '/api/v1/plans/{id}' },
    create: { method: 'POST', path: '/api/v1/plans' },
    delete: { method: 'DELETE', path: '/api/v1/plans/{id}' },
    get: { method: 'GET', path: '/api/v1/plans/{id}' },
    list: { method: 'GET', path: '/api/v1/plans' },
  },
  projects: {
    change: { method: 'PATCH', path: '/api/v1/projects/{id}' },
    create: { method: 'POST', path: '/api/v1/projects' },
    delete: { method: 'DELETE', path: '/api/v1/projects/{id}' },
    get: { method: 'GET', path: '/api/v1/projects/{id}' },
    getMember: { method: 'GET', path: '/api/v1/projects/{id}/members/{userId}' },
    list: { method: 'GET', path: '/api/v1/projects' },
    listMembers: { method: 'GET', path: '/api/v1/projects/{id}/members' },
    putMember: { method: 'PUT', path: '/api/v1/projects/{id}/members/{userId}' },
    removeMember: { method: 'DELETE', path: '/api/v1/projects/{id}/members/{userId}' },
  },
  readers: {
    list: { method: 'GET', path: '/api/v1/readers' },
    pause: { method: 'POST', path: '/api/v1/readers/{name}/pause' },
    replay: { method: 'POST', path: '/api/v1/readers/{name}/replay' },
    resume: { method: 'POST', path: '/api/v1/readers/{name}/resume' },
    rewind: { method: 'POST', path: '/api/v1/readers/{name}/rewind' },
    skip: { method: 'POST', path: '/api/v1/readers/{name}/skip' },
  },
  reports: {
    burnDown: { method: 'GET', path: '/api/v1/reports/burn-down' },
    cycleTime: { method: 'GET', path: '/api/v1/reports/cycle-time' },
    overdue: { method: 'GET', path: '/api/v1/reports/overdue' },
    progress: { method: 'GET', path: '/api/v1/reports/progress' },
    throughput: { method: 'GET', path: '/api/v1/reports/throughput' },
    workload: { method: 'GET', path: '/api/v1/reports/workload' },
  },
  runs: {
    cancel: { method: 'POST', path: '/api/v1/runs/{id}/cancel' },
    get: { method: 'GET', path: '/api/v1/runs/{id}' },
    list: { method: 'GET', path: '/api/v1/runs' },
    move: { method: 'POST', path: '/api/v1/runs/{id}/move' },
    pause: { method: 'POST', path: '/api/v1/runs/{id}/pause' },
    resume: { method: 'POST', path: '/api/v1/runs/{id}/resume' },
    retry: { method: 'POST', path: '/api/v1/runs/{id}/retry' },
    signal: { method: 'POST', path: '/api/v1/runs/{id}/signals/{name}' },
  },
  scimTokens: {
    create: { method: 'POST', path: '/api/v1/scim-tokens' },
    delete: { method: 'DELETE', path: '/api/v1/scim-tokens/{id}' },
    list: { method: 'GET', path: '/api/v1/scim-tokens' },
  },
  scopes: {
    change: { method: 'PATCH', path: '/api/v1/scopes/{id}' },
    create: { method: 'POST', path: '/api/v1/scopes' },
    delete: { method: 'DELETE', path: '/api/v1/scopes/{id}' },
    get: { method: 'GET', path: '/api/v1/scopes/{id}' },
    list: { method: 'GET', path: '/api/v1/scopes' },
  },
  security: {
    change: { method: 'PATCH', path: '/api/v1/security' },
    get: { method: 'GET', path: '/api/v1/security' },
  },
  serviceKeys: {
    change: { method: 'PATCH', path: '/api/v1/service-keys/{id}' },
    create: { method: 'POST', path: '/api/v1/service-keys' },
    delete: { method: 'DELETE', path: '/api/v1/service-keys/{id}' },
    get: { method: 'GET', path: '/api/v1/service-keys/{id}' },
    list: { method: 'GET', path: '/api/v1/service-keys' },
    rotate: { method: 'POST', path: '/api/v1/service-keys/{id}/rotate' },
  },
  signingKeys: {
    rotate: { method: 'POST', path: '/api/v1/installation/signing-keys/rotate' },
  },
  ssoProviders: {
    change: { method: 'PATCH', path: '/api/v1/sso-providers/{id}' },
    create: { method: 'POST', path: '/api/v1/sso-providers' },
    delete: { method: 'DELETE', path: '/api/v1/sso-providers/{id}' },
    disable: { method: 'POST', path: '/api/v1/sso-providers/{id}/disable' },
    enable: { method: 'POST', path: '/api/v1/sso-providers/{id}/enable' },
    get: { method: 'GET', path: '/api/v1/sso-providers/{id}' },
    list: { method: 'GET', path: '/api/v1/sso-providers' },
    test: { method: 'POST', path: '/api/v1/sso-providers/{id}/test' },
  },
  ssoTickets: {
    create: { method: 'POST', path: '/api/v1/sso-tickets' },
    delete: { method: 'DELETE', path: '/api/v1/sso-tickets/{id}' },
    list: { method: 'GET', path: '/api/v1/sso-tickets' },
  },
  tasks: {
    addComment: { method: 'POST', path: '/api/v1/tasks/{id}/comments' },
    bulk: { method: 'POST', path: '/api/v1/tasks/bulk' },
    change: { method: 'PATCH', path: '/api/v1/tasks/{id}' },
    changeComment: { method: 'PATCH', path: '/api/v1/comments/{id}' },
    create: { method: 'POST', path: '/api/v1/tasks' },
    delete: { method: 'DELETE', path: '/api/v1/tasks/{id}' },
    deleteComment: { method: 'DELETE', path: '/api/v1/comments/{id}' },
    get: { method: 'GET', path: '/api/v1/tasks/{id}' },
    list: { method: 'GET', path: '/api/v1/tasks' },
    listComments: { method: 'GET', path: '/api/v1/tasks/{id}/comments' },
    move: { method: 'PATCH', path: '/api/v1/tasks/{id}/move' },
    search: { method: 'GET', path: '/api/v1/search' },
    undo: { method: 'POST', path: '/api/v1/tasks/{id}/undo' },
    unwatch: { method: 'DELETE', path: '/api/v1/tasks/{id}/watchers/me' },
    watch: { method: 'PUT', path: '/api/v1/tasks/{id}/watchers/me' },
  },
  templates: {
    list: { method: 'GET', path: '/api/v1/templates' },
    use: { method: 'POST', path: '/api/v1/templates/{id}/use' },
  },
  tenantIssuers: {
    add: { method: 'POST', path: '/api/v1/tenant-issuers' },
    change: { method: 'PATCH', path: '/api/v1/tenant-issuers/{id}' },
    get: { method: 'GET', path: '/api/v1/tenant-issuers/{id}' },
    list: { method: 'GET', path: '/api/v1/tenant-issuers' },
    remove: { method: 'DELETE', path: '/api/v1/tenant-issuers/{id}' },
  },
  tenants: {
    change: { method: 'PATCH', path: '/api/v1/tenants/{id}' },
    changeSettings: { method: 'PATCH', path: '/api/v1/tenant-settings' },
    create: { method: 'POST', path: '/api/v1/tenants' },
    delete: { method: 'DELETE', path: '/api/v1/tenants/{id}' },
    get: { method: 'GET', path: '/api/v1/tenants/{id}' },
    list: { method: 'GET', path: '/api/v1/tenants' },
    planFits: { method: 'GET', path: '/api/v1/tenants/{id}/plan-fits' },
    restore: { method: 'POST', path: '/api/v1/tenants/{id}/restore' },
    settings: { method: 'GET', path: '/api/v1/tenant-settings' },
    statistics: { method: 'GET', path: '/api/v1/tenants/{id}/statistics' },
    transfer: { method: 'POST', path: '/api/v1/tenants/{id}/transfer' },
  },
  trustedIssuers: {
    add: { method: 'POST', path: '/api/v1/trusted-issuers' },
    change: { method: 'PATCH', path: '/api/v1/trusted-issuers/{id}' },
    get: { method: 'GET', path: '/api/v1/trusted-issuers/{id}' },
    list: { method: 'GET', path: '/api/v1/trusted-issuers' },
    remove: { method: 'DELETE', path: '/api/v1/trusted-issuers/{id}' },
  },
  usage: {
    events: { method: 'GET', path: '/api/v1/usage/{meter}/events' },
    get: { method: 'GET', path: '/api/v1/usage' },
  },
  users: {
    beginTotp: { method: 'POST', path: '/api/v1/users/me/totp' },
    changeEmail: { method: 'POST', path: '/api/v1/users/me/email' },
    changeMe: { method: 'PATCH', path: '/api/v1/users/me' },
    changePreferences: { method: 'PATCH', path: '/api/v1/users/me/preferences' },
    confirmTotp: { method: 'POST', path: '/api/v1/users/me/totp/confirm' },
    deleteMe: { method: 'DELETE', path: '/api/v1/users/me' },
    export: { method: 'GET', path: '/api/v1/users/me/export' },
    list: { method: 'GET', path: '/api/v1/users' },
    makeRecoveryCodes: { method: 'POST', path: '/api/v1/users/me/recovery-codes' },
    manage: { method: 'PATCH', path: '/api/v1/users/{id}' },
    me: { method: 'GET', path: '/api/v1/users/me' },
    preferences: { method: 'GET', path: '/api/v1/users/me/preferences' },
    recoveryCodes: { method: 'GET', path: '/api/v1/users/me/recovery-codes' },
    removeTotp: { method: 'DELETE', path: '/api/v1/users/me/totp' },
    totp: { method: 'GET', path: '/api/v1/users/me/totp' },
  },
  webhooks: {
    change: { method: 'PATCH', path: '/api/v1/webhooks/{id}' },
    create: { method: 'POST', path: '/api/v1/webhooks' },
    deliveries: { method: 'GET', path: '/api/v1/webhooks/{id}/deliveries' },
    delivery: { method: 'GET', path: '/api/v1/webhooks/{id}/deliveries/{deliveryId}' },
    get: { method: 'GET', path: '/api/v1/webhooks/{id}' },
    list: { method: 'GET', path: '/api/v1/webhooks' },
    ping: { method: 'POST', path: '/api/v1/webhooks/{id}/ping' },
    remove: { method: 'DELETE', path: '/api/v1/webhooks/{id}' },
    replay: { method: 'POST', path: '/api/v1/webhooks/{id}/replay' },
    rewind: { method: 'POST', path: '/api/v1/webhooks/{id}/rewind' },
    rotate: { method: 'POST', path: '/api/v1/webhooks/{id}/rotate' },
  },
  workflows: {
    activate: { method: 'POST', path: '/api/v1/workflows/{id}/activate' },
    archive: { method: 'POST', path: '/api/v1/workflows/{id}/archive' },
    change: { method: 'PATCH', path: '/api/v1/workflows/{id}' },
    create: { method: 'POST', path: '/api/v1/workflows' },
    deactivate: { method: 'POST', path: '/api/v1/workflows/{id}/deactivate' },
    delete: { method: 'DELETE', path: '/api/v1/workflows/{id}' },
    diff: { method: 'GET', path: '/api/v1/workflows/{id}/diff' },
    get: { method: 'GET', path: '/api/v1/workflows/{id}' },
    inbox: { method: 'GET', path: '/api/v1/workflows/{id}/inbox' },
    list: { method: 'GET', path: '/api/v1/workflows' },
    publish: { method: 'POST', path: '/api/v1/workflows/{id}/publish' },
    restore: { method: 'POST', path: '/api/v1/workflows/{id}/versions/{number}/restore' },
    rotateAddress: { method: 'POST', path: '/api/v1/workflows/{id}/triggers/{node}/rotate' },
    run: { method: 'POST', path: '/api/v1/workflows/{id}/runs' },
    schema: { method: 'GET', path: '/api/v1/workflows/schema' },
    setSecret: { method: 'PUT', path: '/api/v1/workflows/{id}/triggers/{node}/secret' },
    test: { method: 'POST', path: '/api/v1/workflows/{id}/test' },
    triggers: { method: 'GET', path: '/api/v1/workflows/{id}/triggers' },
    validate: { method: 'POST', path: '/api/v1/workflows/validate' },
    version: { method: 'GET', path: '/api/v1/workflows/{id}/versions/{number}' },
    versions: { method: 'GET', path: '/api/v1/workflows/{id}/versions' },
  },
}
