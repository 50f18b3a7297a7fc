// Generated from docs/openapi.json by `npm run generate`. Change the routes, not this file.
import type { CallOptions, Operation } from './request.ts'

export type Operations = {
}

export const operations: { [group in keyof Operations]: { [verb in keyof Operations[group]]: Operation } } = {
}
