// X2: a trigger cannot be lost, or fire for nothing. Half of the transactions that would cause it are taken back at random, by many writers at once,
// while the reader is stopped and started: in the end there is exactly one run for each event that was committed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../kernel/ids.ts'
import { testApp } from '../../../testing/app.ts'
import { data, draw, publish, settle } from '../../../testing/drawn.ts'

const writers = 8
const each = 40
class Aborted extends Error {}

test('half of the transactions abort at random: runs = commits (X2)', async (t) => {
  const app = await testApp(t)
  const beside = await testApp(t, { beside: app }) // a second process follows the same log
  const owner = await app.register('Olga')
  const tenant = owner.tenant!.id
  const workflow = await publish(app, owner, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'workflow.created' } }, data('d', 'transform', { expression: 'trigger.subject.id' })], 'e>d'))
  const committed = new Set<string>()
  let aborted = 0
  const write = async (door: typeof app) => {
    for (let i = 0; i < each; i++) {
      const subject = newId()
      const doomed = Math.random() < 0.5
      const context = door.kernel.app.context({ tenant, actor: { type: 'user', id: owner.user.id }, role: 'owner', request: `x2-${subject}` })
      try {
        await context.change('workflow.created', async (tx) => {
          await tx.change('workflow.archived', async () => ({ subject, data: {}, result: null }))
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 8)) // some commit late, out of the order of their numbers
          if (doomed) throw new Aborted()
          return { subject, data: { name: 'x' }, result: null }
        })
        committed.add(subject)
      } catch (error) {
        if (!(error instanceof Aborted)) throw error
        aborted++
      }
    }
  }
  let writing = true
  const disturb = (async () => {
    while (writing) {
      await app.ok(owner, 'POST', '/readers/workflows.triggers/pause')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await app.ok(owner, 'POST', '/readers/workflows.triggers/rewind', { events: 20 })
      await app.ok(owner, 'POST', '/readers/workflows.triggers/resume')
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  })()
  await Promise.all(Array.from({ length: writers }, (_, n) => write(n % 2 ? app : beside)))
  writing = false
  await disturb
  await app.settled()
  const runs = await app.query<{ id: string; subject: string }>(`select r.id, e.subject_id as subject from runs r join events e on e.id = split_part(r.dedup_key, ':', 1)::uuid where r.workflow_id = $1 and e.subject_id <> $1`, [workflow.id]) // its own making is read again too
  t.diagnostic(`${committed.size} committed, ${aborted} taken back, ${runs.length} runs`)
  assert.ok(committed.size > 50 && aborted > 50)
  assert.deepEqual(runs.map(({ subject }) => subject).sort(), [...committed].sort())
  for (const { id, subject } of runs) assert.deepEqual((await settle(app, owner, id)).results, { d: subject })
})
