// What a person can do in the editor, the same functions for mouse, keyboard, menus and palette.
import { announce } from '@atlaskit/pragmatic-drag-and-drop-live-region'
import { useEffect, useRef } from 'react'
import { useOffer } from '../../actions.ts'
import { say } from '../../parts/toasts.tsx'
import { countOf, t } from '../../words.ts'
import type { Draft } from './draft.ts'
import { addNode, clipFrom, connect, copyOf, paste, place, placeAfter, placeFree, remove, type Clip } from './drawing.ts'
import { arrange } from './graph/arrange.ts'
import { nameOf, waysOf, type Catalogue, type DrawnEdge, type NodeType } from './graph/drawn.ts'
import type { PanelVerbs } from './node-panel.tsx'

type Point = { x: number; y: number }
type Parts = {
  draft: Draft
  catalogue: Catalogue
  places: Record<string, Point>
  may: boolean
  selected: string[]
  select: (ids: string[]) => void
  open: (id: string | undefined) => void
  node: string | undefined
  ask: (after?: { id: string; way: string }, at?: Point) => void
  view: string
  setView: (view: string) => void
  test: () => void
}

export function useVerbs(parts: Parts) {
  const { draft, catalogue, places, may, select, open } = parts
  const now = useRef(parts)
  now.current = parts
  const clip = useRef<Clip | null>(null)

  const add = (type: NodeType, where: { after?: { id: string; way: string }; at?: Point } = {}) => {
    // from the palette: after the one step that is chosen, by its first way that leads nowhere yet
    const chosen = parts.selected.length === 1 ? draft.definition.nodes.find(({ id }) => id === parts.selected[0]) : undefined
    const ways = chosen ? waysOf(chosen, catalogue.find(chosen)) : []
    const free = chosen && ways.find((way) => way !== 'error' && !draft.definition.edges.some((edge) => edge.from === chosen.id && (edge.when ?? '') === way))
    const after = where.after ?? (chosen && free !== undefined && type.primitive !== 'trigger' && !where.at ? { id: chosen.id, way: free } : undefined)
    const at = where.at ?? (after ? placeAfter(places, after.id) : placeFree(places))
    const made = addNode(draft.definition, type, { after, at })
    // the others stand where they are drawn: a new one moves none of them
    draft.change(() => place(made.definition, Object.fromEntries(Object.entries(places).filter(([id]) => id !== made.id))))
    select([made.id])
    open(made.id)
    announce(t('{name} added', { name: type.title }))
  }
  const removeThese = (ids: string[]) => {
    if (!ids.length) return
    const nodes = draft.definition.nodes.filter(({ id }) => ids.includes(id))
    draft.change((was) => remove(was, ids))
    select([])
    if (parts.node && ids.includes(parts.node)) open(undefined)
    announce(nodes.length === 1 ? t('{name} deleted', { name: nameOf(nodes[0]!, catalogue.find(nodes[0]!)) }) : t('{count} deleted', { count: ids.length }))
    if (nodes.length) say(nodes.length === 1 ? t('{name} was deleted.', { name: nameOf(nodes[0]!, catalogue.find(nodes[0]!)) }) : t('{steps} deleted.', { steps: countOf(nodes.length, 'step was', 'steps were') }), draft.undo)
  }
  const pasteThese = (piece: Clip) => {
    const made = paste(draft.definition, piece)
    draft.change(() => made.definition)
    select(made.ids)
    announce(countOf(made.ids.length, 'step pasted', 'steps pasted'))
  }
  const pieceOf = (ids: string[]) => copyOf(draft.definition, ids, places)
  const copy = (ids: string[]) => {
    clip.current = pieceOf(ids)
    say(t('{steps} copied: paste with Ctrl V, here or in another workflow.', { steps: countOf(clip.current.nodes.length, 'step is', 'steps are') }))
    void navigator.clipboard?.writeText(JSON.stringify(clip.current)).catch(() => undefined) // without leave for the clipboard it stays on this page
  }
  const link = (edge: DrawnEdge) => {
    draft.change((was) => connect(was, edge))
    announce(t('Connected'))
  }
  const tidyUp = () => draft.change((was) => place(was, arrange(was, (node) => catalogue.find(node), true)))

  const verbs = useRef({ removeThese, pasteThese, pieceOf, tidyUp, select })
  verbs.current = { removeThese, pasteThese, pieceOf, tidyUp, select }

  // before the page's own shortcuts, which know nothing of a drawing; whoever only looks may take a copy along
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event.target) || document.querySelector('[role=dialog], [role=menu]')) return
      const mod = event.ctrlKey || event.metaKey
      const key = event.key.toLowerCase()
      const { draft: held, selected } = now.current
      if (mod && key === 'z') (event.shiftKey ? held.redo : held.undo)()
      else if (mod && key === 'y') held.redo()
      else if (mod && key === 'd' && selected.length) verbs.current.pasteThese(verbs.current.pieceOf(selected))
      else if (mod && key === 'a' && now.current.view === 'graph') verbs.current.select(held.definition.nodes.map(({ id }) => id))
      else return
      event.preventDefault()
      event.stopPropagation()
    }
    // on the page as a whole: without selected text a browser says that its body is copied, wherever the focus is
    const onCopy = (event: ClipboardEvent) => {
      const piece = isTyping(document.activeElement) || document.querySelector('[role=dialog]') || !getSelection()?.isCollapsed ? undefined : verbs.current.pieceOf(now.current.selected)
      if (!piece?.nodes.length) return
      clip.current = piece
      event.clipboardData?.setData('text/plain', JSON.stringify(piece))
      event.preventDefault()
      if (event.type === 'cut') verbs.current.removeThese(now.current.selected)
    }
    const onPaste = (event: ClipboardEvent) => {
      if (isTyping(event.target)) return
      const piece = clipFrom(event.clipboardData?.getData('text/plain') ?? '') ?? clip.current
      if (!piece) return
      event.preventDefault()
      verbs.current.pasteThese(piece)
    }
    document.addEventListener('copy', onCopy)
    if (!may) return () => document.removeEventListener('copy', onCopy)
    document.addEventListener('keydown', onKey, true)
    document.addEventListener('cut', onCopy)
    document.addEventListener('paste', onPaste)
    return () => {
      document.removeEventListener('keydown', onKey, true)
      document.removeEventListener('copy', onCopy)
      document.removeEventListener('cut', onCopy)
      document.removeEventListener('paste', onPaste)
    }
  }, [may])

  useOffer(
    may
      ? [
          { id: 'add-step', label: t('Add a step'), group: t('This workflow'), keys: 'a', run: () => now.current.ask() },
          { id: 'test-draft', label: t('Test the draft'), group: t('This workflow'), keys: 't', run: () => now.current.test() },
          { id: 'swap-view', label: t('Graph or list'), group: t('This workflow'), keys: 'l', run: () => now.current.setView(now.current.view === 'list' ? 'graph' : 'list') },
          { id: 'arrange', label: t('Arrange the graph'), group: t('This workflow'), run: () => verbs.current.tidyUp() },
          { id: 'undo-drawing', label: t('Undo'), group: t('This workflow'), keys: 'mod+z', run: () => now.current.draft.undo() },
          { id: 'redo-drawing', label: t('Redo'), group: t('This workflow'), keys: 'mod+y', run: () => now.current.draft.redo() },
        ]
      : [],
    may,
  )

  const panel: PanelVerbs = {
    change: draft.change,
    remove: removeThese,
    duplicate: (ids) => pasteThese(pieceOf(ids)),
    copy,
    connect: link,
    addAfter: (id, way) => parts.ask({ id, way }),
    open,
    close: () => {
      const id = parts.node
      open(undefined)
      select([])
      // the focus goes back to what was opened
      if (id) requestAnimationFrame(() => document.querySelector<HTMLElement>(`.react-flow__node[data-id="${id}"], [data-step="${id}"]`)?.focus())
    },
  }
  return {
    add,
    panel,
    setView: parts.setView,
    edit: {
      move: (moved: Record<string, Point>) => draft.change((was) => place(was, { ...places, ...moved }), 'move'),
      connect: link,
      remove: removeThese,
      drop: (name: string, at: Point) => {
        const type = catalogue.types.find((one) => `${one.primitive}.${one.type}` === name)
        if (type) add(type, { at })
      },
      arrange: tidyUp,
      dangle: (from: string, way: string, at: Point) => parts.ask({ id: from, way }, { x: Math.round(at.x), y: Math.round(at.y - 30) }),
    },
  }
}

const isTyping = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
