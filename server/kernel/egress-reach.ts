// Where an outgoing connection may lead: judged on every address a name resolves to, and on the address the socket has in the end.
import dns from 'node:dns'
import net from 'node:net'
import { domainToASCII } from 'node:url'
import { isPublicAddress, nameOf, readOpened } from './public-address.ts'

/** Not allowed to leave: the same request will be refused again. Its words may be shown to the tenant, so they name no address of the inside. */
export class EgressRefused extends Error {
  readonly host: string
  constructor(host: string, reason: string) {
    super(reason)
    this.name = 'EgressRefused'
    this.host = host
  }
}
/** Allowed, and not answered: another try may be. `code` as Node or undici name it; `TIMEOUT` when the whole took too long. */
export class EgressFailed extends Error {
  readonly host: string
  readonly code: string
  constructor(host: string, code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'EgressFailed'
    this.host = host
    this.code = code
  }
}

/** `api.example.com` or `*.example.com` for ports 80 and 443, or with a port of its own: `api.example.com:8443`. */
export type HostRule = string
export const hostRuleShape = /^(\*\.)?[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d{1,5})?$/i

/** @throws EgressRefused for a host that is on no rule */
export function checkRules(rules: readonly HostRule[] | undefined, host: string, port: number): void {
  const named = (rule: string) => {
    const [, name, only] = /^(.*?)(?::(\d+))?$/.exec(nameOf(rule))!
    const fits = name!.startsWith('*.') ? nameOf(host).endsWith(name!.slice(1)) : nameOf(host) === name
    return fits && (only ? Number(only) === port : port === 443 || port === 80)
  }
  if (rules && !rules.some(named)) throw new EgressRefused(host, `${host}:${port} is not among the hosts allowed here`)
}

/** A host as a person writes it: a name or an address. Refuses Unix sockets (`/run/x`, `@x`), lists of hosts, and whatever else a driver may read into it. */
export function readHost(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (net.isIP(bare) && !bare.includes('%')) return bare
  const ascii = domainToASCII(text)
  if (net.isIP(ascii)) return ascii
  if (!/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?\.?$/i.test(ascii)) throw new EgressRefused(text.replace(/[^\w.:-]/g, '?').slice(0, 253), 'the host must be one name or one address')
  return ascii
}

export type Resolve = (host: string) => Promise<dns.LookupAddress[]>
const system: Resolve = (host) => dns.promises.lookup(host, { all: true })

/** @param allow EGRESS_ALLOW @throws TypeError when it cannot be read */
export function createReach({ allow = [], resolve = system }: { allow?: readonly string[] | undefined; resolve?: Resolve | undefined }) {
  const opened = readOpened(allow)
  const mayReach = (ip: string, host: string, port: number) => isPublicAddress(ip) || opened.address(ip, port) || opened.host(host, port)
  return {
    /** @param host a name or an address @throws EgressRefused for an address of the inside */
    checkLiteral(host: string, port: number): void {
      if (net.isIP(host) && !mayReach(host, host, port)) throw new EgressRefused(host, `the address ${host} is not public`)
    },
    /** All addresses of a name. One of the inside among them refuses the name: a mixed answer is a way in. @param trusted the host stands in a setting */
    async addressesOf(host: string, port: number, trusted: boolean): Promise<dns.LookupAddress[]> {
      if (!trusted) this.checkLiteral(host, port)
      if (net.isIP(host)) return [{ address: host, family: net.isIP(host) }]
      const found = await resolve(host).catch((error: NodeJS.ErrnoException) => {
        throw new EgressFailed(host, error.code ?? 'ENOTFOUND', `the name ${host} is not known`, error)
      })
      if (!found.length) throw new EgressFailed(host, 'ENOTFOUND', `the name ${host} has no address`)
      if (!trusted && !found.every(({ address }) => mayReach(address, host, port))) throw new EgressRefused(host, `${host} resolves to an address that is not public`)
      return found
    },
    /** After connecting, whatever was looked up before. */
    checkPeer(socket: net.Socket, host: string, port: number): void {
      if (socket.remoteAddress && mayReach(socket.remoteAddress, host, port)) return
      socket.destroy()
      throw new EgressRefused(host, `${host} led to an address that is not public`)
    },
  }
}
export type Reach = ReturnType<typeof createReach>
