// Proof 3, on sockets and event streams. Listeners of every kind ask for everything of tenant A; A's people work; nobody meets what is not theirs,
// neither live nor from the past. A sentinel of each listener's own, written last, tells that everything before it was delivered or withheld.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../kernel/ids.ts'
import { makeRun } from '../testing/drawn-workflows.ts'
import { readOperations } from '../testing/operations.ts'
import { listen, type Listener, type Wire } from '../testing/listen.ts'
import { assertNone, startProduct } from '../testing/product.ts'
import { openWorld, type Person, type World } from '../testing/world.ts'

type Ear = { name: string; who: Person; wire: Wire; listener: Listener; /** may not meet these texts */ never: string[]; /** must meet these */ always: string[]; /** topics that must be refused */ refused: string[]; begun: string }

test('live streams show nobody what is not theirs', async (t) => {
  const product = await startProduct(t)
  const world = await openWorld(t, product, new Set((await readOperations(product)).map((op) => op.path)))
  assert.ok(world.can.projects && world.can.tasks, 'there are no projects and tasks')
  const { alpha, beta } = world
  const [openTask, secretTask] = [await world.task(alpha, alpha.open), await world.task(alpha, alpha.secret)]
  const secrets = [`project:${alpha.secret!.id}`, `task:${secretTask.id}`]
  const things = [`project:${alpha.open!.id}`, `task:${openTask.id}`, ...secrets]
  const topics = ['tenant', 'me', ...things]
  const foreign = { never: [alpha.mark, alpha.secretMark, alpha.id, alpha.owner.id], always: [], refused: things }
  const outside = { never: [alpha.secretMark, secretTask.id, '"mail.queued"', '"invitation.sent"'], always: [alpha.mark], refused: secrets }
  const kinds: { name: string; who: Person; never: string[]; always: string[]; refused: string[] }[] = [
    { name: 'another tenant\'s owner', who: beta.owner, ...foreign },
    { name: 'another tenant\'s member', who: beta.member, ...foreign },
    { name: 'an operator', who: world.ops, ...foreign },
    { name: 'a person without tenant', who: world.stranger, ...foreign, refused: ['tenant', ...things] },
    { name: 'a member outside the project', who: alpha.member, ...outside },
    { name: 'a viewer outside the project', who: alpha.viewer, ...outside },
    { name: 'the project\'s viewer', who: alpha.inProject.viewer!, never: ['"mail.queued"', '"invitation.sent"'], always: [alpha.mark, alpha.secretMark], refused: [] },
    { name: 'the owner', who: alpha.owner, never: [beta.mark, beta.id], always: [alpha.mark, alpha.secretMark, '"invitation.sent"'], refused: [] },
  ]
  const ears: Ear[] = []
  for (const kind of kinds) for (const wire of ['websocket', 'sse'] as const) {
    const listener = await listen(world, kind.who, topics, wire)
    t.after(listener.close)
    assert.equal(listener.closed, undefined, `${kind.name} over ${wire} was closed with ${listener.closed}`)
    ears.push({ ...kind, wire, listener, begun: (await listener.until((f) => f.type === 'ready'))!.cursor! })
  }

  await work(world, openTask, secretTask)
  await t.test('live', () => judge(world, ears))
  await t.test('from the past', async () => {
    const again = await Promise.all(ears.map(async (ear) => ({ ...ear, listener: await listen(world, ear.who, topics, ear.wire, ear.begun) })))
    for (const { listener } of again) t.after(listener.close)
    await judge(world, again)
  })

  await t.test('who is let in by nobody', async () => {
    const nobody = { ...alpha.owner, access: `${alpha.owner.access.slice(0, -8)}AAAAAAAA` }
    assert.equal((await listen(world, nobody, topics, 'websocket')).closed, 4401)
    assert.equal((await listen(world, nobody, topics, 'sse')).closed, 401)
    const hinted = await world.call(beta.owner, 'GET', '/api/v1/live?topics=tenant', { headers: { 'org-id': alpha.id } })
    assert.ok([403, 404].includes(hinted.status), `a token of B with the header of A answered ${hinted.status}`)
    assert.equal((await world.call(beta.owner, 'GET', `/t/${alpha.slug}/api/v1/live?topics=tenant`)).status, hinted.status)
  })

  await t.test('what a run does is told by the topics of the run and of its workflow, and to its tenant alone (S0.23)', async () => {
    const run = await makeRun(world, alpha, alpha.owner)
    const listeners = await Promise.all([[alpha.owner, `run:${run.id}`], [alpha.owner, `workflow:${run.workflowId}`], [alpha.member, `run:${run.id}`], [beta.owner, `run:${run.id}`], [beta.owner, `workflow:${run.workflowId}`]].map(async ([who, topic]) => listen(world, who as Person, [topic as string, 'me'], 'websocket')))
    t.after(() => listeners.forEach((one) => one.close()))
    await world.ok(alpha.owner, 'POST', `/runs/${run.id}/signals/go`, { body: {} })
    for (const own of listeners.slice(0, 3)) assert.ok(await own.until((f) => f.event?.name === 'run.completed' && f.event.subject.id === run.id))
    for (const foreign of listeners.slice(3)) {
      await sentinel(world, foreign)
      assert.deepEqual(foreign.frames.filter((f) => f.event?.tenantId === alpha.id), [])
    }
  })

  await t.test('what is taken away ends on the streams too', async () => {
    const gone = await world.member(alpha, 'member')
    const out = await world.member(alpha, 'member')
    const leaver = await world.member(alpha, 'member')
    await world.ok(alpha.owner, 'PUT', `/projects/${alpha.secret!.id}/members/${out.id}`, { body: { role: 'editor' } })
    for (const wire of ['websocket', 'sse'] as const) {
      const fresh = { gone: await listen(world, gone, topics, wire), out: await listen(world, out, topics, wire), leaver: await listen(world, leaver, topics, wire) }
      t.after(() => Object.values(fresh).forEach((l) => l.close()))
      const before = await world.task(alpha, alpha.secret)
      await fresh.out.until((f) => f.event?.subject.id === before.id)
      await world.ok(alpha.owner, 'DELETE', `/projects/${alpha.secret!.id}/members/${out.id}`)
      const after = await world.task(alpha, alpha.secret)
      await sentinel(world, fresh.out)
      assert.ok(!fresh.out.texts.join().includes(after.id), `taken out of the project, a member still heard of it over ${wire}`)
      await world.ok(alpha.owner, 'PUT', `/projects/${alpha.secret!.id}/members/${out.id}`, { body: { role: 'editor' } })
      if (wire === 'websocket') continue
      await world.ok(alpha.owner, 'DELETE', `/members/${gone.id}`)
      await world.ok(leaver, 'POST', '/auth/logout')
      await fresh.gone.until(() => false)
      await fresh.leaver.until(() => false)
      assert.ok(fresh.gone.closed !== undefined && fresh.leaver.closed !== undefined)
    }
  })
})

/** Something of every kind happens in tenant A. */
async function work(world: World, openTask: { id: string }, secretTask: { id: string }): Promise<void> {
  const { alpha, beta } = world
  for (const [project, task] of [[alpha.open!, openTask], [alpha.secret!, secretTask]] as const) {
    const mark = world.markOf(alpha, project)
    const made = await world.task(alpha, project)
    await world.ok(alpha.owner, 'PATCH', `/tasks/${task.id}`, { body: { title: `${mark} anew` } })
    await world.ok(alpha.owner, 'PATCH', `/tasks/${made.id}/move?status=${project.columns.at(-1).id}`)
    if (world.can.comments) await world.comment(alpha, { ...made, projectId: project.id })
    await world.ok(alpha.owner, 'PATCH', `/projects/${project.id}`, { body: { description: `${mark} anew` } })
    await world.ok(alpha.owner, 'DELETE', `/tasks/${made.id}`)
  }
  await world.invitation(alpha)
  if (world.can.notifications) await world.notification(alpha, alpha.admin, alpha.secret)
  await world.task(beta)
}

async function judge(world: World, ears: readonly Ear[]): Promise<void> {
  const faults: string[] = []
  await Promise.all(ears.map(async ({ name, wire, listener, never, always, refused }) => {
    if (!(await sentinel(world, listener))) return void faults.push(`${name} over ${wire}: closed with ${listener.closed}`)
    // what was refused names the topic, which the listener knew
    const heard = listener.texts.flatMap((text) => text.split('\n')).filter((text) => !/^\{"type":"(refused|subscribed)"/.test(text))
    for (const word of never) for (const text of heard.filter((one) => one.includes(word)).slice(0, 2)) faults.push(`${name} over ${wire} met ${word}: ${text.slice(0, 300)}`)
    for (const word of always) if (!heard.some((one) => one.includes(word))) faults.push(`${name} over ${wire} never met ${word}, so its absence elsewhere proves nothing`)
    const said = new Set(listener.frames.filter((f) => f.type === 'refused').map((f) => f.topic))
    for (const topic of refused) if (!said.has(topic)) faults.push(`${name} over ${wire}: the topic ${topic} was not refused`)
    for (const topic of said) if (!refused.includes(topic!)) faults.push(`${name} over ${wire}: the topic ${topic} was refused`)
  }))
  assertNone(faults)
}

/** An event of the listener's own account; once it is heard, all before it was delivered or withheld. */
async function sentinel(world: World, listener: Listener): Promise<boolean> {
  const requestId = `sentinel-${newId()}`
  await world.ok(listener.who, 'PATCH', '/users/me', { body: { name: world.word('sentinel') }, headers: { 'x-request-id': requestId } })
  return (await listener.until((f) => f.event?.requestId === requestId)) !== undefined
}
