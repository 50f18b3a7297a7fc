// What floats over any scene: the palette, the shortcut sheet, the create dialog. Anything may open them; the frame draws them.
import { useSyncExternalStore } from 'react'

export type Overlay = { kind: 'palette' } | { kind: 'keys' } | { kind: 'more' } | { kind: 'create-task'; projectId?: string; status?: string } | { kind: 'create-project' }

let open: Overlay | null = null
let opener: HTMLElement | null = null
const listeners = new Set<() => void>()

export function show(overlay: Overlay | null) {
  if (overlay && !open) opener = document.activeElement as HTMLElement | null
  open = overlay
  for (const listener of listeners) listener()
  if (!overlay) setTimeout(() => opener?.isConnected && document.activeElement === document.body && opener.focus(), 200)
}

export const useOverlay = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => open,
  )
