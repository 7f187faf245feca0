/** Addresses and CIDRs: parsing and comparing route destinations. */
import ipaddr from 'ipaddr.js'
import { isPrefixListId, type PrefixListId } from './ids.ts'
import { cut, visible } from './visible.ts'

/** Canonical text of a CIDR (host bits zero, IPv6 as in RFC 5952), so that equal texts mean equal CIDRs. */
export type Cidr = string & { readonly canonical: true }

/** A route's destination, such as a VIP. */
export type Destination =
  | { readonly kind: 'ipv4'; readonly cidr: Cidr }
  | { readonly kind: 'ipv6'; readonly cidr: Cidr }
  | { readonly kind: 'prefix-list'; readonly id: PrefixListId }

/** Characters shown of an invalid destination. */
const MAX_SHOWN = 60

export class InvalidDestination extends Error {
  override name = 'InvalidDestination'

  /** Whether it resembles no destination at all. */
  readonly isOther: boolean

  constructor(text: string, why: string, isOther = false) {
    super(`${visible(cut(text, MAX_SHOWN))} ${why}`)
    this.isOther = isOther
  }
}

/** Ranges that no route may overlap (https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html). */
const RESERVED = ['169.254.168.0/22', 'fd00:ec2::/32']

/**
 * Parses a VIP as people write it: `10.99.0.10` (/32 implied), `2001:db8::1` (/128 implied), a CIDR, or `pl-…`.
 * @throws InvalidDestination stating what is wrong and what was probably meant
 */
export function parseVip(text: string): Destination {
  const destination = parseDestination(text)
  if (destination.kind === 'prefix-list') return destination
  const address = text.split('/', 1)[0] ?? ''
  const masked = destination.cidr.split('/', 1)[0]
  if (ipaddr.parse(address).toString() !== masked) {
    const host = `${ipaddr.parse(address).toString()}/${destination.kind === 'ipv4' ? 32 : 128}`
    throw new InvalidDestination(text, `has host bits set: write ${destination.cidr} or ${host}`)
  }
  const reserved = RESERVED.find((range) => contains(parseDestination(range), destination))
  if (reserved) throw new InvalidDestination(text, `is in ${reserved}, which EC2 reserves`)
  return destination
}

/**
 * Parses a destination as EC2 writes it, masking host bits as EC2 does (100.68.0.18/18 is 100.68.0.0/18).
 * @throws InvalidDestination
 */
export function parseDestination(text: string): Destination {
  if (isPrefixListId(text)) return { kind: 'prefix-list', id: text }
  const [address = '', prefix, ...rest] = text.split('/')
  const kind = ipaddr.IPv4.isValidFourPartDecimal(address)
    ? 'ipv4'
    : ipaddr.IPv6.isValid(address) && !address.includes('%')
      ? 'ipv6'
      : undefined
  if (!kind || rest.length > 0)
    throw new InvalidDestination(text, 'is not an IPv4 or IPv6 address, CIDR or prefix list', true)
  const bits = kind === 'ipv4' ? 32 : 128
  if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)) {
    throw new InvalidDestination(text, `has the prefix length ${cut(prefix, 8)}: it must be from 0 to ${bits}`)
  }
  return { kind, cidr: canonicalCidr(kind, address, Number(prefix ?? bits)) }
}

/** A single address in EC2's spelling. */
export type Address = { readonly kind: 'ipv4' | 'ipv6'; readonly text: string }

/** Parses a single address; undefined if invalid. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('/')) return undefined
  try {
    const destination = parseDestination(text)
    return destination.kind === 'prefix-list' ? undefined : { kind: destination.kind, text: vipText(destination) }
  } catch {
    return undefined
  }
}

function canonicalCidr(kind: 'ipv4' | 'ipv6', address: string, prefix: number): Cidr {
  const family = kind === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const cidr = `${family.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`
  return cidr as Cidr // The only place that creates one.
}

/** The destination as written by EC2 and people. */
export function destinationText(destination: Destination): string {
  return destination.kind === 'prefix-list' ? destination.id : destination.cidr
}

/** As written in a config: a single address without its prefix length. */
export function vipText(destination: Destination): string {
  const text = destinationText(destination)
  return isHost(destination) ? text.slice(0, text.indexOf('/')) : text
}

export function sameDestination(a: Destination, b: Destination): boolean {
  return destinationText(a) === destinationText(b)
}

/**
 * Whether `inner` is completely within `outer`. Entries of prefix lists are unknown here, so a prefix list contains
 * nothing.
 */
export function contains(outer: Destination, inner: Destination): boolean {
  if (outer.kind === 'prefix-list' || inner.kind === 'prefix-list' || outer.kind !== inner.kind) return false
  const [network, outerPrefix] = ipaddr.parseCIDR(outer.cidr)
  const [address, innerPrefix] = ipaddr.parseCIDR(inner.cidr)
  return innerPrefix >= outerPrefix && address.match(network, outerPrefix)
}

/** Its prefix length; 0 for a prefix list, whose entries are unknown here. */
export function prefixLength(destination: Destination): number {
  return destination.kind === 'prefix-list' ? 0 : Number(destination.cidr.split('/', 2)[1])
}

/** Whether the destination is a single address (/32 or /128). */
export function isHost(destination: Destination): boolean {
  return destination.kind !== 'prefix-list' && destination.cidr.endsWith(destination.kind === 'ipv4' ? '/32' : '/128')
}
