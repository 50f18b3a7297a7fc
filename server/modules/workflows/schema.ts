// What goes in and comes out of the workflow operations.
import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'
import { DraftDefinition } from './definitions/definition.ts'
import { durationPattern } from './nodes/fields.ts'

export { DraftDefinition }
export const workflowStatuses = ['draft', 'active', 'inactive', 'archived'] as const
export const runStatuses = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'] as const
const Status = Type.Enum([...workflowStatuses])
const RunStatus = Type.Enum([...runStatuses])
const Number_ = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Any = Type.Unsafe<any>({}) // values of people's own making
const AnyOrNull = Type.Unsafe<any>({ description: 'any JSON' })

const Name = Text(1, 200, { pattern: '\\S' })
const Description = Nullable(Text(0, 10_000))
export const CreateWorkflow = Strict({ name: Name, description: Type.Optional(Description), definition: Type.Optional(DraftDefinition) })
export type CreateWorkflow = Static<typeof CreateWorkflow>
export const PatchWorkflow = Strict({ name: Type.Optional(Name), description: Type.Optional(Description), definition: Type.Optional(DraftDefinition) })
export type PatchWorkflow = Static<typeof PatchWorkflow>
const fields = {
  id: Id, name: Type.String(), description: Nullable(Type.String()), status: Status, definition: DraftDefinition,
  activeVersion: Nullable(Type.Integer()), publishedBy: Nullable(Id), pausedReason: Nullable(Type.String()), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time,
}
export const WorkflowRow = Type.Object({ ...fields, definition: Type.Unknown(), lastVersion: Type.Integer() })
export type WorkflowRow = Static<typeof WorkflowRow>
export const Workflow = Type.Object(fields, { $id: 'Workflow', description: '`definition` is the draft; runs use published versions. `version` is the ETag of the draft.' })
export type Workflow = Static<typeof Workflow>
const { definition: _, ...listed } = fields
const Stats = Type.Object({ last: Nullable(RunStatus), lastAt: Nullable(Time), total: Type.Integer(), failed: Type.Integer(), recent: Type.Array(RunStatus, { description: 'of the last twelve runs, newest first' }) }, { description: 'of the last seven days' })
export const ListedRow = Type.Object({ ...listed, runs: Type.Unknown() })
export const ListedWorkflow = Type.Object({ ...listed, runs: Stats }, { $id: 'ListedWorkflow' })
export type ListedWorkflow = Static<typeof ListedWorkflow>
export const WorkflowList = listOf(ListedWorkflow, 'WorkflowList')
export const WorkflowQuery = Strict({ ...Page, status: Type.Optional(Status), q: Type.Optional(Text(1, 100, { description: 'part of the name' })), connectionId: Type.Optional({ ...Id, description: 'those that use this connection, in their draft or their active version' }) })
export type WorkflowQuery = Static<typeof WorkflowQuery>

export const DefinitionFault = Type.Object({ level: Type.Enum(['error', 'warning']), code: Type.String(), node: Nullable(Type.String()), path: Type.String({ description: 'JSON pointer into the definition' }), message: Type.String() }, { $id: 'DefinitionFault' })
export const Validated = Type.Object({ valid: Type.Boolean(), faults: Type.Array(DefinitionFault), reads: Type.Record(Type.String(), Type.Array(Type.String())) }, { $id: 'ValidatedDefinition', description: '`reads`: what the settings of each node read.' })
export type Validated = Static<typeof Validated>
export const ValidateBody = Strict({ definition: DraftDefinition })
export const NodeTypes = Type.Object(
  { schema: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'JSON Schema of a definition' }), types: Type.Array(Any), events: Type.Array(Type.Object({ name: Type.String(), about: Nullable(Type.String()), payload: Any })), limits: Type.Record(Type.String(), Type.Integer()) },
  { $id: 'NodeTypes' },
)

export const PublishBody = Strict({ note: Type.Optional(Nullable(Text(0, 1000))) })
export const Diverging = Type.Object({ runId: Id, status: RunStatus, key: Type.String(), message: Type.String() })
const FailingTest = Type.Object({ testId: Id, name: Type.String(), key: Type.String(), message: Type.String() })
export const Published = Type.Object({ ...fields, number: Type.Integer(), hash: Type.String(), warnings: Type.Array(DefinitionFault), diverging: Type.Array(Diverging, { description: 'unfinished runs that could not be moved to it' }), unjudgedRuns: Type.Integer({ description: 'older unfinished runs that were not looked at' }), failingTests: Type.Array(FailingTest, { description: 'tests that it fails, with the first divergence of each' }), unjudgedTests: Type.Integer({ description: 'tests that there was no time for' }) }, { $id: 'PublishedWorkflow' })
const versionFields = { workflowId: Id, number: Type.Integer(), hash: Type.String(), note: Nullable(Type.String()), publishedBy: Nullable(Id), active: Type.Boolean(), version: Type.Integer({ description: 'its number' }), createdAt: Time, updatedAt: Time }
export const VersionRow = Type.Object(versionFields)
export const WorkflowVersion = Type.Object(versionFields, { $id: 'WorkflowVersion', description: 'Named by its workflow and number. What it holds never changes.' })
export const WorkflowVersionList = listOf(WorkflowVersion, 'WorkflowVersionList')
export const FullVersion = Type.Object({ ...versionFields, definition: DraftDefinition }, { $id: 'FullWorkflowVersion' })
export const ByNumber = Strict({ id: Id, number: Number_ })
const ref = Type.String({ pattern: '^(draft|[1-9][0-9]{0,5})$', description: 'a version\'s number, or draft' })
export const DiffQuery = Strict({ from: ref, to: ref })
const Changed = Type.Object({ id: Type.String(), paths: Type.Array(Type.Object({ path: Type.String(), from: Type.Optional(Any), to: Type.Optional(Any) })) })
export const Diff = Type.Object(
  { nodes: Type.Object({ added: Type.Array(Any), removed: Type.Array(Any), changed: Type.Array(Changed) }), edges: Type.Object({ added: Type.Array(Any), removed: Type.Array(Any) }), patch: Type.Array(Any, { description: 'JSON Patch (RFC 6902)' }), same: Type.Boolean() },
  { $id: 'DefinitionDiff' },
)
export type Diff = Static<typeof Diff>

const deploymentFields = { id: Id, workflowId: Id, workflowName: Type.String(), number: Type.Integer(), status: Type.Enum(['pending', 'deploying', 'active', 'failed', 'superseded']), error: Nullable(Type.String()), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time }
export const DeploymentRow = Type.Object(deploymentFields)
export const Deployment = Type.Object(deploymentFields, { $id: 'Deployment' })
export const DeploymentList = listOf(Deployment, 'DeploymentList')
export const DeploymentQuery = Strict({ ...Page, workflowId: Type.Optional(Id) })

export const RunBody = Strict({ input: Type.Optional(AnyOrNull), version: Type.Optional(Number_), trigger: Type.Optional(Type.String({ maxLength: 40, description: 'id of the trigger it begins with; the manual or API trigger unless said' })) })
export type RunBody = Static<typeof RunBody>
const RunError = Type.Object({ message: Type.String(), code: Type.String() }, { additionalProperties: true })
const runFields = {
  id: Id, workflowId: Id, workflowName: Type.String(), version: Type.Integer(), status: RunStatus, trigger: Nullable(Type.String()), error: Nullable(RunError),
  startedBy: Type.Object({ type: Type.String(), id: Nullable(Id) }), actsFor: Type.Array(Id, { description: 'the people whose rights it uses' }), causeId: Nullable(Id), parentRunId: Nullable(Id), parked: Type.Boolean({ description: 'true: paused, since it was begun beyond the plan\'s runs of the month; it goes on by itself when there is room' }), createdAt: Time, updatedAt: Time, startedAt: Nullable(Time), completedAt: Nullable(Time),
}
export const ListedRun = Type.Object(runFields, { $id: 'ListedRun' })
export type ListedRun = Static<typeof ListedRun>
export const RunList = listOf(ListedRun, 'RunList')
export const RunStep = Type.Object(
  {
    key: Type.String({ description: 'path of the node in the run' }), node: Type.String(), kind: Type.String(), status: Type.Enum(['pending', 'running', 'waiting', 'completed', 'failed', 'skipped']), attempt: Type.Integer(),
    input: AnyOrNull, output: AnyOrNull, error: Nullable(RunError), way: Nullable(Type.String({ description: 'of a condition: the way it took' })), dueAt: Nullable(Time), startedAt: Nullable(Time), completedAt: Nullable(Time),
  },
  { $id: 'RunStep' },
)
export type RunStep = Static<typeof RunStep>
export const Run = Type.Object(
  { ...runFields, input: AnyOrNull, results: AnyOrNull, steps: Type.Array(RunStep), hidden: Type.Boolean({ description: 'true: values are left out, since they may hold what you may not see' }), definition: DraftDefinition },
  { $id: 'Run' },
)
export type Run = Static<typeof Run>
export const RunQuery = Strict({ ...Page, workflowId: Type.Optional(Id), parentRunId: Type.Optional({ ...Id, description: 'those that this run began' }), status: Type.Optional(RunStatus), from: Type.Optional(Time), to: Type.Optional(Time) })
export type RunQuery = Static<typeof RunQuery>
export const RetryBody = Strict({ fromNode: Type.Optional(Text(1, 200)) })
export const MoveRunBody = Strict({ version: Number_ })
export const SignalParams = Strict({ id: Id, name: Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,100}$' }) })
export const SignalBody = Strict({ payload: Type.Optional(AnyOrNull) })

export const TestBody = Strict({
  node: Type.Optional(Type.String({ maxLength: 40, description: 'only this node; else the whole draft' })), input: Type.Optional(AnyOrNull), trigger: Type.Optional(Type.String({ maxLength: 40 })), runId: Type.Optional({ ...Id, description: 'take input and outputs from this run' }),
  outputs: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), Any, { maxProperties: 500, description: 'what nodes gave: taken instead of doing them' })), definition: Type.Optional(DraftDefinition), item: Type.Optional(AnyOrNull), index: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
})
export type TestBody = Static<typeof TestBody>
export const Tested = Type.Object(
  {
    status: Type.Enum(['completed', 'failed']), results: AnyOrNull, error: Nullable(RunError),
    steps: Type.Array(Type.Object({ key: Type.String(), node: Type.String(), status: Type.Enum(['completed', 'failed', 'skipped']), output: AnyOrNull, error: Nullable(RunError), effect: Nullable(Any) })), faults: Type.Array(DefinitionFault),
  },
  { $id: 'TestedWorkflow', description: '`effect` is what a step would have done to the world; in a test it is told, not done.' },
)
export type Tested = Static<typeof Tested>

export const PreviewBody = Strict({
  node: Type.Optional(Type.String({ maxLength: 40, description: 'whose settings they are: what runs before it can be read' })), sources: Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), { maxItems: 20, description: 'expressions, without `${{ }}`' }),
  runId: Type.Optional({ ...Id, description: 'take values from this run; where it has none, samples of what nodes give' }), input: Type.Optional(AnyOrNull), trigger: Type.Optional(Type.String({ maxLength: 40 })), definition: Type.Optional(DraftDefinition),
  outputs: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), Any, { maxProperties: 500 })), item: Type.Optional(AnyOrNull), index: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
})
export type PreviewBody = Static<typeof PreviewBody>
export const Previewed = Type.Object(
  { values: Type.Array(Type.Object({ value: AnyOrNull, error: Nullable(Type.String()) })), ticks: Type.Array(Time, { description: 'where the node is a schedule: its next five times' }), scope: Type.Record(Type.String(), Any, { description: 'what may be read there, long values shortened' }), recorded: Type.Array(Type.String(), { description: 'nodes whose values are of a run or given; the others\' are samples' }) },
  { $id: 'PreviewedExpressions', description: 'Evaluated in the sandbox, as a step would.' },
)
export type Previewed = Static<typeof Previewed>

export const ScheduleQuery = Strict({
  cron: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'five fields: minute, hour, day, month, weekday' })), every: Type.Optional(Type.String({ pattern: durationPattern, maxLength: 10, description: 'in its place, such as `90m`' })),
  timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: 'of the pattern; UTC if left out' })),
})
export type ScheduleQuery = Static<typeof ScheduleQuery>
export const ScheduleTimes = Type.Object(
  { ticks: Type.Array(Time, { description: 'the next five times' }), faults: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), { description: 'why it cannot be read, by the field that is wrong' }) },
  { $id: 'ScheduleTimes' },
)
export type ScheduleTimes = Static<typeof ScheduleTimes>

export const approvalStatuses = ['pending', 'approved', 'rejected', 'timed_out', 'cancelled'] as const
const approvalFields = {
  id: Id, runId: Id, workflowId: Id, workflowName: Type.String(), node: Type.String(), title: Type.String(), text: Type.String(), people: Type.Array(Id), role: Nullable(Type.String()), status: Type.Enum([...approvalStatuses]),
  deadlineAt: Nullable(Time), escalatesAt: Nullable(Time), escalatedAt: Nullable(Time), decidedBy: Nullable(Id), decidedAt: Nullable(Time), comment: Nullable(Type.String()), version: Version, createdAt: Time, updatedAt: Time,
}
export const ApprovalRow = Type.Object({ ...approvalFields, key: Type.String(), escalateTo: Nullable(Type.String()) })
export type ApprovalRow = Static<typeof ApprovalRow>
export const Approval = Type.Object({ ...approvalFields, mine: Type.Boolean({ description: 'whether the caller may decide it' }) }, { $id: 'Approval' })
export type Approval = Static<typeof Approval>
export const ApprovalList = listOf(Approval, 'ApprovalList')
export const ApprovalQuery = Strict({ ...Page, status: Type.Optional(Type.Enum([...approvalStatuses])), mine: Type.Optional(Type.Boolean({ description: 'true: only those the caller may decide' })), runId: Type.Optional(Id) })
export type ApprovalQuery = Static<typeof ApprovalQuery>
export const DecideBody = Strict({ decision: Type.Enum(['approve', 'reject']), comment: Type.Optional(Nullable(Text(0, 2000))) })

export const Trigger = Type.Object(
  { id: Id, workflowId: Id, node: Type.String(), type: Type.String(), enabled: Type.Boolean(), url: Nullable(Type.String({ description: 'of a webhook; shown to those who may change the workflow, not to an operator who acts for one of them' })), address: Nullable(Type.String({ description: 'of an email trigger, where the installation takes letters; shown to the same' })), hasSecret: Type.Boolean(), nextAt: Nullable(Time), problem: Nullable(Type.String()), version: Version, createdAt: Time, updatedAt: Time },
  { $id: 'Trigger' },
)
export type Trigger = Static<typeof Trigger>
export const TriggerList = Type.Object({ items: Type.Array(Trigger), next: Type.Null() }, { $id: 'TriggerList' })
export const ByNode = Strict({ id: Id, node: Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }) })
export const SecretBody = Strict({ secret: Nullable(Text(1, 1000, { description: 'what the sender signs with; null takes it away' })) })

const inboxFields = { id: Id, workflowId: Id, node: Type.String(), method: Type.String(), contentType: Nullable(Type.String()), bytes: Type.Integer(), verified: Type.Boolean(), reason: Nullable(Type.String({ description: 'why it was not taken' })), runId: Nullable(Id), replayOf: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time }
export const InboxRow = Type.Object(inboxFields)
export const Received = Type.Object(inboxFields, { $id: 'ReceivedWebhook' })
export const ReceivedList = listOf(Received, 'ReceivedWebhookList')
export const FullReceived = Type.Object({ ...inboxFields, headers: Type.Record(Type.String(), Type.String()), query: Any, body: Nullable(Type.String({ description: 'as text, or base64 where it is none' })), encoding: Type.Enum(['utf8', 'base64']) }, { $id: 'FullReceivedWebhook' })

export const Template = Type.Object(
  { id: Type.String(), name: Type.String(), description: Type.String(), category: Type.String(), parameters: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'JSON Schema of the parameters' }), definition: DraftDefinition },
  { $id: 'Template' },
)
export type Template = Static<typeof Template>
export const TemplateList = Type.Object({ items: Type.Array(Template), next: Type.Null() }, { $id: 'TemplateList' })
export const ByTemplate = Strict({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{1,60}$' }) })
export const UseTemplate = Strict({ name: Type.Optional(Name), parameters: Type.Optional(Type.Object({}, { additionalProperties: true })) })
export const Replayed = Type.Object({ id: Id, runId: Nullable(Id) }, { $id: 'ReplayedWebhook' })

export const WorkflowTest = Type.Object(
  { id: Id, workflowId: Id, runId: Id, number: Type.Integer({ description: 'the version it ran' }), name: Type.String(), status: Type.Enum(['completed', 'failed']), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time },
  { $id: 'WorkflowTest', description: 'A run kept as a test: what came in, what services, people and time answered, and what was asked of them.' },
)
export type WorkflowTest = Static<typeof WorkflowTest>
export const WorkflowTestList = listOf(WorkflowTest, 'WorkflowTestList')
export const ByTest = Strict({ id: Id, testId: Id })
export const SaveTestBody = Strict({ runId: Id, name: Type.Optional(Name) })
export type SaveTestBody = Static<typeof SaveTestBody>
export const ReplayBody = Strict({ definition: Type.Optional(DraftDefinition), version: Type.Optional(Number_), tests: Type.Optional(Type.Array(Id, { maxItems: 50, description: 'only these; else all' })) })
export type ReplayBody = Static<typeof ReplayBody>
const Divergence = Type.Object({ key: Type.String({ description: 'path of the node in the run; empty: the run as a whole' }), node: Nullable(Type.String()), message: Type.String(), path: Nullable(Type.String({ description: 'JSON pointer into what is another' })), was: AnyOrNull, is: AnyOrNull }, { description: 'the first; values only for admins, who kept the test, and who made the workflow' })
export const ReplayedTests = Type.Object({ results: Type.Array(Type.Object({ testId: Id, name: Type.String(), passed: Type.Boolean(), divergence: Nullable(Divergence) })), faults: Type.Array(DefinitionFault, { description: 'with an error among them nothing was judged' }) }, { $id: 'ReplayedTests' })
export type ReplayedTests = Static<typeof ReplayedTests>
