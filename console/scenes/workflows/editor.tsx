// Where a workflow is drawn: palette, graph or list, and a panel for what is chosen. The draft saves itself; publishing is a decision of its own.
import { ActionIcon, Button, Menu, SegmentedControl } from '@mantine/core'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ChevronLeft, FlaskConical, History, Inbox, ListChecks, Play, Plus, Redo2, Rocket, Undo2, type LucideIcon } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { Head } from '../../parts/head.tsx'
import { Coming, Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { useDraft, useFaults, type Draft } from './draft.ts'
import { FaultList } from './fault-list.tsx'
import { arrange } from './graph/arrange.ts'
import { WorkflowGraph } from './graph/canvas.tsx'
import { edgeId, nameOf, wayWord, type Catalogue } from './graph/drawn.ts'
import { statesOf } from './graph/states.ts'
import { NodePanel } from './node-panel.tsx'
import { Outline } from './outline.tsx'
import { AddDialog, PaletteList } from './palette.tsx'
import { useCatalogue, useRun, useRuns, useWorkflow, type Tested, type Workflow } from './reads.ts'
import { RunChip, WorkflowChip } from './status.tsx'
import { useVerbs } from './verbs.ts'
import { WorkflowMenu } from './workflow-menu.tsx'
import './editor.css'

const TestPanel = lazy(() => import('./test-panel.tsx').then((part) => ({ default: part.TestPanel })))
const PublishDialog = lazy(() => import('./publish-dialog.tsx').then((part) => ({ default: part.PublishDialog })))
const InputDialog = lazy(() => import('./input-dialog.tsx').then((part) => ({ default: part.InputDialog })))

export function Editor() {
  const { workflow: id } = useParams({ strict: false }) as { workflow: string }
  const workflow = useWorkflow(id)
  const catalogue = useCatalogue()
  const both = { ...workflow, data: workflow.data && catalogue.data ? { workflow: workflow.data, catalogue: catalogue.data } : undefined, error: workflow.error ?? catalogue.error }
  if (!both.data)
    return (
      <>
        <Head title={t('Workflow')} before={<Link to="/workflows">{t('Workflows')}</Link>} />
        <div className="body">
          <Loaded of={both} what={t('The workflow could not be read')} skeleton={<EditorSkeleton />}>
            {() => null}
          </Loaded>
        </div>
      </>
    )
  return <Drawing key={id} workflow={both.data.workflow} catalogue={both.data.catalogue} />
}

type Search = { view?: string; node?: string; run?: string }
type Open = { kind: 'publish' } | { kind: 'run' } | { kind: 'add'; after?: { id: string; way: string }; at?: { x: number; y: number } } | null

function Drawing({ workflow, catalogue }: { workflow: Workflow; catalogue: Catalogue }) {
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Search
  const may = useMay('member') && workflow.status !== 'archived'
  const draft = useDraft(workflow, may)
  const { definition } = draft
  const faults = useFaults(definition, may)
  const places = useMemo(() => arrange(definition, (node) => catalogue.find(node)), [definition, catalogue])
  const [picked, setSelected] = useState<string[]>([])
  // what was undone, or taken away elsewhere, is not chosen any more
  const selected = useMemo(() => {
    const there = new Set([...definition.nodes.map(({ id }) => id), ...definition.edges.map(edgeId)])
    return picked.every((id) => there.has(id)) ? picked : picked.filter((id) => there.has(id))
  }, [picked, definition])
  const [open, setOpen] = useState<Open>(null)
  const [testing, setTesting] = useState(!!search.run)
  const [tested, setTested] = useState<Tested | null>(null)
  const [watched, setWatched] = useState<string | undefined>(undefined)
  const [showFaults, setShowFaults] = useState(false)
  const phone = typeof matchMedia === 'function' && matchMedia('(max-width: 760px)').matches
  const view = search.view ?? (phone ? 'list' : 'graph')

  const node = definition.nodes.find(({ id }) => id === search.node)
  const openNode = (id: string | undefined) => void navigate({ to: '.', search: (now: Search) => ({ ...now, node: id }), replace: true })
  const verbs = useVerbs({ draft, catalogue, places, may, selected: selected.length ? selected : node ? [node.id] : [], select: setSelected, open: openNode, node: node?.id, ask: (after, at) => setOpen({ kind: 'add', after, at }), view, setView: (next) => void navigate({ to: '.', search: (now: Search) => ({ ...now, view: next }), replace: true }), test: () => setTesting(true) })

  const last = useRuns(workflow.id, 10).data?.[0]
  const lastRun = useRun(last?.id).data
  const recorded = lastRun && !lastRun.hidden ? lastRun.id : undefined
  const run = useRun(watched).data
  const states = useMemo(() => (run ? statesOf(definition, run) : tested ? statesOf(definition, { status: 'test', steps: tested.steps }) : undefined), [run, tested, definition])
  const byHand = definition.nodes.filter(({ primitive, type }) => primitive === 'trigger' && (type === 'manual' || type === 'api'))
  const links: BarLink[] = [
    { to: `/workflows/${workflow.id}/runs`, label: t('Runs'), Icon: ListChecks },
    ...(may && definition.nodes.some(({ primitive, type }) => primitive === 'trigger' && (type === 'webhook' || type === 'sms' || type === 'iot' || type === 'email')) ? [{ to: `/workflows/${workflow.id}/inbox`, label: t('Inbox'), Icon: Inbox }] : []),
    { to: `/workflows/${workflow.id}/versions`, label: t('Versions'), Icon: History },
  ]
  const panel = testing ? 'test' : node ? 'node' : undefined

  return (
    <>
      <Head
        title={workflow.name}
        before={
          <Link to="/workflows" className="crumb-back" aria-label={t('Workflows')}>
            <span className="wide-only">{t('Workflows')}</span>
            <ChevronLeft className="phone-only" size={18} aria-hidden="true" />
          </Link>
        }
      >
        <span className="wide-only row" style={{ marginInlineEnd: 4 }}>
          <WorkflowChip status={workflow.status} />
          {workflow.activeVersion !== null && <span className="meta num">v{workflow.activeVersion}</span>}
        </span>
        {byHand.length > 0 && workflow.status === 'active' && may && (
          <Button size="xs" variant="default" leftSection={<Play size={13} />} onClick={() => setOpen({ kind: 'run' })}>
            {t('Run')}
          </Button>
        )}
        {may && (
          <Button size="xs" leftSection={<Rocket size={13} />} onClick={() => setOpen({ kind: 'publish' })}>
            {t('Publish')}
          </Button>
        )}
        <WorkflowMenu workflow={workflow} onPhone={<BarItems draft={may ? draft : undefined} links={links} />} />
      </Head>
      <div className="toolbar editor-bar">
        <SegmentedControl size="xs" value={view} onChange={verbs.setView} aria-label={t('How it is shown')} data={[{ value: 'graph', label: t('Graph') }, { value: 'list', label: t('List') }]} />
        {may && (
          <>
            <ActionIcon className="wide-only" aria-label={t('Undo')} title={t('Undo (Ctrl Z)')} disabled={!draft.canUndo} onClick={draft.undo}>
              <Undo2 size={15} />
            </ActionIcon>
            <ActionIcon className="wide-only" aria-label={t('Redo')} title={t('Redo (Ctrl Shift Z)')} disabled={!draft.canRedo} onClick={draft.redo}>
              <Redo2 size={15} />
            </ActionIcon>
            <Button size="compact-sm" variant="subtle" color="gray" leftSection={<FlaskConical size={14} />} onClick={() => setTesting(!testing)} aria-pressed={testing}>
              {t('Test')}
            </Button>
            <Button size="compact-sm" variant="subtle" color="gray" className={view === 'graph' ? 'phone-only' : undefined} leftSection={<Plus size={14} />} onClick={() => setOpen({ kind: 'add' })} aria-label={t('Add a step')}>
              <span className="wide-only">{t('Add a step')}</span>
              <span className="phone-only">{t('Step')}</span>
            </Button>
          </>
        )}
        <span className="grow" />
        {may && <SaveState saving={draft.saving} />}
        {may && <FaultList faults={faults} definition={definition} catalogue={catalogue} open={openNode} opened={showFaults} toggle={setShowFaults} />}
        {links.map(({ to, label, Icon }) => (
          <Button key={to} className="wide-only" size="compact-sm" variant="subtle" color="gray" leftSection={<Icon size={14} />} component={Link} to={to as string}>
            {label}
          </Button>
        ))}
      </div>
      {draft.saving === 'conflict' && (
        <div className="banner" role="alert">
          {t('Somebody else changed this draft while you drew. Nothing of either is lost yet.')}
          <Button size="compact-xs" variant="default" onClick={() => void draft.takeTheirs()}>
            {t('Take theirs')}
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => void draft.keepMine()}>
            {t('Keep mine')}
          </Button>
        </div>
      )}
      {(draft.saving === 'failed' || workflow.pausedReason) && (
        <div className="banner" role="alert">
          {draft.saving === 'failed' ? `${t('The draft is not saved:')} ${draft.problem?.errors[0]?.message ?? draft.problem?.message ?? ''}` : t('Paused: whoever published it left the team. Publish it again to let it go on.')}
        </div>
      )}
      {states && (
        <div className="run-strip" role="status">
          {run ? <RunChip status={run.status} /> : <span className="chip" data-tone={tested?.status === 'completed' ? 'positive' : 'danger'}>{t('Test')}</span>}
          <span className="truncate">{run ? t('Shown as its run of version {version} goes', { version: run.version }) : t('Shown as the test went')}{run?.error ? `: ${run.error.message}` : ''}</span>
          {run && (
            <Link className="link small" to="/runs/$run" params={{ run: run.id }}>
              {t('Open the run')}
            </Link>
          )}
          <Button size="compact-xs" variant="default" onClick={() => (setWatched(undefined), setTested(null))}>
            {t('Back to drawing')}
          </Button>
        </div>
      )}
      <div className="editor" data-panel={panel}>
        {may && view === 'graph' && (
          <div className="palette wide-only">
            <PaletteList catalogue={catalogue} add={(type) => verbs.add(type)} drag />
          </div>
        )}
        <div className="drawing">
          {view === 'graph' ? (
            <>
              <WorkflowGraph definition={definition} catalogue={catalogue} label={t('Graph of {name}', { name: workflow.name })} faults={faults} states={states} selected={selected.length ? selected : node ? [node.id] : none} onSelect={setSelected} onOpen={openNode} edit={may ? verbs.edit : undefined} />
              {!definition.nodes.length && <p className="drawing-hint">{may ? t('Drag a trigger from the left to begin, or choose one there and press Enter.') : t('Nothing is drawn yet.')}</p>}
            </>
          ) : (
            <Outline definition={definition} catalogue={catalogue} faults={faults} states={states} selected={node?.id} open={openNode} verbs={may ? verbs.panel : undefined} add={may ? () => setOpen({ kind: 'add' }) : undefined} label={t('Steps of {name}', { name: workflow.name })} />
          )}
        </div>
        {panel === 'test' && (
          <Suspense fallback={<Coming />}>
            <TestPanel workflowId={workflow.id} run={search.run} definition={definition} catalogue={catalogue} tested={tested} show={(next) => (setWatched(undefined), setTested(next))} open={(id) => (setTesting(false), openNode(id))} close={() => setTesting(false)} />
          </Suspense>
        )}
        {panel === 'node' && node && <NodePanel key={node.id} workflowId={workflow.id} node={node} definition={definition} catalogue={catalogue} faults={faults} runId={recorded} may={may} verbs={verbs.panel} />}
      </div>
      <Suspense fallback={null}>
        {open?.kind === 'publish' && <PublishDialog workflowId={workflow.id} name={workflow.name} settle={draft.settle} faults={faults} close={() => setOpen(null)} showFaults={() => setShowFaults(true)} />}
        {open?.kind === 'run' && <InputDialog workflowId={workflow.id} name={workflow.name} triggers={byHand} close={() => setOpen(null)} started={(made) => (setOpen(null), setTested(null), setTesting(false), setWatched(made.id))} />}
      </Suspense>
      {open?.kind === 'add' && <AddDialog catalogue={catalogue} after={!!open.after} title={titleOf(open, definition, catalogue)} close={() => setOpen(null)} add={(type) => verbs.add(type, open)} />}
    </>
  )
}

const none: string[] = []
function titleOf(open: { after?: { id: string; way: string } }, definition: { nodes: Parameters<typeof nameOf>[0][] }, catalogue: Catalogue) {
  const node = definition.nodes.find(({ id }) => id === open.after?.id)
  if (!node) return t('Add a step')
  const name = nameOf(node, catalogue.find(node))
  return open.after!.way ? t('Add a step after {name} ({way})', { name, way: wayWord(open.after!.way) }) : t('Add a step after {name}', { name })
}

type BarLink = { to: string; label: string; Icon: LucideIcon }
/** What the bar has no room for on a phone. */
function BarItems({ draft, links }: { draft: Draft | undefined; links: BarLink[] }) {
  return (
    <>
      {draft && (
        <>
          <Menu.Item leftSection={<Undo2 size={14} />} disabled={!draft.canUndo} onClick={draft.undo} closeMenuOnClick={false}>
            {t('Undo')}
          </Menu.Item>
          <Menu.Item leftSection={<Redo2 size={14} />} disabled={!draft.canRedo} onClick={draft.redo} closeMenuOnClick={false}>
            {t('Redo')}
          </Menu.Item>
        </>
      )}
      {links.map(({ to, label, Icon }) => (
        <Menu.Item key={to} leftSection={<Icon size={14} />} component={Link} to={to as string}>
          {label}
        </Menu.Item>
      ))}
    </>
  )
}

function SaveState({ saving }: { saving: string }) {
  const words = { saved: t('Saved'), waiting: t('Not saved yet'), saving: t('Saving'), conflict: t('Not saved'), failed: t('Not saved') }[saving]
  return (
    <span className="meta save-state" role="status" data-state={saving}>
      {words}
    </span>
  )
}

function EditorSkeleton() {
  return (
    <div className="editor" aria-hidden="true" style={{ height: '100%' }}>
      <div className="palette wide-only stack tight">
        {Array.from({ length: 9 }, (_, at) => (
          <Skeleton key={at} h={28} />
        ))}
      </div>
      <div className="drawing" style={{ padding: 48 }}>
        <span className="row" style={{ gap: 96 }}>
          <Skeleton w={208} h={60} />
          <Skeleton w={208} h={60} />
        </span>
      </div>
    </div>
  )
}
