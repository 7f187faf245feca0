import ipaddr from 'ipaddr.js'

/** A destination's family, and its canonical text: host bits masked, IPv6 as in RFC 5952. */
type Cidr = {
  family: 'ipv4' | 'ipv6'
  text: string
}

/** Parses a CIDR as EC2 stores it; undefined if invalid. */
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

/** Whether the CIDR or address `inner` is within or equal to the CIDR `outer`. */
export function within(outer: string, inner: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(outer)
  const [address, innerBits] = inner.includes('/') ? ipaddr.parseCIDR(inner) : [ipaddr.parse(inner), 128]
  return network.kind() === address.kind() && innerBits >= bits && address.match(network, bits)
}

/** Canonical text of an address: IPv6 as in RFC 5952. */
export function canonicalAddress(address: string): string {
  const parsed = ipaddr.parse(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString()
}

/** A caller's socket address, with IPv4-mapped IPv6 (`::ffff:10.0.1.11`) as IPv4. */
export function callerAddress(address: string): string {
  return ipaddr.process(address).toString()
}
