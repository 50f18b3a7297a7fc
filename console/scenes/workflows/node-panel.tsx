// What a step is set to: its form, where it leads, how it retries, and a try of it alone. Beside the graph and beside the list alike.
import { ActionIcon, Button, Menu, NumberInput, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, Copy, CopyPlus, Play, Trash2, X } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { ApiProblem, getAll, post } from '../../api.ts'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { useMay, useModules } from '../../reads.ts'
import { t } from '../../words.ts'
import { idsTaken, patchNode, renameNode } from './drawing.ts'
import { Fields } from './fields.tsx'
import { edgeId, nameOf, primitiveWord, wayOf, waysOf, wayWord, type Catalogue, type Definition, type DrawnEdge, type DrawnNode, type Fault } from './graph/drawn.ts'
import { TypeIcon } from './graph/icons.tsx'
import { inWords, JsonField } from './value-fields.tsx'
import { PlaceContext, type Place } from './values.ts'
import type { Tested } from './reads.ts'
import { TriggerPlace } from './trigger-place.tsx'
import { ValueView } from './value-view.tsx'

export type PanelVerbs = {
  change: (make: (now: Definition) => Definition, kind?: string) => void
  remove: (ids: string[]) => void
  duplicate: (ids: string[]) => void
  copy: (ids: string[]) => void
  connect: (edge: DrawnEdge) => void
  addAfter: (id: string, way: string) => void
  open: (id: string) => void
  close: () => void
}
type Props = { workflowId: string; node: DrawnNode; definition: Definition; catalogue: Catalogue; faults: Fault[]; runId: string | undefined; may: boolean; verbs: PanelVerbs }

export function NodePanel({ workflowId, node, definition, catalogue, faults, runId, may, verbs }: Props) {
  const type = catalogue.find(node)
  const panel = useRef<HTMLElement>(null)
  const at = definition.nodes.indexOf(node)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [node.id])
  const place: Place = useMemo(() => ({ workflowId, definition, node: node.id, runId, catalogue, ofEvent: node.primitive === 'trigger' }), [workflowId, definition, node.id, node.primitive, runId, catalogue])
  const own = faults.filter((fault) => fault.node === node.id)
  const prefix = `/nodes/${at}/settings`
  const errors = Object.fromEntries(own.filter(({ path }) => path.startsWith(prefix)).map(({ path, message }) => [path.slice(prefix.length), message]))
  const others = own.filter(({ path }) => !path.startsWith(prefix) || !fieldExists(type?.settings, path.slice(prefix.length)))
  const patch = (more: Partial<DrawnNode>, kind = '') => verbs.change((now) => patchNode(now, node.id, more), kind && `${node.id} ${kind}`)
  return (
    <aside
      className="panel node-panel"
      ref={panel}
      tabIndex={-1}
      aria-label={t('Step {name}', { name: nameOf(node, type) })}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        if (/^(INPUT|TEXTAREA)$/.test((event.target as HTMLElement).tagName)) panel.current?.focus()
        else verbs.close()
      }}
    >
      <div className="panel-head" data-primitive={node.primitive}>
        <span className="node-mark" aria-hidden="true">
          <TypeIcon primitive={node.primitive} type={node.type} size={14} />
        </span>
        <h2 className="truncate grow">{nameOf(node, type)}</h2>
        {may && (
          <MoreMenu label={t('Actions for {name}', { name: nameOf(node, type) })} width={190}>
            <Menu.Item leftSection={<CopyPlus size={14} />} onClick={() => verbs.duplicate([node.id])}>
              {t('Duplicate')}
            </Menu.Item>
            <Menu.Item leftSection={<Copy size={14} />} onClick={() => verbs.copy([node.id])}>
              {t('Copy')}
            </Menu.Item>
            <Menu.Item leftSection={<Trash2 size={14} />} color="red" onClick={() => verbs.remove([node.id])}>
              {t('Delete step')}
            </Menu.Item>
          </MoreMenu>
        )}
        <ActionIcon aria-label={t('Close')} onClick={verbs.close}>
          <X size={16} />
        </ActionIcon>
      </div>
      <div className="panel-body">
        <PlaceContext value={place}>
          <fieldset className="bare stack" disabled={!may}>
            <p className="meta measure">{type ? inWords(type.description) : t('This server knows no {primitive} “{type}”.', { primitive: primitiveWord(node.primitive), type: node.type })}</p>
            {others.length > 0 && (
              <ul className="note" role="alert" data-tone={others.some(({ level }) => level === 'error') ? undefined : 'warning'}>
                {others.map((fault, i) => (
                  <li key={i}>{fault.message}</li>
                ))}
              </ul>
            )}
            <TextInput label={t('Name')} placeholder={type?.title} value={node.name ?? ''} onChange={(event) => patch({ name: event.currentTarget.value || undefined }, 'name')} maxLength={200} />
            {type?.connections && <ConnectionField node={node} definition={definition} catalogue={catalogue} error={own.find(({ path }) => path === `/nodes/${at}/connectionId`)?.message} set={(connectionId) => patch({ connectionId })} />}
            {type ? <Fields schema={type.settings} value={node.settings ?? {}} onChange={(settings) => patch({ settings }, 'settings')} errors={errors} /> : <JsonField label={t('Settings')} value={node.settings} onChange={(settings) => patch({ settings: (settings ?? {}) as Record<string, unknown> }, 'settings')} />}
          </fieldset>
          {node.primitive === 'trigger' && <TriggerPlace key={node.id} {...{ workflowId, node, type, may }} />}
          <Ways {...{ node, definition, catalogue, may, verbs }} />
          {node.primitive !== 'trigger' && type && <TryStep key={node.id} {...{ workflowId, node, definition, runId }} />}
          {node.primitive !== 'trigger' && may && <Advanced node={node} definition={definition} catalogue={catalogue} patch={patch} rename={(next) => (verbs.change((now) => renameNode(now, node.id, next)), verbs.open(next))} />}
        </PlaceContext>
      </div>
    </aside>
  )
}

/** Whether a form draws a field for a pointer, so that its fault stands there. */
function fieldExists(schema: { properties?: Record<string, unknown> } | undefined, pointer: string) {
  return pointer !== '' && !!schema?.properties && Object.hasOwn(schema.properties, pointer.split('/')[1] ?? '') && pointer.split('/').length === 2
}

function ConnectionField({ node, definition, catalogue, error, set }: { node: DrawnNode; definition: Definition; catalogue: Catalogue; error?: string; set: (id: string | undefined) => void }) {
  const type = catalogue.find(node)!
  const kinds = type.connections!.kinds
  const on = useModules()('connections')
  const connections = useQuery({ queryKey: ['connections.list'], queryFn: ({ signal }) => getAll<{ id: string; name: string; type: string }>('/connections', {}, signal), enabled: on })
  const mayMake = useMay('admin') && on
  const fitting = (connections.data ?? []).filter((one) => kinds.includes(one.type))
  const drawn = definition.nodes.filter((one) => one.primitive === 'connection' && one.id !== node.id && kinds.includes(one.type))
  const choices = [...fitting.map((one) => ({ value: one.id, label: `${one.name} (${one.type})` })), ...drawn.map((one) => ({ value: one.id, label: nameOf(one, catalogue.find(one)) }))]
  const known = choices.some(({ value }) => value === node.connectionId)
  return (
    <div className="side">
      <Select
        label={t('Connection')}
        description={t('A service outside, signed in to once: {kinds}.', { kinds: kinds.join(', ') })}
        error={error}
        withAsterisk={type.connections!.required}
        clearable
        searchable
        value={node.connectionId ?? null}
        data={node.connectionId && !known ? [...choices, { value: node.connectionId, label: node.connectionId }] : choices}
        onChange={(next) => set(next ?? undefined)}
        placeholder={!on ? t('Connections are switched off') : connections.isPending ? t('Loading') : choices.length ? t('Choose') : t('There is none of this kind yet')}
        nothingFoundMessage={t('Nothing fits')}
      />
      {fitting.some(({ id }) => id === node.connectionId) ? (
        <Link className="link small" to="/connections/$connection" params={{ connection: node.connectionId! }}>
          {t('Look at the connection')}
        </Link>
      ) : (
        mayMake && (
          <Link className="link small" to="/connections/new" search={(kinds.length === 1 ? { type: kinds[0] } : {}) as never}>
            {t('Make a connection')}
          </Link>
        )
      )}
    </div>
  )
}

/** Where the step leads, by each of its ways: also the way to draw lines without a mouse. */
export function Ways({ node, definition, catalogue, may, verbs }: Pick<Props, 'node' | 'definition' | 'catalogue' | 'may' | 'verbs'>) {
  const type = catalogue.find(node)
  const ways = waysOf(node, type, definition.edges)
  const out = definition.edges.filter(({ from }) => from === node.id)
  const byId = new Map(definition.nodes.map((one) => [one.id, one]))
  const targets = definition.nodes.filter((one) => one.id !== node.id && one.primitive !== 'trigger')
  return (
    <section className="ways" aria-label={t('Goes on with')}>
      <h3>{t('Goes on with')}</h3>
      {ways.map((way) => {
        const edges = out.filter((edge) => wayOf(edge, node) === way)
        const word = way ? wayWord(way) : ways.filter((one) => one !== 'error').length > 1 ? t('always') : t('then')
        return (
          <div className="way" key={way} data-way={way || undefined}>
            <span className="meta way-word">{word}</span>
            <div className="grow">
              {edges.map((edge) => {
                const to = byId.get(edge.to)
                const name = to ? nameOf(to, catalogue.find(to)) : edge.to
                return (
                  <div className="row" key={edgeId(edge)}>
                    <button type="button" className="link small truncate" onClick={() => verbs.open(edge.to)}>
                      {name}
                    </button>
                    {may && (
                      <ActionIcon size={24} aria-label={t('Cut the line to {name} ({way})', { name, way: word })} onClick={() => verbs.remove([edgeId(edge)])}>
                        <X size={13} />
                      </ActionIcon>
                    )}
                  </div>
                )
              })}
              {may && (
                <div className="row" style={{ gap: 6 }}>
                  <Select
                    size="xs"
                    className="grow"
                    aria-label={t('Lead {way} to', { way: word })}
                    placeholder={edges.length ? t('Lead also to') : t('Lead to')}
                    searchable
                    value={null}
                    data={targets.filter((one) => !edges.some(({ to }) => to === one.id)).map((one) => ({ value: one.id, label: nameOf(one, catalogue.find(one)) === one.id ? one.id : `${nameOf(one, catalogue.find(one))} (${one.id})` }))}
                    onChange={(to) => to && verbs.connect(way ? { from: node.id, to, when: way } : { from: node.id, to })}
                    nothingFoundMessage={t('Nothing fits')}
                  />
                  <Button size="xs" px={10} variant="default" rightSection={<ArrowRight size={12} />} onClick={() => verbs.addAfter(node.id, way)} aria-label={t('New step after {name} ({way})', { name: nameOf(node, type), way: word })}>
                    {t('New')}
                  </Button>
                </div>
              )}
            </div>
          </div>
        )
      })}
    </section>
  )
}

/** Does this one step in memory: what it would do to the world is told, not done. */
function TryStep({ workflowId, node, definition, runId }: { workflowId: string; node: DrawnNode; definition: Definition; runId: string | undefined }) {
  const [tested, setTested] = useState<Tested | null>(null)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const tryIt = async () => {
    setBusy(true)
    setProblem('')
    try {
      setTested(await post<Tested>(`/workflows/${workflowId}/test`, { node: node.id, definition, ...(runId ? { runId } : {}) }))
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  const step = tested?.steps.at(-1)
  return (
    <section className="try" aria-label={t('Test this step')}>
      <div className="row spread">
        <h3>{t('Test this step')}</h3>
        <Button size="compact-sm" variant="default" leftSection={<Play size={13} />} loading={busy} onClick={() => void tryIt()}>
          {t('Test step')}
        </Button>
      </div>
      <p className="meta">{runId ? t('On the values of the last run. What it would send or change is told, not done.') : t('On sample values. What it would send or change is told, not done.')}</p>
      <div aria-live="polite">
        {problem && <p className="note">{problem}</p>}
        {tested?.error && <p className="note">{tested.error.message}</p>}
        {step?.effect != null && <ValueView label={t('Would do')} value={step.effect} />}
        {step && step.status === 'completed' && <ValueView label={t('Gives')} value={step.output} />}
      </div>
    </section>
  )
}

function Advanced({ node, definition, catalogue, patch, rename }: { node: DrawnNode; definition: Definition; catalogue: Catalogue; patch: (more: Partial<DrawnNode>, kind?: string) => void; rename: (id: string) => void }) {
  const type = catalogue.find(node)
  const [id, setId] = useState(node.id)
  useEffect(() => setId(node.id), [node.id])
  const into = definition.edges.filter(({ to }) => to === node.id).length
  const wrong = id !== node.id && (!/^[a-z][a-z0-9_]{0,39}$/.test(id) ? t('Small letters, digits and _, beginning with a letter.') : idsTaken(definition).has(id) ? t('Another step is called that.') : undefined)
  return (
    <details className="advanced">
      <summary>{t('More settings')}</summary>
      <div className="stack">
        <TextInput label={t('Id')} description={t('Its name in expressions: nodes.{id}.output', { id: node.id })} value={id} error={wrong || undefined} onChange={(event) => setId(event.currentTarget.value)} onBlur={() => (id !== node.id && !wrong ? rename(id) : undefined)} spellCheck={false} />
        {into > 1 && <Select label={t('Begins when')} value={node.join ?? 'all'} data={[{ value: 'all', label: t('all that lead here are through') }, { value: 'any', label: t('one that leads here is through') }]} onChange={(join) => patch({ join: join === 'any' ? 'any' : undefined })} />}
        {type?.effect !== undefined && (
          <>
            <NumberInput label={t('Tries')} description={t('How often it is tried before it counts as failed.')} min={1} max={20} value={(node.retry?.max as number | undefined) ?? ''} placeholder={String(type.retry?.max ?? 1)} onChange={(max) => patch({ retry: typeof max === 'number' ? { ...node.retry, max } : undefined }, 'retry')} />
            <NumberInput label={t('Time limit in seconds')} min={1} max={600} value={node.timeoutMs === undefined ? '' : node.timeoutMs / 1000} placeholder={String(type.timeoutMs / 1000)} onChange={(seconds) => patch({ timeoutMs: typeof seconds === 'number' ? seconds * 1000 : undefined }, 'time')} />
            {type.effect !== 'none' && (
              <p className="meta measure">
                {type.effect === 'outside' ? t('Done at least once: after a crash it may be done again, under the same key. Requests carry it as Idempotency-Key, for the other side to know them by.') : t('Done once, however often it is tried.')}
              </p>
            )}
          </>
        )}
      </div>
    </details>
  )
}
