// The product as a process, its console in a browser, and workflows drawn, published and begun over HTTP for somebody to look at.
import type { TestContext } from 'node:test'
import { freePort, openBrowser, password } from './browser.ts'
import { openOtherSide, otherSideAddress, type Heard, type Said } from './other-side.ts'
import { setupToken, startProduct } from './product.ts'

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
export const desk = { viewport: { width: 1360, height: 860 } }

/** The product with its console, signed up for, and another side that it may reach. @param answer of that side */
export async function openRunPages(t: TestContext, answer?: (heard: Heard) => Said, settings: Record<string, string> = {}) {
  const side = await openOtherSide(t, answer)
  const port = await freePort()
  const product = await startProduct(t, { PORT: String(port), EGRESS_ALLOW: otherSideAddress, LOG_LEVEL: 'debug', ...settings })
  const owner = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada Lovelace', tenantName: 'Lighthouse', setupToken } })
  const token = owner.accessToken as string
  const ask = (method: string, at: string, body?: unknown) => product.ok(method, at, { token, ...(body === undefined ? {} : { body }) })
  const until = async (run: string, status: RegExp) => {
    for (;;) {
      const found = await ask('GET', `/runs/${run}`)
      if (status.test(found.status)) return found
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  /** Drawn and published. */
  const draw = async (name: string, nodes: object[], edges: object[]) => {
    const { id } = await ask('POST', '/workflows', { name, definition: { nodes, edges } })
    await ask('POST', `/workflows/${id}/publish`, {})
    return { workflow: id as string }
  }
  const start = async (workflow: string, input: object = {}): Promise<string> => (await ask('POST', `/workflows/${workflow}/runs`, { input })).id
  /** Drawn, published and begun. */
  const begin = async (name: string, nodes: object[], edges: object[], input: object = {}) => {
    const { workflow } = await draw(name, nodes, edges)
    return { workflow, run: await start(workflow, input) }
  }
  const republish = async (workflow: string, nodes: object[], edges: object[]) => {
    await ask('PATCH', `/workflows/${workflow}`, { definition: { nodes, edges } })
    await ask('POST', `/workflows/${workflow}/publish`, {})
  }
  /** Somebody else of the team, who signs in with the usual password. */
  const invite = async (email: string, role: string) => {
    const { url } = await ask('POST', '/invitations', { role })
    await product.ok('POST', '/auth/register', { body: { email, password, name: email.split('@')[0], invitationToken: new URL(url).hash.replace(/^#token=/, '') } })
  }
  return { product, side, base: `http://localhost:${port}`, browser: await openBrowser(t), owner, ask, until, draw, start, begin, republish, invite }
}
