// What other modules may use.
export { tell, tellAdmins } from './service.ts'
