import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgePins, type Pin } from '../../../src/core/pin.ts'
import { eni } from '../../support/fixtures.ts'

const A = eni('eni-0a')
const B = eni('eni-0b')
const pin = (id: Pin['eni'], since: number, until: number): Pin => ({ eni: id, since, until })
const none = () => false

describe('judgePins', () => {
  test('no pin', () => {
    expect(judgePins([], 0, none)).toEqual({ valid: undefined, ignored: [] })
  })

  test('counts until its end, and not at its end', () => {
    const pins = [pin(A, 0, 1000)]
    expect(judgePins(pins, 999, none).valid).toBe(pins[0])
    expect(judgePins(pins, 1000, none)).toEqual({ valid: undefined, ignored: ['the pin on eni-0a has ended'] })
  })

  test('counts for nothing on an ENI that carries nothing, and says so', () => {
    const { valid, ignored } = judgePins([pin(A, 0, 1000)], 0, (id) => id === A)
    expect(valid).toBeUndefined()
    expect(ignored).toEqual(['the pin on eni-0a is ignored: that interface carries nothing'])
  })

  test('of two the later one counts, in whatever order they are read', () => {
    const [earlier, later] = [pin(A, 0, 9000), pin(B, 1, 5000)]
    for (const pins of [
      [earlier, later],
      [later, earlier],
    ]) {
      expect(judgePins(pins, 10, none)).toEqual({
        valid: later,
        ignored: ['the pin on eni-0a is older than that on eni-0b'],
      })
    }
  })

  test.each<[string, Pin, (id: Pin['eni']) => boolean]>([
    ['has ended', pin(B, 1, 5), none],
    ['is on an ENI that carries nothing', pin(B, 1, 9000), (id) => id === B],
  ])('the earlier one counts when the later one %s', (_, later, isUnreachable) => {
    expect(judgePins([pin(A, 0, 9000), later], 10, isUnreachable).valid?.eni).toBe(A)
  })

  test('whatever pins there are: the one that counts has not ended, and every other is reported', () => {
    const some = fc.record({ eni: fc.constantFrom(A, B, eni('eni-0c')), since: fc.nat(100), until: fc.nat(200) })
    fc.assert(
      fc.property(fc.array(some), fc.nat(200), fc.subarray([A, B]), (pins, date, dead) => {
        const { valid, ignored } = judgePins(pins, date, (id) => dead.some((each) => each === id))
        expect(ignored).toHaveLength(pins.length - (valid ? 1 : 0))
        if (valid) expect(date < valid.until && !dead.some((each) => each === valid.eni)).toBe(true)
      }),
    )
  })
})
