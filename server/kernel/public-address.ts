// Which addresses the outside is. Everything that is not globally routable unicast is the inside: loopback, private networks, link-local, cloud
// metadata, CGNAT, and IPv6 in its disguises (mapped, compatible, NAT64, 6to4, Teredo). IANA's special-purpose registries, RFC 6890.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** @param ip an address as a resolver or a socket gives it. IPv4 mapped into IPv6 is unwrapped; else only 2000::/3 is public there. */
export function isPublicAddress(ip: string): boolean {
  const address = parse(ip)
  if (!address) return false
  if (address instanceof ipaddr.IPv6) return address.range() === 'unicast' && (address.parts[0]! & 0xe000) === 0x2000
  return address.range() === 'unicast'
}

/** An IPv4 address mapped into IPv6 is that IPv4 address. */
function parse(ip: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = ip.split('%')[0]!
  return isIP(bare) ? ipaddr.process(bare) : undefined
}

/** Whose turn a limit by address takes: an IPv4 address, or the /64 of an IPv6 one, since a single line has all of a /64 to choose from. */
export function lineOf(ip: string): string {
  const address = parse(ip)
  return address instanceof ipaddr.IPv6 ? `${address.parts.slice(0, 4).map((part) => part.toString(16)).join(':')}::/64` : (address?.toString() ?? ip)
}

/** What an operator has opened on purpose: networks by address, hosts by name with the port or with any. */
export type Opened = { address(ip: string, port: number): boolean; host(name: string, port: number): boolean }

/**
 * Reads EGRESS_ALLOW: `10.1.0.0/16`, `127.0.0.1`, `127.0.0.1:11434`, `[::1]:11434`, `models.internal`, `models.internal:8000`.
 * @throws TypeError for an entry that is none of these, or that opens everything
 */
export function readOpened(entries: readonly string[]): Opened {
  const networks: { network: [ipaddr.IPv4 | ipaddr.IPv6, number]; port: number | undefined }[] = []
  const hosts: { name: string; port: number | undefined }[] = []
  for (const entry of entries) {
    const fault = () => new TypeError(`EGRESS_ALLOW=${entry} must be a host, an address or a network, each with a port or without: models.internal:8000, 127.0.0.1:11434, 10.1.0.0/16`)
    if (entry.includes('/')) {
      if (!ipaddr.isValidCIDR(entry)) throw fault()
      const network = ipaddr.parseCIDR(entry)
      if (network[1] === 0) throw new TypeError(`EGRESS_ALLOW=${entry} opens everything: name the hosts or networks that are meant`)
      networks.push({ network, port: undefined })
      continue
    }
    if (isIP(entry)) {
      const address = ipaddr.process(entry)
      networks.push({ network: [address, address instanceof ipaddr.IPv4 ? 32 : 128], port: undefined })
      continue
    }
    const m = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?))(?::(\d{1,5}))?$/.exec(entry)
    const port = m?.[4] === undefined ? undefined : Number(m[4])
    const name = m?.[1] ?? m?.[2]
    if (!name || (port !== undefined && (port < 1 || port > 65535))) throw fault()
    if (isIP(name)) {
      const address = ipaddr.process(name)
      networks.push({ network: [address, address instanceof ipaddr.IPv4 ? 32 : 128], port })
    } else hosts.push({ name: nameOf(name), port })
  }
  return {
    address(ip, port) {
      const address = parse(ip)
      return address !== undefined && networks.some(({ network: [range, bits], port: only }) => (only ?? port) === port && address.kind() === range.kind() && address.match(range, bits))
    },
    host: (name, port) => hosts.some((opened) => opened.name === nameOf(name) && (opened.port ?? port) === port),
  }
}

/** Names are compared in lower case and without the root's dot. */
export const nameOf = (host: string): string => host.toLowerCase().replace(/\.$/, '')
