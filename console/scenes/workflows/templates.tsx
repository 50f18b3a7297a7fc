// Beginnings that work: each is run by a test of this product. A few answers, and it is a draft of one's own.
import { Button, FocusTrap, SegmentedControl } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { Fields } from './fields.tsx'
import { nameOf, type Catalogue, type Definition, type Schema } from './graph/drawn.ts'
import { TypeIcon } from './graph/icons.tsx'
import { inOrder } from './drawing.ts'
import { useCatalogue, useTemplates, type Template, type Workflow } from './reads.ts'
import './graph/graph.css'
import './editor.css'
import './templates.css'

export function Templates() {
  const templates = useTemplates()
  const catalogue = useCatalogue().data
  const navigate = useNavigate()
  const may = useMay('member')
  const { template: chosen } = useSearch({ strict: false }) as { template?: string }
  const [category, setCategory] = useState('')
  const choose = (id: string | undefined) => void navigate({ to: '.', search: { template: id } as never, replace: true })
  const open = templates.data?.find(({ id }) => id === chosen)
  const categories = [...new Set((templates.data ?? []).map((one) => one.category))]
  return (
    <>
      <Head title={t('Templates')} before={<Link to="/workflows">{t('Workflows')}</Link>} />
      <div className="toolbar">
        <SegmentedControl size="xs" value={category} onChange={setCategory} aria-label={t('Kind')} data={[{ value: '', label: t('All') }, ...categories.map((name) => ({ value: name, label: t(name) }))]} />
      </div>
      <div className="body">
        <Loaded of={templates} what={t('The templates could not be read')} skeleton={<GallerySkeleton />}>
          {(all) => (
            <ul className="templates">
              {all
                .filter((one) => !category || one.category === category)
                .map((one) => (
                  <li key={one.id} className="template-card">
                    <h2>{one.name}</h2>
                    <p className="dim small">{one.description}</p>
                    <Chain definition={one.definition} catalogue={catalogue} />
                    <div className="row spread">
                      <span className="meta">{t(one.category)}</span>
                      {may && (
                        <Button size="compact-sm" variant="default" onClick={() => choose(one.id)} aria-label={t('Use {name}', { name: one.name })}>
                          {t('Use')}
                        </Button>
                      )}
                    </div>
                  </li>
                ))}
            </ul>
          )}
        </Loaded>
      </div>
      {open && may && <UseDialog template={open} close={() => choose(undefined)} />}
    </>
  )
}

/** The steps of a template in a line of marks. */
function Chain({ definition, catalogue }: { definition: Definition; catalogue: Catalogue | undefined }) {
  const steps = inOrder(definition)
  return (
    <ol className="chain" aria-label={t('Steps')}>
      {steps.slice(0, 6).map((node, at) => (
        <li key={node.id} data-primitive={node.primitive} title={nameOf(node, catalogue?.find(node))}>
          {at > 0 && <ArrowRight size={12} aria-hidden="true" />}
          <span className="node-mark">
            <TypeIcon primitive={node.primitive} type={node.type} size={14} />
          </span>
          <span className="sr">{nameOf(node, catalogue?.find(node))}</span>
        </li>
      ))}
      {steps.length > 6 && <li className="meta">{t('and {count} more', { count: steps.length - 6 })}</li>}
    </ol>
  )
}

function UseDialog({ template, close }: { template: Template; close: () => void }) {
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [parameters, setParameters] = useState<Record<string, unknown>>({})
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const schema = withPicks(template.parameters)
  const make = async () => {
    setBusy(true)
    setProblem(null)
    try {
      const made = await post<Workflow>(`/templates/${template.id}/use`, { parameters })
      void markStale(cache, ['workflows.'])
      await navigate({ to: '/workflows/$workflow', params: { workflow: made.id } })
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: String(error) }))
      setBusy(false)
    }
  }
  const errors = Object.fromEntries((problem?.errors ?? []).map(({ path, message }) => [path.replace(/^\/parameters/, ''), message]))
  const told = Object.keys(errors).some((path) => path.split('/')[1]! in (schema.properties ?? {}))
  return (
    <Dialog title={template.name} opened close={close} size={480}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <FocusTrap.InitialFocus />
        <p className="dim">{template.description}</p>
        <Fields schema={schema} value={parameters} onChange={setParameters} errors={errors} />
        {problem && !told && (
          <p className="note" role="alert">
            {problem.errors[0]?.message ?? problem.message}
          </p>
        )}
        <DialogFoot verb={t('Make the workflow')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}

/** Parameters that name things of this team are chosen, not typed. */
function withPicks(schema: Schema): Schema {
  const picks: Record<string, string> = { projectId: 'project', personId: 'person', assigneeId: 'person', timeZone: 'timeZone' }
  return { ...schema, properties: Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, picks[name] ? { ...field, 'x-pick': picks[name] } : field])) }
}

function GallerySkeleton() {
  return (
    <div className="templates" aria-hidden="true">
      {Array.from({ length: 6 }, (_, at) => (
        <div className="template-card" key={at}>
          <Skeleton w="60%" h={20} />
          <Skeleton h={36} />
          <Skeleton w="50%" h={24} />
        </div>
      ))}
    </div>
  )
}
