// Where a key works from: IP addresses and networks (CIDR, RFC 4632). An IPv4 address that arrives as IPv6 (::ffff:192.0.2.1) is the same address.
import ipaddr from 'ipaddr.js'
import { refuseField } from '../../kernel/errors.ts'

type Network = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]
const isStrict = (text: string) => (text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)) // not 127.1, not 0x7f000001

function networkOf(text: string): Network | undefined {
  const [address, bits, ...rest] = text.split('/')
  if (!address || rest.length || !isStrict(address) || address.includes('%')) return undefined
  if (bits === undefined) {
    const one = ipaddr.process(address)
    return [one, one.kind() === 'ipv4' ? 32 : 128]
  }
  if (!/^\d{1,3}$/.test(bits) || !ipaddr.isValidCIDR(text)) return undefined
  return ipaddr.parseCIDR(text)
}

/** 422 at the first that is neither an address nor a network. */
export function requireAddresses(list: readonly string[]): void {
  for (const [i, text] of list.entries()) if (!networkOf(text)) refuseField(`/addresses/${i}`, 'must be an IP address or a network such as 192.0.2.0/24 or 2001:db8::/32')
}

/** @returns whether an address is one of these; of none at all everything is */
export function createFilter(list: readonly string[]): (ip: string) => boolean {
  if (!list.length) return () => true
  const networks = list.map(networkOf)
  return (ip) => {
    if (!ipaddr.isValid(ip)) return false
    const address = ipaddr.process(ip)
    return networks.some((network) => network && network[0].kind() === address.kind() && address.match(network))
  }
}
