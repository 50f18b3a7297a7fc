// A server that plays the other side of connections: keeps what it is asked, answers as told. It listens on 127.0.0.9, which a test opens for the
// egress guard; every other address of this machine stays closed to tenants.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export type Heard = { method: string; path: string; query: Record<string, string>; headers: IncomingHttpHeaders; body: string }
export type Said = { status?: number; headers?: Record<string, string>; body?: unknown }
export const otherSideAddress = '127.0.0.9'

export async function openOtherSide(t: Pick<TestContext, 'after'>, answer: (heard: Heard) => Said | Promise<Said> = () => ({})): Promise<{ url: string; port: number; heard: Heard[] }> {
  const heard: Heard[] = []
  const server = createServer(async (req, res) => {
    let body = ''
    for await (const part of req) body += String(part)
    const url = new URL(req.url!, 'http://x')
    const one: Heard = { method: req.method!, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: req.headers, body }
    heard.push(one)
    const { status = 200, headers = {}, body: said = {} } = await answer(one)
    res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof said === 'string' ? said : JSON.stringify(said))
  })
  await new Promise<void>((resolve) => server.listen(0, otherSideAddress, resolve))
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))))
  const { port } = server.address() as AddressInfo
  return { url: `http://${otherSideAddress}:${port}`, port, heard }
}
