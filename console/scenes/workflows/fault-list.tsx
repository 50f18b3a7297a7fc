// Everything that is wrong with the draft, each line leading to its step.
import { Button, Popover } from '@mantine/core'
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import { countOf, t } from '../../words.ts'
import { nameOf, type Catalogue, type Definition, type Fault } from './graph/drawn.ts'

type Props = { faults: Fault[]; definition: Definition; catalogue: Catalogue | undefined; open: (id: string) => void; opened: boolean; toggle: (opened: boolean) => void }

export function FaultList({ faults, definition, catalogue, open, opened, toggle }: Props) {
  const errors = faults.filter(({ level }) => level === 'error').length
  const words = !faults.length ? t('No faults') : errors ? countOf(errors, 'fault', 'faults') : countOf(faults.length, 'warning', 'warnings')
  return (
    <Popover opened={opened && faults.length > 0} onChange={toggle} position="bottom-end" width={380} trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="gray" disabled={!faults.length} className="fault-button" data-tone={errors ? 'danger' : faults.length ? 'warning' : 'positive'} leftSection={errors ? <CircleAlert size={14} /> : faults.length ? <TriangleAlert size={14} /> : <CircleCheck size={14} />} onClick={() => toggle(!opened)} aria-expanded={opened && faults.length > 0}>
          {words}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <ul className="fault-list" aria-label={t('Faults of the draft')}>
          {faults.map((fault, at) => {
            const node = definition.nodes.find(({ id }) => id === fault.node)
            return (
              <li key={at}>
                <button type="button" className="fault-line" disabled={!node} onClick={() => (toggle(false), node && open(node.id))}>
                  {fault.level === 'error' ? <CircleAlert size={14} className="tone-danger" aria-label={t('Fault')} /> : <TriangleAlert size={14} className="tone-warning" aria-label={t('Warning')} />}
                  <span>
                    {node && <b>{nameOf(node, catalogue?.find(node))}: </b>}
                    {fault.message}
                    {fault.path.includes('/settings/') && <span className="meta"> {fault.path.split('/settings/')[1]}</span>}
                  </span>
                </button>
              </li>
            )
          })}
        </ul>
      </Popover.Dropdown>
    </Popover>
  )
}
