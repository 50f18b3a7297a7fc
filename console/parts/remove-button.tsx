import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { remove } from '../api.ts'
import { markStale } from '../cache.ts'
import { t } from '../words.ts'
import { ask, type Ask } from './ask.ts'

type Removal = { label: string; path: string; stale: string[]; asks: Omit<Ask, 'run' | 'danger'>; quiet?: boolean; children?: string }

/** Removes what lives at `path`, once the question is answered. `label` names the thing, for those who do not see the row. */
export function RemoveButton({ label, path, stale, asks, quiet, children = t('Remove') }: Removal) {
  const cache = useQueryClient()
  return (
    <Button size="compact-sm" variant={quiet ? 'subtle' : 'default'} color={quiet ? 'gray' : undefined} aria-label={label} onClick={() => ask({ ...asks, danger: true, run: () => remove(path).then(() => markStale(cache, stale)) })}>
      {children}
    </Button>
  )
}
