// Generated from docs/openapi.json by `npm run generate`. Change the routes, not this file.
import type { CallOptions } from './request.ts'
import type { Accepted, ActivityList, AllRead, ApiKey, ApiKeyList, Approval, ApprovalList, AskedDomain, Branding, BulkAnswer, BurnDownReport, ChangeApiKey, ChangeBranding, ChangeConnection, ChangeMember, ChangeOAuthClient, ChangeOAuthScope, ChangePlan, ChangeServiceKey, ChangeSsoProvider, ChangeTenant, ChangeTenantSettings, ChangeTrustedIssuer, Comment, CommentList, CompleteAuthorization, ConnectedAppList, Connection, ConnectionAuthorization, ConnectionList, ConnectionTest, ConnectionTypes, CreateConnection, CycleTimeReport, Definition, DefinitionDiff, DeploymentList, Domain, DomainList, ElsewhereUrl, EventList, FullReceivedWebhook, FullWorkflowVersion, ImpersonationList, InitialAccessToken, Installation, Invitation, InvitationList, InvitationPreview, InvitationToken, Job, JobList, KeyRotation, LinkBegun, LinkedAccountList, ManagedUser, ManagedUserList, Member, MemberList, NewApiKey, NewDomain, NewImpersonation, NewInitialAccessToken, NewInvitation, NewLogo, NewOAuthClient, NewOAuthScope, NewPlan, NewRecoveryCodes, NewScimToken, NewServiceKey, NewSsoProvider, NewSsoTicket, NewTenant, NewTotp, NewTrustedIssuer, NodeTypes, Notification, NotificationList, OAuthClient, OAuthClientList, OAuthConsentList, OAuthScope, OAuthScopeList, OptionalModuleList, OutboxList, OutboxMail, OverdueReport, Passkey, PasskeyChallenge, PasskeyCredential, PasskeyList, PersonExport, Plan, PlanFits, PlanList, Preferences, PreviewedExpressions, ProgressReport, Project, ProjectList, ProjectMember, ProjectMemberList, PublishedWorkflow, QueuedDeliveries, Reader, ReaderList, ReceivedWebhookList, RecoveryCodes, Replayed, ReplayedTests, ReplayedWebhook, Rewind, RotateClientSecret, RotateConnection, Run, RunList, ScheduleTimes, ScimToken, ScimTokenList, Security, ServiceKey, ServiceKeyList, SessionList, SignedIn, SigningKeys, SsoProvider, SsoProviderList, SsoTest, SsoTicket, SsoTicketList, StartedImpersonation, Task, TaskList, TemplateList, Tenant, TenantList, TenantSettings, TenantStatistics, TenantUsage, TestedWorkflow, ThroughputReport, Totp, TransferTenant, Trigger, TriggerList, TrustedIssuer, TrustedIssuerList, Usage, UsageEventList, User, ValidatedDefinition, Webhook, WebhookDeliveryInFull, WebhookDeliveryList, WebhookList, WebhookWithSecret, Workflow, WorkflowList, WorkflowTest, WorkflowTestList, WorkflowVersionList, WorkloadReport } from './shapes.ts'

export type Operations = {
  activity: {
    /** What happened, newest first */
    list(input?: { query?: { after?: string; limit?: number; projectId?: string; taskId?: string; userId?: string; runId?: string; eventId?: string } } & CallOptions): Promise<ActivityList>
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
    /** Read an approval */
    get(input: { id: string } & CallOptions): Promise<Approval>
    /** List approvals */
    list(input?: { query?: { after?: string; limit?: number; status?: 'pending' | 'approved' | 'rejected' | 'timed_out' | 'cancelled'; mine?: boolean; runId?: string } } & CallOptions): Promise<ApprovalList>
  }
  auth: {
    /** Sign one of my devices out */
    endSession(input: { id: string } & CallOptions): Promise<void>
    /** Send a link to a new password */
    forgotPassword(input: { body: { email: string } } & CallOptions): Promise<Accepted>
    /** Where I am signed in */
    listSessions(input?: CallOptions): Promise<SessionList>
    /** Sign in with address and password */
    login(input: { body: { email: string; password: string; tenant?: string; code?: string; deviceToken?: string } } & CallOptions): Promise<SignedIn>
    /** The second step of signing in */
    loginCode(input: { body: { challenge: string; code: string; tenant?: string; deviceToken?: string } } & CallOptions): Promise<SignedIn>
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
    /** Prove myself with a passkey at PUBLIC_URL */
    stepUpElsewhere(input?: { body?: { next?: string } } & CallOptions): Promise<ElsewhereUrl>
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
  linkedAccounts: {
    /** Link an account at Google, GitHub ... */
    link(input: { body: { provider: string } } & CallOptions): Promise<LinkBegun>
    /** Outside accounts I can sign in with, and those I could link */
    list(input?: CallOptions): Promise<LinkedAccountList>
    /** Unlink an outside account */
    unlink(input: { provider: string } & CallOptions): Promise<void>
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
  oauthConsents: {
    /** What people of the tenant allowed applications */
    list(input?: { query?: { after?: string; limit?: number; clientId?: string; userId?: string } } & CallOptions): Promise<OAuthConsentList>
    /** Take an application's access to a person's account here */
    withdraw(input: { clientId: string; userId: string } & CallOptions): Promise<void>
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
    /** Make a passkey at PUBLIC_URL */
    elsewhere(input: { body: { name: string; next?: string } } & CallOptions): Promise<ElsewhereUrl>
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
    /** What plans may leave out */
    modules(input?: CallOptions): Promise<OptionalModuleList>
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
    list(input?: { query?: { after?: string; limit?: number; workflowId?: string; parentRunId?: string; status?: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled'; from?: string; to?: string } } & CallOptions): Promise<RunList>
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
    /** Delete a test */
    deleteTest(input: { id: string; testId: string } & CallOptions): Promise<void>
    /** Compare two versions */
    diff(input: { id: string; query: { from: string; to: string } } & CallOptions): Promise<DefinitionDiff>
    /** Read a workflow */
    get(input: { id: string } & CallOptions): Promise<Workflow>
    /** What came to its webhooks */
    inbox(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<ReceivedWebhookList>
    /** List workflows */
    list(input?: { query?: { after?: string; limit?: number; status?: 'draft' | 'active' | 'inactive' | 'archived'; q?: string; connectionId?: string } } & CallOptions): Promise<WorkflowList>
    /** Try expressions of the draft */
    preview(input: { id: string; body: { node?: string; sources: string[]; runId?: string; input?: unknown; trigger?: string; definition?: Definition; outputs?: Record<string, unknown>; item?: unknown; index?: number } } & CallOptions): Promise<PreviewedExpressions>
    /** Publish the draft */
    publish(input: { id: string; body?: { note?: string | null } } & CallOptions): Promise<PublishedWorkflow>
    /** Judge a definition by its tests */
    replayTests(input: { id: string; body?: { definition?: Definition; version?: number; tests?: string[] } } & CallOptions): Promise<ReplayedTests>
    /** Make a version the draft again */
    restore(input: { id: string; number: number } & CallOptions): Promise<Workflow>
    /** Give a webhook a new address */
    rotateAddress(input: { id: string; node: string } & CallOptions): Promise<Trigger>
    /** Start a run */
    run(input: { id: string; body?: { input?: unknown; version?: number; trigger?: string } } & CallOptions): Promise<Run>
    /** Keep a run as a test */
    saveTest(input: { id: string; body: { runId: string; name?: string } } & CallOptions): Promise<WorkflowTest>
    /** When a schedule would come */
    scheduleTimes(input?: { query?: { cron?: string; every?: string; timeZone?: string } } & CallOptions): Promise<ScheduleTimes>
    /** Node types */
    schema(input?: CallOptions): Promise<NodeTypes>
    /** Set the secret a webhook is signed with */
    setSecret(input: { id: string; node: string; body: { secret: string | null } } & CallOptions): Promise<Trigger>
    /** Test the draft or one of its nodes */
    test(input: { id: string; body: { node?: string; input?: unknown; trigger?: string; runId?: string; outputs?: Record<string, unknown>; definition?: Definition; item?: unknown; index?: number } } & CallOptions): Promise<TestedWorkflow>
    /** List its tests */
    tests(input: { id: string; query?: { after?: string; limit?: number } } & CallOptions): Promise<WorkflowTestList>
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
