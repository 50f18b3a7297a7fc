import { ActionIcon, Button, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { getAll, patch, put, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { DangerButton } from '../../parts/danger-button.tsx'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Avatar } from '../../parts/person.tsx'
import { Loaded, RowSkeletons, SectionSkeletons } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMay, useMembers, useProject } from '../../reads.ts'
import type { Project, ProjectMember, ProjectRole } from '../../things.ts'
import { t } from '../../words.ts'
import { ProjectMissing } from '../tasks/project-head.tsx'
import { Columns } from './columns.tsx'
import './projects.css'

export function ProjectSettings() {
  const { project: key } = useParams({ strict: false }) as { project: string }
  const project = useProject(key)
  if (project.loaded && !project.data) return <ProjectMissing />
  return (
    <>
      <Head
        title={t('Settings')}
        before={
          <Link to="/projects/$project" params={{ project: key }}>
            {project.data?.name ?? key}
          </Link>
        }
      />
      <div className="body">
        <div className="pad">
          <Loaded of={{ ...project, data: project.data }} what={t('The project could not be read')} skeleton={<SectionSkeletons count={4} />}>
            {(one) => <ProjectSections key={one.id} project={one} />}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function ProjectSections({ project }: { project: Project }) {
  const may = useMay('admin') || project.role === 'manager' || project.role === undefined
  const cache = useQueryClient()
  const navigate = useNavigate()
  const archived = project.status === 'archived'
  const save = (change: Partial<Project>) => attempt(cache, t('The project was not changed.'), ['projects.'], () => patch(`/projects/${project.id}`, change))
  return (
    <fieldset disabled={!may} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      {!may && (
        <p className="note" data-tone="info">
          {t('Managers of the project and admins of the team change these.')}
        </p>
      )}
      <General project={project} />
      <Section title={t('Columns')} text={t('What a task goes through. The kind decides what counts as open and as done; a limit keeps work in progress small.')}>
        <Columns project={project} />
      </Section>
      <Section title={t('When a limit is passed')} text={t('Warn shows it on the board, block refuses the move.')}>
        <SegmentedControl
          style={{ alignSelf: 'flex-start' }}
          aria-label={t('When a limit is passed')}
          value={project.wip}
          disabled={archived}
          onChange={(wip) => void save({ wip: wip as Project['wip'] })}
          data={[
            { value: 'warn', label: t('Warn') },
            { value: 'block', label: t('Block') },
          ]}
        />
      </Section>
      <Section title={t('Who sees it')} text={t('A private project does not exist for others, except admins and owners of the team.')}>
        <SegmentedControl
          style={{ alignSelf: 'flex-start' }}
          aria-label={t('Who sees it')}
          value={project.visibility}
          disabled={archived}
          onChange={(visibility) => void save({ visibility: visibility as Project['visibility'] })}
          data={[
            { value: 'open', label: t('Open to the team') },
            { value: 'private', label: t('Private to its members') },
          ]}
        />
        <ProjectMembers project={project} />
      </Section>
      <Section title={archived ? t('Make it active again') : t('Archive')} text={archived ? t('Tasks can be changed again and the project returns to the navigation.') : t('Everything stays readable, nothing can be changed, the navigation forgets it.')}>
        <div>
          <Button variant="default" onClick={() => void save({ status: archived ? 'active' : 'archived' }).then((ok) => ok && say(archived ? t('{name} is active.', { name: project.name }) : t('{name} is archived.', { name: project.name })))}>
            {archived ? t('Make {name} active', { name: project.name }) : t('Archive {name}', { name: project.name })}
          </Button>
        </div>
      </Section>
      <Section title={t('Delete')} text={t('The project, its tasks and comments. The log keeps that they existed.')}>
        <DangerButton
          asks={{
            title: t('Delete {name}', { name: project.name }),
            text: t('{total} tasks go with it. This cannot be undone; archiving can.', { total: project.progress.total }),
            verb: t('Delete {name}', { name: project.name }),
            typeName: project.key,
            run: async () => {
              await remove(`/projects/${project.id}`)
              await navigate({ to: '/projects' })
              void markStale(cache, ['projects.', 'tasks.', 'activity.'])
            },
          }}
        >
          {t('Delete {name}', { name: project.name })}
        </DangerButton>
      </Section>
    </fieldset>
  )
}

function General({ project }: { project: Project }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: project.name, key: project.key, description: project.description ?? '' },
    async ({ name, key, description }) => {
      await patch(`/projects/${project.id}`, {
        ...(name !== project.name ? { name } : {}),
        ...(key !== project.key ? { key } : {}),
        ...(description !== (project.description ?? '') ? { description: description || null } : {}),
      })
      await markStale(cache, ['projects.', ...(key === project.key ? [] : ['tasks.'])])
      say(t('{name} saved.', { name }))
      if (key !== project.key) await navigate({ to: '/projects/$project/settings', params: { project: key }, replace: true })
    },
    { name: (name: string) => (name.trim() ? null : t('Give the project a name.')), key: (key: string) => (/^[A-Z][A-Z0-9]{1,9}$/.test(key) ? null : t('Two to ten capital letters or digits, a letter first.')) },
  )
  return (
    <Section title={t('General')} text={t('When the key changes, refs with the old one still lead here.')}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Name')} maxLength={120} {...form.getInputProps('name')} />
        <TextInput label={t('Key')} maxLength={10} {...form.getInputProps('key')} onChange={(event) => form.setFieldValue('key', event.currentTarget.value.toUpperCase())} />
        <Textarea label={t('Description')} autosize minRows={2} {...form.getInputProps('description')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.isDirty()}>
          {t('Save')}
        </Submit>
      </form>
    </Section>
  )
}

const roleNames = (): Record<ProjectRole, string> => ({ manager: t('Manager'), editor: t('Editor'), viewer: t('Viewer') })

function ProjectMembers({ project }: { project: Project }) {
  const cache = useQueryClient()
  const everybody = useMembers().data ?? []
  const members = useQuery({ queryKey: ['projects.members', { id: project.id }], queryFn: ({ signal }) => getAll<ProjectMember>(`/projects/${project.id}/members`, {}, signal) })
  const set = (userId: string, role: ProjectRole) => attempt(cache, t('The role was not changed.'), ['projects.members'], () => put(`/projects/${project.id}/members/${userId}`, { role }))
  const nameOf = (one: ProjectMember) => one.name ?? everybody.find((member) => member.userId === one.userId)?.name ?? t('Former member')
  const others = everybody.filter((member) => !members.data?.some((one) => one.userId === member.userId))
  return (
    <div className="box">
      <Loaded of={members} what={t('The members could not be read')} skeleton={<RowSkeletons count={3} />}>
        {(all) => (
          <ul className="rows">
            {all.map((one) => (
              <li key={one.userId}>
                <div className="line" style={{ minHeight: 44 }}>
                  <Avatar id={one.userId} name={nameOf(one)} named />
                  <span className="grow truncate">{nameOf(one)}</span>
                  <Select size="xs" w={108} aria-label={t('Role of {name}', { name: nameOf(one) })} value={one.role} data={Object.entries(roleNames()).map(([value, label]) => ({ value, label }))} onChange={(role) => role && void set(one.userId, role as ProjectRole)} />
                  <ActionIcon aria-label={t('Remove {name} from the project', { name: nameOf(one) })} onClick={() => void attempt(cache, t('{name} was not removed.', { name: nameOf(one) }), ['projects.members'], () => remove(`/projects/${project.id}/members/${one.userId}`))}>
                    <X size={14} />
                  </ActionIcon>
                </div>
              </li>
            ))}
            <li>
              <div className="line" style={{ minHeight: 44 }}>
                <Select className="grow" size="xs" aria-label={t('Add a member')} placeholder={t('Add a member of the team')} searchable value={null} data={others.map((member) => ({ value: member.userId, label: member.name }))} onChange={(userId) => userId && void set(userId, 'editor')} />
              </div>
            </li>
          </ul>
        )}
      </Loaded>
    </div>
  )
}
