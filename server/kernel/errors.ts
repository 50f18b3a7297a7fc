// One table of codes, one error type. Every answer that refuses is an RFC 9457 problem made from here; docs/errors.md is generated from it.

type Code = { status: number; title: string; cure: string }

/** Every code a client may meet. `cure` is the documentation's advice; the `detail` of an answer speaks of the case at hand. */
export const codes = {
  'request.malformed': { status: 400, title: 'The request cannot be read', cure: 'Send well-formed HTTP and JSON.' },
  'tenant.conflict': { status: 400, title: 'Two hints name different tenants', cure: 'Send one tenant hint, or the same in each.' },
  'tenant.required': { status: 400, title: 'No tenant named', cure: 'Switch to a tenant with POST /auth/switch, or send its id or slug in the tenant header.' },
  'auth.required': { status: 401, title: 'Sign in first', cure: 'Send Authorization: Bearer with a valid access token.' },
  'auth.token_refused': { status: 401, title: 'The token is not valid', cure: 'Refresh the pair, or sign in again.' },
  'auth.refused': { status: 401, title: 'Address or password is wrong', cure: 'Check both; a forgotten password can be reset.' },
  'auth.refresh_refused': { status: 401, title: 'The refresh token is not valid', cure: 'Sign in again.' },
  'auth.refresh_raced': { status: 409, title: 'Another refresh was quicker', cure: 'Go on with the pair the other call stored.' },
  'auth.code_required': { status: 401, title: 'A second step is needed', cure: 'Send `challenge` with the code of the authenticator app, or a recovery code, to POST /auth/login/code; or repeat the login with `code`.' },
  'auth.code_refused': { status: 401, title: 'The code is not valid', cure: 'Type the code the app shows now; each works once. A recovery code works too.' },
  'auth.link_required': { status: 403, title: 'This identity opens no account yet', cure: 'Sign in with your password first, then link it on the account page.' },
  'auth.passkey_refused': { status: 401, title: 'The passkey is not accepted', cure: 'Try again; where it was removed, sign in in another way.' },
  'auth.challenge_refused': { status: 401, title: 'The sign-in took too long, or too many tries', cure: 'Begin the sign-in again.' },
  'auth.step_up_required': { status: 403, title: 'Prove that it is you', cure: 'Send your password, a code or a passkey to POST /auth/step-up, then repeat; or sign in again.' },
  'auth.email_taken': { status: 409, title: 'The address has an account', cure: 'Sign in, or reset the password.' },
  'auth.verification_required': { status: 403, title: 'The address is not verified', cure: 'Follow the link in the mail; POST /auth/resend-verification sends it again.' },
  'auth.link_refused': { status: 422, title: 'The link is not valid', cure: 'Links work once and for a limited time: ask for a new one.' },
  'auth.registration_closed': { status: 403, title: 'Registration is closed', cure: 'Ask for an invitation.' },
  'auth.password_wrong': { status: 403, title: 'The current password is wrong', cure: 'Send the current password.' },
  'auth.origin_refused': { status: 403, title: 'The request comes from another site', cure: 'Call from the console\'s own origin.' },
  'setup.token_required': { status: 403, title: 'The first account needs the set-up token', cure: 'Open the set-up link that the server printed at its start.' },
  'permission.denied': { status: 403, title: 'Not allowed', cure: 'Ask an admin or owner of the tenant for the role that may.' },
  'scope.denied': { status: 403, title: 'The token lacks the scope', cure: 'Ask for a token with the scope the operation names.' },
  'impersonation.denied': { status: 403, title: 'Not while you act for somebody', cure: 'What is secret is the person\'s alone: ask them, or end the impersonation.' },
  'tenant.mismatch': { status: 403, title: 'The token is for another tenant', cure: 'Switch the token to that tenant first.' },
  'tenant.second_factor_required': { status: 403, title: 'The tenant demands a second factor', cure: 'Set one up with POST /users/me/totp or a passkey; where you have one, send a code to POST /auth/step-up.' },
  'tenant.passkey_required': { status: 403, title: 'The tenant demands a passkey', cure: 'Add one on the account page, or sign in with it.' },
  'tenant.sso_required': { status: 403, title: 'The tenant demands its single sign-on', cure: 'Sign in through the tenant\'s provider. Owners may enter with a second factor.' },
  'tenant.other_provider': { status: 403, title: 'This sign-in is for another tenant', cure: 'The provider of one tenant opens no other: sign in in another way.' },
  'tenant.suspended': { status: 403, title: 'The tenant is suspended', cure: 'Ask the operators of the installation; its data is kept.' },
  'tenant.deleting': { status: 403, title: 'The tenant is being deleted', cure: 'An owner can take it back with POST /tenants/{id}/restore until its last day.' },
  'sso.refused': { status: 403, title: 'The single sign-on was not accepted', cure: 'Begin again; where it stays so, show the reason to your administrator.' },
  'operator.required': { status: 403, title: 'Only for operators', cure: 'Sign in with an operator\'s account.' },
  'plan.limit_reached': { status: 403, title: 'A quota is used up', cure: 'Free some, or move to a larger plan.' },
  'not_found': { status: 404, title: 'Nothing here', cure: 'Check the path against the API reference.' },
  'module.off': { status: 404, title: 'Switched off for this tenant', cure: 'Ask the operators of the installation: the plan may leave it out.' },
  'tenant.not_found': { status: 404, title: 'No such tenant', cure: 'Check id or slug, and that you are a member.' },
  'user.not_found': { status: 404, title: 'No such user', cure: 'Check the id.' },
  'session.not_found': { status: 404, title: 'No such session', cure: 'List the sessions again.' },
  'sso_provider.not_found': { status: 404, title: 'No such provider', cure: 'List the providers again.' },
  'scim_token.not_found': { status: 404, title: 'No such provisioning token', cure: 'List the tokens again.' },
  'sso_ticket.not_found': { status: 404, title: 'No such ticket', cure: 'List the tickets again.' },
  'passkey.not_found': { status: 404, title: 'No such passkey', cure: 'List the passkeys again.' },
  'totp.not_found': { status: 404, title: 'No authenticator app is set up', cure: 'Begin with POST /users/me/totp.' },
  'member.not_found': { status: 404, title: 'No such member', cure: 'List the members again.' },
  'plan.not_found': { status: 404, title: 'No such plan', cure: 'GET /plans lists them.' },
  'meter.not_found': { status: 404, title: 'No such meter', cure: 'GET /usage lists them.' },
  'domain.not_found': { status: 404, title: 'No such domain', cure: 'List the domains again.' },
  'invitation.not_found': { status: 404, title: 'No such invitation', cure: 'It may have been withdrawn: ask for a new one.' },
  'oauth_consent.not_found': { status: 404, title: 'No such consent', cure: 'GET /oauth-consents lists what people allowed.' },
  'oauth_client.not_found': { status: 404, title: 'No such OAuth client', cure: 'GET /oauth-clients lists them.' },
  'oauth_scope.not_found': { status: 404, title: 'No such scope', cure: 'GET /scopes lists those the tenant added.' },
  'project.not_found': { status: 404, title: 'No such project, or not visible', cure: 'Check the id, and that you belong to the project if it is private.' },
  'task.not_found': { status: 404, title: 'No such task, or not visible', cure: 'Check the id.' },
  'comment.not_found': { status: 404, title: 'No such comment, or not visible', cure: 'Check the id.' },
  'notification.not_found': { status: 404, title: 'No such notification', cure: 'List the notifications again.' },
  'webhook.not_found': { status: 404, title: 'No such webhook', cure: 'GET /webhooks lists them.' },
  'delivery.not_found': { status: 404, title: 'No such delivery', cure: 'GET /webhooks/{id}/deliveries lists them; they are kept for 30 days.' },
  'reader.not_found': { status: 404, title: 'No such reader', cure: 'GET /readers lists them.' },
  'job.not_found': { status: 404, title: 'No such job', cure: 'GET /jobs lists them.' },
  'issuer.not_found': { status: 404, title: 'No such issuer', cure: 'List the trusted issuers again.' },
  'key.not_found': { status: 404, title: 'No such key', cure: 'List the keys again.' },
  'mail.not_found': { status: 404, title: 'No such mail', cure: 'GET /outbox lists them.' },
  'workflow.not_found': { status: 404, title: 'No such workflow', cure: 'Check the id.' },
  'version.not_found': { status: 404, title: 'No such version', cure: 'List the versions again.' },
  'run.not_found': { status: 404, title: 'No such run', cure: 'Check the id; finished runs are kept for a time only.' },
  'approval.not_found': { status: 404, title: 'No such approval', cure: 'List the approvals again.' },
  'test.not_found': { status: 404, title: 'No such test', cure: 'List the tests of the workflow again.' },
  'trigger.not_found': { status: 404, title: 'No such trigger', cure: 'List the triggers of the workflow; they are made by publishing.' },
  'template.not_found': { status: 404, title: 'No such template', cure: 'GET /templates lists them.' },
  'hook.not_found': { status: 404, title: 'Nothing takes requests here', cure: 'Look the address up at the workflow\'s triggers; its workflow may be inactive.' },
  'inbox.not_found': { status: 404, title: 'No such request in the inbox', cure: 'List the inbox again; it is kept for a time only.' },
  'workflow.archived': { status: 409, title: 'The workflow is archived', cure: 'Activate it, or restore a version into a new one.' },
  'workflow.not_published': { status: 409, title: 'Nothing was published yet', cure: 'Publish the draft first.' },
  'workflow.not_active': { status: 409, title: 'The workflow is not active', cure: 'Activate it first.' },
  'workflow.no_entry': { status: 409, title: 'Nothing in it is started by hand', cure: 'Add a manual or API trigger, or name the trigger to begin with.' },
  'workflow.too_many_runs': { status: 409, title: 'Too many runs are not over', cure: 'Cancel runs that wait for what will not come, or ask whoever runs the installation for more (WORKFLOW_MAX_OPEN_RUNS).' },
  'workflow.too_deep': { status: 409, title: 'Too many runs led to this one', cure: 'A workflow causes what starts it again: add a filter to its trigger.' },
  'run.finished': { status: 409, title: 'The run is over', cure: 'Retry it, or start another.' },
  'run.not_finished': { status: 409, title: 'The run is not over', cure: 'Wait for its end, or cancel it first.' },
  'run.would_diverge': { status: 409, title: 'The run has done what that version would not', cure: 'Let it end with its own version.' },
  'approval.decided': { status: 409, title: 'It is decided already', cure: 'Read the approval again.' },
  'connection.not_found': { status: 404, title: 'No such connection', cure: 'List the connections again.' },
  'connection.state_unknown': { status: 404, title: 'No such consent under way', cure: 'Begin again with POST /connections/{id}/authorize, as the same person and within ten minutes.' },
  'connection.refused': { status: 409, title: 'The other side refuses', cure: 'Read the detail, mend the connection and try again.' },
  'conflict': { status: 409, title: 'It exists already', cure: 'Read the thing and decide.' },
  'reference.missing': { status: 409, title: 'Something it refers to is gone', cure: 'Read the thing again.' },
  'state.conflict': { status: 409, title: 'The state does not allow this', cure: 'Read the thing again and decide.' },
  'tenant.slug_taken': { status: 409, title: 'The slug is taken', cure: 'Choose another slug.' },
  'plan.in_use': { status: 409, title: 'Tenants have the plan', cure: 'Move them to another plan first.' },
  'domain.taken': { status: 409, title: 'The domain is another tenant\'s', cure: 'Use a domain of your own, or ask the operators.' },
  'tenant.last_owner': { status: 409, title: 'The last owner cannot go', cure: 'Make somebody else an owner first.' },
  'user.sole_owner': { status: 409, title: 'You are the only owner of a tenant', cure: 'Transfer or delete that tenant first.' },
  'totp.exists': { status: 409, title: 'An authenticator app is set up', cure: 'Remove it first.' },
  'member.exists': { status: 409, title: 'Already a member', cure: 'Change the role instead.' },
  'project.archived': { status: 409, title: 'The project is archived', cure: 'Make it active first.' },
  'project.key_taken': { status: 409, title: 'The key is taken', cure: 'Choose another key.' },
  'project.column_in_use': { status: 409, title: 'The column has tasks', cure: 'Move them to another column first.' },
  'task.wip_limit': { status: 409, title: 'The column is full', cure: 'Finish or move a task of that column first.' },
  'task.changed_since': { status: 409, title: 'The task has changed since', cure: 'Read the task again; undo reaches only the last change of each field.' },
  'task.nothing_to_undo': { status: 409, title: 'There is nothing to undo', cure: 'Only moves, edits, deletions and bulk changes can be undone.' },
  'idempotency.running': { status: 409, title: 'The first call with this key is still running', cure: 'Repeat in a moment.' },
  'idempotency.unknown_outcome': { status: 409, title: 'The first call with this key did not finish', cure: 'Look whether its effect is there, then use a new key.' },
  'idempotency.secret_shown_once': { status: 409, title: 'The answer held a secret that is shown once', cure: 'Rotate the secret to see a new one.' },
  'version.conflict': { status: 412, title: 'Changed since you read it', cure: 'Read it again and repeat with the new ETag.' },
  'body.too_large': { status: 413, title: 'The body is too large', cure: 'Send less at once.' },
  'url.too_long': { status: 414, title: 'A part of the address is too long', cure: 'Shorten it.' },
  'media_type.unsupported': { status: 415, title: 'The content type is not taken', cure: 'Send application/json.' },
  'request.invalid': { status: 422, title: 'A value is wrong', cure: 'Mend the field that errors[] names.' },
  'workflow.invalid': { status: 422, title: 'The definition has faults', cure: 'Mend what errors[] names; POST /workflows/validate tells all of it.' },
  'hook.refused': { status: 401, title: 'The signature is not valid', cure: 'Sign with the secret of the trigger, over the bytes as they are sent.' },
  'idempotency.mismatch': { status: 422, title: 'The key came with another request before', cure: 'Use a new Idempotency-Key for each new request.' },
  'cursor.invalid': { status: 422, title: 'The cursor is not one of this list', cure: 'Use `next` of the page before, unchanged.' },
  'plan.calls_exhausted': { status: 429, title: 'The calls of the day are used up', cure: 'Wait until the day ends (UTC, see Retry-After), or move to a larger plan.' },
  'rate.limited': { status: 429, title: 'Too many requests', cure: 'Wait as long as Retry-After says.' },
  'internal': { status: 500, title: 'A defect of ours', cure: 'Report the request id.' },
  'hook.storage_full': { status: 503, title: 'There is no room to keep it', cure: 'Send it again later: the team\'s admins are told, and may free some or move to a larger plan.' },
  'unavailable': { status: 503, title: 'Not ready', cure: 'Repeat after Retry-After seconds; with an Idempotency-Key nothing is done twice.' },
} as const satisfies Record<string, Code>

export type ErrorCode = keyof typeof codes
export type FieldError = { in: 'body' | 'query' | 'params' | 'headers'; path: string; message: string }
type More = { errors?: FieldError[]; headers?: Record<string, string>; extra?: Record<string, unknown> }

/** An answer that refuses. `detail` says what to do next; it never carries a secret. */
export class Problem extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly more: More
  constructor(code: ErrorCode, detail: string, more: More = {}) {
    super(detail)
    this.code = code
    this.status = codes[code].status
    this.more = more
  }
}

/** Ends the request with a problem. */
export function refuse(code: ErrorCode, detail: string = codes[code].cure, more: More = {}): never {
  throw new Problem(code, detail, more)
}

/** 422 for one field of the body that the schema could not judge. @param path a JSON pointer, such as `/status` */
export function refuseField(path: string, message: string, where: FieldError['in'] = 'body'): never {
  refuse('request.invalid', `${where}${path}: ${message}`, { errors: [{ in: where, path, message }] })
}

/** The first row, or 404 with that noun's code. */
export function only<Row>(rows: readonly Row[], noun: string): Row {
  const code = `${noun}.not_found`
  return rows[0] ?? refuse(code in codes ? (code as ErrorCode) : 'not_found')
}
