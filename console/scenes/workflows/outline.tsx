// The drawing as a list: the accessible twin of the graph. Each step with what it does, where it leads and what is wrong with it; all by keyboard alone.
import { Button, Menu } from '@mantine/core'
import { ArrowRight, CopyPlus, Plus, Trash2 } from 'lucide-react'
import { useRef, type KeyboardEvent } from 'react'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { t } from '../../words.ts'
import { inOrder } from './drawing.ts'
import { edgeId, lineOf, nameOf, primitiveWord, statusWord, wayOf, waysOf, wayWord, type Catalogue, type Definition, type Fault, type NodeState } from './graph/drawn.ts'
import { TypeIcon } from './graph/icons.tsx'
import { StateMark } from './graph/node-box.tsx'
import type { PanelVerbs } from './node-panel.tsx'

type Props = { definition: Definition; catalogue: Catalogue | undefined; faults?: Fault[]; states?: Record<string, NodeState>; selected?: string; open?: (id: string) => void; verbs?: PanelVerbs; add?: () => void; label: string }

export function Outline({ definition, catalogue, faults, states, selected, open, verbs, add, label }: Props) {
  const list = useRef<HTMLOListElement>(null)
  const steps = inOrder(definition)
  const byId = new Map(definition.nodes.map((node) => [node.id, node]))
  const named = (id: string) => {
    const node = byId.get(id)
    return node ? nameOf(node, catalogue?.find(node)) : id
  }
  const go = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).classList.contains('outline-name')) return
    const all = [...(list.current?.querySelectorAll<HTMLElement>('.outline-name') ?? [])]
    const at = all.indexOf(event.target as HTMLElement)
    const id = (event.target as HTMLElement).dataset.step
    if (event.key === 'ArrowDown' || event.key === 'j') all[at + 1]?.focus()
    else if (event.key === 'ArrowUp' || event.key === 'k') all[at - 1]?.focus()
    else if (event.key === 'Delete' && verbs && id) {
      verbs.remove([id])
      ;(all[at + 1] ?? all[at - 1])?.focus()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="outline">
      {!steps.length && <p className="dim">{add ? t('A workflow begins with a trigger: what sets it off. The steps it takes come after.') : t('Nothing is drawn yet.')}</p>}
      <ol ref={list} onKeyDown={go} aria-label={label}>
        {steps.map((node) => {
          const type = catalogue?.find(node)
          const own = faults?.filter((fault) => fault.node === node.id) ?? []
          const out = definition.edges.filter(({ from }) => from === node.id)
          const name = nameOf(node, type)
          const state = states?.[node.id]
          const more = waysOf(node, type, definition.edges).filter((way) => way !== 'error').length > 1
          return (
            <li key={node.id} className="outline-step" data-primitive={node.primitive} data-selected={selected === node.id || undefined} data-status={state?.status}>
              <span className="node-mark" aria-hidden="true">
                <TypeIcon primitive={node.primitive} type={node.type} size={14} />
              </span>
              <div className="grow">
                <div className="row">
                  <button type="button" className="plain outline-name truncate" data-step={node.id} onClick={() => open?.(node.id)} aria-current={selected === node.id || undefined}>
                    {name}
                  </button>
                  <span className="meta nowrap">{primitiveWord(node.primitive)}</span>
                  {state && (
                    <span className="meta row" style={{ gap: 4 }}>
                      <StateMark state={state} />
                      <span aria-hidden="true">{statusWord(state.status)}</span>
                      {state.caption}
                    </span>
                  )}
                </div>
                {lineOf(node, type) !== primitiveWord(node.primitive) && <p className="meta truncate">{lineOf(node, type)}</p>}
                {state?.reason && <p className="outline-fault">{state.reason}</p>}
                {out.length > 0 && (
                  <ul className="outline-ways" aria-label={t('{name} goes on with', { name })}>
                    {out.map((edge) => (
                      <li key={edgeId(edge)} className="meta">
                        <ArrowRight size={12} aria-hidden="true" />
                        {(more || edge.when) && <span className="way-tag">{wayOf(edge, node) ? wayWord(wayOf(edge, node)) : t('always')}</span>}
                        <button type="button" className="link" onClick={() => open?.(edge.to)}>
                          {named(edge.to)}
                        </button>
                      </li>
                    ))}
                  </ul>
                )}
                {own.map((fault, at) => (
                  <p key={at} className="outline-fault" data-level={fault.level}>
                    {fault.message}
                  </p>
                ))}
              </div>
              {verbs && (
                <>
                  <Button size="compact-xs" variant="default" leftSection={<Plus size={12} />} onClick={() => verbs.addAfter(node.id, waysOf(node, type)[0] ?? '')} aria-label={t('Add a step after {name}', { name })}>
                    {t('Step')}
                  </Button>
                  <MoreMenu label={t('Actions for {name}', { name })} width={200}>
                    {waysOf(node, type).map((way) => (
                      <Menu.Item key={way} leftSection={<Plus size={14} />} onClick={() => verbs.addAfter(node.id, way)}>
                        {way ? t('Add after “{way}”', { way: wayWord(way) }) : t('Add after it')}
                      </Menu.Item>
                    ))}
                    <Menu.Divider />
                    <Menu.Item leftSection={<CopyPlus size={14} />} onClick={() => verbs.duplicate([node.id])}>
                      {t('Duplicate')}
                    </Menu.Item>
                    <Menu.Item leftSection={<Trash2 size={14} />} color="red" onClick={() => verbs.remove([node.id])}>
                      {t('Delete step')}
                    </Menu.Item>
                  </MoreMenu>
                </>
              )}
            </li>
          )
        })}
      </ol>
      {add && (
        <Button variant="default" leftSection={<Plus size={14} />} onClick={add} style={{ alignSelf: 'flex-start' }}>
          {t('Add a step')}
        </Button>
      )}
    </div>
  )
}
