import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, compareClaims, elect } from '../../../src/core/claim.ts'
import { eni } from '../../support/fixtures.ts'

const claim = (id: string, priority: number | undefined, address: string): Claim => ({
  eni: eni(`eni-${id}`),
  state: 'MASTER',
  priority,
  address,
  since: '2026-11-23T01:02:03.000Z',
  beat: '2026-11-23T01:02:03.000Z',
})

const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('no address'))
const priorities = fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined })
const claims = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[0-9a-f]{8}$/), priorities, addresses), { selector: ([id]) => id })
  .map((all) => all.map(([id, priority, address]) => claim(id, priority, address)))

describe('elect', () => {
  test('nobody is elected of none', () => {
    expect(elect([])).toBeUndefined()
  })

  test.each<[string, Claim, Claim]>([
    ['the higher priority, whatever the addresses', claim('0a', 150, '10.0.0.1'), claim('0b', 100, '10.0.0.2')],
    ['of equal priorities the higher address', claim('0a', 100, '10.0.0.2'), claim('0b', 100, '10.0.0.1')],
    ['an address as a number, not as text', claim('0a', 100, '10.0.10.1'), claim('0b', 100, '10.0.9.1')],
    ['an IPv6 address as a number', claim('0a', 100, '2001:db8::10'), claim('0b', 100, '2001:db8::9')],
    ['IPv6 over IPv4', claim('0a', 100, '2001:db8::1'), claim('0b', 100, '10.0.0.1')],
    ['any priority over one that nobody knows', claim('0a', 1, '10.0.0.1'), claim('0b', undefined, '10.0.0.2')],
    [
      'of unknown priorities the higher address',
      claim('0a', undefined, '10.0.0.2'),
      claim('0b', undefined, '10.0.0.1'),
    ],
    ['an address over what is none', claim('0a', 100, '10.0.0.1'), claim('0b', 100, 'localhost')],
    ['of equal addresses the higher ENI', claim('0b', 100, '10.0.0.1'), claim('0a', 100, '10.0.0.1')],
  ])('%s', (_, winner, loser) => {
    expect(elect([winner, loser])).toBe(winner)
    expect(elect([loser, winner])).toBe(winner)
  })

  test('whoever elects, in whatever order the claims come, elects the same', () => {
    fc.assert(
      fc.property(claims, fc.nat(), (all, turn) => {
        const turned = [...all.slice(turn % (all.length + 1)), ...all.slice(0, turn % (all.length + 1))].reverse()
        expect(elect(turned)).toBe(elect(all))
      }),
    )
  })

  test('the winner loses to nobody, and no two claims are equal', () => {
    fc.assert(
      fc.property(claims, (all) => {
        const winner = elect(all)
        for (const each of all) if (winner && each !== winner) expect(compareClaims(winner, each)).toBeGreaterThan(0)
      }),
    )
  })
})
