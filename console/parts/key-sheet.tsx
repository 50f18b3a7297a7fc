import { keysInWords, useActions } from '../actions.ts'
import { t } from '../words.ts'
import { Dialog } from './dialog.tsx'

/** Every shortcut there is, from the registry, and those that belong to the focused card or row. */
export function KeySheet({ close }: { close: () => void }) {
  const actions = useActions().filter((action) => action.keys)
  const groups = Map.groupBy(actions, (action) => action.group)
  const local: [string, [string, string[]][]][] = [
    [t('On a card'), [[t('Move it'), ['Alt', '←↑↓→']], [t('Go from card to card'), ['←↑↓→']], [t('Open it'), ['Enter']]]],
    [t('In a list'), [[t('Open'), ['Enter']], [t('Select'), ['X']]]],
    [t('In a drawing'), [[t('Copy, cut, paste'), ['c', 'x', 'v'].flatMap((key) => keysInWords(`mod+${key}`))], [t('Duplicate what is chosen'), keysInWords('mod+d')], [t('Choose everything'), keysInWords('mod+a')], [t('Delete what is chosen'), ['Del']]]],
    [t('Anywhere'), [[t('Close one level'), ['Esc']]]],
  ]
  return (
    <Dialog title={t('Keyboard shortcuts')} opened close={close} size={640}>
      <div className="keys-sheet">
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {list.map((action) => (
                <li key={action.id}>
                  <span className="grow">{action.label}</span>
                  {keysInWords(action.keys!).map((stroke, at) => (
                    <kbd key={at}>{stroke}</kbd>
                  ))}
                </li>
              ))}
            </ul>
          </section>
        ))}
        {local.map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {list.map(([label, keys]) => (
                <li key={label}>
                  <span className="grow">{label}</span>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
