import { get, post, routes } from '../../kernel/route.ts'
import { ById } from '../../kernel/schema.ts'
import { AllRead, Notification, NotificationList, NotificationQuery } from './schema.ts'
import { listMine, readAll, readOne } from './service.ts'

export const notificationRoutes = routes('notifications', {
  list: get('/notifications', { summary: 'List my notifications, newest first', query: NotificationQuery, returns: NotificationList, handle: (ctx, { query }) => listMine(ctx, query) }),
  read: post('/notifications/:id/read', { summary: 'Mark a notification as read', params: ById, returns: Notification, handle: (ctx, { params }) => readOne(ctx, params.id) }),
  readAll: post('/notifications/read-all', { summary: 'Mark all my notifications as read', returns: AllRead, handle: (ctx) => readAll(ctx) }),
})
