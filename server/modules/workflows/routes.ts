import type { Operation } from '../../kernel/route.ts'
import { Answer, del, get, patch, post, put, routes } from '../../kernel/route.ts'
import { ById, Page, Strict, Type } from '../../kernel/schema.ts'
import type { createWorkflows } from './workflows.ts'
import * as s from './schema.ts'

const read = 'workflows.read'
const write = 'workflows.write'
const decide = 'approvals.decide'
const one = { params: ById, problems: ['workflow.not_found'] } as const
const oneRun = { params: ById, problems: ['run.not_found'] } as const
const example = { definition: { nodes: [{ id: 'start', primitive: 'trigger', type: 'manual', settings: {} }, { id: 'greet', primitive: 'data', type: 'mapping', settings: { fields: { text: 'Hello ${{ trigger.name }}' } } }], edges: [{ from: 'start', to: 'greet' }] } }

export const workflowRoutes = (w: ReturnType<typeof createWorkflows>): Operation[] => [
  ...routes('workflows', {
    create: post('/workflows', { summary: 'Create a workflow', description: 'As a draft; whatever its faults, it is kept.', permission: write, status: 201, body: s.CreateWorkflow, returns: s.Workflow, example: { name: 'Greeting', ...example }, handle: (ctx, { body }) => w.create(ctx, body) }),
    list: get('/workflows', { summary: 'List workflows', description: 'Newest first, with how their runs of the last week went.', permission: read, query: s.WorkflowQuery, returns: s.WorkflowList, handle: (ctx, { query }) => w.list(ctx, query) }),
    schema: get('/workflows/schema', { summary: 'Node types', description: 'JSON Schema of a definition, every node type with its settings, and the events that may begin a run.', permission: read, returns: s.NodeTypes, handle: async () => w.nodeTypes() }),
    scheduleTimes: get('/workflows/schedule-times', { summary: 'When a schedule would come', description: 'The next times of a pattern or an interval, as a schedule trigger would have them; or what is wrong with it. Nothing is kept.', permission: read, query: s.ScheduleQuery, returns: s.ScheduleTimes, handle: async (_ctx, { query }) => w.scheduleTimes(query) }),
    validate: post('/workflows/validate', { summary: 'Judge a definition', description: 'Every fault at once; nothing is kept.', permission: write, idempotency: 'none', body: s.ValidateBody, returns: s.Validated, example, handle: (ctx, { body }) => w.validate(ctx, body.definition) }),
    get: get('/workflows/:id', { ...one, summary: 'Read a workflow', permission: read, returns: s.Workflow, handle: (ctx, { params }) => w.get(ctx, params.id) }),
    change: patch('/workflows/:id', { ...one, summary: 'Change a draft', description: 'Versions that were published stay as they are.', permission: write, body: s.PatchWorkflow, returns: s.Workflow, ifMatch: true, problems: ['workflow.not_found', 'workflow.archived', 'version.conflict'], handle: (ctx, { params, body, ifMatch }) => w.change(ctx, params.id, body, ifMatch) }),
    delete: del('/workflows/:id', { ...one, summary: 'Delete a workflow', description: 'Its triggers end; runs under way go on.', permission: write, handle: (ctx, { params }) => w.remove(ctx, params.id) }),
    publish: post('/workflows/:id/publish', {
      ...one, summary: 'Publish the draft', description: 'A new immutable version becomes the active one. Its runs use your rights, so a token needs the scopes of all of them: read, write, and admin where its role is admin. `diverging` names unfinished runs that could not be moved to it, `failingTests` the tests it fails.', permission: write, body: Type.Optional(s.PublishBody), returns: s.Published,
      problems: ['workflow.not_found', 'workflow.invalid', 'workflow.archived'], handle: (ctx, { params, body }) => w.publish(ctx, params.id, body?.note ?? null),
    }),
    activate: post('/workflows/:id/activate', { ...one, summary: 'Let its triggers work', description: 'A token needs the scopes that publishing needs.', permission: write, returns: s.Workflow, problems: ['workflow.not_found', 'workflow.not_published', 'permission.denied'], handle: (ctx, { params }) => w.activate(ctx, params.id) }),
    deactivate: post('/workflows/:id/deactivate', { ...one, summary: 'Stop its triggers', permission: write, returns: s.Workflow, problems: ['workflow.not_found', 'workflow.not_published'], handle: (ctx, { params }) => w.deactivate(ctx, params.id) }),
    archive: post('/workflows/:id/archive', { ...one, summary: 'Archive a workflow', description: 'Its triggers stop and its draft is closed; `activate` takes it back.', permission: write, returns: s.Workflow, handle: (ctx, { params }) => w.archive(ctx, params.id) }),
    versions: get('/workflows/:id/versions', { ...one, summary: 'List versions', permission: read, query: Strict(Page), returns: s.WorkflowVersionList, handle: (ctx, { params, query }) => w.versions(ctx, params.id, query) as never }),
    version: get('/workflows/:id/versions/:number', { summary: 'Read a version', permission: read, params: s.ByNumber, returns: s.FullVersion, problems: ['version.not_found'], handle: (ctx, { params }) => w.version(ctx, params.id, params.number) as never }),
    diff: get('/workflows/:id/diff', { ...one, summary: 'Compare two versions', description: 'Nodes and edges that were added, removed or changed, and the same as a JSON Patch.', permission: read, query: s.DiffQuery, returns: s.Diff, problems: ['workflow.not_found', 'version.not_found'], handle: (ctx, { params, query }) => w.diff(ctx, params.id, query.from, query.to) }),
    restore: post('/workflows/:id/versions/:number/restore', { summary: 'Make a version the draft again', permission: write, params: s.ByNumber, returns: s.Workflow, problems: ['workflow.not_found', 'version.not_found', 'workflow.archived'], handle: (ctx, { params }) => w.restore(ctx, params.id, params.number) }),
    test: post('/workflows/:id/test', {
      ...one, summary: 'Test the draft or one of its nodes', description: 'In memory, on a sample or a recorded run. What steps would do to the world is told, not done.', permission: write, idempotency: 'none', body: s.TestBody, returns: s.Tested, handle: (ctx, { params, body }) => w.test(ctx, params.id, body),
    }),
    tests: get('/workflows/:id/tests', { ...one, summary: 'List its tests', description: 'Runs that were kept as tests, newest first.', permission: read, query: Strict(Page), returns: s.WorkflowTestList, handle: (ctx, { params, query }) => w.tests.list(ctx, params.id, query) }),
    saveTest: post('/workflows/:id/tests', {
      ...one, summary: 'Keep a run as a test', description: 'A finished run whose values you may see. What it asked of services, mails, tasks and people is what the test holds; at most 50 of a workflow.', permission: write, status: 201, body: s.SaveTestBody, returns: s.WorkflowTest, problems: ['workflow.not_found', 'run.not_finished', 'state.conflict'],
      handle: async (ctx, { params, body }) => {
        const test = await w.tests.save(ctx, params.id, body)
        return new Answer(test, { headers: { location: `/api/v1/workflows/${test.workflowId}/tests` } })
      },
    }),
    replayTests: post('/workflows/:id/tests/replay', { ...one, summary: 'Judge a definition by its tests', description: 'The draft unless a definition or version is given. Runs are walked again in memory, where everything outside answers as it was recorded; nothing is done. Each test passes or names the first divergence.', permission: write, idempotency: 'none', body: Type.Optional(s.ReplayBody), returns: s.ReplayedTests, problems: ['workflow.not_found', 'version.not_found'], handle: (ctx, { params, body }) => w.tests.replay(ctx, params.id, body ?? {}) }),
    deleteTest: del('/workflows/:id/tests/:testId', { summary: 'Delete a test', permission: write, params: s.ByTest, problems: ['workflow.not_found', 'test.not_found'], handle: (ctx, { params }) => w.tests.remove(ctx, params.id, params.testId) }),
    preview: post('/workflows/:id/preview', {
      ...one, summary: 'Try expressions of the draft', description: 'What they give on the values of a recorded run, or on samples. Evaluated in the sandbox; nothing is done.', permission: write, idempotency: 'none', body: s.PreviewBody, returns: s.Previewed,
      example: { sources: ['trigger.name.toUpperCase()'], input: { name: 'Ada' } }, handle: (ctx, { params, body }) => w.preview(ctx, params.id, body),
    }),
    run: post('/workflows/:id/runs', {
      ...one, summary: 'Start a run', description: 'It may what its publisher and you both may.', permission: write, status: 202, body: Type.Optional(s.RunBody), returns: s.Run, problems: ['workflow.not_found', 'workflow.not_published', 'workflow.not_active', 'workflow.no_entry', 'version.not_found'],
      handle: async (ctx, { params, body }) => {
        const run = await w.runs.start(ctx, params.id, body ?? {})
        return new Answer(run, { headers: { location: `/api/v1/runs/${run.id}` } })
      },
    }),
    triggers: get('/workflows/:id/triggers', { ...one, summary: 'List its triggers', description: 'With the addresses of webhooks and the next times of schedules.', permission: read, returns: s.TriggerList, handle: (ctx, { params }) => w.triggers.list(ctx, params.id) }),
    setSecret: put('/workflows/:id/triggers/:node/secret', { summary: 'Set the secret a webhook is signed with', permission: write, credentials: true, params: s.ByNode, body: s.SecretBody, returns: s.Trigger, problems: ['trigger.not_found'], handle: (ctx, { params, body }) => w.triggers.setSecret(ctx, params.id, params.node, body.secret) }),
    rotateAddress: post('/workflows/:id/triggers/:node/rotate', { summary: 'Give a webhook a new address', description: 'The old one ends at once.', permission: write, credentials: true, params: s.ByNode, returns: s.Trigger, problems: ['trigger.not_found'], handle: (ctx, { params }) => w.triggers.rotate(ctx, params.id, params.node) }),
    inbox: get('/workflows/:id/inbox', { ...one, summary: 'What came to its webhooks', permission: write, query: Strict(Page), returns: s.ReceivedList, handle: (ctx, { params, query }) => w.hooks.list(ctx, params.id, query) }),
  }),
  ...routes('inbox', {
    get: get('/inbox/:id', { summary: 'Read a request that came in', permission: write, params: ById, returns: s.FullReceived, problems: ['inbox.not_found'], handle: (ctx, { params }) => w.hooks.read(ctx, params.id) }),
    replay: post('/inbox/:id/replay', { summary: 'Take a request once more', description: 'With the same bytes; its signature is not asked again.', permission: write, params: ById, returns: s.Replayed, problems: ['inbox.not_found', 'workflow.not_active'], handle: (ctx, { params }) => w.hooks.replay(ctx, params.id) }),
  }),
  ...routes('runs', {
    list: get('/runs', { summary: 'List runs', description: 'Newest first.', permission: read, query: s.RunQuery, returns: s.RunList, handle: (ctx, { query }) => w.runs.list(ctx, query) }),
    get: get('/runs/:id', { ...oneRun, summary: 'Read a run with its steps', description: 'Values are left out for those who are neither admins nor its people.', permission: read, returns: s.Run, handle: (ctx, { params }) => w.runs.read(ctx, params.id) }),
    cancel: post('/runs/:id/cancel', { ...oneRun, summary: 'Cancel a run', permission: write, returns: s.Run, problems: ['run.not_found', 'run.finished'], handle: (ctx, { params }) => w.runs.cancel(ctx, params.id) }),
    pause: post('/runs/:id/pause', { ...oneRun, summary: 'Pause a run', description: 'Steps under way finish and are recorded.', permission: write, returns: s.Run, problems: ['run.not_found', 'run.finished'], handle: (ctx, { params }) => w.runs.pause(ctx, params.id) }),
    resume: post('/runs/:id/resume', { ...oneRun, summary: 'Let a paused run go on', permission: write, returns: s.Run, problems: ['run.not_found', 'run.finished'], handle: (ctx, { params }) => w.runs.resume(ctx, params.id) }),
    retry: post('/runs/:id/retry', { ...oneRun, summary: 'Retry a run', description: 'From what failed, or from a node on.', permission: write, body: Type.Optional(s.RetryBody), returns: s.Run, problems: ['run.not_found', 'run.not_finished', 'state.conflict'], handle: (ctx, { params, body }) => w.runs.retry(ctx, params.id, body?.fromNode) }),
    signal: post('/runs/:id/signals/:name', { summary: 'Send a signal to a run', description: 'Kept until the run waits for it.', permission: write, params: s.SignalParams, body: Type.Optional(s.SignalBody), returns: s.Run, problems: ['run.not_found', 'run.finished'], handle: (ctx, { params, body }) => w.runs.signal(ctx, params.id, params.name, (body?.payload ?? null) as never) }),
    move: post('/runs/:id/move', { ...oneRun, summary: 'Let a run go on with another version', permission: write, body: s.MoveRunBody, returns: s.Run, problems: ['run.not_found', 'run.finished', 'version.not_found', 'run.would_diverge'], handle: (ctx, { params, body }) => w.runs.move(ctx, params.id, body.version) }),
  }),
  ...routes('approvals', {
    list: get('/approvals', { summary: 'List approvals', description: 'Those you may decide or decided; admins see all.', permission: read, query: s.ApprovalQuery, returns: s.ApprovalList, handle: (ctx, { query }) => w.approvals.list(ctx, query) }),
    get: get('/approvals/:id', { summary: 'Read an approval', permission: read, params: ById, returns: s.Approval, problems: ['approval.not_found'], handle: (ctx, { params }) => w.approvals.read(ctx, params.id) }),
    decide: post('/approvals/:id', { summary: 'Approve or reject', permission: decide, params: ById, body: s.DecideBody, returns: s.Approval, problems: ['approval.not_found', 'approval.decided', 'permission.denied'], example: { decision: 'approve', comment: 'Fine with me.' }, handle: (ctx, { params, body }) => w.approvals.decide(ctx, params.id, body.decision, body.comment ?? null) }),
  }),
  ...routes('templates', {
    list: get('/templates', { summary: 'List templates', permission: read, returns: s.TemplateList, handle: async () => w.templates() }),
    use: post('/templates/:id/use', { summary: 'Make a workflow from a template', description: 'As a draft.', permission: write, status: 201, params: s.ByTemplate, body: Type.Optional(s.UseTemplate), returns: s.Workflow, problems: ['template.not_found'], handle: async (ctx, { params, body }) => {
      const made = await w.useTemplate(ctx, params.id, body ?? {})
      return new Answer(made, { headers: { location: `/api/v1/workflows/${made.id}` } })
    } }),
  }),
  ...routes('deployments', {
    list: get('/deployments', { summary: 'List deployments', permission: read, query: s.DeploymentQuery, returns: s.DeploymentList, handle: (ctx, { query }) => w.deployments(ctx, query) as never }),
  }),
]
