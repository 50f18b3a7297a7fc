// Templates about tasks and projects.
import { schedule, type WorkflowTemplate } from './template.ts'

const project = { type: 'string', format: 'uuid', title: 'Project', 'x-pick': 'project' }
const column = (title: string, preset: string) => ({ type: 'string', title, default: preset, minLength: 1, maxLength: 40 })

export const projectTemplates: readonly WorkflowTemplate[] = [
  {
    id: 'mail-when-task-done', name: 'Mail when a task is done', category: 'Projects', description: 'Sends a mail whenever a task of a project reaches a done column.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'to'], properties: { projectId: project, to: { type: 'string', format: 'email', title: 'Mail to' } } },
    definition: {
      nodes: [
        { id: 'moved', primitive: 'trigger', type: 'event', settings: { event: 'task.moved', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { left: { path: 'data.toCategory' }, op: 'eq', right: { value: 'done' } }, { left: { path: 'data.fromCategory' }, op: 'ne', right: { value: 'done' } }] } }, position: { x: 0, y: 0 } },
        { id: 'task', primitive: 'action', type: 'tasks.get', name: 'Read the task', settings: { id: '${{ trigger.subject.id }}' }, position: { x: 0, y: 120 } },
        { id: 'mail', primitive: 'action', type: 'email_send', name: 'Mail', settings: { to: '{{to}}', subject: '${{ nodes.task.output.ref }} is done: ${{ nodes.task.output.title }}', text: '${{ nodes.task.output.ref }} ${{ nodes.task.output.title }} was moved to ${{ trigger.data.to }}.' }, position: { x: 0, y: 240 } },
      ],
      edges: [{ from: 'moved', to: 'task' }, { from: 'task', to: 'mail' }],
    },
  },
  {
    id: 'urgent-to-person', name: 'Give urgent tasks to somebody', category: 'Projects', description: 'A new task with priority urgent is assigned to the person on duty, with a comment that says so.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'personId'], properties: { projectId: project, personId: { type: 'string', format: 'uuid', title: 'Person on duty', 'x-pick': 'person' } } },
    definition: {
      nodes: [
        { id: 'created', primitive: 'trigger', type: 'event', settings: { event: 'task.created', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { left: { path: 'data.priority' }, op: 'eq', right: { value: 'urgent' } }] } } },
        { id: 'assign', primitive: 'action', type: 'tasks.change', name: 'Assign', settings: { id: '${{ trigger.subject.id }}', assigneeId: '{{personId}}' } },
        { id: 'say', primitive: 'action', type: 'tasks.addComment', name: 'Comment', settings: { id: '${{ trigger.subject.id }}', text: 'Assigned because it is urgent.' } },
      ],
      edges: [{ from: 'created', to: 'assign' }, { from: 'assign', to: 'say' }],
    },
  },
  {
    id: 'checklist-for-new-tasks', name: 'Subtasks for each new task', category: 'Projects', description: 'Each new task of a project gets the same subtasks.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId'], properties: { projectId: project, steps: { type: 'array', title: 'Subtasks', default: ['Draft', 'Review', 'Publish'], items: { type: 'string', minLength: 1, maxLength: 200 }, minItems: 1, maxItems: 20 } } },
    definition: {
      nodes: [
        { id: 'created', primitive: 'trigger', type: 'event', settings: { event: 'task.created', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { not: { left: { path: 'data.parentId' }, op: 'exists' } }] } } },
        { id: 'list', primitive: 'data', type: 'mapping', name: 'What is to be done', settings: { fields: { steps: '{{steps}}' } } },
        { id: 'each', primitive: 'condition', type: 'loop', name: 'For each', settings: { items: 'nodes.list.output.steps', limit: 20 } },
        { id: 'subtask', primitive: 'action', type: 'tasks.create', name: 'Add a subtask', settings: { projectId: '{{projectId}}', parentId: '${{ trigger.subject.id }}', title: '${{ item }}' } },
      ],
      edges: [{ from: 'created', to: 'list' }, { from: 'list', to: 'each' }, { from: 'each', to: 'subtask', when: 'each' }, { from: 'subtask', to: 'each' }],
    },
  },
  {
    id: 'review-before-done', name: 'Approval before done', category: 'Projects', description: 'A task that is moved to done needs the approval of an admin; rejected, it goes back with the comment.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId'], properties: { projectId: project, back: column('Column for what is rejected', 'doing'), deadline: { type: 'string', pattern: '^[1-9][0-9]{0,3}[hd]$', title: 'Deadline', default: '3d', 'x-duration': ['h', 'd'] } } },
    definition: {
      nodes: [
        { id: 'moved', primitive: 'trigger', type: 'event', settings: { event: 'task.moved', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { left: { path: 'data.toCategory' }, op: 'eq', right: { value: 'done' } }, { left: { path: 'data.fromCategory' }, op: 'ne', right: { value: 'done' } }] } } },
        { id: 'task', primitive: 'action', type: 'tasks.get', settings: { id: '${{ trigger.subject.id }}' } },
        { id: 'review', primitive: 'action', type: 'approval', name: 'Is it done?', settings: { title: 'Is ${{ nodes.task.output.ref }} done?', text: '${{ nodes.task.output.title }}', role: 'admin', deadline: '{{deadline}}' } },
        { id: 'note', primitive: 'action', type: 'tasks.addComment', name: 'Approved', settings: { id: '${{ trigger.subject.id }}', text: 'Approved as done.' } },
        { id: 'back', primitive: 'action', type: 'tasks.move', name: 'Back', settings: { id: '${{ trigger.subject.id }}', status: '{{back}}' } },
        { id: 'why', primitive: 'action', type: 'tasks.addComment', name: 'Why', settings: { id: '${{ trigger.subject.id }}', text: 'Not done yet: ${{ nodes.review.output.payload.comment ?? "no reason given" }}' } },
      ],
      edges: [{ from: 'moved', to: 'task' }, { from: 'task', to: 'review' }, { from: 'review', to: 'note', when: 'true' }, { from: 'review', to: 'back', when: 'false' }, { from: 'back', to: 'why' }],
    },
  },
  {
    id: 'weekly-routine', name: 'A task every week', category: 'Projects', description: 'Creates the same task at a set time, such as Monday at nine.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId', 'title'], properties: { projectId: project, title: { type: 'string', title: 'Title of the task', minLength: 1, maxLength: 200 }, ...schedule('When', '0 9 * * 1') } },
    definition: {
      nodes: [
        { id: 'clock', primitive: 'trigger', type: 'schedule', settings: { cron: '{{cron}}', timeZone: '{{timeZone}}' } }, { id: 'now', primitive: 'trigger', type: 'manual', name: 'Or by hand', settings: {} },
        { id: 'task', primitive: 'action', type: 'tasks.create', name: 'Create the task', settings: { projectId: '{{projectId}}', title: '{{title}}', labels: ['routine'] } },
      ],
      edges: [{ from: 'clock', to: 'task' }, { from: 'now', to: 'task' }],
    },
  },
  {
    id: 'welcome-project', name: 'Start a project', category: 'Projects', description: 'By hand: a new project with its first tasks, and a word to the team.',
    parameters: { type: 'object', additionalProperties: false, properties: { tasks: { type: 'array', title: 'First tasks', default: ['Agree on the goal', 'Plan the first week'], items: { type: 'string', minLength: 1, maxLength: 200 }, minItems: 1, maxItems: 20 } } },
    definition: {
      nodes: [
        { id: 'start', primitive: 'trigger', type: 'manual', settings: { input: { type: 'object', required: ['name'], properties: { name: { type: 'string', title: 'Name of the project', minLength: 1, maxLength: 100 } } } } },
        { id: 'project', primitive: 'action', type: 'projects.create', name: 'Create the project', settings: { name: '${{ trigger.name }}' } },
        { id: 'list', primitive: 'data', type: 'mapping', settings: { fields: { tasks: '{{tasks}}' } } },
        { id: 'each', primitive: 'condition', type: 'loop', settings: { items: 'nodes.list.output.tasks' } },
        { id: 'task', primitive: 'action', type: 'tasks.create', settings: { projectId: '${{ nodes.project.output.id }}', title: '${{ item }}' } },
        { id: 'tell', primitive: 'action', type: 'notification', name: 'Tell the team', settings: { role: 'member', message: 'The project ${{ nodes.project.output.name }} has begun.' } },
      ],
      edges: [{ from: 'start', to: 'project' }, { from: 'project', to: 'list' }, { from: 'list', to: 'each' }, { from: 'each', to: 'task', when: 'each' }, { from: 'task', to: 'each' }, { from: 'each', to: 'tell', when: 'done' }],
    },
  },
  {
    id: 'blocked-label-reminder', name: 'Remind of what does not move', category: 'Projects', description: 'When a task is moved to a column, waits, and comments if it is still there.',
    parameters: { type: 'object', additionalProperties: false, required: ['projectId'], properties: { projectId: project, column: column('Column', 'doing'), after: { type: 'string', title: 'After', pattern: '^[1-9][0-9]{0,3}[smhd]$', default: '3d', 'x-duration': ['m', 'h', 'd'] } } },
    definition: {
      nodes: [
        { id: 'moved', primitive: 'trigger', type: 'event', settings: { event: 'task.moved', filter: { all: [{ left: { path: 'data.projectId' }, op: 'eq', right: { value: '{{projectId}}' } }, { left: { path: 'data.to' }, op: 'eq', right: { value: '{{column}}' } }, { left: { path: 'data.from' }, op: 'ne', right: { value: '{{column}}' } }] } } },
        { id: 'pause', primitive: 'action', type: 'wait', settings: { for: '{{after}}' } }, { id: 'task', primitive: 'action', type: 'tasks.get', settings: { id: '${{ trigger.subject.id }}' } },
        { id: 'still', primitive: 'condition', type: 'compare', name: 'Still there?', settings: { left: 'nodes.task.output.status', operator: 'eq', right: 'trigger.data.to' } },
        { id: 'say', primitive: 'action', type: 'tasks.addComment', settings: { id: '${{ trigger.subject.id }}', text: 'Has not moved for {{after}}. What is missing?' } },
      ],
      edges: [{ from: 'moved', to: 'pause' }, { from: 'pause', to: 'task' }, { from: 'task', to: 'still' }, { from: 'still', to: 'say', when: 'true' }],
    },
  },
]
