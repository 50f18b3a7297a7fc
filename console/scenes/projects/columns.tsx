import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ChevronDown, ChevronUp, Plus, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { ApiProblem, patch } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Refusal } from '../../parts/form.tsx'
import { categoryName } from '../../parts/shapes.tsx'
import { say } from '../../parts/toasts.tsx'
import type { Category, Column, Project } from '../../things.ts'
import { t } from '../../words.ts'

type Draft = Omit<Column, 'id'> & { id?: string }

/** The columns as they will be; saved together, because their order is theirs together. */
export function Columns({ project }: { project: Project }) {
  const cache = useQueryClient()
  const [draft, setDraft] = useState<Draft[]>(project.columns)
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const known = JSON.stringify(project.columns)
  useEffect(() => setDraft(JSON.parse(known) as Draft[]), [known])
  const dirty = JSON.stringify(draft) !== known
  const set = (at: number, change: Partial<Draft>) => setDraft(draft.map((one, index) => (index === at ? { ...one, ...change } : one)))
  const swap = (at: number, by: number) => {
    const next = [...draft]
    const [one] = next.splice(at, 1)
    next.splice(at + by, 0, one!)
    setDraft(next)
  }
  const save = async () => {
    setBusy(true)
    setRefusal(null)
    try {
      await patch(`/projects/${project.id}`, { columns: draft.map(({ id, name, category, wipLimit }) => ({ ...(id ? { id } : {}), name, category, wipLimit: wipLimit || null })) })
      await markStale(cache, ['projects.', 'tasks.'])
      say(t('Columns of {name} saved.', { name: project.name }))
    } catch (error) {
      setRefusal(error instanceof ApiProblem ? error : new ApiProblem(0, { detail: String(error) }))
    } finally {
      setBusy(false)
    }
  }
  const wrong = (at: number, field: string) => refusal?.errors.find((error) => error.path === `/columns/${at}/${field}`)?.message
  return (
    <>
      <ol className="columns-edit">
        {draft.map((column, at) => (
          <li key={column.id ?? `new ${at}`}>
            <span className="row" style={{ gap: 0 }}>
              <ActionIcon size={24} disabled={at === 0} aria-label={t('Move {name} left', { name: column.name })} onClick={() => swap(at, -1)}>
                <ChevronUp size={14} />
              </ActionIcon>
              <ActionIcon size={24} disabled={at === draft.length - 1} aria-label={t('Move {name} right', { name: column.name })} onClick={() => swap(at, 1)}>
                <ChevronDown size={14} />
              </ActionIcon>
            </span>
            <TextInput className="column-name" aria-label={t('Name of column {n}', { n: at + 1 })} value={column.name} maxLength={60} error={wrong(at, 'name')} onChange={(event) => set(at, { name: event.currentTarget.value })} />
            <Select className="column-kind" aria-label={t('Kind of {name}', { name: column.name })} value={column.category} data={(['todo', 'doing', 'done'] as const).map((value) => ({ value, label: categoryName(value) }))} onChange={(value) => set(at, { category: value as Category })} />
            <NumberInput className="column-limit" aria-label={t('Limit of {name}', { name: column.name })} placeholder={t('No limit')} hideControls min={1} max={999} allowDecimal={false} value={column.wipLimit ?? ''} error={wrong(at, 'wipLimit')} onChange={(value) => set(at, { wipLimit: value === '' ? null : Number(value) })} />
            <ActionIcon aria-label={t('Remove {name}', { name: column.name })} disabled={draft.length === 1} onClick={() => setDraft(draft.filter((_, index) => index !== at))}>
              <X size={14} />
            </ActionIcon>
          </li>
        ))}
      </ol>
      <Refusal of={refusal} />
      <div className="row">
        <Button variant="subtle" color="gray" leftSection={<Plus size={14} />} onClick={() => setDraft([...draft, { name: t('New column'), category: 'doing', wipLimit: null }])}>
          {t('Add column')}
        </Button>
        {dirty && (
          <>
            <Button onClick={() => void save()} loading={busy}>
              {t('Save columns')}
            </Button>
            <Button variant="default" onClick={() => setDraft(project.columns)}>
              {t('Discard')}
            </Button>
          </>
        )}
      </div>
    </>
  )
}
