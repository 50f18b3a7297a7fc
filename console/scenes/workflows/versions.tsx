// Versions and deployments of a workflow: what was published when and by whom, what differs between two of them, and the way back.
import { Button, SegmentedControl, Select } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { GitCompare, RotateCcw } from 'lucide-react'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import { useMay, useNames } from '../../reads.ts'
import { countOf, t } from '../../words.ts'
import { WorkflowGraph } from './graph/canvas.tsx'
import { nameOf, type Catalogue, type Definition, type DrawnEdge, type DrawnNode, type NodeState } from './graph/drawn.ts'
import { Outline } from './outline.tsx'
import { useCatalogue, useDeployments, useVersion, useVersions, useWorkflow, type WorkflowVersion } from './reads.ts'
import { DeploymentChip } from './status.tsx'
import './editor.css'
import './versions.css'

type Search = { from?: string; to?: string; show?: string }
type Diff = { nodes: { added: DrawnNode[]; removed: DrawnNode[]; changed: { id: string; paths: { path: string; from?: unknown; to?: unknown }[] }[] }; edges: { added: DrawnEdge[]; removed: DrawnEdge[] }; patch: unknown[]; same: boolean }

export function Versions() {
  const { workflow: id } = useParams({ strict: false }) as { workflow: string }
  const { from, to } = useSearch({ strict: false }) as Search
  const workflow = useWorkflow(id)
  const versions = useVersions(id)
  const name = workflow.data?.name ?? t('Workflow')
  return (
    <>
      <Head
        title={t('Versions')}
        before={
          <>
            <Link to="/workflows" className="wide-only">
              {t('Workflows')}
            </Link>
            <span className="slash wide-only" aria-hidden="true">
              /
            </span>
            <Link to="/workflows/$workflow" params={{ workflow: id }} className="truncate">
              {name}
            </Link>
          </>
        }
      />
      <div className="body">
        <div className="pad wide stack">
          <Loaded of={versions} what={t('The versions could not be read')} skeleton={<RowSkeletons count={4} h={44} />}>
            {(all) =>
              all.length ? (
                <>
                  <VersionTable id={id} name={name} versions={all} />
                  {from && to ? <Compare id={id} from={from} to={to} versions={all} /> : all.length > 0 && <CompareInvite id={id} versions={all} />}
                  <Deployments id={id} />
                </>
              ) : (
                <Empty title={t('Not published yet')} action={<Button component={Link} to={`/workflows/${id}` as string}>{t('Open the draft')}</Button>}>
                  {t('Publishing makes a version that never changes. Versions can be compared, and made the draft again.')}
                </Empty>
              )
            }
          </Loaded>
        </div>
      </div>
    </>
  )
}

function VersionTable({ id, name, versions }: { id: string; name: string; versions: WorkflowVersion[] }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const nameOfPerson = useNames()
  const may = useMay('member')
  const restore = (number: number) =>
    ask({
      title: t('Make version {number} the draft', { number }),
      text: t('What is drawn in the draft of {name} is replaced by version {number}. What runs does not change until it is published.', { name, number }),
      verb: t('Restore'),
      run: async () => {
        await post(`/workflows/${id}/versions/${number}/restore`)
        await attempt(cache, '', ['workflows.'], async () => undefined, t('The draft is version {number} again.', { number }))
        await navigate({ to: '/workflows/$workflow', params: { workflow: id } })
      },
    })
  return (
    <TableBox label={t('Versions of {name}', { name })} heads={[t('Version'), t('What is new'), t('Published by'), t('When'), { name: t('Actions'), unseen: true }]}>
      {versions.map((version) => (
        <tr key={version.number}>
          <td>
            <span className="row" style={{ gap: 8 }}>
              <b className="num">{version.number}</b>
              {version.active && (
                <span className="chip" data-tone="positive">
                  {t('Active')}
                </span>
              )}
            </span>
          </td>
          <td className="version-note">{version.note ?? <span className="dim">{t('nothing noted')}</span>}</td>
          <td className="nowrap">{nameOfPerson(version.publishedBy) ?? <span className="dim">{t('Former member')}</span>}</td>
          <td>
            <Time at={version.createdAt} />
          </td>
          <td className="end">
            <span className="row" style={{ justifyContent: 'flex-end', gap: 4 }}>
              <Button size="compact-xs" variant="default" leftSection={<GitCompare size={12} />} component={Link} to={`/workflows/${id}/versions?from=${version.number}&to=draft` as string} aria-label={t('Compare version {number} with the draft', { number: version.number })}>
                {t('Compare')}
              </Button>
              {may && (
                <Button size="compact-xs" variant="default" leftSection={<RotateCcw size={12} />} onClick={() => restore(version.number)} aria-label={t('Restore version {number}', { number: version.number })}>
                  {t('Restore')}
                </Button>
              )}
            </span>
          </td>
        </tr>
      ))}
    </TableBox>
  )
}

function CompareInvite({ id, versions }: { id: string; versions: WorkflowVersion[] }) {
  const to = `/workflows/${id}/versions?from=${versions.length > 1 ? versions[1]!.number : versions[0]!.number}&to=${versions.length > 1 ? versions[0]!.number : 'draft'}`
  return (
    <p>
      <Link to={to as string} className="link">
        {versions.length > 1 ? t('Compare the last two versions') : t('Compare the version with the draft')}
      </Link>
    </p>
  )
}

function Compare({ id, from, to, versions }: { id: string; from: string; to: string; versions: WorkflowVersion[] }) {
  const navigate = useNavigate()
  const { show = 'graph' } = useSearch({ strict: false }) as Search
  const catalogue = useCatalogue().data
  const draft = useWorkflow(id)
  const numbers = (ref: string) => (ref === 'draft' ? null : Number(ref))
  const [before, after] = [useVersion(id, numbers(from)), useVersion(id, numbers(to))]
  const diff = useQuery({ queryKey: ['workflows.diff', { id, from, to, version: from === 'draft' || to === 'draft' ? draft.data?.version : 0 }], queryFn: ({ signal }) => get<Diff>(`/workflows/${id}/diff`, { from, to }, signal) })
  const go = (next: Search) => void navigate({ to: '.', search: (now: Search) => ({ ...now, ...next }) })
  const choices = [{ value: 'draft', label: t('the draft') }, ...versions.map(({ number }) => ({ value: String(number), label: t('version {number}', { number }) }))]
  const old = from === 'draft' ? draft.data?.definition : before.data?.definition
  const next = to === 'draft' ? draft.data?.definition : after.data?.definition
  return (
    <section className="stack" aria-label={t('Comparison')}>
      <div className="row wrap">
        <h2>{t('What changed')}</h2>
        <span className="row">
          <Select size="xs" w={130} aria-label={t('From')} value={from} data={choices} onChange={(value) => value && go({ from: value })} />
          <span className="dim">{t('to')}</span>
          <Select size="xs" w={130} aria-label={t('To')} value={to} data={choices} onChange={(value) => value && go({ to: value })} />
        </span>
        <span className="grow" />
        <SegmentedControl size="xs" value={show} onChange={(value) => go({ show: value })} aria-label={t('How it is shown')} data={[{ value: 'graph', label: t('Graph') }, { value: 'list', label: t('List') }, { value: 'json', label: t('JSON') }]} />
      </div>
      <Loaded of={diff} what={t('They could not be compared')} skeleton={<RowSkeletons count={3} />}>
        {(found) =>
          found.same ? (
            <p className="note" data-tone="info">
              {t('They are the same.')}
            </p>
          ) : (
            <>
              <p className="dim">{summary(found)}</p>
              {show === 'json' ? (
                <pre className="json" tabIndex={0} role="region" aria-label={t('Changes as a JSON Patch')}>
                  {found.patch.map((one) => JSON.stringify(one)).join('\n')}
                </pre>
              ) : old && next ? (
                <Both old={old} next={next} diff={found} catalogue={catalogue} list={show === 'list'} />
              ) : (
                <RowSkeletons count={3} />
              )}
              <Changes diff={found} next={next} catalogue={catalogue} />
            </>
          )
        }
      </Loaded>
    </section>
  )
}

const summary = ({ nodes, edges }: Diff) =>
  [
    nodes.added.length && t('{steps} added', { steps: countOf(nodes.added.length, 'step', 'steps') }),
    nodes.removed.length && t('{steps} removed', { steps: countOf(nodes.removed.length, 'step', 'steps') }),
    nodes.changed.length && t('{steps} changed', { steps: countOf(nodes.changed.length, 'step', 'steps') }),
    edges.added.length && t('{lines} drawn', { lines: countOf(edges.added.length, 'line', 'lines') }),
    edges.removed.length && t('{lines} cut', { lines: countOf(edges.removed.length, 'line', 'lines') }),
  ]
    .filter(Boolean)
    .join(', ') || t('Only where the steps stand.')

/** Both in one drawing: what is gone stays where it was, marked. */
function Both({ old, next, diff, catalogue, list }: { old: Definition; next: Definition; diff: Diff; catalogue: Catalogue | undefined; list: boolean }) {
  const gone = new Set(diff.nodes.removed.map(({ id }) => id))
  const both = { nodes: [...next.nodes, ...old.nodes.filter(({ id }) => gone.has(id))], edges: [...next.edges, ...diff.edges.removed] }
  const states: Record<string, NodeState> = Object.fromEntries([
    ...diff.nodes.added.map(({ id }) => [id, { status: 'added' as const }]),
    ...diff.nodes.removed.map(({ id }) => [id, { status: 'removed' as const }]),
    ...diff.nodes.changed.map(({ id, paths }) => [id, { status: 'changed' as const, caption: paths.map(({ path }) => path.split('/').at(-1)).join(', ') }]),
  ])
  if (list) return <Outline definition={both} catalogue={catalogue} states={states} label={t('Steps of both')} />
  return (
    <div className="compare-graph">
      <WorkflowGraph definition={both} catalogue={catalogue} states={states} label={t('Both versions in one graph')} />
    </div>
  )
}

function Changes({ diff, next, catalogue }: { diff: Diff; next: Definition | undefined; catalogue: Catalogue | undefined }) {
  if (!diff.nodes.changed.length) return null
  const nameOfNode = (id: string) => {
    const node = next?.nodes.find((one) => one.id === id)
    return node ? nameOf(node, catalogue?.find(node)) : id
  }
  return (
    <TableBox label={t('Changed settings')} heads={[t('Step'), t('Setting'), t('Before'), t('After')]}>
      {diff.nodes.changed.flatMap(({ id, paths }) =>
        paths.map(({ path, from, to }) => (
          <tr key={`${id} ${path}`}>
            <td>{nameOfNode(id)}</td>
            <td>
              <code>{path.replace(/^\/settings\//, '').replace(/^\//, '')}</code>
            </td>
            <td className="diff-cell">{from === undefined ? <span className="dim">{t('nothing')}</span> : <del>{written(from)}</del>}</td>
            <td className="diff-cell">{to === undefined ? <span className="dim">{t('nothing')}</span> : <ins>{written(to)}</ins>}</td>
          </tr>
        )),
      )}
    </TableBox>
  )
}
const written = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

function Deployments({ id }: { id: string }) {
  const deployments = useDeployments(id)
  const nameOfPerson = useNames()
  return (
    <section className="stack">
      <h2>{t('Deployments')}</h2>
      <Loaded of={deployments} what={t('The deployments could not be read')} skeleton={<RowSkeletons count={3} />}>
        {(all) =>
          all.length ? (
            <TableBox label={t('Deployments')} heads={[t('Version'), t('State'), t('By'), t('When')]}>
              {all.map((one) => (
                <tr key={one.id}>
                  <td className="num">{one.number}</td>
                  <td>
                    <DeploymentChip status={one.status} /> {one.error && <span className="failed-rate">{one.error}</span>}
                  </td>
                  <td className="nowrap">{nameOfPerson(one.createdBy) ?? <span className="dim">{t('Former member')}</span>}</td>
                  <td>
                    <Time at={one.createdAt} />
                  </td>
                </tr>
              ))}
            </TableBox>
          ) : (
            <p className="dim">{t('Nothing was deployed yet.')}</p>
          )
        }
      </Loaded>
    </section>
  )
}
