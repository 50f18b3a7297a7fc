// The Dns port over the servers the machine uses, or others named by DNS_SERVERS. Each question takes seconds at most.
import { promises } from 'node:dns'
import { NotThere, type Dns } from '../kernel/ports.ts'

/** @param servers `address` or `address:port`; none: the machine's own */
export function openDns(servers: readonly string[] = []): Dns {
  return {
    async txt(name) {
      const resolver = new promises.Resolver({ timeout: 2000, tries: 2 })
      if (servers.length) resolver.setServers(servers)
      try {
        return (await resolver.resolveTxt(name)).map((parts) => parts.join('')) // one record may come in several strings
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'ENOTFOUND' || code === 'ENODATA') throw new NotThere(`${name} has no TXT record`)
        throw new Error(`the domain name system gave no answer (${code ?? String(error)})`)
      }
    },
  }
}
