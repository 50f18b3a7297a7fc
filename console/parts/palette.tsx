// Everything that can be done or found, by typing. Its own chunk: opened by Ctrl K, `/` or the search button.
import '@mantine/spotlight/styles.layer.css'
import { createSpotlight, Spotlight } from '@mantine/spotlight'
import { useDebouncedValue } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { keysInWords, useActions } from '../actions.ts'
import { useProjects, useSearch } from '../reads.ts'
import { t } from '../words.ts'
import { StatusShape } from './shapes.tsx'

const [store, spotlight] = createSpotlight()

/** Mantine selects the first when something is typed, but not when results come later. */
function selectFirst() {
  const list = document.getElementById(store.getState().listId)
  list?.querySelector('[data-selected]')?.removeAttribute('data-selected')
  list?.querySelector('[data-action]')?.setAttribute('data-selected', 'true')
  store.updateState((state) => ({ ...state, selected: 0 }))
}

export function Palette({ close }: { close: () => void }) {
  const [query, setQuery] = useState('')
  const [settled] = useDebouncedValue(query, 140)
  const actions = useActions()
  const projects = useProjects().data ?? []
  const found = useSearch(settled)
  const navigate = useNavigate()
  useEffect(() => {
    spotlight.open()
  }, [])
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word))
  const hidden = new Set(['palette', 'search', 'nav'])
  const doable = actions.filter((action) => !hidden.has(action.id) && fits(`${action.label} ${action.group} ${action.also ?? ''}`)).slice(0, query ? 8 : 14)
  const boards = projects.filter((project) => query && fits(`${project.name} ${project.key}`)).slice(0, 5)
  const tasks = query.trim().length > 1 ? (found.data?.items ?? []) : []
  const first = tasks[0]?.id ?? boards[0]?.id ?? doable[0]?.id
  useEffect(() => {
    const timer = setTimeout(selectFirst, 0) // Enter takes the first, also when it came late from the server
    return () => clearTimeout(timer)
  }, [query, first])
  const statusOf = (projectId: string, status: string) => projects.find((project) => project.id === projectId)?.columns.find((column) => column.id === status)
  return (
    <Spotlight.Root store={store} query={query} onQueryChange={setQuery} onSpotlightClose={close} shortcut={null} clearQueryOnClose={false} scrollable maxHeight={420} overlayProps={{ backgroundOpacity: 0.35 }} transitionProps={{ duration: 120 }} radius="lg" aria-label={t('Search and commands')}>
      <Spotlight.Search placeholder={t('Search tasks, projects, commands')} aria-label={t('Search tasks, projects, commands')} />
      <Spotlight.ActionsList>
        {tasks.length > 0 && (
          <Spotlight.ActionsGroup label={t('Tasks')}>
            {tasks.map((task) => (
              <Spotlight.Action key={task.id} onClick={() => void navigate({ to: '/tasks/$task', params: { task: task.ref } })}>
                <span className="row grow">
                  <StatusShape category={statusOf(task.projectId, task.status)?.category ?? 'todo'} name={statusOf(task.projectId, task.status)?.name} />
                  <span className="ref">{task.ref}</span>
                  <span className="truncate grow">{task.title}</span>
                </span>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        )}
        {boards.length > 0 && (
          <Spotlight.ActionsGroup label={t('Projects')}>
            {boards.map((project) => (
              <Spotlight.Action key={project.id} onClick={() => void navigate({ to: '/projects/$project', params: { project: project.key } })}>
                <span className="row grow">
                  <span className="project-mark" aria-hidden="true">
                    {project.key.slice(0, 2)}
                  </span>
                  {project.name}
                </span>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        )}
        {doable.length > 0 && (
          <Spotlight.ActionsGroup label={t('Commands')}>
            {doable.map((action) => (
              <Spotlight.Action key={action.id} onClick={() => setTimeout(action.run, 160)}>
                <span className="row grow spread">
                  {action.label}
                  <span className="row" style={{ gap: 4 }}>
                    {action.keys && keysInWords(action.keys).map((stroke, at) => <kbd key={at}>{stroke}</kbd>)}
                  </span>
                </span>
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        )}
        {!tasks.length && !boards.length && !doable.length && <Spotlight.Empty>{found.isFetching ? t('Searching') : t('Nothing fits “{query}”', { query })}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  )
}
