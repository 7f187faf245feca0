import ipaddr from 'ipaddr.js'

/** A destination's family, and its network in canonical text: host bits masked, IPv6 as in RFC 5952. */
type Cidr = {
  family: 'ipv4' | 'ipv6'
  text: string
}

/** A CIDR as EC2 stores it, or undefined if it is none. */
export function parseCidr(value: string): Cidr | undefined {
  const prefix = value.slice(value.indexOf('/'))
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(value)) {
    return { family: 'ipv4', text: ipaddr.IPv4.networkAddressFromCIDR(value).toString() + prefix }
  }
  if (ipaddr.IPv6.isValidCIDR(value)) {
    return { family: 'ipv6', text: ipaddr.IPv6.networkAddressFromCIDR(value).toRFC5952String() + prefix }
  }
  return undefined
}

/** True if the CIDR or address `inner` is within the CIDR `outer`, or equal to it. */
export function within(outer: string, inner: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(outer)
  const [address, innerBits] = inner.includes('/') ? ipaddr.parseCIDR(inner) : [ipaddr.parse(inner), 128]
  return network.kind() === address.kind() && innerBits >= bits && address.match(network, bits)
}

/** An IPv6 address as in RFC 5952, an IPv4 one as it is. */
export function canonicalAddress(address: string): string {
  const parsed = ipaddr.parse(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString()
}

/** A caller's address as sockets report it, with IPv4 out of its IPv6 form (`::ffff:10.0.1.11`). */
export function callerAddress(address: string): string {
  return ipaddr.process(address).toString()
}
