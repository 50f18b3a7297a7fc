// Generated from docs/openapi.json by `npm run generate`. Change the routes, not this file.
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
export type Branding = { name: string | null; color: string | null; logoUrl: string | null; createdAt: string; updatedAt: string; version: number }

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
export type ChangePlan = { title?: string; description?: string | null; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null; keys?: number | null }; modules?: Record<string, boolean>; position?: number; isDefault?: true }

export type ChangeServiceKey = { name?: string; scopes?: string[]; expiresAt?: string | null; addresses?: string[]; status?: 'active' | 'inactive'; operations?: string[]; tenants?: string[] | null }

export type ChangeSsoProvider = { name?: string; oidc?: { issuer: string; clientId: string; scopes?: string[]; clientSecret?: string | null }; saml?: { metadata?: string; entityId?: string; ssoUrl?: string; certificates?: string[] }; groupsClaim?: string; roles?: ({ group: string; role: 'viewer' | 'member' | 'admin' })[]; defaultRole?: 'viewer' | 'member' | 'admin' }

/** Admins: name and slug. Operators: plan, limits and modules that differ from it, status. */
export type ChangeTenant = { name?: string; slug?: string; plan?: string; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null; keys?: number | null }; modules?: Record<string, boolean>; status?: 'active' | 'suspended' }

export type ChangeTenantSettings = { eventRetentionDays?: number | null; runRetentionDays?: number | null }

export type ChangeTrustedIssuer = { audience?: string; jwksUri?: string | null; mapping?: IssuerMapping; status?: 'active' | 'inactive' }

/** `id` never changes and is the `status` of its tasks. */
export type Column = { id: string; name: string; category: 'todo' | 'doing' | 'done'; wipLimit: number | null }

export type Comment = { id: string; taskId: string; authorId: string | null; text: string; mentions: string[]; version: number; createdAt: string; updatedAt: string }

export type CommentList = { items: Comment[]; next: string | null }

export type CompleteAuthorization = { state: string; code?: string; error?: string }

/** What I allowed an application. */
export type ConnectedApp = { id: string; clientId: string; name: string; clientUri: string | null; tenantId: string; tenantName: string; scopes: string[]; createdAt: string; updatedAt: string; version: number }

export type ConnectedAppList = { items: ConnectedApp[]; next: string | null }

export type Connection = { id: string; name: string; type: string; settings: Record<string, unknown>; secrets: string[]; status: 'untested' | 'working' | 'failing' | 'unauthorized'; certificates: { subject: string; issuer: string; validFrom: string; validTo: string; authority: boolean }[]; testedAt: string | null; error: string | null; createdBy: string | null; createdAt: string; updatedAt: string; version: number }

export type ConnectionAuthorization = { url: string; expiresAt: string }

export type ConnectionList = { items: Connection[]; next: string | null }

export type ConnectionTest = { ok: boolean; message: string }

export type ConnectionTypes = { items: { type: string; title: string; fields: { name: string; kind: string; title: string; required: boolean; secret: boolean; choices?: string[]; default?: unknown }[]; operations: { name: string; title: string; method: string; path: string; documentation: string; input: unknown }[] }[]; next: null }

export type CreateConnection = { name: string; type: string; settings?: Record<string, unknown>; secrets?: Record<string, string> }

/** From the first column of category doing, else from the making, until done; for tasks that became done in the span. */
export type CycleTimeReport = { items: { taskId: string; ref: string; title: string; hours: number; startedAt: string; doneAt: string }[]; next: null; medianHours: number | null; p85Hours: number | null }

/** Nodes and edges. Drafts are always savable; GET /workflows/schema says what may be published. */
export type Definition = { nodes: ({ id?: string; primitive?: string; type?: string; name?: string; settings?: Record<string, unknown>; connectionId?: string | null; join?: string; retry?: Record<string, unknown>; timeoutMs?: number; position?: Record<string, unknown> })[]; edges: { from?: string; to?: string; when?: string }[] }

export type DefinitionDiff = { nodes: { added: unknown[]; removed: unknown[]; changed: { id: string; paths: { path: string; from?: unknown; to?: unknown }[] }[] }; edges: { added: unknown[]; removed: unknown[] }; patch: unknown[]; same: boolean }

export type DefinitionFault = { level: 'error' | 'warning'; code: string; node: string | null; path: string; message: string }

export type Deployment = { id: string; workflowId: string; workflowName: string; number: number; status: 'pending' | 'deploying' | 'active' | 'failed' | 'superseded'; error: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type DeploymentList = { items: Deployment[]; next: string | null }

/** pending: not proved yet. verified: opens the tenant; looked at daily. lapsed: the record is gone, so it opens nothing. */
export type Domain = { id: string; name: string; status: 'pending' | 'verified' | 'lapsed'; verifiedAt: string | null; checkedAt: string | null; problem: string | null; createdAt: string; updatedAt: string; version: number; record: { type: 'TXT'; name: string; value: string } }

export type DomainList = { items: Domain[]; next: string | null }

export type ElsewhereUrl = { url: string }

/** `seq` is the true order per subject; `cursor` is opaque. */
export type Event = { id: string; tenantId: string; name: string; subject: { type: string; id: string }; actor: { type: string; id: string | null }; data: Record<string, unknown>; causeId: string | null; requestId: string | null; at: string; seq: number; cursor: string; sealed?: boolean }

export type EventList = { items: Event[]; next: string | null }

export type FieldFault = { in: 'body' | 'query' | 'params' | 'headers'; path: string; message: string }

export type FullReceivedWebhook = { id: string; workflowId: string; node: string; method: string; contentType: string | null; bytes: number; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null; version: number; createdAt: string; updatedAt: string; headers: Record<string, string>; query: unknown; body: string | null; encoding: 'utf8' | 'base64' }

export type FullWorkflowVersion = { workflowId: string; number: number; hash: string; note: string | null; publishedBy: string | null; active: boolean; version: number; createdAt: string; updatedAt: string; definition: Definition }

export type Impersonation = { id: string; operatorId: string; userId: string; tenantId: string; expiresAt: string; version: number; createdAt: string; updatedAt: string; endedAt: string | null }

export type ImpersonationList = { items: Impersonation[]; next: string | null }

export type InitialAccessToken = { id: string; token: string; expiresAt: string; quota: number; registrationEndpoint: string }

/** `heldSince`: restored from a backup then, and nothing that it had queued goes out until it is released. */
export type Installation = { id: string; heldSince: string | null; waiting: number; version: number; createdAt: string; updatedAt: string }

/** `email` null: a link for whoever holds it. */
export type Invitation = { id: string; email: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; status: 'pending' | 'accepted' | 'rejected' | 'canceled'; inviterId: string; sentAt: string; expiresAt: string; url?: string; createdAt: string; updatedAt: string; version: number }

export type InvitationList = { items: Invitation[]; next: string | null }

export type InvitationPreview = { tenantName: string; email: string | null; role: 'viewer' | 'member' | 'admin' | 'owner'; expiresAt: string }

export type InvitationToken = { token: string }

export type IssuerMapping = { by: 'email' | 'subject'; emailClaim?: string; verifiedClaim?: string | null; subjectClaim?: string; tenantClaim?: string; scopes?: ('read' | 'write' | 'profile' | 'admin')[]; scopeClaim?: string; justInTime?: boolean; role?: 'viewer' | 'member' | 'admin' }

/** What a job carries is not shown: it may be a tenant's. */
export type Job = { id: string; tenantId: string; name: string; status: 'ready' | 'running' | 'done' | 'failed' | 'held' | 'cancelled'; attempt: number; maxAttempts: number; runAt: string; lastError: string | null; finishedAt: string | null; causeId: string | null; version: number; createdAt: string; updatedAt: string }

export type JobList = { items: Job[]; next: string | null }

export type KeyRotation = { overlapMinutes?: number }

export type LinkBegun = { url: string }

export type LinkedAccount = { provider: string; name: string; linkedAt: string | null; offered: boolean }

export type LinkedAccountList = { items: LinkedAccount[]; next: string | null }

export type ListedRun = { id: string; workflowId: string; workflowName: string; version: number; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; trigger: string | null; error: { message: string; code: string } | null; startedBy: { type: string; id: string | null }; actsFor: string[]; causeId: string | null; parentRunId: string | null; parked: boolean; createdAt: string; updatedAt: string; startedAt: string | null; completedAt: string | null }

export type ListedWorkflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; runs: { last: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled' | null; lastAt: string | null; total: number; failed: number; recent: ('pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled')[] } }

/** The `data:` of one message; its `id:` is the cursor. `ready`: from here nothing is missed. `heartbeat`: every 10 s. `resync`: the past is gone, or a part of the product was switched on or off for the tenant: load anew. `refused`: this topic is not for you, or, as `module.off`, its part of the product is switched off for the tenant. A `prev` that is not the cursor you had is a hole: connect again with your own. */
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

export type NewPlan = { name: string; title: string; description?: string | null; limits?: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null; keys?: number | null }; modules?: Record<string, boolean>; position?: number }

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

/** What a person of the tenant allowed an application. */
export type OAuthConsent = { clientId: string; clientName: string; userId: string; userName: string; email: string; scopes: string[]; createdAt: string; updatedAt: string; version: number }

export type OAuthConsentList = { items: OAuthConsent[]; next: string | null }

export type OAuthScope = { id: string; name: string; description: string; permissions: string[]; createdAt: string; updatedAt: string; version: number }

export type OAuthScopeList = { items: OAuthScope[]; next: string | null }

/** A part of the product that a plan may leave out. */
export type OptionalModule = { name: string; title: string; gives: string; needs: string[] }

export type OptionalModuleList = { items: OptionalModule[]; next: string | null }

export type OutboxList = { items: OutboxMail[]; next: string | null }

/** Links are masked until they are revealed. */
export type OutboxMail = { id: string; tenantId: string; kind: string; status: 'queued' | 'sent' | 'kept' | 'failed' | 'held'; to: string | null; subject: string | null; text: string | null; html?: string; revealed: boolean; sealed?: boolean; error: string | null; sentAt: string | null; version: number; createdAt: string; updatedAt: string }

/** Tasks that are late and not done, now; the latest 500. */
export type OverdueReport = { items: ({ taskId: string; projectId: string; ref: string; title: string; dueAt: string; assigneeId: string | null; daysLate: number })[]; next: null; total: number }

export type ParkedEvent = { eventId: string; tenantId: string; name: string; error: string; at: string; parkedAt: string }

export type Passkey = { id: string; name: string; synced: boolean; usedAt: string | null; version: number; createdAt: string; updatedAt: string }

/** For `navigator.credentials`, as PublicKeyCredentialRequestOptionsJSON or PublicKeyCredentialCreationOptionsJSON. */
export type PasskeyChallenge = { challenge: string }

/** As `PublicKeyCredential.toJSON()` gives it. */
export type PasskeyCredential = { id: string; rawId: string; type: 'public-key'; response: { clientDataJSON: string } }

export type PasskeyList = { items: Passkey[]; next: string | null }

export type PersonExport = { user: User; preferences: Preferences; credentials: Record<string, unknown>[]; sessions: Record<string, unknown>[]; memberships: Record<string, unknown>[]; invitationsSent: Record<string, unknown>[] }

/** A meter that `limits` does not name has no limit. New tenants get the plan with `isDefault`. */
export type Plan = { id: string; name: string; title: string; description: string | null; limits: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null; keys?: number | null }; modules: Record<string, boolean>; position: number; isDefault: boolean; version: number; createdAt: string; updatedAt: string; tenants: number }

export type PlanFits = { items: ({ plan: string; title: string; current: boolean; fits: boolean; meters: ({ meter: string; per: 'level' | 'day' | 'month'; unit: 'count' | 'bytes'; used: number; limit: number | null; fits: boolean })[] })[]; next: null }

export type PlanList = { items: Plan[]; next: string | null }

export type Preferences = { locale: string; timeZone: string; notifications: Record<string, Record<string, boolean>>; version: number; createdAt: string; updatedAt: string }

/** Evaluated in the sandbox, as a step would. */
export type PreviewedExpressions = { values: ({ value: unknown; error: string | null })[]; ticks: string[]; scope: Record<string, unknown>; recorded: string[] }

/** RFC 9457; `detail` says what to do next. */
export type Problem = { type: string; title: string; status: number; code: string; detail?: string; instance: string; requestId: string; errors?: FieldFault[] }

/** Tasks by column, now. */
export type ProgressReport = { items: ({ projectId: string; key: string; name: string; total: number; done: number; percent: number; columns: ({ id: string; name: string; category: 'todo' | 'doing' | 'done'; count: number })[] })[]; next: null }

/** `role` is what the caller may do in it. */
export type Project = { id: string; key: string; name: string; description: string | null; visibility: 'open' | 'private'; status: 'active' | 'archived'; columns: Column[]; wip: 'warn' | 'block'; progress: { total: number; done: number; percent: number }; createdBy: string | null; version: number; createdAt: string; updatedAt: string; role: 'viewer' | 'editor' | 'manager' }

export type ProjectList = { items: Project[]; next: string | null }

/** `id` is the person's. */
export type ProjectMember = { id: string; userId: string; name: string; email: string; role: 'viewer' | 'editor' | 'manager'; version: number; createdAt: string; updatedAt: string }

export type ProjectMemberList = { items: ProjectMember[]; next: string | null }

export type PublishedWorkflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; definition: Definition; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; number: number; hash: string; warnings: DefinitionFault[]; diverging: ({ runId: string; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; key: string; message: string })[]; unjudgedRuns: number; failingTests: { testId: string; name: string; key: string; message: string }[]; unjudgedTests: number }

export type QueuedDeliveries = { deliveries: number | null }

/** A named cursor over the log. */
export type Reader = { id: string; name: string; takes: string[]; status: 'running' | 'failing' | 'paused'; paused: boolean; position: string; lag: number; lagSeconds: number; heldBackBy: string | null; tries: number; lastError: string | null; handled: number; parkedCount: number; parked: ParkedEvent[]; version: number; createdAt: string; updatedAt: string }

export type ReaderList = { items: Reader[]; next: string | null }

export type ReceivedWebhook = { id: string; workflowId: string; node: string; method: string; contentType: string | null; bytes: number; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null; version: number; createdAt: string; updatedAt: string }

export type ReceivedWebhookList = { items: ReceivedWebhook[]; next: string | null }

export type RecoveryCodes = { remaining: number; createdAt: string | null }

export type Replayed = { replayed: number; failed: { eventId: string; error: string }[]; reader: Reader }

export type ReplayedTests = { results: ({ testId: string; name: string; passed: boolean; divergence: { key: string; node: string | null; message: string; path: string | null; was: unknown; is: unknown } | null })[]; faults: DefinitionFault[] }

export type ReplayedWebhook = { id: string; runId: string | null }

/** One of the three. */
export type Rewind = { to?: string; at?: string; events?: number }

export type RotateClientSecret = { overlapSeconds?: number }

export type RotateConnection = { secrets: Record<string, string> }

export type Run = { id: string; workflowId: string; workflowName: string; version: number; status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; trigger: string | null; error: { message: string; code: string } | null; startedBy: { type: string; id: string | null }; actsFor: string[]; causeId: string | null; parentRunId: string | null; parked: boolean; createdAt: string; updatedAt: string; startedAt: string | null; completedAt: string | null; input: unknown; results: unknown; steps: RunStep[]; hidden: boolean; definition: Definition }

export type RunList = { items: ListedRun[]; next: string | null }

export type RunStep = { key: string; node: string; kind: string; status: 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped'; attempt: number; input: unknown; output: unknown; error: { message: string; code: string } | null; way: string | null; dueAt: string | null; startedAt: string | null; completedAt: string | null }

export type ScheduleTimes = { ticks: string[]; faults: { path: string; message: string }[] }

export type ScimToken = { id: string; name: string; token?: string; baseUrl: string; usedAt: string | null; createdAt: string; updatedAt: string; version: number }

export type ScimTokenList = { items: ScimToken[]; next: string | null }

export type Security = { secondFactor: 'optional' | 'required'; passkeys: 'optional' | 'required'; sso: 'optional' | 'required'; version: number; createdAt: string; updatedAt: string }

export type ServiceKey = { id: string; name: string; hint: string; scopes: string[]; addresses: string[]; status: 'active' | 'inactive' | 'expired'; expiresAt: string | null; formerEndsAt: string | null; madeBy: string; lastUsedAt: string | null; operations: string[]; tenants: string[] | null; key?: string; createdAt: string; updatedAt: string; version: number }

export type ServiceKeyList = { items: ServiceKey[]; next: string | null }

export type Session = { id: string; current: boolean; ipAddress: string; userAgent: string; tenantId: string | null; version: number; createdAt: string; updatedAt: string; expiresAt: string }

export type SessionList = { items: Session[]; next: string | null }

export type SignedIn = { user: User; tenant: ActiveTenant | null; accessToken: string; tokenType: 'Bearer'; expiresIn: number; refreshToken: string | null; deviceToken?: string | null }

/** Published now; of each algorithm the first signs. */
export type SigningKeys = { id: string; keys: { kid: string; alg: string }[] }

/** Secrets go in and never come out. */
export type SsoProvider = { id: string; protocol: 'oidc' | 'saml'; name: string; status: 'draft' | 'enabled' | 'disabled'; testedAt: string | null; problem: string | null; oidc: { issuer: string; clientId: string; scopes: string[]; hasSecret: boolean; redirectUri: string } | null; saml: { entityId: string; ssoUrl: string; certificates: string[]; ours: { entityId: string; acsUrl: string; metadataUrl: string } } | null; groupsClaim: string; roles: { group: string; role: string }[]; defaultRole: string; createdAt: string; updatedAt: string; version: number }

export type SsoProviderList = { items: SsoProvider[]; next: string | null }

export type SsoTest = { reachable: boolean; problem: string | null; domains: string[]; signInUrl: string }

export type SsoTicket = { id: string; note: string | null; status: 'open' | 'used' | 'expired' | 'revoked'; createdBy: string; providerId: string | null; expiresAt: string; usedAt: string | null; url?: string; createdAt: string; updatedAt: string; version: number }

export type SsoTicketList = { items: SsoTicket[]; next: string | null }

export type StartedImpersonation = { id: string; operatorId: string; userId: string; tenantId: string; expiresAt: string; version: number; createdAt: string; updatedAt: string; accessToken: string; tokenType: 'Bearer'; expiresIn: number; user: { id: string; name: string }; role: 'viewer' | 'member' | 'admin' | 'owner' }

/** `position` is a rank: tasks of a column stand in the order of its bytes. */
export type Task = { id: string; projectId: string; title: string; description: string | null; status: string; position: string; assigneeId: string | null; priority: 'none' | 'low' | 'medium' | 'high' | 'urgent'; labels: string[]; fields: Record<string, unknown>; dueAt: string | null; parentId: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string; ref: string; overLimit?: boolean; watching?: boolean; commentCount?: number }

export type TaskList = { items: Task[]; next: string | null }

export type Template = { id: string; name: string; description: string; category: string; parameters: Record<string, unknown>; definition: Definition }

export type TemplateList = { items: Template[]; next: null }

/** `role` is yours in it. */
export type Tenant = { id: string; slug: string; name: string; logo: string | null; status: 'active' | 'deleting' | 'suspended'; deletesAt: string | null; role: 'viewer' | 'member' | 'admin' | 'owner' | null; plan: string; limits: { users?: number | null; calls?: number | null; storage?: number | null; projects?: number | null; runs?: number | null; keys?: number | null }; modules: string[]; createdAt: string; updatedAt: string; version: number }

export type TenantList = { items: Tenant[]; next: string | null }

/** How long the log and finished runs are kept. null: as the installation says, which is also the most. */
export type TenantSettings = { eventRetentionDays: number | null; runRetentionDays: number | null; createdAt: string; updatedAt: string; version: number }

export type TenantStatistics = { members: { viewer: number; member: number; admin: number; owner: number; total: number }; openInvitations: number; projects: number; tasks: number; openTasks: number; storageBytes: number; callsToday: number; eventsLastWeek: number; activePeopleLastWeek: number; lastActivityAt: string | null }

export type TenantUsage = { plan: { name: string; title: string; description: string | null }; from: string; to: string; items: UsageFigure[]; next: null }

/** `effect` is what a step would have done to the world; in a test it is told, not done. */
export type TestedWorkflow = { status: 'completed' | 'failed'; results: unknown; error: { message: string; code: string } | null; steps: ({ key: string; node: string; status: 'completed' | 'failed' | 'skipped'; output: unknown; error: { message: string; code: string } | null; effect: unknown | null })[]; faults: DefinitionFault[] }

/** Tasks made, and tasks that came into a column of category done, by day (UTC). */
export type ThroughputReport = { items: { day: string; created: number; done: number }[]; next: null }

export type Totp = { enabled: boolean; createdAt: string | null }

export type TransferTenant = { userId: string }

export type Trigger = { id: string; workflowId: string; node: string; type: string; enabled: boolean; url: string | null; address: string | null; hasSecret: boolean; nextAt: string | null; problem: string | null; version: number; createdAt: string; updatedAt: string }

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

export type Webhook = { id: string; url: string; description: string | null; events: string[]; status: 'active' | 'paused' | 'disabled'; disabledReason: string | null; failingSince: string | null; previousSecretEndsAt: string | null; waiting: number; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type WebhookDelivery = { id: string; eventId: string; eventName: string; state: 'pending' | 'delivered' | 'failed'; attempt: number; nextAt: string | null; statusCode: number | null; error: string | null; durationMs: number | null; deliveredAt: string | null; version: number; createdAt: string; updatedAt: string }

export type WebhookDeliveryInFull = { id: string; eventId: string; eventName: string; state: 'pending' | 'delivered' | 'failed'; attempt: number; nextAt: string | null; statusCode: number | null; error: string | null; durationMs: number | null; deliveredAt: string | null; version: number; createdAt: string; updatedAt: string; body: string | null; answer: string | null; tries: ({ round: number; attempt: number; at: string; statusCode: number | null; durationMs: number; error: string | null; answer: string | null })[] }

export type WebhookDeliveryList = { items: WebhookDelivery[]; next: string | null }

export type WebhookList = { items: Webhook[]; next: string | null }

export type WebhookWithSecret = { id: string; url: string; description: string | null; events: string[]; status: 'active' | 'paused' | 'disabled'; disabledReason: string | null; failingSince: string | null; previousSecretEndsAt: string | null; waiting: number; createdBy: string | null; version: number; createdAt: string; updatedAt: string; secret: string }

/** `definition` is the draft; runs use published versions. `version` is the ETag of the draft. */
export type Workflow = { id: string; name: string; description: string | null; status: 'draft' | 'active' | 'inactive' | 'archived'; definition: Definition; activeVersion: number | null; publishedBy: string | null; pausedReason: string | null; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type WorkflowList = { items: ListedWorkflow[]; next: string | null }

/** A run kept as a test: what came in, what services, people and time answered, and what was asked of them. */
export type WorkflowTest = { id: string; workflowId: string; runId: string; number: number; name: string; status: 'completed' | 'failed'; createdBy: string | null; version: number; createdAt: string; updatedAt: string }

export type WorkflowTestList = { items: WorkflowTest[]; next: string | null }

/** Named by its workflow and number. What it holds never changes. */
export type WorkflowVersion = { workflowId: string; number: number; hash: string; note: string | null; publishedBy: string | null; active: boolean; version: number; createdAt: string; updatedAt: string }

export type WorkflowVersionList = { items: WorkflowVersion[]; next: string | null }

/** Open tasks by assignee, now, and those that became done in the span. */
export type WorkloadReport = { items: ({ userId: string | null; name: string | null; todo: number; doing: number; done: number; overdue: number })[]; next: null }
