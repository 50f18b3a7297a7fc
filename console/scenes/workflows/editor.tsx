import { Link, useParams } from '@tanstack/react-router'
import { Head } from '../../parts/head.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { t } from '../../words.ts'
import { WorkflowGraph } from './graph/canvas.tsx'
import { useCatalogue, useWorkflow } from './reads.ts'
import { WorkflowChip } from './status.tsx'

export function Editor() {
  const { workflow: id } = useParams({ strict: false }) as { workflow: string }
  const workflow = useWorkflow(id)
  const catalogue = useCatalogue()
  return (
    <>
      <Head title={workflow.data?.name ?? t('Workflow')} before={<Link to="/workflows">{t('Workflows')}</Link>}>
        {workflow.data && <WorkflowChip status={workflow.data.status} />}
      </Head>
      <div className="body">
        <Loaded of={workflow} what={t('The workflow could not be read')} skeleton={<Skeleton h={400} />}>
          {(one) => <WorkflowGraph definition={one.definition} catalogue={catalogue.data} label={t('Graph of {name}', { name: one.name })} />}
        </Loaded>
      </div>
    </>
  )
}
