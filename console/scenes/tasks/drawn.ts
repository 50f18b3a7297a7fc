// A column of two thousand cards draws those that are near the eye; the rest follow as one scrolls, and stay. What the keyboard goes to is drawn first.
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'

type Reach = (id: string) => boolean
const reaches = new Set<Reach>()

/** How many of a list's things to draw now, and what stands for the rest: put `rest` on an element behind the last one. */
export function useDrawn<Thing extends { id: string }>(things: Thing[], step: number) {
  const [wanted, setWanted] = useState(step)
  const rest = useRef<HTMLLIElement & HTMLTableRowElement>(null)
  const now = useRef({ things, wanted })
  useLayoutEffect(() => {
    now.current = { things, wanted }
  })
  const more = things.length > wanted
  useEffect(() => {
    const reach: Reach = (id) => {
      const at = now.current.things.findIndex((thing) => thing.id === id)
      if (at < now.current.wanted) return at >= 0
      flushSync(() => setWanted(at + step))
      return true
    }
    reaches.add(reach)
    return () => void reaches.delete(reach)
  }, [step])
  useEffect(() => {
    const element = rest.current
    if (!more || !element) return
    const watcher = new IntersectionObserver(([seen]) => seen?.isIntersecting && setWanted((was) => was + step), { root: element.closest('.cards, .body'), rootMargin: '300px' })
    watcher.observe(element)
    return () => watcher.disconnect()
    // watched anew after each step: a rest that is still near says so again
  }, [more, wanted, step])
  return { drawn: more ? things.slice(0, wanted) : things, left: Math.max(0, things.length - wanted), rest }
}

/** Draws the thing if its list has not come to it yet. Answers whether any list has it. */
export const reach = (id: string) => [...reaches].some((one) => one(id))

/** Gives the focus to a card or row, wherever in its list it is. */
export function focusOn(attribute: 'data-card' | 'data-row', id: string | undefined) {
  if (!id) return
  const find = () => document.querySelector<HTMLElement>(`[${attribute}="${id}"]`)
  if (!find()) reach(id)
  find()?.focus()
}
