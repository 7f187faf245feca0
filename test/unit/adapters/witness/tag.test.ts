import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimKey, claimValue, parseClaim, parsePin, pinKey, pinValue } from '../../../../src/adapters/witness/tag.ts'
import type { Claim } from '../../../../src/core/claim.ts'
import { eni } from '../../../support/fixtures.ts'

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
    expect(parseClaim(ENI, value)).toEqual({ value: claim })
  })

  test('says nothing of a priority that nobody knows: never 0', () => {
    const unknown = { ...claim, priority: undefined }
    expect(claimValue(unknown)).not.toContain('prio')
    expect(parseClaim(ENI, claimValue(unknown)).value).toEqual(unknown)
  })

  test('fits into a tag’s 256 letters, with an IPv6 address, too', () => {
    const long = { ...claim, state: 'DELETED' as const, address: '2001:0db8:85a3:0000:0000:8a2e:0370:7334' }
    expect(claimValue(long).length).toBeLessThan(256)
  })

  const TIMES = 'since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z'

  test.each([
    ['', 'its state is "", not one of MASTER, BACKUP, '],
    ['MASTER', 'it has no addr'],
    [`MASTER addr=10.0.1.11 since=2026-11-23T01:02:03Z`, 'it has no beat'],
    [`master prio=150 addr=10.0.1.11 ${TIMES}`, 'its state is "master", not one of'],
    [`MASTER prio=0 addr=10.0.1.11 ${TIMES}`, 'its prio is "0", not a whole number from 1 to 255'],
    [`MASTER prio=256 addr=10.0.1.11 ${TIMES}`, 'its prio is "256"'],
    [`MASTER prio=high addr=10.0.1.11 ${TIMES}`, 'its prio is "high"'],
    [`MASTER prio=1e2 addr=10.0.1.11 ${TIMES}`, 'its prio is "1e2"'],
    [`MASTER prio=0x64 addr=10.0.1.11 ${TIMES}`, 'its prio is "0x64"'],
    [`MASTER prio=+100 addr=10.0.1.11 ${TIMES}`, 'its prio is "+100"'],
    [`MASTER prio= addr=10.0.1.11 ${TIMES}`, 'its prio is ""'],
    [`MASTER addr=db-1 ${TIMES}`, 'its addr is "db-1", not an IP address'],
    [`MASTER addr=0x0a4d000c ${TIMES}`, 'its addr is "0x0a4d000c"'],
    [`MASTER addr=010.0.1.11 ${TIMES}`, 'its addr is "010.0.1.11"'],
    [`MASTER addr=10.0.1 ${TIMES}`, 'its addr is "10.0.1"'],
    [`MASTER addr=10.0.1.11/32 ${TIMES}`, 'its addr is "10.0.1.11/32"'],
    [`MASTER addr=fe80::1%eth0 ${TIMES}`, 'its addr is "fe80::1%eth0"'],
    ['MASTER addr=10.0.1.11 since=garbage beat=2026-11-23T01:02:03Z', 'its since is "garbage", not a timestamp'],
    ['MASTER addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=1', 'its beat is "1", not a timestamp'],
    [`MASTER addr=10.0.1.11 ${TIMES}${'0'.repeat(200)}`, `its beat is "2026-11-23T01:02:03.120Z${'0'.repeat(15)}…"`],
    [`MASTER addr=10.0.1.11 since=2026-02-30T00:00:00Z beat=2026-11-23T01:02:03Z`, 'its since is "2026-02-30T00'],
    [`\x1b[2J\u202e addr=10.0.1.11 ${TIMES}`, 'its state is "\\x1b[2J\\u202e", not'],
  ])('%j is none, and a doubt says why: anyone may write a tag, and it is not guessed', (value, why) => {
    const { value: parsed, doubt } = parseClaim(ENI, value)
    expect(parsed).toBeUndefined()
    expect(doubt).toMatchObject({ eni: ENI, of: 'claim', why: expect.stringContaining(why) })
    expect(doubt?.why.length).toBeLessThan(150)
  })

  /** What a clock and an election are given of it never surprises them. */
  test('whatever anyone writes there is a claim that is sound, or a doubt', () => {
    const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('MASTER', '150', '10.0.1.11', '1e2', '::1'))
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(word, word, word, word, word).map(([state, prio, addr, since, beat]) => {
        return `${state} prio=${prio} addr=${addr} since=${since} beat=${beat}`
      }),
      fc
        .tuple(fc.constantFrom('prio', 'addr', 'since', 'beat', '__proto__'), word)
        .map(([key, text]) => `${claimValue(claim)} ${key}=${text}`),
    )
    fc.assert(
      fc.property(value, (text) => {
        const { value: parsed, doubt } = parseClaim(ENI, text)
        expect(parsed === undefined).toBe(doubt !== undefined)
        if (parsed) {
          expect(parseClaim(ENI, claimValue(parsed))).toEqual({ value: parsed })
          expect([parsed.since, parsed.beat].map(Date.parse)).not.toContain(Number.NaN)
        }
        parsePin(ENI, text)
      }),
    )
  })
})

describe('a pin as a tag', () => {
  test('is read back as it was', () => {
    const pin = { eni: ENI, since: 1_795_000_000_000, until: 1_795_001_800_000 }
    expect(pinKey('db', 'VI_1')).toBe('vip-switch-pin:db:VI_1')
    expect(parsePin(ENI, pinValue(pin))).toEqual({ value: pin })
  })

  test.each([
    ['', 'it has no since'],
    ['until=2026-11-23T01:02:03Z', 'it has no since'],
    ['since=now until=later', 'its since is "now", not a timestamp'],
    ['since=2026-11-23T01:02:03Z until=+275760-09-13T00:00:00Z', 'its until is "+275760'],
  ])('%j is none, and a doubt says why', (value, why) => {
    expect(parsePin(ENI, value)).toEqual({ doubt: { eni: ENI, of: 'pin', why: expect.stringContaining(why) } })
  })
})
