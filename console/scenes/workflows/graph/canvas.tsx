// A definition as a graph: to draw on, or (without `onChange` verbs) to look at, with the states of a run on its nodes. In the scenes' lazy chunk.
import '@xyflow/react/dist/base.css'
import './graph.css'
import { useComputedColorScheme } from '@mantine/core'
import { applyEdgeChanges, applyNodeChanges, Background, BackgroundVariant, ControlButton, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, type Connection, type Edge, type NodeChange } from '@xyflow/react'
import { LayoutGrid, Maximize, ZoomIn, ZoomOut } from 'lucide-react'
import { useEffect, useMemo, useRef, useState, type DragEvent, type KeyboardEvent } from 'react'
import { t } from '../../../words.ts'
import { arrange, heightOf, nodeWidth } from './arrange.ts'
import { boxWords, edgeId, nameOf, wayOf, waysOf, wayWord, type Catalogue, type Definition, type DrawnEdge, type Fault, type NodeState } from './drawn.ts'
import { NodeBox, type Box } from './node-box.tsx'

type Point = { x: number; y: number }
export type GraphProps = {
  definition: Definition
  catalogue: Catalogue | undefined
  /** what the graph is of, for those who hear it */
  label: string
  /** by node id: where it is in a run, or what a comparison says of it */
  states?: Record<string, NodeState>
  faults?: Fault[]
  /** ids of nodes, ids of edges (`edgeId`) */
  selected?: readonly string[]
  onSelect?: (ids: string[]) => void
  /** a node was opened: clicked, or Enter on it */
  onOpen?: (id: string) => void
  /** what may be done to it; without them it is only looked at */
  edit?: {
    move: (places: Record<string, Point>) => void
    connect: (edge: DrawnEdge) => void
    remove: (ids: string[]) => void
    drop: (type: string, at: Point) => void
    arrange: () => void
    /** a drawn line was let go over nothing: from which node and way, and where */
    dangle?: (from: string, way: string, at: Point) => void
  }
}

const nodeTypes = { box: NodeBox }
export const dragKind = 'application/x-groundwork-node'

export function WorkflowGraph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  )
}

function Flow({ definition, catalogue, label, states, faults, selected, onSelect, onOpen, edit }: GraphProps) {
  const scheme = useComputedColorScheme('light')
  const flow = useReactFlow<Box>()
  const readOnly = !edit
  const places = useMemo(() => arrange(definition, (node) => catalogue?.find(node)), [definition, catalogue])
  const drawnNodes = useMemo(() => {
    const chosen = new Set(selected)
    const seen = new Set<string>()
    return definition.nodes.flatMap((node): Box[] => {
      if (seen.has(node.id)) return [] // a fault that the list shows
      seen.add(node.id)
      const type = catalogue?.find(node)
      const taken = new Set(definition.edges.filter(({ from }) => from === node.id).map((edge) => wayOf(edge, node)))
      const ways = waysOf(node, type, definition.edges).filter((way) => !readOnly || taken.has(way))
      const own = faults?.filter((fault) => fault.node === node.id)
      const data = { node, type, unknown: catalogue !== undefined && !type, state: states?.[node.id], faults: own, readOnly, taken, ways }
      return [{ id: node.id, type: 'box', position: places[node.id]!, data, width: nodeWidth, height: heightOf(node, type, definition.edges), selected: chosen.has(node.id), ariaLabel: boxWords(data), ariaRole: 'group' }]
    })
  }, [definition, catalogue, places, states, faults, selected, readOnly])
  const drawnEdges = useMemo(() => {
    const chosen = new Set(selected)
    const nodes = new Map(definition.nodes.map((node) => [node.id, node]))
    return definition.edges.flatMap((edge): Edge[] => {
      const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)]
      if (!from || !to) return []
      const way = wayOf(edge, from)
      const [before, after] = [states?.[edge.from]?.status, states?.[edge.to]?.status]
      const live = after === 'running' || after === 'waiting'
      const passed = !!states && !!after && after !== 'skipped' && after !== 'pending' && !!before && before !== 'skipped'
      return [{
        id: edgeId(edge), source: edge.from, target: edge.to, sourceHandle: way || 'then', type: 'smoothstep', pathOptions: { borderRadius: 8 }, animated: live, selected: chosen.has(edgeId(edge)),
        className: [live ? 'edge-live' : passed ? 'edge-passed' : states && after !== undefined ? 'edge-idle' : '', way === 'error' ? 'edge-error' : ''].join(' '),
        ariaLabel: t('from {from} ({way}) to {to}', { from: nameOf(from, catalogue?.find(from)), way: wayWord(way), to: nameOf(to, catalogue?.find(to)) }),
      } as Edge]
    })
  }, [definition, catalogue, states, selected])

  // what React Flow measures and drags lives here; what it means comes from the definition
  const [nodes, setNodes] = useState(drawnNodes)
  const [edges, setEdges] = useState(drawnEdges)
  useEffect(() => {
    setNodes((old) => {
      const known = new Map(old.map((node) => [node.id, node]))
      return drawnNodes.map((node) => ({ ...node, measured: known.get(node.id)?.measured }))
    })
  }, [drawnNodes])
  useEffect(() => setEdges(drawnEdges), [drawnEdges])

  // all of it where that stays readable, else its beginning; or what the address opens
  const box = useRef<HTMLDivElement>(null)
  const fitAll = () => {
    const { clientWidth: w = 0, clientHeight: h = 0 } = box.current ?? {}
    const { x, y, width, height } = flow.getNodesBounds(drawnNodes)
    const zoom = Math.min(1, Math.max(leastZoom, Math.min((w - 64) / width, (h - 96) / height)))
    void flow.setViewport({ zoom, x: width * zoom > w - 64 ? 32 - x * zoom : (w - width * zoom) / 2 - x * zoom, y: height * zoom > h - 96 ? 32 - y * zoom : (h - height * zoom) / 2 - y * zoom })
  }
  const fitted = useRef(!drawnNodes.length) // what is drawn from nothing stays where it was put
  useEffect(() => {
    if (fitted.current || !drawnNodes.length || !box.current) return
    fitted.current = true
    const first = drawnNodes.find(({ id }) => id === selected?.[0])
    if (first) void flow.setCenter(first.position.x + nodeWidth / 2, first.position.y + 30, { zoom: 0.9 })
    else fitAll()
  })

  // what is chosen is in sight, also beside the panel that opens for it
  const chosenNode = selected?.length === 1 ? places[selected[0]!] : undefined
  useEffect(() => {
    if (!chosenNode) return
    const timer = setTimeout(() => {
      const { clientWidth: w = 0, clientHeight: h = 0 } = box.current ?? {}
      const { x, y, zoom } = flow.getViewport()
      const [left, top] = [chosenNode.x * zoom + x, chosenNode.y * zoom + y]
      if (left < 0 || top < 0 || left + nodeWidth * zoom > w || top + 60 * zoom > h) void flow.setCenter(chosenNode.x + nodeWidth / 2, chosenNode.y + 30, { zoom })
    }, 60)
    return () => clearTimeout(timer)
  }, [selected?.[0], chosenNode !== undefined])

  const tell = (nextNodes: Box[], nextEdges: Edge[]) => {
    const ids = [...nextNodes, ...nextEdges].filter((one) => one.selected).map(({ id }) => id)
    if (ids.join('\n') !== (selected ?? []).join('\n')) onSelect?.(ids)
  }
  const onNodesChange = (changes: NodeChange<Box>[]) => {
    const next = applyNodeChanges(changes, nodes)
    setNodes(next)
    if (changes.some(({ type }) => type === 'select')) tell(next, edges)
    const moved = changes.flatMap((change) => (change.type === 'position' && change.dragging === false && change.position ? [[change.id, round(change.position)] as const] : []))
    // a key moves without dragging; a drag that ended where it began is none
    const real = moved.filter(([id, at]) => at.x !== places[id]?.x || at.y !== places[id]?.y)
    if (real.length) edit?.move(Object.fromEntries(real))
  }
  const onConnect = ({ source, target, sourceHandle }: Connection) => {
    if (source !== target) edit?.connect(edgeFor(source, sourceHandle, target))
  }
  const edgeFor = (from: string, handle: string | null, to: string): DrawnEdge => (handle && handle !== 'then' ? { from, to, when: handle } : { from, to })
  const onDrop = (event: DragEvent) => {
    const type = event.dataTransfer.getData(dragKind)
    if (!type || !edit) return
    event.preventDefault()
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
    edit.drop(type, { x: Math.round(at.x - nodeWidth / 2), y: Math.round(at.y - 30) })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).closest('.react-flow__node')?.getAttribute('data-id')
    if (id && event.key === 'Enter' && !event.defaultPrevented) onOpen?.(id)
  }

  return (
    <div className="graph" ref={box} data-readonly={readOnly || undefined} onKeyDown={onKeyDown}>
      <ReactFlow<Box>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={(changes) => {
          const next = applyEdgeChanges(changes, edges)
          setEdges(next)
          if (changes.some(({ type }) => type === 'select')) tell(nodes, next)
        }}
        onConnect={onConnect}
        onConnectEnd={(event, { toNode, fromNode, fromHandle }) => {
          if (toNode || !fromNode || fromHandle?.type !== 'source' || !edit?.dangle) return
          const point = 'changedTouches' in event ? event.changedTouches[0]! : event
          edit.dangle(fromNode.id, fromHandle.id === 'then' ? '' : (fromHandle.id ?? ''), flow.screenToFlowPosition({ x: point.clientX, y: point.clientY }))
        }}
        isValidConnection={({ source, target }) => source !== target}
        onNodeClick={(_event, node) => onOpen?.(node.id)}
        onBeforeDelete={async ({ nodes: gone, edges: cut }) => {
          const ids = [...gone, ...cut].filter((one) => one.selected).map(({ id }) => id)
          if (ids.length) edit?.remove(ids)
          return false // the definition decides what stands; it comes back drawn
        }}
        onDragOver={(event) => {
          if (!edit || !event.dataTransfer.types.includes(dragKind)) return
          event.preventDefault()
          event.dataTransfer.dropEffect = 'copy'
        }}
        onDrop={onDrop}
        nodesDraggable={!readOnly}
        nodesConnectable={!readOnly}
        edgesFocusable={!readOnly}
        deleteKeyCode={readOnly ? null : ['Delete', 'Backspace']}
        multiSelectionKeyCode={['Shift', 'Meta', 'Control']}
        colorMode={scheme}
        minZoom={0.2}
        maxZoom={1.6}
        connectionRadius={28}
        snapToGrid
        snapGrid={[4, 4]}
        proOptions={{ hideAttribution: true }}
        ariaLabelConfig={ariaWords(readOnly)}
        aria-label={label}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        {definition.nodes.length > 12 && <MiniMap pannable zoomable ariaLabel={t('Overview of the graph')} nodeClassName={(node) => `mini-${(node as Box).data.node.primitive}`} />}
        <Controls showZoom={false} showFitView={false} showInteractive={false} orientation="horizontal" aria-label={t('Graph controls')}>
          <ControlButton onClick={() => void flow.zoomOut()} aria-label={t('Zoom out')} title={t('Zoom out')}>
            <ZoomOut />
          </ControlButton>
          <ControlButton onClick={() => void flow.zoomIn()} aria-label={t('Zoom in')} title={t('Zoom in')}>
            <ZoomIn />
          </ControlButton>
          <ControlButton onClick={fitAll} aria-label={t('Show all')} title={t('Show all')}>
            <Maximize />
          </ControlButton>
          {edit && (
            <ControlButton onClick={edit.arrange} aria-label={t('Arrange')} title={t('Arrange')}>
              <LayoutGrid />
            </ControlButton>
          )}
        </Controls>
      </ReactFlow>
    </div>
  )
}

/** Below this the names cannot be read. */
const leastZoom = 0.55
const round = ({ x, y }: Point) => ({ x: Math.round(x), y: Math.round(y) })
const ariaWords = (readOnly: boolean) => ({
  'node.a11yDescription.default': readOnly ? t('Press Enter to open it.') : t('Press Enter to open it, the arrow keys to move it once it is chosen, Delete to take it away.'),
  'node.a11yDescription.keyboardDisabled': t('Press Enter to open it.'),
  'node.a11yDescription.ariaLiveMessage': ({ direction, x, y }: { direction: string; x: number; y: number }) => t('Moved {direction}, to {x}, {y}', { direction, x, y }),
  'edge.a11yDescription.default': t('Press Enter to choose the line, then Delete to cut it.'),
  'controls.ariaLabel': t('Graph controls'),
  'minimap.ariaLabel': t('Overview of the graph'),
})

