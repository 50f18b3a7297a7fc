// One node as it stands in the graph: its shape tells the primitive, also without colour; ports are its ways in and out.
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react'
import { CircleAlert, CircleCheck, CircleDashed, CirclePause, CircleSlash, CircleX, Clock, LoaderCircle, Minus, Pencil, Plus, TriangleAlert } from 'lucide-react'
import { memo } from 'react'
import { t } from '../../../words.ts'
import { lineOf, nameOf, statusWord, wayWord, type DrawnNode, type Fault, type NodeState, type NodeType } from './drawn.ts'
import { TypeIcon } from './icons.tsx'

export type BoxData = { node: DrawnNode; type: NodeType | undefined; /** this server knows no such type; while the types are read it is not said */ unknown: boolean; state?: NodeState; faults?: Fault[]; readOnly: boolean; ways: string[]; taken: Set<string> }
export type Box = Node<BoxData, 'box'>

const stateIcons = { pending: CircleDashed, running: LoaderCircle, waiting: Clock, paused: CirclePause, completed: CircleCheck, failed: CircleX, cancelled: CircleSlash, skipped: CircleSlash, added: Plus, removed: Minus, changed: Pencil }

export function StateMark({ state }: { state: NodeState }) {
  const Icon = stateIcons[state.status]
  return (
    <span className="node-state" data-status={state.status} title={state.reason ?? statusWord(state.status)}>
      <Icon size={14} aria-hidden="true" />
      <span className="sr">{statusWord(state.status)}</span>
    </span>
  )
}

export const NodeBox = memo(function NodeBox({ data, selected }: NodeProps<Box>) {
  const { node, type, unknown, state, faults, readOnly, taken, ways } = data
  const ordinary = ways.filter((way) => way !== 'error').length
  const errors = faults?.filter(({ level }) => level === 'error') ?? []
  return (
    <div className="node-box" data-primitive={node.primitive} data-status={state?.status} data-selected={selected || undefined} data-faulty={errors.length ? 'error' : faults?.length ? 'warning' : undefined} data-unknown={unknown || undefined}>
      {node.primitive !== 'trigger' && <Handle type="target" position={Position.Left} className="port port-in" isConnectable={!readOnly} />}
      <span className="node-mark" aria-hidden="true">
        <TypeIcon primitive={node.primitive} type={node.type} />
      </span>
      <span className="node-words">
        <span className="node-name">{nameOf(node, type)}</span>
        <span className="node-line">{state?.caption ?? (unknown ? t('Unknown type {type}', { type: node.type }) : type && lineOf(node, type))}</span>
      </span>
      {state && <StateMark state={state} />}
      {!!faults?.length && !state && (
        <span className="node-state" data-status={errors.length ? 'failed' : 'waiting'} title={faults.map(({ message }) => message).join('\n')}>
          {errors.length ? <CircleAlert size={14} aria-hidden="true" /> : <TriangleAlert size={14} aria-hidden="true" />}
        </span>
      )}
      {ways.map((way, at) => (
        <Handle
          key={way}
          id={way || 'then'}
          type="source"
          position={way === 'error' ? Position.Bottom : Position.Right}
          className="port port-out"
          data-way={way || undefined}
          data-taken={taken.has(way) || undefined}
          isConnectable={!readOnly}
          style={way === 'error' ? undefined : { top: `${((at + 0.5) / ordinary) * 100}%` }}
        >
          {wordAt(way, ordinary) && <span className="port-word">{wordAt(way, ordinary)}</span>}
        </Handle>
      ))}
    </div>
  )
})

/** Beside the port: nothing where there is only one way to go on. */
const wordAt = (way: string, ordinary: number) => (way ? wayWord(way) : ordinary > 1 ? t('always') : '')
