import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useState } from 'react'

/** What the address asks for as `q`. */
export const useFound = () => (useSearch({ strict: false }) as { q?: string }).q

/** A search field that keeps what was typed in the address, as `q`. */
export function FindField({ label, placeholder }: { label: string; placeholder: string }) {
  const navigate = useNavigate()
  const [typed, setTyped] = useState(useFound() ?? '')
  const find = useDebouncedCallback((next: string) => void navigate({ to: '.', search: { q: next.trim() || undefined } as never, replace: true }), 200)
  return (
    <TextInput
      size="xs"
      type="search"
      leftSection={<Search size={13} aria-hidden="true" />}
      aria-label={label}
      placeholder={placeholder}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        find(event.currentTarget.value)
      }}
    />
  )
}
