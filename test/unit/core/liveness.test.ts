import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  forgetAges,
  isLive,
  livenessOf,
  NO_OBSERVATIONS,
  type Observations,
  observe,
  ttlOf,
} from '../../../src/core/liveness.ts'
import { eni } from '../../support/fixtures.ts'

const A = eni('eni-0a')
const B = eni('eni-0b')
const INTERVAL = 5000
const TTL = ttlOf(INTERVAL)

/** Good reads, each a time and the beat of A that it showed. */
function read(reads: readonly (readonly [at: number, beat: string])[], before = NO_OBSERVATIONS): Observations {
  return reads.reduce((seen, [at, beat]) => observe(seen, new Map([[A, beat]]), at, INTERVAL), before)
}

function livenessAt(observations: Observations, now: number) {
  const track = observations.tracks.get(A)
  return track ? livenessOf(track, now, TTL) : undefined
}

/** The same beat in every read of so many milliseconds. */
function still(from: number, to: number, beat = 'b1'): [number, string][] {
  return Array.from({ length: Math.floor((to - from) / INTERVAL) + 1 }, (_, index) => [from + index * INTERVAL, beat])
}

describe('ttlOf', () => {
  test.each([
    [5000, 16_000],
    [1000, 8000],
    [6000, 18_000],
    [10_000, 30_000],
  ])('an interval of %i ms gives %i ms, since reads are no fresher where it is short', (interval, ttl) => {
    expect(ttlOf(interval)).toBe(ttl)
  })
})

describe('a claim that is observed', () => {
  test('is unknown until it was observed for a whole ttl, and expired from then on', () => {
    const seen = read(still(0, 20_000))
    expect(livenessAt(seen, TTL - 1)).toBe('unknown')
    expect(livenessAt(seen, TTL)).toBe('expired')
  })

  test('is alive for a ttl after its beat changed', () => {
    const seen = read([...still(0, 20_000), [25_000, 'b2']])
    expect(livenessAt(seen, 25_000)).toBe('alive')
    expect(livenessAt(seen, 25_000 + TTL - 1)).toBe('alive')
    expect(livenessAt(seen, 25_000 + TTL)).toBe('expired')
  })

  test('shows no life by a beat that was seen before: such a read is stale', () => {
    const seen = read([...still(0, 20_000), [25_000, 'b2'], [30_000, 'b1'], [35_000, 'b2'], [40_000, 'b1']])
    expect(livenessAt(seen, 25_000 + TTL)).toBe('expired')
  })

  test('is unknown again after a gap of more than two intervals between good reads', () => {
    const before = still(0, 20_000)
    expect(livenessAt(read([...before, [30_000, 'b1']]), 30_000)).toBe('expired')
    const seen = read([...before, [30_001, 'b1']])
    expect(livenessAt(seen, 30_001)).toBe('unknown')
    expect(livenessAt(seen, 30_001 + TTL)).toBe('expired')
  })

  test('is alive after a gap in which its beat changed', () => {
    expect(
      livenessAt(
        read([
          [0, 'b1'],
          [60_000, 'b2'],
        ]),
        60_000,
      ),
    ).toBe('alive')
  })

  test('is forgotten when it is gone, and begins anew when it is back', () => {
    const gone = observe(read(still(0, 20_000)), new Map([[B, 'x']]), 25_000, INTERVAL)
    expect(livenessAt(gone, 25_000)).toBeUndefined()
    expect(livenessAt(read([[30_000, 'b1']], gone), 30_000)).toBe('unknown')
  })

  test('must show its life anew once ages are forgotten', () => {
    const alive = read([...still(0, 20_000), [25_000, 'b2']])
    const forgotten = forgetAges(alive, 26_000)
    expect(livenessAt(forgotten, 26_000)).toBe('unknown')
    expect(livenessAt(read([[26_000, 'b2']], forgotten), 26_000 + TTL)).toBe('expired')
    expect(livenessAt(read([[27_000, 'b3']], forgotten), 27_000)).toBe('alive')
  })
})

test('time in which nothing is read ages nothing: the read after it never finds a claim expired', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2 * INTERVAL + 1, max: 10 * TTL }),
      fc.integer({ min: 0, max: 30_000 }),
      (gap, start) => {
        const reads = still(0, start)
        const at = (reads.at(-1)?.[0] ?? 0) + gap
        expect(livenessAt(read([...reads, [at, 'b1']]), at)).not.toBe('expired')
      },
    ),
  )
})

test('who beats within the ttl is never taken for dead, however stale the reads in between are', () => {
  const beatOf = (index: number) => `beat ${index}`
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 }), { minLength: 10, maxLength: 60 }), (staleness) => {
      let seen: Observations = NO_OBSERVATIONS
      staleness.forEach((stale, index) => {
        // At least every third read is fresh.
        const beat = beatOf(index % 3 === 0 ? index : Math.max(0, index - stale))
        seen = observe(seen, new Map([[A, beat]]), index * INTERVAL, INTERVAL)
        expect(livenessAt(seen, index * INTERVAL)).not.toBe('expired')
      })
    }),
  )
})

test('only what is alive or unknown counts', () => {
  expect((['alive', 'unknown', 'expired', 'unreachable'] as const).filter(isLive)).toEqual(['alive', 'unknown'])
})
