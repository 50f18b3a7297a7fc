// What steps do inside the house: operations of our own API, mail, people, approvals, waits. Each once, with the rights of the moment.
import type { Context } from '../../../kernel/db.ts'
import { isId } from '../../../kernel/ids.ts'
import { queueMail } from '../../../kernel/mail.ts'
import { Problem } from '../../../kernel/errors.ts'
import { Id, roles, Type, type TenantRole } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { tell } from '../../notifications/api.ts'
import type { Json } from '../engine/port.ts'
import { eventSignal } from '../definitions/compile.ts'
import { StepFailure, type Step } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import { listByRole, type Approvals } from '../runs/approvals.ts'
import { insertWait } from '../triggers/queries.ts'
import { once } from './effects.ts'
import type { Connections } from './outside.ts'
import type { Found, Services } from './services.ts'

const Person = Type.Object({ id: Id, email: Type.String(), name: Type.String() })
const findPeople = statement('workflows.people', Person, (ids: readonly string[], emails: readonly string[]) => sql`
  select u.id, u.email, u.name from identity."member" m join identity."user" u on u.id = m."userId" where u.id = any (${ids}::uuid[]) or lower(u.email) = any (${emails})`)

/** The step's key without the run: its effects are kept under it. A step that is done anew on purpose has another. */
const placeOf = (step: Step): string => step.key.slice(step.run.id.length + 1)
/** A refusal of ours is the step's own failure; the same again would be refused again, unless the moment was to blame. */
export function asFailure(error: unknown): never {
  if (!(error instanceof Problem)) throw error
  const passing = error.code === 'unavailable' || error.code === 'rate.limited'
  throw Object.assign(new StepFailure(error.code, error.message, { details: (error.more.errors ?? null) as Json }), passing ? {} : { retryable: false })
}

export function createHouse({ kernel, invoker }: Pick<Parts, 'kernel' | 'invoker'>, approvals: Approvals, connections: Pick<Connections, 'send'>): Pick<Services, 'call' | 'mail' | 'people' | 'ask' | 'listen'> {
  const withoutSecrets = (answer: unknown, omit: readonly string[]): Json =>
    omit.length && typeof answer === 'object' && answer !== null ? (Object.fromEntries(Object.entries(answer).filter(([key]) => !omit.includes(key))) as Json) : ((answer ?? null) as Json)
  const inRun = async (step: Step, work: Parameters<typeof once>[4]): Promise<Json> => once(kernel.app, await step.who(), step.run.id, placeOf(step), work)

  async function find(step: Step, wanted: readonly string[]): Promise<Map<string, Found>> {
    const ids = wanted.filter(isId)
    const emails = wanted.filter((one) => !isId(one)).map((one) => one.toLowerCase())
    const [rows] = wanted.length ? await (await step.context()).read(findPeople(ids, emails)) : [[]]
    const found = new Map<string, Found>()
    for (const row of rows) for (const name of [row.id, row.email.toLowerCase()]) found.set(name, row)
    const missing = wanted.find((one) => !found.has(one.toLowerCase()))
    if (missing !== undefined) throw Object.assign(new StepFailure('member.not_found', `${missing.slice(0, 100)} is no member of this tenant`), { retryable: false })
    return found
  }

  return {
    async call(step, id, call, omit) {
      const who = await step.who()
      try {
        const judged = await invoker().judge(who, id, call)
        if (judged.operation.method === 'GET') return withoutSecrets(await judged.run(kernel.app.context(who)), omit)
        return await once(kernel.app, who, step.run.id, placeOf(step), async (tx) => withoutSecrets(await judged.run(tx), omit))
      } catch (error) {
        return asFailure(error)
      }
    },
    async mail(step, to, subject, text) {
      const { connectionId } = step.node
      if (connectionId) {
        for (const [i, { address }] of to.entries()) await connections.send(step, connectionId, { to: address, subject, text, key: `${step.key}/${i}` })
        return { mails: [], to: to.map(({ address }) => address) }
      }
      return inRun(step, async (tx) => {
        const mails: string[] = []
        for (const { address, person } of to) mails.push(await queueMail(tx, kernel.keys, { kind: 'workflow', to: address, person, subject, text }))
        return { mails, to: to.map(({ address }) => address) }
      })
    },
    people: {
      find,
      async tell(step, { people, role, message }) {
        const told = await inRun(step, async (tx) => {
          const all = new Set(people)
          if (role) for (const { personId } of await tx(listByRole(roles.slice(roles.indexOf(role as TenantRole))))) all.add(personId)
          const nobody = approvals.asNobody(tx as unknown as Context)
          return tell(nobody, { source: step.key, projectId: null, taskId: null, actorId: null, notice: { title: message.slice(0, 200), link: `/runs/${step.run.id}` }, wishes: [...all].map((personId) => ({ personId, kind: 'notice' as const })) })
        })
        return told as number
      },
    },
    async ask(step, asked) {
      const people = [...(await find(step, asked.people)).values()].map(({ id }) => id)
      // under the node's own key: the signal that decides it has that name
      return inRun(step, (tx) => approvals.open(tx, step, step.place.replace(/\/ask$/, ''), { ...asked, people: [...new Set(people)] }))
    },
    async listen(step, event, subject) {
      if (!isId(subject)) throw Object.assign(new StepFailure('step.invalid', `subject is "${subject.slice(0, 100)}", not an id`), { retryable: false })
      return inRun(step, async (tx) => {
        await tx(insertWait({ runId: step.run.id, key: step.place, signal: eventSignal(step.node.id), event, subject }))
        return { event, subject }
      })
    },
  }
}
