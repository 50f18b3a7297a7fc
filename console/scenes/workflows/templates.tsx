// Beginnings that work: each is run by a test of this product. A few answers, and it is a draft of one's own.
import { Button, FocusTrap, SegmentedControl } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Plug, Send } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay, usePreferences } from '../../reads.ts'
import { t } from '../../words.ts'
import { Fields } from './fields.tsx'
import type { Catalogue, Definition, Schema } from './graph/drawn.ts'
import { zonesOf } from './schedule-field.tsx'
import { useCatalogue, useTemplates, type Template, type Workflow } from './reads.ts'
import './editor.css'
import './templates.css'

// the drawing comes with what lays it out, after the words
const StillGraph = lazy(() => import('./graph/still.tsx').then((part) => ({ default: part.StillGraph })))

export function Templates() {
  const templates = useTemplates()
  const catalogue = useCatalogue().data
  const navigate = useNavigate()
  const may = useMay('member')
  const readingZone = usePreferences().isLoading
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
                    <div className="template-marks">
                      <Suspense fallback={null}>
                        <StillGraph definition={shownWith(one)} catalogue={catalogue} name={one.name} marks />
                      </Suspense>
                    </div>
                    <div className="row spread">
                      <span className="meta">{asksFor(one)}</span>
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
      {open && may && !readingZone && <UseDialog key={open.id} template={open} catalogue={catalogue} close={() => choose(undefined)} />}
    </>
  )
}

/** What it draws and what it needs, before it is taken; then its few answers. */
function UseDialog({ template, catalogue, close }: { template: Template; catalogue: Catalogue | undefined; close: () => void }) {
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [parameters, setParameters] = useState<Record<string, unknown>>(() => ({ ...presets(template.parameters), ...zonesOf(template.parameters) }))
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const schema = template.parameters
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
    <Dialog title={template.name} opened close={close} size={880}>
      <form
        className="template-use"
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <FocusTrap.InitialFocus />
        <div className="template-drawing">
          <Suspense fallback={null}>
            <StillGraph definition={shownWith(template, parameters)} catalogue={catalogue} name={template.name} />
          </Suspense>
        </div>
        <div className="stack">
          <p className="dim">{template.description}</p>
          <Needs template={template} catalogue={catalogue} />
          <Fields schema={schema} value={parameters} onChange={setParameters} errors={errors} />
          {problem && !told && (
            <p className="note" role="alert">
              {problem.errors[0]?.message ?? problem.message}
            </p>
          )}
          <DialogFoot verb={t('Make the workflow')} busy={busy} close={close} />
        </div>
      </form>
    </Dialog>
  )
}

/** Which connections its steps want, and what it does beyond this product. */
function Needs({ template, catalogue }: { template: Template; catalogue: Catalogue | undefined }) {
  if (!catalogue) return null
  const types = template.definition.nodes.flatMap((node) => catalogue.find(node) ?? [])
  const kinds = (required: boolean) => [...new Set(types.flatMap(({ connections }) => (connections?.required === required ? connections.kinds : [])))]
  const outside = [...new Set(types.flatMap(({ effect, title }) => (effect === 'outside' ? [title] : [])))]
  const [needed, possible] = [kinds(true), kinds(false)]
  return (
    <ul className="template-needs" aria-label={t('What it needs')}>
      <li>
        <Plug size={14} aria-hidden="true" />
        {needed.length ? t('Needs a connection: {kinds}', { kinds: needed.join(', ') }) : possible.length ? t('Works without a connection; may use one') : t('Needs no connection')}
      </li>
      <li>
        <Send size={14} aria-hidden="true" />
        {outside.length ? t('Reaches outside: {steps}', { steps: outside.join(', ') }) : t('Stays within this team')}
      </li>
    </ul>
  )
}

const presets = (schema: Schema) => Object.fromEntries(Object.entries(schema.properties ?? {}).flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]])))

const asksFor = ({ parameters }: Template) => {
  const own = Object.entries(parameters.properties ?? {}).filter(([name]) => !Object.values(parameters.properties ?? {}).some((field) => field['x-schedule']?.timeZone === name))
  return own.length ? t('Asks for {fields}', { fields: own.map(([name, { title = name }]) => title).join(', ') }) : t('Asks for nothing')
}

/** The drawing as it would be with these answers; where there is none yet, the question stands. */
function shownWith({ definition, parameters }: Template, values: Record<string, unknown> = {}): Definition {
  const said = (name: string) => {
    const field = parameters.properties?.[name]
    const value = values[name] ?? field?.default
    return value === undefined || value === '' || field?.['x-pick'] === 'project' || field?.['x-pick'] === 'person' ? (field?.title ?? name) : Array.isArray(value) ? value.join(', ') : String(value)
  }
  return JSON.parse(JSON.stringify(definition).replace(/(?<!\$)\{\{(\w+)\}\}/g, (_whole, name: string) => JSON.stringify(said(name)).slice(1, -1))) as Definition
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
