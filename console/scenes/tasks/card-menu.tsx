// The menu of a card, mounted when it is opened: a board of hundreds of cards pays for none of them.
import { ActionIcon, Menu } from '@mantine/core'
import { ArrowRight, Ellipsis, Maximize2, UserRound } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { StatusShape } from '../../parts/shapes.tsx'
import { useMe } from '../../reads.ts'
import type { Task } from '../../things.ts'
import { t } from '../../words.ts'
import type { CardHands } from './column.tsx'
import { CopyLink } from './copy-link.tsx'
import { DeleteItem } from './delete-item.tsx'
import { useDeleteTask, useEdit } from './editing.ts'
import { keepFocus } from './moving.ts'

export function CardMenu({ task, hands, close }: { task: Task; hands: CardHands; close: () => void }) {
  const { user } = useMe()
  const edit = useEdit(task)
  const erase = useDeleteTask()
  const [opened, setOpened] = useState(false)
  const trigger = useRef<HTMLButtonElement>(null)
  useEffect(() => setOpened(true), [])
  return (
    <Menu
      opened={opened}
      onChange={setOpened}
      width={220}
      withinPortal
      onExitTransitionEnd={() => {
        const had = document.activeElement === trigger.current || document.activeElement === document.body
        const card = trigger.current?.closest<HTMLElement>('[data-card]')
        close()
        if (had) setTimeout(() => card?.querySelector<HTMLElement>('.card-menu')?.focus(), 0)
      }}
    >
      <Menu.Target>
        <ActionIcon ref={trigger} className="card-menu" size={22} aria-label={t('Actions for {title}', { title: task.title })}>
          <Ellipsis size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Maximize2 size={14} />} onClick={() => hands.open(task)}>
          {t('Open')}
        </Menu.Item>
        <CopyLink task={task} />
        {hands.may && (
          <>
            {task.assigneeId !== user.id && (
              <Menu.Item leftSection={<UserRound size={14} />} onClick={() => edit.mutate({ assigneeId: user.id })}>
                {t('Assign to me')}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Label>{t('Move to')}</Menu.Label>
            {hands.columns.map(
              (column) =>
                column.id !== task.status && (
                  <Menu.Item key={column.id} leftSection={<StatusShape category={column.category} />} rightSection={<ArrowRight size={12} />} onClick={() => {
                      hands.moveTo(task, column.id, 0)
                      keepFocus(task.id)
                    }}>
                    {column.name}
                  </Menu.Item>
                ),
            )}
            <DeleteItem run={() => erase.mutate(task)} />
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
