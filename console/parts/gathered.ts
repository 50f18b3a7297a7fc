/** Neighbours that say the same, told once: the first of each, and those that follow it. */
export function gathered<Item>(items: Item[], same: (one: Item, next: Item) => boolean): { one: Item; more: Item[] }[] {
  const told: { one: Item; more: Item[] }[] = []
  for (const item of items) {
    const last = told.at(-1)
    if (last && same(last.one, item)) last.more.push(item)
    else told.push({ one: item, more: [] })
  }
  return told
}
