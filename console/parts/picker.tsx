// A quiet button that opens a short searchable list: status, assignee, priority, labels, filters. One component, so that all of them behave alike.
import { Combobox, useCombobox } from '@mantine/core'
import { Check } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { t } from '../words.ts'

export type Choice = { value: string; label: string; icon?: ReactNode }
type Props = {
  label: string
  choices: Choice[]
  value: string | string[] | null
  onPick: (value: string) => void
  children: ReactNode
  chip?: boolean
  isSet?: boolean
  disabled?: boolean
  create?: (value: string) => void
  searchable?: boolean
}

/** `value` as an array lets several be chosen: the list stays open. `create` offers what was typed. */
export function Picker({ label, choices, value, onPick, children, chip, isSet, disabled, create, searchable }: Props) {
  const [search, setSearch] = useState('')
  const box = useCombobox({
    onDropdownClose: () => {
      setSearch('')
      box.resetSelectedOption()
    },
    // the list is mounted by opening: its options are there a frame later
    onDropdownOpen: () => void setTimeout(() => (withSearch || create ? box.focusSearchInput() : box.selectFirstOption()), 40),
  })
  const withSearch = searchable ?? choices.length > 7
  const several = Array.isArray(value)
  const chosen = (choice: string) => (several ? value.includes(choice) : value === choice)
  const typed = search.trim()
  const fitting = choices.filter((choice) => choice.label.toLowerCase().includes(typed.toLowerCase()))
  const offer = create && typed && !choices.some((choice) => choice.label.toLowerCase() === typed.toLowerCase())
  return (
    <Combobox
      store={box}
      width={240}
      position="bottom-start"
      withinPortal
      keepMounted={false}
      onOptionSubmit={(picked) => {
        if (picked === '\u0000new') create?.(typed)
        else onPick(picked)
        setSearch('')
        if (!several) {
          box.closeDropdown()
          box.focusTarget()
        }
      }}
    >
      <Combobox.Target targetType="button" withAriaAttributes={false}>
        <button
          type="button"
          className="pick"
          data-chip={chip || undefined}
          data-set={isSet || undefined}
          disabled={disabled}
          aria-haspopup="listbox"
          aria-expanded={box.dropdownOpened}
          onClick={() => box.toggleDropdown()}
        >
          <span className="sr">{label}: </span>
          {children}
        </button>
      </Combobox.Target>
      <Combobox.Dropdown>
        {withSearch || create ? (
          <Combobox.Search
            value={search}
            onChange={(event) => {
              setSearch(event.currentTarget.value)
              box.selectFirstOption()
            }}
            placeholder={create ? t('Find or create') : t('Find')}
            aria-label={t('Find in {list}', { list: label })}
          />
        ) : null}
        <Combobox.Options aria-label={label} mah={280} style={{ overflowY: 'auto' }}>
          {fitting.map((choice) => (
            <Combobox.Option key={choice.value} value={choice.value} active={chosen(choice.value)}>
              <span className="row">
                {choice.icon}
                <span className="grow truncate">{choice.label}</span>
                {chosen(choice.value) && <Check size={14} aria-label={t('chosen')} />}
              </span>
            </Combobox.Option>
          ))}
          {offer && <Combobox.Option value={'\u0000new'}>{t('Create “{name}”', { name: typed })}</Combobox.Option>}
          {!fitting.length && !offer && <Combobox.Empty>{t('Nothing fits')}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
