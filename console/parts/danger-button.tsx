import { Button } from '@mantine/core'
import { ask, type Ask } from './ask.ts'

/** Begins what cannot be undone: it asks first. */
export function DangerButton({ children, asks }: { children: string; asks: Omit<Ask, 'danger'> }) {
  return (
    <div>
      <Button color="red" variant="light" onClick={() => ask({ ...asks, danger: true })}>
        {children}
      </Button>
    </div>
  )
}
