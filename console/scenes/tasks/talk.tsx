// What was said and what happened, in one line of time, and the place to say more.
import { ActionIcon, Button, Menu } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { get, patch, post, remove } from '../../api.ts'
import { useChange } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Avatar } from '../../parts/person.tsx'
import { Prose } from '../../parts/prose.tsx'
import { Coming, Skeleton } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useComments, useMay, useMe, useMembers, useNames } from '../../reads.ts'
import type { Comment, LogEvent, Page, Project, Task } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import { actorName, sentence, type Story } from '../activity/sentences.ts'
import { Composer } from './composer.tsx'
import { readable, written } from './mentions.ts'

export function Talk({ task, project, may }: { task: Task; project: Project; may: boolean }) {
  const comments = useComments(task.id)
  const happened = useQuery({
    queryKey: ['activity.list', { taskId: task.id }],
    queryFn: ({ signal }) => get<Page<LogEvent>>('/activity', { taskId: task.id, limit: 50 }, signal),
  })
  const nameOf = useNames()
  const add = useChange<string, Comment>({
    run: (text) => post<Comment>(`/tasks/${task.id}/comments`, { text }),
    stale: ['comments.', 'activity.', 'tasks.get'],
    failed: t('The comment was not sent.'),
    retry: true,
  })
  const waiting = comments.isPending || happened.isPending // one line of time: half of it would jump
  const story: Story = { nameOf, project }
  const line = [
    ...(comments.data ?? []).map((comment) => ({ at: comment.createdAt, comment, event: undefined })),
    ...(happened.data?.items ?? []).filter((event) => !event.name.startsWith('comment.')).map((event) => ({ at: event.at, comment: undefined, event })),
  ].sort((one, other) => (one.at < other.at ? -1 : 1))
  return (
    <section className="panel-section">
      <header>
        <h3>{t('Activity')}</h3>
        {!!comments.data?.length && <span className="count">{countOf(comments.data.length, 'comment', 'comments')}</span>}
      </header>
      {waiting && (
        <Coming>
          <Skeleton h={64} />
        </Coming>
      )}
      <ol className="talk">
        {(waiting ? [] : line).map(({ comment, event }) =>
          comment ? (
            <OneComment key={comment.id} comment={comment} name={nameOf(comment.authorId)} />
          ) : (
            <li key={event!.id}>
              <Avatar id={event!.actor.id} name={nameOf(event!.actor.id)} named />
              <div className="says happened">
                <b>{actorName(event!, nameOf)}</b> {sentence(event!, story)} · <Time at={event!.at} />
              </div>
            </li>
          ),
        )}
      </ol>
      {may && <Composer send={(text) => add.mutateAsync(text).then(() => true, () => false)} />}
    </section>
  )
}

function OneComment({ comment, name }: { comment: Comment; name?: string }) {
  const { user } = useMe()
  const admin = useMay('admin')
  const [editing, setEditing] = useState<string | null>(null)
  const members = useMembers().data ?? []
  const mine = comment.authorId === user.id
  const change = useChange<string, Comment>({
    run: (text) => patch<Comment>(`/comments/${comment.id}`, { text }),
    stale: ['comments.'],
    failed: t('The comment was not changed.'),
    done: () => setEditing(null),
  })
  const erase = useChange<void, void>({ run: () => remove(`/comments/${comment.id}`), stale: ['comments.', 'activity.'], failed: t('The comment was not deleted.') })
  return (
    <li>
      <Avatar id={comment.authorId} name={name} named />
      <div className="says">
        <div className="row spread">
          <span className="meta">
            <b style={{ color: 'var(--text)', fontWeight: 500 }}>{name ?? t('Former member')}</b> · <Time at={comment.createdAt} />
            {comment.version > 1 && ` · ${t('edited')}`}
          </span>
          {(mine || admin) && editing === null && (
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon size={22} aria-label={t('Actions for the comment of {name}', { name: name ?? '' })}>
                  <Ellipsis size={14} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                {mine && <Menu.Item onClick={() => setEditing(readable(comment.text))}>{t('Edit')}</Menu.Item>}
                <Menu.Item color="red" onClick={() => ask({ title: t('Delete comment'), text: t('The comment of {name} is removed for everybody.', { name: name ?? t('a former member') }), verb: t('Delete comment'), danger: true, run: () => erase.mutateAsync() })}>
                  {t('Delete')}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
        <div className="comment">
          {editing === null ? (
            <div className="prose">
              <Prose text={comment.text} />
            </div>
          ) : (
            <>
              <textarea className="description-edit" autoFocus value={editing} aria-label={t('Edit comment')} onChange={(event) => setEditing(event.currentTarget.value)} />
              <div className="row" style={{ marginTop: 8 }}>
                <Button size="xs" onClick={() => change.mutate(written(editing, members))} loading={change.isPending} disabled={!editing.trim()}>
                  {t('Save')}
                </Button>
                <Button size="xs" variant="subtle" color="gray" onClick={() => setEditing(null)}>
                  {t('Cancel')}
                </Button>
              </div>
            </>
          )}
        </div>
      </div>
    </li>
  )
}
