import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { patch } from '../api.ts'
import { attempt } from '../cache.ts'
import { t } from '../words.ts'

/** Switches a thing with `status: active | inactive` at `path`. */
export function OnOff({ name, path, off, stale }: { name: string; path: string; off: boolean; stale: string[] }) {
  const cache = useQueryClient()
  const turn = () => void attempt(cache, t('{name} was not changed.', { name }), stale, () => patch(path, { status: off ? 'active' : 'inactive' }))
  return (
    <Button size="compact-sm" variant="default" aria-label={off ? t('Switch on {name}', { name }) : t('Switch off {name}', { name })} onClick={turn}>
      {off ? t('Switch on') : t('Switch off')}
    </Button>
  )
}
