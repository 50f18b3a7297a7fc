// Templates about people, reports and the world outside.
import { schedule, type WorkflowTemplate } from './template.ts'

const project = { type: 'string', format: 'uuid', title: 'Project', 'x-pick': 'project' }
const email = (title: string) => ({ type: 'string', format: 'email', title })

export const teamTemplates: readonly WorkflowTemplate[] = [
  {
    id: 'welcome-mail', name: 'Welcome new members', category: 'Team', description: 'Whoever joins gets a mail with the first steps, and a task in the onboarding project.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId'], properties: { projectId: project, text: { type: 'string', title: 'Text of the mail', default: 'Welcome! Have a look around, and ask whatever you like.', maxLength: 5000 } } },
    definition: {
      nodes: [
        { id: 'joined', primitive: 'trigger', type: 'event', settings: { event: 'member.added' } },
        { id: 'mail', primitive: 'action', type: 'email_send', name: 'Welcome', settings: { to: '${{ trigger.subject.id }}', subject: 'Welcome', text: '{{text}}' } },
        { id: 'task', primitive: 'action', type: 'tasks.create', name: 'Onboarding', settings: { projectId: '{{projectId}}', title: 'Onboard a new member', assigneeId: '${{ trigger.subject.id }}' } },
      ],
      edges: [{ from: 'joined', to: 'mail' }, { from: 'joined', to: 'task' }],
    },
  },
  {
    id: 'invite-by-form', name: 'Invite with approval', category: 'Team', description: 'Somebody asks for an invitation by a form; an owner approves it, then it is sent.',
    parameters: { type: 'object', additionalProperties: false, properties: { role: { type: 'string', title: 'Role', enum: ['viewer', 'member'], default: 'member' } } },
    definition: {
      nodes: [
        { id: 'asked', primitive: 'trigger', type: 'manual', settings: { input: { type: 'object', required: ['email'], properties: { email: { type: 'string', format: 'email', title: 'Address' } } } } },
        { id: 'review', primitive: 'action', type: 'approval', settings: { title: 'Invite ${{ trigger.email }} as {{role}}?', role: 'owner', deadline: '7d' } },
        { id: 'invite', primitive: 'action', type: 'invitations.create', settings: { email: '${{ trigger.email }}', role: '{{role}}' } },
      ],
      edges: [{ from: 'asked', to: 'review' }, { from: 'review', to: 'invite', when: 'true' }],
    },
  },
  {
    id: 'overdue-digest', name: 'What is overdue, by mail', category: 'Reports', description: 'Every working day a mail with the open tasks of a project that are past their date.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'to'], properties: { projectId: project, to: email('Mail to'), ...schedule('When', '0 8 * * 1-5') } },
    definition: {
      nodes: [
        { id: 'clock', primitive: 'trigger', type: 'schedule', settings: { cron: '{{cron}}', timeZone: '{{timeZone}}' } }, { id: 'now', primitive: 'trigger', type: 'manual', settings: {} },
        { id: 'tasks', primitive: 'action', type: 'tasks.list', settings: { projectId: '{{projectId}}', dueBefore: '${{ now }}', limit: 100 } },
        { id: 'open', primitive: 'data', type: 'filter', settings: { items: 'nodes.tasks.output.items', where: 'item.status !== "done"' } },
        { id: 'any', primitive: 'condition', type: 'filter', name: 'Only if there are any', settings: { expression: 'nodes.open.output.length > 0' } },
        { id: 'mail', primitive: 'action', type: 'email_send', settings: { to: '{{to}}', subject: '${{ nodes.open.output.length }} overdue', text: '${{ nodes.open.output.map((t) => `${t.ref} ${t.title} (due ${t.dueAt.slice(0, 10)})`).join("\\n") }}' } },
      ],
      edges: [{ from: 'clock', to: 'tasks' }, { from: 'now', to: 'tasks' }, { from: 'tasks', to: 'open' }, { from: 'open', to: 'any' }, { from: 'any', to: 'mail' }],
    },
  },
  {
    id: 'load-per-person', name: 'Who has how much', category: 'Reports', description: 'By hand or every week: counts the tasks of a project by person and mails the table.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'to'], properties: { projectId: project, to: email('Mail to'), ...schedule('When', '0 7 * * 1') } },
    definition: {
      nodes: [
        { id: 'now', primitive: 'trigger', type: 'manual', settings: {} }, { id: 'clock', primitive: 'trigger', type: 'schedule', settings: { cron: '{{cron}}', timeZone: '{{timeZone}}' } },
        { id: 'tasks', primitive: 'action', type: 'tasks.list', settings: { projectId: '{{projectId}}', limit: 200 } }, { id: 'members', primitive: 'action', type: 'members.list', settings: { limit: 200 } },
        { id: 'counted', primitive: 'data', type: 'aggregate', settings: { items: 'nodes.tasks.output.items.filter((t) => t.assigneeId)', groupBy: 'item.assigneeId', measures: [{ name: 'tasks', of: 'count' }] } },
        { id: 'named', primitive: 'data', type: 'enrich', settings: { items: 'nodes.counted.output', from: 'nodes.members.output.items', key: 'group', match: 'userId', as: 'member' } },
        { id: 'mail', primitive: 'action', type: 'email_send', settings: { to: '{{to}}', subject: 'Tasks by person', text: '${{ nodes.named.output.map((r) => `${r.member ? r.member.name : r.group}: ${r.tasks}`).join("\\n") || "Nobody has a task." }}' } },
      ],
      edges: [{ from: 'now', to: 'tasks' }, { from: 'clock', to: 'tasks' }, { from: 'tasks', to: 'members' }, { from: 'members', to: 'counted' }, { from: 'counted', to: 'named' }, { from: 'named', to: 'mail' }],
    },
  },
  {
    id: 'task-from-webhook', name: 'A task from a webhook', category: 'Integration', description: 'A form on your site, a monitor, a shop: what is sent to the address becomes a task. What lacks a title is not taken.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId'], properties: { projectId: project } },
    definition: {
      nodes: [
        { id: 'hook', primitive: 'trigger', type: 'webhook', settings: { method: 'POST', answer: 'result' } },
        { id: 'check', primitive: 'data', type: 'validate', settings: { value: 'trigger.body', schema: { type: 'object', required: ['title'], properties: { title: { type: 'string', minLength: 1, maxLength: 300 }, description: { type: 'string', maxLength: 10_000 }, priority: { enum: ['none', 'low', 'medium', 'high', 'urgent'] } } } } },
        { id: 'task', primitive: 'action', type: 'tasks.create', settings: { projectId: '{{projectId}}', title: '${{ trigger.body.title }}', description: '${{ trigger.body.description ?? null }}', priority: '${{ trigger.body.priority ?? "none" }}', labels: ['webhook'] } },
        { id: 'answer', primitive: 'data', type: 'mapping', settings: { fields: { ref: '${{ nodes.task.output.ref }}', id: '${{ nodes.task.output.id }}' } } },
      ],
      edges: [{ from: 'hook', to: 'check' }, { from: 'check', to: 'task' }, { from: 'task', to: 'answer' }],
    },
  },
  {
    id: 'alert-triage', name: 'Sort alerts', category: 'Integration', description: 'Alerts that come by webhook: critical ones become an urgent task and a notification, others are mailed, noise is dropped.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'to'], properties: { projectId: project, to: email('Mail for what is not critical') } },
    definition: {
      nodes: [
        { id: 'alert', primitive: 'trigger', type: 'webhook', settings: {} },
        { id: 'how', primitive: 'condition', type: 'switch', name: 'How bad?', settings: { value: 'trigger.body.severity', cases: [{ name: 'critical', equals: 'critical' }, { name: 'warning', equals: 'warning' }] } },
        { id: 'task', primitive: 'action', type: 'tasks.create', settings: { projectId: '{{projectId}}', title: '${{ trigger.body.summary ?? "Alert" }}', priority: 'urgent', labels: ['alert'] } },
        { id: 'tell', primitive: 'action', type: 'notification', settings: { role: 'admin', message: 'Critical: ${{ trigger.body.summary ?? "an alert" }}' } },
        { id: 'mail', primitive: 'action', type: 'email_send', settings: { to: '{{to}}', subject: 'Warning: ${{ trigger.body.summary ?? "an alert" }}', text: '${{ JSON.stringify(trigger.body, null, 2) }}' } },
      ],
      edges: [{ from: 'alert', to: 'how' }, { from: 'how', to: 'task', when: 'case:critical' }, { from: 'task', to: 'tell' }, { from: 'how', to: 'mail', when: 'case:warning' }],
    },
  },
  {
    id: 'forward-events', name: 'Send done tasks elsewhere', category: 'Integration', description: 'Posts each finished task as JSON to an address of yours; what cannot be delivered is told to the admins.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'url'], properties: { projectId: project, url: { type: 'string', format: 'uri', title: 'Address', maxLength: 2000 } } },
    definition: {
      nodes: [
        { id: 'moved', primitive: 'trigger', type: 'event', settings: { event: 'task.moved', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { left: { path: 'data.toCategory' }, op: 'eq', right: { value: 'done' } }] } } },
        { id: 'task', primitive: 'action', type: 'tasks.get', settings: { id: '${{ trigger.subject.id }}' } },
        { id: 'send', primitive: 'action', type: 'api_call', settings: { method: 'POST', url: '{{url}}', body: '${{ nodes.task.output }}' }, retry: { max: 5, baseMs: 2000, factor: 3, capMs: 600_000 } },
        { id: 'tell', primitive: 'action', type: 'notification', settings: { role: 'admin', message: '${{ nodes.task.output.ref }} could not be sent to {{url}}' } },
      ],
      edges: [{ from: 'moved', to: 'task' }, { from: 'task', to: 'send' }, { from: 'send', to: 'tell', when: 'error' }],
    },
  },
]
