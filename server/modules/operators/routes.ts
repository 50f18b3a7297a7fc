import { get, post, routes } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import type { createReaderDesk } from './readers.ts'
import { Installation, Job, JobList, JobQuery, OutboxList, OutboxMail, OutboxQuery, Reader, ReaderList, ReaderName, ReaderQuery, Replay, Replayed, Rewind } from './schema.ts'
import type { createDesk } from './service.ts'

const access = 'operator' as const

/** The groups are what the client calls them: `client.readers.pause`, `client.jobs.retry`. */
export const operatorRoutes = (readers: ReturnType<typeof createReaderDesk>, desk: ReturnType<typeof createDesk>) => [
  ...routes('readers', {
    list: get('/readers', { access, summary: 'List the readers of the log', query: ReaderQuery, returns: ReaderList, handle: (ctx, { query }) => readers.list(ctx, query) }),
    pause: post('/readers/:name/pause', { access, summary: 'Pause a reader', params: ReaderName, returns: Reader, handle: (ctx, { params }) => readers.pause(ctx, params.name) }),
    resume: post('/readers/:name/resume', { access, summary: 'Let a paused reader go on', params: ReaderName, returns: Reader, handle: (ctx, { params }) => readers.resume(ctx, params.name) }),
    rewind: post('/readers/:name/rewind', {
      access, summary: 'Handle events again, from a cursor, an instant, or so many back', params: ReaderName, body: Rewind, returns: Reader, example: { events: 100 },
      handle: (ctx, { params, body }) => readers.rewind(ctx, params.name, body),
    }),
    skip: post('/readers/:name/skip', { access, summary: 'Park the event a reader fails on', params: ReaderName, returns: Reader, problems: ['state.conflict'], handle: (ctx, { params }) => readers.skip(ctx, params.name) }),
    replay: post('/readers/:name/replay', {
      access, summary: 'Handle parked events after all', description: 'All of them, or one. Those that fail again stay parked.', params: ReaderName, body: Replay, returns: Replayed, idempotency: 'outside',
      handle: (ctx, { params, body }) => readers.replay(ctx, params.name, body?.eventId),
    }),
  }),
  ...routes('jobs', {
    list: get('/jobs', { access, summary: 'List jobs, newest first', query: JobQuery, returns: JobList, handle: (ctx, { query }) => desk.listJobs(ctx, query) }),
    retry: post('/jobs/:id/retry', { access, summary: 'Try a job again at once', params: ById, returns: Job, problems: ['state.conflict'], handle: (ctx, { params }) => desk.retryJob(ctx, params.id) }),
    cancel: post('/jobs/:id/cancel', { access, summary: 'Cancel a job', params: ById, returns: Job, problems: ['state.conflict'], handle: (ctx, { params }) => desk.cancelJob(ctx, params.id) }),
  }),
  ...routes('outbox', {
    list: get('/outbox', { access, summary: 'List mails, newest first, links masked', query: OutboxQuery, returns: OutboxList, handle: (ctx, { query }) => desk.listMails(ctx, query) }),
    reveal: post('/outbox/:id/reveal', { access, summary: 'Show a mail with its links; that somebody looked is logged', params: ById, returns: OutboxMail, secret: true, handle: (ctx, { params }) => desk.revealMail(ctx, params.id) }),
  }),
  ...routes('installation', {
    get: get('/installation', { access, summary: 'Whether a restored backup holds its jobs', returns: Installation, handle: (ctx) => desk.installation(ctx) }),
    release: post('/installation/release', { access, summary: 'Let out what a restored backup had queued', returns: Installation, problems: ['state.conflict'], handle: (ctx) => desk.release(ctx) }),
  }),
]
