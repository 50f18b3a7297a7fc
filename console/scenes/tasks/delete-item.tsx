import { Menu } from '@mantine/core'
import { Trash2 } from 'lucide-react'
import { t } from '../../words.ts'

/** The last item of a task's menu, set apart from the rest. */
export function DeleteItem({ run }: { run: () => void }) {
  return (
    <>
      <Menu.Divider />
      <Menu.Item color="red" leftSection={<Trash2 size={14} />} onClick={run}>
        {t('Delete')}
      </Menu.Item>
    </>
  )
}
