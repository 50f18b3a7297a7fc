// One registry of what a person can do: menu, shortcut and palette all read it. Scenes add theirs while they are on the screen.
import { useEffect, useSyncExternalStore } from 'react'

export type Action = {
  id: string
  label: string
  group: string
  /** "c", "shift+d", "mod+k", or a sequence "g h". */
  keys?: string
  run: () => void
  /** Words the palette finds it by, besides the label. */
  also?: string
}

let actions: Action[] = []
const layers = new Map<symbol, { offered: Action[]; everywhere: boolean }>()
const listeners = new Set<() => void>()

function rebuild() {
  const byId = new Map<string, Action>()
  // a scene's own win over those of the frame, whichever was drawn first
  for (const { offered } of [...layers.values()].sort((one, other) => Number(other.everywhere) - Number(one.everywhere))) for (const action of offered) byId.set(action.id, action)
  actions = [...byId.values()]
  for (const listener of listeners) listener()
}

export const useActions = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => actions,
  )

/** Offers these actions while the component is mounted. `version` changes when they should be replaced. */
export function useOffer(offered: Action[], version: unknown, everywhere = false) {
  useEffect(() => {
    const layer = Symbol()
    layers.set(layer, { offered, everywhere })
    rebuild()
    return () => {
      layers.delete(layer)
      rebuild()
    }
    // the actions close over what `version` names
  }, [version])
}

const mac = typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.userAgent)

/** "Ctrl K", "G then H", as a person reads it. */
export const keysInWords = (keys: string) =>
  keys
    .split(' ')
    .map((stroke) =>
      stroke
        .split('+')
        .map((part) => ({ mod: mac ? '⌘' : 'Ctrl', shift: 'Shift', alt: 'Alt', escape: 'Esc', enter: 'Enter' })[part] ?? part.toUpperCase())
        .join(' '),
    )

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !/^(checkbox|radio|button)$/.test((target as HTMLInputElement).type ?? '')

/** A dialog, menu or list is open: keys belong to it. */
const somethingFloats = () => [...document.querySelectorAll<HTMLElement>('[role=dialog], [role=menu], [role=listbox]')].some((one) => one.checkVisibility())

/** Listens for the shortcuts of the registry until the answer is called. */
export function listenForKeys(): () => void {
  let first = ''
  let timer = 0
  const strokeOf = (event: KeyboardEvent) => {
    const key = event.key.toLowerCase()
    const parts = [(event.ctrlKey || event.metaKey) && 'mod', event.altKey && 'alt', event.shiftKey && /^[a-z]$/.test(key) && 'shift', key]
    return parts.filter(Boolean).join('+')
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return
    const stroke = strokeOf(event)
    const inField = typing(event.target)
    if (inField && stroke !== 'mod+k') return // Ctrl Z there is the field's own
    if (somethingFloats() && stroke !== 'mod+k') return
    const sequence = first ? `${first} ${stroke}` : stroke
    const action = actions.findLast((one) => one.keys === sequence) ?? actions.findLast((one) => one.keys === stroke && !first)
    clearTimeout(timer)
    first = ''
    if (action) {
      event.preventDefault()
      action.run()
      return
    }
    if (actions.some((one) => one.keys?.startsWith(`${stroke} `))) {
      first = stroke
      timer = window.setTimeout(() => (first = ''), 900)
    }
  }
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}
