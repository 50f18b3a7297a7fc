// The states of workflows, runs and deployments in one look: a word, a tone, and where many stand side by side a shape.
import { t } from '../../words.ts'
import type { Deployment, RunStatus, WorkflowStatus } from './reads.ts'

export const runWord = (status: RunStatus) => ({ pending: t('Pending'), running: t('Running'), waiting: t('Waiting'), paused: t('Paused'), completed: t('Completed'), failed: t('Failed'), cancelled: t('Cancelled') })[status] ?? status
const runTones: Record<string, string> = { completed: 'positive', failed: 'danger', running: 'accent', waiting: 'warning', paused: 'warning' }

export const RunChip = ({ status, parked }: { status: RunStatus; parked?: boolean }) => (
  <span className="chip" data-tone={runTones[status]}>
    {parked ? t('Waits for the plan') : runWord(status)}
  </span>
)

export const workflowWord = (status: WorkflowStatus) => ({ draft: t('Draft'), active: t('Active'), inactive: t('Paused'), archived: t('Archived') })[status] ?? status

export const WorkflowChip = ({ status }: { status: WorkflowStatus }) => (
  <span className="chip" data-tone={{ active: 'positive', inactive: 'warning', draft: '', archived: '' }[status] || undefined}>
    {workflowWord(status)}
  </span>
)

export const DeploymentChip = ({ status }: { status: Deployment['status'] }) => (
  <span className="chip" data-tone={{ active: 'positive', failed: 'danger', pending: 'info', deploying: 'info', superseded: '' }[status] || undefined}>
    {{ pending: t('Waiting to deploy'), deploying: t('Deploying'), active: t('Active'), failed: t('Failed'), superseded: t('Replaced') }[status] ?? status}
  </span>
)
