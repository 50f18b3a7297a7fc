// Sends a prepared request to an operation of the running product; streams are opened, judged by their status and closed.
import { urlOf, type Operation } from './operations.ts'
import type { Answer } from './product.ts'
import type { Prepared } from './requests.ts'
import type { Person, World } from './world.ts'

/** What must be so for the one moment of a call, and not while anything else goes on. @returns takes it back */
const moments: Record<string, (world: World, request: Prepared) => Promise<() => Promise<unknown>>> = {
  'installation.release': async ({ sql }) => {
    await sql.query('update installation set held_since = now()')
    return () => sql.query('update installation set held_since = null')
  },
  'readers.pause': async (world, { params }) => () => world.ok(world.ops, 'POST', `/readers/${params.name}/resume`),
  'readers.skip': async (world, { params }) => {
    await world.ok(world.ops, 'POST', `/readers/${params.name}/pause`)
    await world.ok(world.ops, 'POST', `/readers/${params.name}/rewind`, { body: { events: 1 } })
    return () => world.ok(world.ops, 'POST', `/readers/${params.name}/resume`)
  },
}

/** @param who undefined: nobody is signed in */
export async function sendGood(world: World, op: Operation, request: Prepared, who: Person | undefined, headers: Record<string, string> = {}): Promise<Answer> {
  const undo = who === world.ops ? await moments[op.id]?.(world, request) : undefined
  try {
    return await send(world, op, request, who, headers)
  } finally {
    await undo?.()
  }
}

async function send(world: World, op: Operation, request: Prepared, who: Person | undefined, headers: Record<string, string>): Promise<Answer> {
  const how = { headers: { ...request.headers, ...headers }, ...(request.body === undefined ? {} : { body: request.body }) }
  if (!op.stream) return world.call(who, op.method, urlOf(op, request), how)
  const opened = new AbortController()
  const answer = await fetch(`${world.product.url}${urlOf(op, request)}`, { headers: { ...(who ? { authorization: `Bearer ${who.access}` } : {}), accept: 'text/event-stream', ...how.headers }, signal: opened.signal })
  const stream = /event-stream/.test(answer.headers.get('content-type') ?? '')
  const text = stream ? '' : await answer.text()
  opened.abort()
  return { status: answer.status, text, headers: answer.headers, body: text && /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined }
}
