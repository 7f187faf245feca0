import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import {
  contains,
  destinationText,
  isHost,
  parseDestination,
  parseVip,
  sameDestination,
} from '../../../src/core/vip.ts'

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6()

describe('parseVip', () => {
  test.each([
    ['10.99.0.10', '10.99.0.10/32'],
    ['10.99.0.0/24', '10.99.0.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:99::10', '2001:db8:99::10/128'],
    ['2001:0DB8:0099:0:0:0:0:10', '2001:db8:99::10/128'],
    ['2001:db8:99::/48', '2001:db8:99::/48'],
    ['pl-0a1b2c3d', 'pl-0a1b2c3d'],
  ])('%s is %s', (text, canonical) => {
    expect(destinationText(parseVip(text))).toBe(canonical)
  })

  test.each([
    ['10.99.0.300', 'is not an IPv4 or IPv6 address'],
    ['10.99.0', 'is not an IPv4 or IPv6 address'],
    // ipaddr.js alone would read these as octal and as a 32-bit number.
    ['010.99.0.1', 'is not an IPv4 or IPv6 address'],
    ['167837706', 'is not an IPv4 or IPv6 address'],
    ['fe80::1%eth0', 'is not an IPv4 or IPv6 address'],
    ['10.99.0.1/32/8', 'is not an IPv4 or IPv6 address'],
    ['', 'is not an IPv4 or IPv6 address'],
    ['10.99.0.0/33', 'from 0 to 32'],
    ['2001:db8::/129', 'from 0 to 128'],
    ['10.99.0.0/', 'prefix length'],
    ['10.99.0.10/24', 'write 10.99.0.0/24 or 10.99.0.10/32'],
    ['169.254.169.1', '169.254.168.0/22, which EC2 reserves'],
    ['fd00:ec2::254', 'fd00:ec2::/32, which EC2 reserves'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parseVip(text)).toThrow(message)
  })
})

describe('destinations are compared as parsed CIDRs', () => {
  test('EC2 masks host bits, so a destination of EC2 is masked, too', () => {
    expect(destinationText(parseDestination('100.68.0.18/18'))).toBe('100.68.0.0/18')
  })

  test('every spelling of an IPv6 address is the same destination', () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        const long = ipaddr.IPv6.parse(address).toNormalizedString().toUpperCase()
        return sameDestination(parseDestination(address), parseDestination(long))
      }),
    )
  })

  test('the canonical text parses to itself', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.integer({ min: 0, max: 32 }), (address, prefix) => {
        const once = destinationText(parseDestination(`${address}/${prefix}`))
        return destinationText(parseDestination(once)) === once
      }),
    )
  })

  test('an address is in each CIDR made of it, and in no other family', () => {
    fc.assert(
      fc.property(ipv4, ipv6, fc.integer({ min: 0, max: 32 }), (v4, v6, prefix) => {
        const cidr = parseDestination(`${v4}/${prefix}`)
        return contains(cidr, parseDestination(v4)) && !contains(cidr, parseDestination(v6))
      }),
    )
  })

  test('a wider CIDR is not in a narrower one, and a prefix list contains nothing', () => {
    expect(contains(parseDestination('10.0.0.0/24'), parseDestination('10.0.0.0/16'))).toBe(false)
    expect(contains(parseDestination('10.0.0.0/16'), parseDestination('10.1.0.1'))).toBe(false)
    expect(contains(parseDestination('pl-0a1b2c3d'), parseDestination('10.0.0.1'))).toBe(false)
  })

  test('a host is a /32 or a /128', () => {
    expect(['10.0.0.1', '::1', '10.0.0.0/31', '::/32', 'pl-0a'].map((text) => isHost(parseDestination(text)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
