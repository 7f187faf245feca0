import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/core/claim.ts'
import { claimKey, claimValue, parseClaim, parsePin, pinKey, pinValue } from '../../src/witness/tag.ts'
import { eni } from '../fixtures.ts'

const ENI = eni('eni-0a')
const claim: Claim = {
  eni: ENI,
  state: 'MASTER',
  priority: 150,
  address: '10.0.1.11',
  since: '2026-11-23T01:02:03Z',
  beat: '2026-11-23T01:02:03.120Z',
}

describe('a claim as a tag', () => {
  test('is readable in the console, and read back as it was', () => {
    const value = 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z'
    expect(claimKey('db', 'VI_1')).toBe('vip-switch:db:VI_1')
    expect(claimValue(claim)).toBe(value)
    expect(parseClaim(ENI, value)).toEqual(claim)
  })

  test('says nothing of a priority that nobody knows: never 0', () => {
    const unknown = { ...claim, priority: undefined }
    expect(claimValue(unknown)).not.toContain('prio')
    expect(parseClaim(ENI, claimValue(unknown))).toEqual(unknown)
  })

  test('fits into a tag’s 256 letters, with an IPv6 address, too', () => {
    const long = { ...claim, state: 'DELETED' as const, address: '2001:0db8:85a3:0000:0000:8a2e:0370:7334' }
    expect(claimValue(long).length).toBeLessThan(256)
  })

  test.each([
    '',
    'MASTER',
    'MASTER prio=150 addr=10.0.1.11 since=x',
    'MASTER prio=0 addr=10.0.1.11 since=x beat=y',
    'MASTER prio=high addr=10.0.1.11 since=x beat=y',
    'MASTER prio=150 addr=db-1 since=x beat=y',
    'master prio=150 addr=10.0.1.11 since=x beat=y',
  ])('%j is none: anyone may write a tag, and it is not guessed', (value) => {
    expect(parseClaim(ENI, value)).toBeUndefined()
  })

  test('nothing that anyone writes there throws', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        parseClaim(ENI, value)
        parsePin(ENI, value)
      }),
    )
  })
})

describe('a pin as a tag', () => {
  test('is read back as it was', () => {
    const pin = { eni: ENI, since: 1_795_000_000_000, until: 1_795_001_800_000 }
    expect(pinKey('db', 'VI_1')).toBe('vip-switch-pin:db:VI_1')
    expect(parsePin(ENI, pinValue(pin))).toEqual(pin)
  })

  test.each(['', 'until=2026-11-23T01:02:03Z', 'since=now until=later'])('%j is none', (value) => {
    expect(parsePin(ENI, value)).toBeUndefined()
  })
})
