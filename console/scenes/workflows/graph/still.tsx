// A workflow to look at before it is one's own: the graph's own shapes and hues, still. Small it shows the marks of its steps alone. Those who do not see
// it hear its steps in their order.
import './graph.css'
import './still.css'
import { useElementSize } from '@mantine/hooks'
import { useId, useMemo } from 'react'
import { t } from '../../../words.ts'
import { inOrder } from '../drawing.ts'
import { boxWords, lineOf, nameOf, type Catalogue, type Definition } from './drawn.ts'
import { TypeIcon } from './icons.tsx'
import { stillOf, type Sizes } from './still-layout.ts'

const large: Sizes = { width: 168, height: 50, beside: 14, behind: 46, across: false, radius: 8 }
const small: Sizes = { width: 26, height: 26, beside: 12, behind: 24, across: true, radius: 5 }

type Props = { definition: Definition; catalogue: Catalogue | undefined; name: string; /** marks alone, within the height it is given */ marks?: boolean }

export function StillGraph({ definition, catalogue, name, marks = false }: Props) {
  const still = useMemo(() => stillOf(definition, (node) => catalogue?.find(node), marks ? small : large), [definition, catalogue, marks])
  const { ref, width, height } = useElementSize()
  const zoom = Math.min(1, width / still.width, marks ? height / still.height : 1)
  const sizes = marks ? small : large
  const tip = useId()
  return (
    <div className="still" data-marks={marks || undefined} ref={ref}>
      <ol className="sr" aria-label={t('Steps of {name}', { name })}>
        {inOrder(definition).map((node) => (
          <li key={node.id}>{boxWords({ node, type: catalogue?.find(node) })}</li>
        ))}
      </ol>
      <div className="still-room" aria-hidden="true" style={width ? { width: still.width * zoom, height: still.height * zoom } : { height: still.height, visibility: 'hidden' }}>
        <div className="still-drawing" style={{ width: still.width, height: still.height, transform: `scale(${zoom})` }}>
          <svg width={still.width} height={still.height} viewBox={`0 0 ${still.width} ${still.height}`}>
            <defs>
              <marker id={tip} viewBox="0 0 8 8" refX="7" refY="4" markerWidth={marks ? 6 : 7} markerHeight={marks ? 6 : 7} orient="auto" markerUnits="userSpaceOnUse">
                <path d="M0 0.5 7 4 0 7.5" />
              </marker>
            </defs>
            {still.lines.map((line) => (
              <path key={line.id} className="still-line" data-way={line.way || undefined} d={line.path} markerEnd={`url(#${tip})`} />
            ))}
          </svg>
          {still.nodes.map(({ node, x, y }) => (
            <div key={node.id} className={marks ? 'still-mark' : 'node-box'} data-primitive={node.primitive} style={{ left: x, top: y, width: sizes.width, height: sizes.height }}>
              <span className="node-mark">
                <TypeIcon primitive={node.primitive} type={node.type} size={marks ? 14 : 16} />
              </span>
              {!marks && (
                <span className="node-words">
                  <span className="node-name">{nameOf(node, catalogue?.find(node))}</span>
                  <span className="node-line">{lineOf(node, catalogue?.find(node))}</span>
                </span>
              )}
            </div>
          ))}
          {!marks && still.lines.map((line) => line.word && (
            <span key={line.id} className="still-word" data-way={line.way} style={{ left: line.at.x, top: line.at.y }}>
              {line.word}
            </span>
          ))}
        </div>
      </div>
    </div>
  )
}
