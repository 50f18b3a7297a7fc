// What must turn a proof red, each a small change of the text of the tree, applied to a copy by tools/mutate.ts. The product has no switch for any of it.
export type Mutation = {
  name: string
  /** the file that must fail */
  proof: string
  /** what is broken, for docs/proofs.md */
  breaks: string
  file: string
  /** stands in the file exactly once; absent: `replace` is put at the end */
  find?: string
  replace: string
  /** a line of what the proof then prints: it must fail for this reason */
  says: RegExp
}

const kill = 'server/proofs/kill.prove.ts'
const http = 'server/proofs/isolation.prove.ts'
const tables = 'server/proofs/isolation-tables.prove.ts'
const live = 'server/proofs/isolation-live.prove.ts'
const input = 'server/proofs/bad-input.prove.ts'

const log = 'server/kernel/log.prove.ts'
const plans = 'server/log-plans.test.ts'
const scopes = 'server/proofs/scopes.prove.ts'
const crashes = 'server/modules/workflows/engine/crashes.test.ts'
const wakes = 'server/modules/workflows/engine/wakes.test.ts'
const runQueries = 'server/modules/workflows/engine/queries.ts'
const runTables = 'server/migrations/0011-workflow-runs.sql'
const boards = 'server/modules/tasks/boards.prove.ts'
const streams = 'server/modules/live/live.prove.ts'
const refresh = 'server/modules/identity/refresh.test.ts'
const pair = 'server/two-processes.prove.ts'
const revocation = 'server/proofs/revocation.prove.ts'
const calls = 'server/proofs/calls.prove.ts'
const browser = 'server/proofs/browser.prove.ts'
const runPages = 'server/proofs/run-pages.prove.ts'
const backups = 'server/proofs/backup.prove.ts'
const storage = 'server/modules/plans/storage.test.ts'
const steering = 'server/proofs/steering.prove.ts'
const offRuns = 'server/modules/workflows/off.test.ts'
const offHooks = 'server/modules/webhooks/off.test.ts'
const offAddresses = 'server/modules/plans/off-addresses.test.ts'

export const mutations: readonly Mutation[] = [
  // the log
  {
    name: 'no-horizon', proof: log, breaks: 'readers look beyond the oldest transaction that still writes', file: 'server/kernel/readers.ts',
    find: ' and pos < ${horizon} and not (select paused from cursor)', replace: ' and not (select paused from cursor)', says: /AssertionError|Error:/,
  },
  {
    name: 'reader-unlocked', proof: log, breaks: 'two processes may step the same reader at once', file: 'server/kernel/readers.ts',
    find: 'from readers where name = ${name} for update skip locked),', replace: 'from readers where name = ${name}),', says: /AssertionError|Error:/,
  },
  {
    name: 'subject-unindexed', proof: plans, breaks: 'what happened to one thing is found without an index of its own', file: 'server/migrations/0001-kernel.sql',
    find: 'create index events_subject on events (tenant_id, subject_id, pos, seq);', replace: '', says: /reads (\d+ events of|all of a month)/,
  },
  {
    name: 'index-for-nothing', proof: plans, breaks: 'the log carries an index that no question uses', file: 'server/migrations/0001-kernel.sql',
    replace: 'create index events_cause on events (tenant_id, cause_id) where cause_id is not null;', says: /indexes of the log that nothing uses/,
  },
  // backups
  {
    name: 'sessions-restored', proof: backups, breaks: 'who was signed in when the backup was taken is signed in after it was restored', file: 'server/app.ts',
    find: '    if (o.restored) await identity.endAll()\n', replace: '', says: /sessions of before still hold/,
  },
  {
    name: 'epoch-kept', proof: backups, breaks: 'a restore goes on in the same epoch: positions of what came after the backup are given out again', file: 'server/app.ts',
    find: '    if (o.restored) await startNewEpoch(kernel)\n', replace: '', says: /positions are given out again/,
  },
  // another platform key
  {
    name: 'keys-not-wrapped', proof: 'server/proofs/rotate-key.prove.ts', breaks: 'the new platform key is accepted, and the keys stay wrapped by the former', file: 'server/kernel/keys.ts',
    find: 'await tx.run(rewrapKeys(rows.map(({ id }) => id), anew), keepCheck(checkValue(next)))', replace: 'await tx.run(rewrapKeys([], []), keepCheck(checkValue(next)))', says: /instead of being ready/,
  },
  // boards
  {
    name: 'rebalanced-backwards', proof: boards, breaks: 'a rebalancing gives the ranks out in the wrong order', file: 'server/modules/tasks/places.ts',
    find: 'tx.later(placeAll(ids, ranks))', replace: 'tx.later(placeAll(ids, [...ranks].reverse()))', says: /client \d+ after round \d+/,
  },
  {
    name: 'column-unlocked', proof: boards, breaks: 'a rebalancing does not lock the column it reads', file: 'server/modules/tasks/queries.ts',
    find: 'and deleted_at is null order by id for update`)\n', replace: 'and deleted_at is null order by id`)\n', says: /client \d+ after round \d+/,
  },
  // live streams
  {
    name: 'nothing-held-back', proof: streams, breaks: 'what happens while a client reads the past is not kept for it', file: 'server/kernel/tail.ts',
    find: '          if (held.events.push(event) > hold) Object.assign(held, { overflown: true, events: [] })\n', replace: '', says: /✖ 200 clients killed at random/,
  },
  {
    name: 'resync-unsaid', proof: streams, breaks: 'a client whose past is gone is not told', file: 'server/modules/live/hub.ts',
    find: '{ start: end!, lost: true }', replace: '{ start: end!, lost: false }', says: /✖ past what is kept, a client is told to load again/,
  },
  // refresh
  {
    name: 'reuse-forgiven', proof: refresh, breaks: 'a refresh token that was used long ago does not end its chain', file: 'server/modules/identity/artifacts.ts',
    find: "if (row.consumed_at && !(this.#kind === 'RefreshToken' && row.in_grace))", replace: "if (row.consumed_at && this.#kind !== 'RefreshToken')", says: /✖ a refresh token used earlier is 401/,
  },
  {
    name: 'logout-unheard', proof: refresh, breaks: 'other processes do not hear that a session ended', file: 'server/modules/identity/doorkeeper.ts',
    find: "        case 'session.ended':", replace: "        case 'session.unheard':", says: /✖ another process hears of a logout/,
  },
  // two processes
  {
    name: 'limits-alone', proof: pair, breaks: 'each process counts limits for itself', file: 'server/adapters/bus-local.ts',
    find: '      if (taken.allowed) tell(key, limit, cost)\n', replace: '', says: /on one process the other allowed \d+ more/,
  },
  {
    name: 'jobs-unlocked', proof: pair, breaks: 'two processes may take the same job', file: 'server/kernel/jobs.ts',
    find: '    order by run_at limit ${limit} for update skip locked\n', replace: '    order by run_at limit ${limit}\n', says: /a letter went out twice|a job ran twice/,
  },
  {
    name: 'everybody-works', proof: 'server/proofs/roles.prove.ts', breaks: 'a process works whatever its role', file: 'server/app.ts',
    find: "    if (config.ROLES.includes('worker')) {\n", replace: '    if (config.ROLES.length) {\n', says: /AssertionError/,
  },
  // what is taken away
  {
    name: 'revoked-unheard', proof: revocation, breaks: 'other processes do not hear that an application\'s token was revoked', file: 'server/modules/oauth/bearers.ts',
    find: "        case 'oauth-token.revoked': {", replace: "        case 'oauth-token.unheard': {", says: /application requests ended \d+ ms after the answer/,
  },
  {
    name: 'stream-outlives-session', proof: revocation, breaks: 'a stream goes on when the session that opened it has ended', file: 'server/modules/live/hub.ts',
    find: "        case 'session.ended':", replace: "        case 'session.unheard':", says: /session (websocket|sse) ended (Infinity|\d+) ms after the answer/,
  },
  // calls of a day
  {
    name: 'calls-counted-alone', proof: calls, breaks: 'a process does not see what the others took of the day\'s calls', file: 'server/migrations/0018-plans.sql',
    find: 'from usage_calls c where c.tenant_id = of_tenant and c.day = of_day;', replace: 'from usage_calls c where c.tenant_id = of_tenant and c.day = of_day and c.process = asker;', says: /AssertionError.*\d+ calls were answered/,
  },
  {
    name: 'calls-told-late', proof: calls, breaks: 'a process tells once a minute what it counted, not once in ten seconds', file: 'server/modules/plans/module.ts',
    find: 'tellCallsMs = 10_000 }', replace: 'tellCallsMs = 60_000 }', says: /calls are in the log; \d+ were older than ten seconds/,
  },
  // the browser
  {
    name: 'page-without-nonce', proof: browser, breaks: 'the page names another nonce than its policy', file: 'server/kernel/site.ts',
    find: "html.replaceAll('__CSP_NONCE__', nonce)", replace: "html.replaceAll('__CSP_NONCE__', 'another')", says: /✖ every scene holds/,
  },
  {
    name: 'moves-unheard', proof: browser, breaks: 'the live tail passes nothing on', file: 'server/kernel/tail.ts',
    find: '        for (const s of live.get(event.tenant_id) ?? []) give(s, event)\n', replace: '', says: /✖ two pages see each other's moves/,
  },
  {
    name: 'runs-kept-anyway', proof: 'server/proofs/board-pages.prove.ts', breaks: 'how long runs are kept is taken and not kept', file: 'server/modules/tenancy/queries.ts',
    find: 'run_retention_days = ${runDays} returning', replace: 'run_retention_days = nullif(${runDays}::int, ${runDays}::int) returning', says: /✖ an admin chooses what is kept/,
  },
  // kill -9
  {
    name: 'commit-without-flush', proof: kill, breaks: 'a commit is acknowledged before it is on disk (`synchronous_commit` off)', file: 'server/adapters/embedded/supervisor.ts',
    find: "    jit: 'off',", replace: "    jit: 'off', synchronous_commit: 'off', wal_writer_delay: '10s',", says: /lost: .* was acknowledged/,
  },
  {
    name: 'event-after-the-rows', proof: kill, breaks: 'a change commits its rows, then writes its event in a second transaction', file: 'server/kernel/db.ts',
    find: '    const end = await this.#send(this.#set ?? this.#root, [...this.#last.map(({ query }) => query), commit]).catch(inDoubt)',
    replace: '    const end = await this.#send(this.#set ?? this.#root, [commit]).catch(inDoubt)\n    await this.#send(this.#set ?? this.#root, [setContext(this.#root.who), ...this.#last.map(({ query }) => query)])',
    says: /is at version \d+ with \d+ events|has 0 events of its making|was kept without its answer/,
  },
  {
    name: 'pool-without-ears', proof: kill, breaks: 'connections without an `error` listener: a killed backend ends Node', file: 'server/kernel/batch.ts',
    find: "  pool.on('connect', (client) => client.on('error', () => {}))\n", replace: '', says: /the server ended after/,
  },
  {
    name: 'orphan-left-alone', proof: kill, breaks: 'a start does not end the database that a killed owner and watchdog left behind', file: 'server/adapters/database-embedded.ts',
    find: '    await clearLeftovers(folder)\n', replace: '', says: /instead of being ready/,
  },
  // isolation
  {
    name: 'policy-missing', proof: tables, breaks: 'tasks have no tenant policy any more, but one for all', file: 'server/migrations/0005-tasks.sql',
    replace: 'drop policy tenant on tasks;\ncreate policy tenant on tasks to gw_app using (true) with check (true);', says: /public\.tasks: B (reads|updates|deletes)/,
  },
  {
    name: 'definer-without-tenant', proof: tables, breaks: 'the search function, which runs as its owner, forgets the tenant', file: 'server/migrations/0005-tasks.sql',
    find: 's.tenant_id = tenant and s.document @@ query', replace: "tenant is not null and s.document @@ query", says: /search_tasks: B calls it for A's rows/,
  },
  {
    name: 'log-of-others', proof: tables, breaks: 'under the platform\'s id everybody\'s account events are read', file: 'server/migrations/0001-kernel.sql',
    find: "  using (tenant_id = (select current_setting('app.tenant')::uuid)\n    and (tenant_id <> '00000000-0000-0000-0000-000000000000' or person_id = (select nullif(current_setting('app.actor', true), '')::uuid)))",
    replace: "  using (tenant_id = (select current_setting('app.tenant')::uuid))", says: /an event of .* is read by/,
  },
  {
    name: 'people-of-others', proof: tables, breaks: 'the policy on people shows every account', file: 'server/migrations/0003-oauth.sql',
    replace: 'drop policy tenant on identity."user";\ncreate policy tenant on identity."user" for select to gw_app using (current_setting(\'app.tenant\') is not null);', says: /B reads the person/,
  },
  {
    name: 'quick-way-open', proof: http, breaks: 'the database writes tasks for whoever asks', file: 'server/migrations/0013-one-flush.sql',
    find: '(manages or (writes', replace: '(true or (writes', says: /should|was not refused|met /,
  },
  {
    name: 'permission-missing', proof: http, breaks: 'the list of invitations declares no permission', file: 'server/modules/tenancy/routes.ts',
    find: "summary: 'Invitations of the active tenant', permission: 'members.manage',", replace: "summary: 'Invitations of the active tenant', permission: 'members.read',", says: /invitations\.list .* should need admin/,
  },
  {
    name: 'permission-unread', proof: http, breaks: 'permissions are declared and not asked', file: 'server/kernel/http.ts',
    find: 'if (op.permission) requirePermission(o.permissions, req.who, op.permission)', replace: '', says: /viewer may do it, though it needs/,
  },
  {
    name: 'mismatch-overlooked', proof: http, breaks: 'a token of one tenant with the header of another takes the header\'s', file: 'server/kernel/http.ts',
    find: "  if (hinted && principal.tenant && hinted !== principal.tenant) {\n    if (isUnknown(hinted)) refuse('tenant.not_found')\n    refuse('tenant.mismatch')\n  }\n  if (principal.impersonation && (op.secret || op.fresh || op.credentials || op.scope === 'session')) refuse('impersonation.denied')\n  const tenant = principal.tenant ?? hinted ?? null",
    replace: '  const tenant = hinted ?? principal.tenant ?? null', says: /should meet 403 tenant\.mismatch/,
  },
  {
    name: 'membership-unasked', proof: http, breaks: 'a token without tenant takes any tenant it names', file: 'server/kernel/http.ts',
    find: "  if (!role) refuse('tenant.not_found', 'no such tenant, or you are no member of it')\n", replace: '', says: /a person without tenant who names one should meet 404/,
  },
  {
    name: 'office-open', proof: http, breaks: 'operators\' operations are answered to everybody', file: 'server/kernel/http.ts',
    find: "      if (op.access === 'operator' && !req.who.operator) refuse('operator.required', whyBound(principal))\n", replace: '', says: /should meet 403 operator\.required/,
  },
  {
    name: 'role-remembered', proof: http, breaks: 'the doorkeeper never drops a role it remembers', file: 'server/modules/identity/doorkeeper.ts',
    find: "        case 'member.added':\n        case 'member.changed':\n        case 'member.removed':\n", replace: "        case 'member.added':\n", says: /still holds after 10 s/,
  },
  {
    name: 'session-of-others', proof: http, breaks: 'a session is ended by its id, whoever\'s it is', file: 'server/modules/identity/accounts.ts',
    find: `where id = $1 and "userId" = $2', [session, user])`, replace: `where id = $1 and $2::uuid is not null', [session, user])`, says: /was not refused: DELETE \/api\/v1\/auth\/sessions/,
  },
  {
    name: 'answer-of-others', proof: http, breaks: 'an Idempotency-Key belongs to the tenant, not to the caller', file: 'server/kernel/idempotency.ts',
    find: 'const actorOf = (who: Who) => who.actor.id ?? platformId', replace: 'const actorOf = (_who: Who) => platformId', says: /got the answer of/,
  },
  {
    name: 'search-unfiltered', proof: http, breaks: 'search finds tasks of projects that are hidden', file: 'server/modules/tasks/list.ts',
    find: 'array(select p.id from projects p where p.deleted_at is null and ${visibleProject(who)}), ${score}', replace: 'array(select p.id from projects p where p.deleted_at is null), ${score}', says: /a (member|viewer) outside (met|found something).* GET \/api\/v1\/search/,
  },
  {
    name: 'activity-unfiltered', proof: http, breaks: 'the activity shows events of projects that are hidden', file: 'server/modules/activity/queries.ts',
    find: 'exists (select from projects p where p.id = e.scope_id and ${visibleProject(view)})', replace: 'exists (select from projects p where p.id = e.scope_id)', says: /a (member|viewer) outside met .* GET \/api\/v1\/activity/,
  },
  {
    name: 'scope-always-true', proof: live, breaks: 'the rule of a project\'s events says yes to everybody in the tenant', file: 'server/modules/projects/roles.ts',
    find: "(viewer.role ? ((await viewer.read(findSeen(viewer, id)))[0][0]?.seen ?? false) : false)", replace: '(viewer.role !== undefined && id !== \'\')', says: /outside the project over (websocket|sse) met/,
  },
  {
    name: 'topic-unasked', proof: live, breaks: 'a topic is granted to whoever names it', file: 'server/modules/live/hub.ts',
    find: "(await visibility.maySubscribe(viewer, topic.noun, topic.id))", replace: 'true', says: /the topic .* was not refused/,
  },
  // identity: what stands for somebody
  {
    name: 'scope-unread', proof: scopes, breaks: 'scopes are declared and not asked', file: 'server/kernel/http.ts',
    find: '      if (scope && req.who.scopes) requireScope(req.who, scope, op.permission)\n', replace: '', says: /\(needs (read|write|profile|admin|session)\) answered/,
  },
  {
    name: 'writing-is-reading', proof: scopes, breaks: 'the rule gives every operation of a tenant the scope read', file: 'server/kernel/scopes.ts',
    find: "return method === 'GET' ? 'read' : 'write'", replace: "return method === 'GET' ? 'read' : 'read'", says: /is open to read, should be to write/,
  },
  {
    name: 'key-from-anywhere', proof: 'server/modules/keys/keys.test.ts', breaks: 'the addresses of a key are kept and not asked', file: 'server/modules/keys/check.ts',
    find: 'principal.expiresAt > now() && allows(ip) ? principal : undefined', replace: "principal.expiresAt > now() && (allows(ip) || ip !== '') ? principal : undefined", says: /a key works from its addresses only/,
  },
  {
    name: 'service-key-in-tenants', proof: 'server/modules/keys/service-keys.test.ts', breaks: 'a service key does everything in every tenant', file: 'server/kernel/http.ts',
    find: "  if (op.access === 'tenant' && !operations.includes(op.id)) refuse(", replace: "  if (op.access === 'tenant' && !operations.includes(op.id) && op.id === '') refuse(", says: /sees nothing of tenants unless it was made for it/,
  },
  {
    name: 'audience-unasked', proof: 'server/modules/issuers/issuers.test.ts', breaks: 'a token of a trusted issuer for somebody else is taken', file: 'server/modules/issuers/check.ts',
    find: 'issuer: one.issuer, audience: one.audience, algorithms', replace: 'issuer: one.issuer, algorithms', says: /what is forged, old, of another audience or of nobody known is refused/,
  },
  {
    name: 'impersonator-takes-keys', proof: 'server/modules/impersonation/impersonation.test.ts', breaks: 'an operator who acts for somebody may make keys that stay', file: 'server/kernel/http.ts',
    find: "  if (principal.impersonation && (op.secret || op.fresh || op.credentials || op.scope === 'session')) refuse('impersonation.denied')\n", replace: '', says: /it neither sees nor changes what is secret/,
  },
  {
    name: 'header-believed', proof: 'server/modules/identity/throttling.test.ts', breaks: 'whoever names an address in X-Forwarded-For is counted as that address', file: 'server/kernel/http.ts',
    find: 'trustProxy: o.trustProxy.length ? [...o.trustProxy] : false,', replace: 'trustProxy: true,', says: /AssertionError.*let \d+ through/,
  },
  {
    name: 'line-by-address', proof: 'server/modules/identity/throttling.test.ts', breaks: 'each address of an IPv6 line is counted for itself', file: 'server/kernel/public-address.ts',
    find: "parts.slice(0, 4)", replace: 'parts.slice(0, 8)', says: /AssertionError.*let \d+ through/,
  },
  {
    name: 'finish-anywhere', proof: 'server/modules/sso/doors.test.ts', breaks: 'what a provider proved is handed to whichever browser fetches it', file: 'server/modules/identity/hand-over.ts',
    find: '      requireBrowser(handed, this.browserOf(req))\n', replace: '', says: /✖ single sign-on begun at a tenant's own door ends there/,
  },
  {
    name: 'hand-over-foretold', proof: 'server/modules/sso/doors.test.ts', breaks: 'what a provider proved waits under a name that whoever set out knows', file: 'server/modules/identity/hand-over.ts',
    find: "const token = randomBytes(32).toString('base64url')", replace: "const token = (value as { out?: { leg?: { state: string } } }).out?.leg?.state ?? randomBytes(32).toString('base64url')", says: /✖ whoever sets out and lets somebody else sign in cannot fetch/,
  },
  {
    name: 'door-any-below', proof: 'server/modules/identity/passkey-doors.test.ts', breaks: 'a passkey\'s answer of one door counts at another', file: 'server/modules/identity/passkeys.ts',
    find: 'asked.user === user && asked.place === placeHash(place)', replace: 'asked.user === user', says: /✖ an answer begun at one door counts at no other/,
  },
  {
    name: 'home-for-anybody', proof: 'server/modules/identity/passkey-doors.test.ts', breaks: 'the page at home serves whoever has its address', file: 'server/modules/identity/passkey-pages.ts',
    find: 'out && home && out.home === home', replace: 'out', says: /✖ what was proven at home is fetched by the browser that set out, and asked for/,
  },
  {
    name: 'closed-door-served', proof: 'server/modules/identity/passkey-doors.test.ts', breaks: 'what passkeys prove is handed to doors that were closed', file: 'server/modules/identity/page-forms.ts',
    find: "refuse('sso.refused', 'the address you came from is no longer the tenant\\'s: begin again')\n    await front.requireOpen(tenant)", replace: "refuse('sso.refused', 'the address you came from is no longer the tenant\\'s: begin again')", says: /✖ a door that is closed, lapsed or given up gets nobody's proof/,
  },
  {
    name: 'domain-unbound', proof: 'server/modules/identity/passkey-doors.test.ts', breaks: 'a passkey used at home opens every tenant from a domain of one', file: 'server/modules/identity/page-forms.ts',
    find: '(front.isOurs(host) ? undefined : tenantAt(host))', replace: '(front.isOurs(host) ? undefined : undefined)', says: /✖ at a tenant's own domain one is sent home/,
  },
  {
    name: 'address-printed', proof: 'server/proofs/marks.prove.ts', breaks: 'lines of the server carry addresses as they were asked for', file: 'server/kernel/http.ts',
    find: "method: req.method, path: req.routeOptions.url ?? 'none', operation", replace: 'method: req.method, path: req.url, operation', says: /a token in an address is printed/,
  },
  {
    name: 'device-unasked', proof: 'server/modules/identity/known-devices.test.ts', breaks: 'strangers and the owner\'s own devices share one count of guesses', file: 'server/modules/identity/accounts.ts',
    find: 'await (known ? limit(`login:device:${known}`, perDevice) : amongStrangers())', replace: 'await amongStrangers()', says: /✖ a stranger who guesses from many addresses is refused; the owner signs in/,
  },
  {
    name: 'device-of-anybody', proof: 'server/modules/identity/known-devices.test.ts', breaks: 'a known device is known for every account', file: 'server/modules/identity/device-tokens.ts',
    find: 'update(`device ${id} ${nonce} ${password}`)', replace: 'update(`device ${nonce} ${id ? password.length : 0}`)', says: /✖ another account's device, an invented and an altered one help nobody/,
  },
  // bad input
  {
    name: 'unknown-fields-dropped', proof: input, breaks: 'unknown fields are dropped in silence', file: 'server/kernel/validation.ts',
    find: 'removeAdditional: false', replace: 'removeAdditional: true', says: /unknown field: was accepted/,
  },
  {
    name: 'bodies-coerced', proof: input, breaks: 'bodies are coerced: null becomes "", 7 becomes "7"', file: 'server/kernel/validation.ts',
    find: 'const [body, other] = [make(false), make(\'array\')]', replace: "const [body, other] = [make('array'), make('array')]", says: /as number: was accepted/,
  },
  {
    name: 'nameless-refusal', proof: input, breaks: 'a 422 does not say which field', file: 'server/kernel/validation.ts',
    find: "path: path || '/', message", replace: "path: '/', message", says: /422 names .* not body/,
  },
  {
    name: 'unkeepable-text', proof: input, breaks: 'NUL and lone surrogates go on to the database', file: 'server/kernel/http.ts',
    find: "const bad = (text as string).includes('\\\\u') ? findUnkeepable(body) : undefined", replace: 'const bad = undefined as string | undefined', says: /(NUL|surrogate).*: (answered|was accepted|422)/,
  },
  {
    name: 'number-without-end', proof: input, breaks: 'a number has no upper bound', file: 'server/modules/tenancy/schema.ts',
    find: 'Type.Integer({ minimum: 1, maximum: 36_500 })', replace: 'Type.Integer({ minimum: 1 })', says: /eventRetentionDays as .*answered 500|eventRetentionDays as .*was accepted/,
  },
  {
    name: 'cursor-believed', proof: input, breaks: 'a cursor is not checked before it reaches SQL', file: 'server/kernel/pages.ts',
    find: "if (!Array.isArray(values) || values.length !== shapes.length || !values.every((v, i) => typeof v === 'string' && shapes[i]!.test(v))) {", replace: 'if (!Array.isArray(values)) {', says: /query after as .*answered/,
  },
  {
    name: 'written-before-judged', proof: input, breaks: 'the work is done before the body is judged', file: 'server/kernel/http.ts',
    find: "if (req.body !== undefined || !optionalBody) judgePart('body', req.body)",
    replace: "try { if (req.body !== undefined || !optionalBody) judgePart('body', req.body) } catch (late) { await Promise.resolve(op.handle((doorSystem ? o.system : o.app).context(req.who), { params: req.params, query: req.query, body: req.body, request: factsOf(req) } as never)).catch(() => {}); throw late }",
    says: /something was written into/,
  },
  // runs of workflows
  {
    name: 'step-unfenced', proof: crashes, breaks: 'a worker that lost its run records outcomes all the same', file: runQueries,
    find: "and r.id = g.run_id and r.epoch = g.epoch and r.status = 'running'", replace: "and r.id = g.run_id and r.status = 'running'", says: /✖ a worker that lost its run records no outcome/,
  },
  {
    name: 'end-unfenced', proof: crashes, breaks: 'a worker that lost its run ends it all the same', file: runQueries,
    find: "and r.id = g.id and r.epoch = g.epoch and r.status = 'running'", replace: "and r.id = g.id and r.status = 'running'", says: /✖ a worker that lost its run does not end it/,
  },
  {
    name: 'signal-unfenced', proof: crashes, breaks: 'a worker that lost its run takes signals all the same', file: runQueries,
    find: "and id = ${o.run} and epoch = ${o.epoch} and status = 'running' for update", replace: "and id = ${o.run} and status = 'running' for update", says: /✖ a worker that lost its run takes no signal/,
  },
  {
    name: 'no-wake-seq', proof: wakes, breaks: 'a run parks without asking whether somebody woke it meanwhile', file: runQueries,
    find: 'when r.wake_seq <> g.seen then now() ', replace: '', says: /✖ a run that parks while somebody wakes it/,
  },
  {
    name: 'parent-not-woken', proof: wakes, breaks: 'a child ends without waking its parent', file: 'server/modules/workflows/engine/store.ts',
    find: '...(children.length ? [wakeParents(children)] : [])', replace: '', says: /✖ a child's end wakes its parent/,
  },
  {
    name: 'event-read-twice', proof: 'server/modules/workflows/triggers/triggers.prove.ts', breaks: 'an event that is read again begins another run', file: 'server/modules/workflows/triggers/readers.ts',
    find: 'dedupKey: `${event.id}:${trigger.id}`, depth', replace: 'depth', says: /✖ half of the transactions abort at random: runs = commits/,
  },
  {
    name: 'unseen-event-wakes', proof: 'server/modules/workflows/nodes/subtypes.test.ts', breaks: 'a run that waits hears of events that its people may not see', file: 'server/modules/workflows/triggers/readers.ts',
    find: 'if (!(await maySee(tx, event, await whoWaits(event.tenantId, runId)))) continue // it waits on', replace: '', says: /✖ a run that waits hears of nothing that its people may not see/,
  },
  {
    name: 'quota-without-turns', proof: 'server/modules/plans/plans.test.ts', breaks: 'near a limit starts do not wait for each other', file: 'server/migrations/0032-quota-slots.sql',
    find: `  elsif of_period <> '' then
    perform pg_advisory_xact_lock(key);`, replace: `  elsif of_period <> '' then
    null;`, says: /✖ runs that begin at once are counted side by side/,
  },
  {
    name: 'storage-kept-counted', proof: storage, breaks: 'what retention deletes is not given back', file: 'server/migrations/0034-storage.sql',
    find: 'if change = 0 then return; end if;', replace: `if change = 0 or (change < 0 and what = 'run-value') then return; end if;`, says: /✖ the figure, its history, its marks/,
  },
  {
    name: 'storage-unasked', proof: storage, breaks: 'large values of runs are counted and never refused', file: 'server/migrations/0034-storage.sql',
    find: 'if change > 0 and beyond then', replace: `if change > 0 and (beyond or what = 'run-value') then`, says: /✖ a step whose value does not fit fails by name/,
  },
  {
    name: 'minute-alone', proof: 'server/modules/plans/plans.test.ts', breaks: 'each process counts the calls of a minute for itself', file: 'server/modules/plans/calls.ts',
    find: 'take(`calls:${tenant}`, limit, cost)', replace: 'take(`calls:${tenant}:${process}`, limit, cost)', says: /✖ two processes share a tenant's calls of a minute/,
  },
  {
    name: 'slept-over', proof: wakes, breaks: 'a run sleeps over what came while it looked', file: 'server/modules/workflows/engine/held-run.ts',
    find: '    if (this.seen !== seen) return Promise.resolve()\n', replace: '', says: /✖ what comes while a run looks for it is looked at again/,
  },
  {
    name: 'refused-together', proof: 'server/modules/workflows/engine/embedded.test.ts', breaks: 'a limit that one run meets refuses all that begin with it', file: 'server/modules/workflows/engine/store.ts',
    find: 'isDataFault(error) || isRefusal(error)', replace: 'isDataFault(error)', says: /✖ embedded: runs that are asked for at the same moment/,
  },
  {
    name: 'slept-over-temporal', proof: 'server/modules/workflows/engine/temporal/program.test.ts', breaks: 'a run on Temporal sleeps over what came while it looked', file: 'server/modules/workflows/engine/temporal/program.ts',
    find: 'woken: this.#seen !== seen }', replace: 'woken: false }', says: /✖ what comes while a run looks for it is looked at again/,
  },
  {
    name: 'letter-taken-twice', proof: 'server/modules/workflows/triggers/letters.test.ts', breaks: 'a letter that is handed over again begins another run', file: 'server/modules/workflows/triggers/letter-box.ts',
    find: ', dedupKey: `letter:${target.triggerId}:${sumOf(raw)}`', replace: '', says: /✖ a letter begins one run of each trigger/,
  },
  {
    name: 'no-dedup', proof: 'server/modules/workflows/engine/embedded.test.ts', breaks: 'the same cause may begin two runs', file: runTables,
    find: 'create unique index runs_dedup', replace: 'create index runs_dedup', says: /✖ embedded: starts/,
  },
  {
    name: 'no-fair-turns', proof: 'server/modules/workflows/engine/queues.test.ts', breaks: 'one tenant may take all workers', file: runQueries,
    find: 'where place <= ${o.cap} order by due_at', replace: 'order by due_at', says: /✖ a tenant with 10,000 queued runs/,
  },
  // what people see of runs
  {
    name: 'echo-unmasked', proof: runPages, breaks: 'what the other side says back of its secret is kept and shown as it came', file: 'server/modules/connections/http.ts',
    find: 'body: maskDeep(mask, readBody(', replace: 'body: maskDeep((text) => text, readBody(', says: /a secret came out/,
  },
  {
    name: 'approval-unheard', proof: runPages, breaks: 'a decision reaches a run under another name than it waits for', file: 'server/modules/workflows/runs/approvals.ts',
    find: 'engine().signal(tx, row.runId, row.key,', replace: 'engine().signal(tx, row.runId, `${row.key}x`,', says: /✖ the bell leads to an approval on a phone/,
  },
  {
    name: 'replay-renamed', proof: steering, breaks: 'what is sent again carries another id than the first time', file: 'server/modules/webhooks/deliver.ts',
    find: '{ id: due.eventId, body, now: now() }', replace: '{ id: `${due.eventId}-${round}`, body, now: now() }', says: /the same id and bytes/,
  },
  // modules that are off
  {
    name: 'off-readers', proof: offHooks, breaks: 'readers of a module that is off work on', file: 'server/kernel/readers.ts',
    find: '            if (off.get(event.tenant_id)) continue\n', replace: '', says: /AssertionError/,
  },
  {
    name: 'asked-within', proof: offHooks, breaks: 'readers ask of a tenant by the door their transaction came through', file: 'server/app.ts',
    find: 'createDoors({ system: kernel.aside,', replace: 'createDoors({ system: kernel.system,', says: /inside a change use its tx/,
  },
  {
    name: 'proof-kept-unbound', proof: 'server/modules/identity/passkey-doors.test.ts', breaks: 'what is proven at a tenant\'s own domain opens all tenants of the person', file: 'server/modules/identity/passkey-pages.ts',
    find: "session, 'passkey', bound)", replace: "session, 'passkey')", says: /opens that tenant alone/,
  },
  {
    name: 'off-inbox', proof: offRuns, breaks: 'addresses of webhooks and letters take what comes while workflows are off', file: 'server/modules/workflows/triggers/hooks.ts',
    find: "    return found && !(await kernel.switches.isOff(found.tenantId, 'workflows')) ? found : undefined", replace: '    return found', says: /no hint that the address was ever good/,
  },
  {
    name: 'off-steps', proof: offRuns, breaks: 'a step calls operations of a module that is off', file: 'server/kernel/invoke.ts',
    find: 'operation.feature !== undefined && !(await', replace: 'operation.feature === null && !(await', says: /AssertionError/,
  },
  {
    name: 'off-tokens', proof: offAddresses, breaks: 'tokens of a module that is off are good', file: 'server/kernel/tokens.ts',
    find: '    return (await switches.isOn(principal.tenant, kind.feature)) ? principal : undefined', replace: '    return principal', says: /AssertionError/,
  },
  {
    name: 'off-demanded', proof: offAddresses, breaks: 'single sign-on is demanded while it is off', file: 'server/modules/identity/security.ts',
    find: "(rules?.sso === 'required' && !(await ssoIsOn(tenant)) ? { ...rules, sso: 'optional' } : rules)", replace: 'rules', says: /the demand rests: nobody could meet it/,
  },
]
