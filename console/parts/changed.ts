const text = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value)

/** What of `after` is not as it was, for a PATCH, in which what is absent stays; null: nothing is. The order within a list says nothing. */
export function changedOf<T extends object>(before: { [N in keyof T]: unknown }, after: T): Partial<T> | null {
  const names = (Object.keys(after) as (keyof T)[]).filter((name) => text(after[name]) !== text(before[name]))
  return names.length ? (Object.fromEntries(names.map((name) => [name, after[name]])) as Partial<T>) : null
}
