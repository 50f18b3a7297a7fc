// Mails about accounts, each a job that rides in the change that wants it. The job, not the request, looks whether an account exists:
// so the answer and its time are the same for known and unknown addresses. What a job carries is sealed.
import type pg from 'pg'
import { newId, platformId } from '../../kernel/ids.ts'
import type { Job, JobHandler } from '../../kernel/jobs.ts'
import type { NewMail } from '../../kernel/mail.ts'
import { makeLink } from './links.ts'
import { caller, inTransaction, type StampingPool } from './pool.ts'
import type { PlatformSealer } from './secrets.ts'

/** verify: the link that proves an address. taken: somebody registered with an address that has an account. forgot: the link to a new password.
    change: the link to a new address, and a word to the old one. changed: the password was changed. secured: another way to prove oneself changed.
    device: somebody signed in from a device that was not seen before. `tenant`: at whose door it was asked for; its members get it in its colours. */
export type LetterWish = { kind: 'verify' | 'taken' | 'forgot' | 'changed'; email: string; tenant?: string | undefined } | { kind: 'secured' | 'device'; email: string; what: string } | { kind: 'change'; user: string; email: string }
export type Deliver = (mail: NewMail, request: string) => Promise<void>
const jobName = 'identity.letter'
const bindingOf = (job: string) => `jobs/secret/${job}`

/** Puts the letter into the queue, in the transaction of `db`. */
export async function wishLetter(db: pg.ClientBase | StampingPool, sealer: PlatformSealer, wish: LetterWish): Promise<void> {
  const id = newId()
  await db.query('insert into public.jobs (tenant_id, id, name, secret, request_id) values ($1, $2, $3, $4, $5)', [platformId, id, jobName, sealer.sealForPlatform(JSON.stringify(wish), bindingOf(id)), caller.getStore()?.request ?? null])
}

type Options = { pool: StampingPool; sealer: PlatformSealer; publicUrl: string; deliver: Deliver }

export function letterJob({ pool, sealer, publicUrl, deliver }: Options): JobHandler {
  const host = new URL(publicUrl).host
  const greet = (name: string, lines: string[]) => [`Hello ${name},`, '', ...lines, '', `This mail was sent by ${host}.`].join('\n')
  return {
    name: jobName,
    async handle(job: Job) {
      if (!job.secret) return
      const wish = JSON.parse(sealer.openForPlatform(job.secret as Buffer, bindingOf(job.id))) as LetterWish
      const by = wish.kind === 'change' ? 'id = $1::uuid' : 'email = $1'
      let brand: string | undefined
      const letters = await inTransaction(pool, { actor: null, request: job.request_id ?? 'jobs' }, async (db): Promise<Omit<NewMail, 'kind'>[]> => {
        const { rows: [user] } = await db.query<{ id: string; email: string; name: string; emailVerified: boolean; banned: boolean | null }>(
          `select id, email, name, "emailVerified", banned from "user" where ${by}`, [wish.kind === 'change' ? wish.user : wish.email.toLowerCase()])
        if (!user || user.banned) return []
        if ('tenant' in wish && wish.tenant && (await db.query('select 1 from member where "organizationId" = $1 and "userId" = $2', [wish.tenant, user.id])).rowCount) brand = wish.tenant
        const link = async (page: string, kind: 'email' | 'password', email: string) => `${publicUrl}/${page}?token=${await makeLink(db, kind, { user: user.id, email })}`
        switch (wish.kind) {
          case 'verify':
            if (user.emailVerified) return []
            return [{ to: user.email, person: user.id, subject: 'Confirm your address', text: greet(user.name, ['this link confirms your address. It works once, for 24 hours:', '', await link('verify', 'email', user.email)]) }]
          case 'taken':
            return [{ to: user.email, person: user.id, subject: 'You have an account already', text: greet(user.name, ['somebody, perhaps you, tried to make an account with this address. You have one already:', '', `${publicUrl}/login`, '', 'If you forgot the password:', '', `${publicUrl}/forgot`]) }]
          case 'forgot':
            return [{ to: user.email, person: user.id, subject: 'Choose a new password', text: greet(user.name, ['this link lets you choose a new password. It works once, for an hour:', '', await link('reset', 'password', user.email), '', 'If you did not ask for it, nothing has changed.']) }]
          case 'changed':
            return [{ to: user.email, person: user.id, subject: 'Your password was changed', text: greet(user.name, ['the password of your account was changed and all other devices were signed out.', '', `If that was not you: ${publicUrl}/forgot`]) }]
          case 'secured':
            return [{ to: user.email, person: user.id, subject: 'The security of your account changed', text: greet(user.name, [`${wish.what}.`, '', `If that was not you, change your password: ${publicUrl}/forgot`]) }]
          case 'device':
            return [{ to: user.email, person: user.id, subject: 'A new device signed in', text: greet(user.name, [`${wish.what}.`, '', `If that was you, nothing is to be done. If not, change your password, which signs all devices out: ${publicUrl}/forgot`]) }]
          case 'change': {
            const { rowCount: taken } = await db.query('select 1 from "user" where email = $1', [wish.email])
            const notice = { to: user.email, person: user.id, subject: 'Your address is about to change', text: greet(user.name, [`a new address was named for your account. It changes when the link sent there is followed.`, '', `If that was not you, change your password: ${publicUrl}/forgot`]) }
            if (taken) return [notice]
            return [notice, { to: wish.email, person: user.id, subject: 'Confirm your new address', text: greet(user.name, ['this link makes this the address of your account. It works once, for 24 hours:', '', await link('verify', 'email', wish.email)]) }]
          }
        }
      })
      for (const letter of letters) await deliver({ kind: `identity-${wish.kind}`, ...letter, brand }, job.request_id ?? 'jobs')
    },
  }
}
