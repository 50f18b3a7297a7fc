export { fillGauges, readerStatus } from './health.ts'
