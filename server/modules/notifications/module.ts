import { module } from '../../kernel/module.ts'
import { notificationEvents } from './events.ts'
import { createLetters, type LetterOptions } from './letters.ts'
import { tellPeople } from './readers.ts'
import { notificationRoutes } from './routes.ts'

export { notificationEvents }
export const createNotifications = (o: LetterOptions) =>
  module({ name: 'notifications', about: 'What concerns a person: assigned, mentioned, watched, due; live, by mail and as a daily digest.', routes: notificationRoutes, readers: [tellPeople], jobs: createLetters(o), events: notificationEvents })
