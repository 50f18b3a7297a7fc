import { Menu } from '@mantine/core'
import { Link2 } from 'lucide-react'
import { say } from '../../parts/toasts.tsx'
import type { Task } from '../../things.ts'
import { t } from '../../words.ts'

/** The menu's way to a task's own address. */
export function CopyLink({ task }: { task: Task }) {
  const copy = () => {
    void navigator.clipboard?.writeText(`${location.origin}/tasks/${task.ref}`)
    say(t('Link to {ref} copied.', { ref: task.ref }))
  }
  return (
    <Menu.Item leftSection={<Link2 size={14} />} onClick={copy}>
      {t('Copy link')}
    </Menu.Item>
  )
}
