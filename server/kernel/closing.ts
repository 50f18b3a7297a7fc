// How the HTTP server ends: requests under way are answered, streams say goodbye, and nothing else holds up the end.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Call it before the server listens. Node's closeIdleConnections() leaves a connection alone that was accepted and has not sent a request yet, such as a
    client opens that aborts one stream and begins the next: the server would wait a minute for its headers.
    @param lateMs when what is still under way is cut
    @returns closes the server, and says how many connections had to be cut */
export function watchConnections(http: FastifyInstance, { lateMs = 1500 }: { lateMs?: number } = {}): () => Promise<number> {
  const open = new Set<Socket>()
  const busy = new Map<Socket, number>()
  http.server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  http.server.on('request', ({ socket }, response) => {
    busy.set(socket, (busy.get(socket) ?? 0) + 1)
    response.on('close', () => {
      const left = busy.get(socket)! - 1
      if (left) busy.set(socket, left)
      else busy.delete(socket)
    })
  })
  http.server.on('upgrade', ({ socket }) => open.delete(socket as Socket)) // whoever upgraded it ends it
  const closeIdle = () => {
    for (const socket of open) if (!busy.has(socket)) socket.destroy()
  }
  return async () => {
    let cut = 0
    const closed = http.close()
    const idle = setInterval(closeIdle, 20)
    const late = setTimeout(() => {
      cut = open.size
      http.server.closeAllConnections()
    }, lateMs)
    await closed.finally(() => (clearInterval(idle), clearTimeout(late)))
    return cut
  }
}
