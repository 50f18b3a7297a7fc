import { csvType, wantsCsv } from '../../kernel/csv.ts'
import { get, routes } from '../../kernel/route.ts'
import { ActivityList, ActivityQuery, EventList, LogQuery, Usage, UsageQuery } from './schema.ts'
import type { createActivity } from './service.ts'

export const activityRoutes = (activity: ReturnType<typeof createActivity>) => [
  ...routes('activity', {
    list: get('/activity', { summary: 'What happened, newest first', permission: 'activity.read', query: ActivityQuery, returns: ActivityList, handle: (ctx, { query }) => activity.list(ctx, query) }),
    usage: get('/activity/usage', { summary: 'How much happened, by day, name and person', permission: 'activity.read', query: UsageQuery, returns: Usage, handle: (ctx, { query }) => activity.usage(ctx, query) }),
  }),
  ...routes('events', {
    list: get('/events', {
      summary: 'The tenant\'s log, newest first', permission: 'events.read', query: LogQuery, returns: EventList, alsoProduces: [csvType],
      handle: (ctx, { query, request }) => activity.audit(ctx, query, wantsCsv(request.accept)),
    }),
  }),
]
