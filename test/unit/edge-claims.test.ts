import { describe, expect, test } from 'vitest'
import { openClaims, type Speaker } from '../../src/agent/hook/edge-claims.ts'
import type { Claim } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import { Failure } from '../../src/errors.ts'
import { claimOf, eni, jumpingClock, silentLog } from '../fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')
const MASTER = { type: 'INSTANCE', name: 'VI_1', state: 'MASTER', priority: 100 } as const
const PROOF = { type: 'INSTANCE', name: 'VI_1', state: 'MASTER_RX_LOWER_PRI', priority: undefined } as const

/** A witness of what is in `claims`, which an edge has been told of; what it is told is in `published`. */
async function world(claims: Claim[], rest: Partial<Speaker> = {}) {
  const clock = jumpingClock()
  const published: Claim[] = []
  const detached = new Set<EniId>()
  const pins: Pin[] = []
  const speaker: Speaker = {
    event: MASTER,
    eni: OURS,
    priority: 100,
    address: async () => '10.0.1.11',
    witness: {
      async publish(_, claim) {
        published.push(claim)
      },
      read: async () =>
        new Map([
          [
            'VI_1',
            { claims: claims.map((claim) => ({ claim, isVoid: detached.has(claim.eni) })), pins, detached, date: 0 },
          ],
        ]),
    },
    ...rest,
  }
  const signal = new AbortController().signal
  const edge = openClaims(speaker, { permit: () => {}, signal, clock, log: silentLog })
  edge.publish()
  await edge.settled()
  /** What the nodes claim from now on. */
  const renew = (...next: Claim[]) => claims.splice(0, claims.length, ...next)
  return { edge, published, detached, pins, renew, clock, witness: speaker.witness }
}

describe('what an edge tells', () => {
  test('is that this node is MASTER, each time with a new beat', async () => {
    const { edge, published, clock } = await world([])
    await clock.sleep(1500, new AbortController().signal)
    edge.publish()
    await edge.settled()
    const claim = { eni: OURS, state: 'MASTER', priority: 100, address: '10.0.1.11', since: '1970-01-01T00:00:00.000Z' }
    expect(published).toEqual([
      { ...claim, beat: '1970-01-01T00:00:00.000Z' },
      { ...claim, beat: '1970-01-01T00:00:01.500Z' },
    ])
  })

  test('is the priority that was claimed last, where keepalived tells none, and since when', async () => {
    const own = claimOf(OURS, { priority: 150, since: 'long ago' })
    const { published } = await world([own], { event: PROOF, priority: undefined })
    expect(published).toMatchObject([{ state: 'MASTER', priority: 150, since: 'long ago' }])
  })

  test('is no priority where nobody knows it', async () => {
    const { published } = await world([claimOf(THEIRS)], { event: PROOF, priority: undefined })
    expect(published).toMatchObject([{ state: 'MASTER', priority: undefined }])
  })

  test('one by one: none begins before the last one has ended', async () => {
    let underWay = 0
    let most = 0
    const { edge, witness } = await world([])
    witness.publish = async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
    }
    edge.publish()
    edge.publish()
    await edge.settled()
    expect([most, underWay]).toEqual([1, 0])
  })

  test('is told at the next opportunity where the address was not known', async () => {
    let isKnown = false
    const address = async () => {
      if (isKnown) return '10.0.1.11'
      throw new Failure('failed', 'IMDS does not answer')
    }
    const { edge, published, renew } = await world([], { address })
    renew(claimOf(THEIRS))
    expect([published, await edge.reasonToYield()]).toEqual([[], undefined])
    isKnown = true
    edge.publish()
    await edge.settled()
    expect(published).toHaveLength(1)
  })
})

describe('an edge leaves the routes', () => {
  test('to a higher MASTER whose beat has changed since it began', async () => {
    const { edge, renew } = await world([claimOf(THEIRS)])
    expect(await edge.reasonToYield()).toBeUndefined()
    renew(claimOf(THEIRS, { beat: '2' }))
    expect(await edge.reasonToYield()).toMatch(/eni-0b, MASTER 150, is alive; we are MASTER 100: split brain/)
  })

  test('to one that has come since', async () => {
    const { edge, renew } = await world([])
    renew(claimOf(THEIRS))
    expect(await edge.reasonToYield()).toContain('is alive')
  })

  test('to whom an operator has pinned them', async () => {
    const { edge, pins } = await world([])
    pins.push({ eni: THEIRS, since: 0, until: 60_000 })
    expect(await edge.reasonToYield()).toContain('pinned to eni-0b')
  })

  test.each([
    ['a lower one', { priority: 50, beat: '2' }],
    ['one of a priority that nobody knows', { priority: undefined, beat: '2' }],
    ['one that is no MASTER', { state: 'BACKUP', beat: '2' }],
  ] as const)('but not to %s', async (_, claim) => {
    const { edge, renew } = await world([])
    renew(claimOf(THEIRS, claim))
    expect(await edge.reasonToYield()).toBeUndefined()
  })

  test('but not to one whose interface carries nothing', async () => {
    const { edge, renew, detached } = await world([])
    renew(claimOf(THEIRS))
    detached.add(THEIRS)
    expect(await edge.reasonToYield()).toBeUndefined()
  })

  test('but not where its own priority is not known: keepalived says that the other is lower', async () => {
    const { edge, renew } = await world([], { event: PROOF, priority: undefined })
    renew(claimOf(THEIRS))
    expect(await edge.reasonToYield()).toBeUndefined()
  })

  test('but not where the claims cannot be read', async () => {
    const { edge, witness } = await world([])
    witness.read = () => Promise.reject(new Failure('failed', 'no permission to read'))
    expect(await edge.reasonToYield()).toBeUndefined()
  })
})

describe('a held edge', () => {
  const RULES = { intervalMs: 5000, ttlMs: 16_000 }

  test('goes on with the claims as they were when it was free to write: who has fallen silent by then is no rival', async () => {
    const { edge, renew } = await world([claimOf(THEIRS)])
    renew(claimOf(THEIRS, { beat: '2' }))
    await edge.hold(RULES)
    expect(await edge.reasonToYield()).toBeUndefined()
    renew(claimOf(THEIRS, { beat: '3' }))
    expect(await edge.reasonToYield()).toContain('is alive')
  })

  test('leaves the routes to a MASTER that comes then, also where its own priority is not known', async () => {
    const { edge, renew } = await world([], { event: PROOF, priority: undefined })
    await edge.hold(RULES)
    renew(claimOf(THEIRS))
    expect(await edge.reasonToYield()).toContain('is alive')
  })

  test('permits no write where the claims cannot be read then', async () => {
    const { edge, witness } = await world([])
    await edge.hold(RULES)
    witness.read = () => Promise.reject(new Failure('refused', 'no permission to read'))
    await expect(edge.reasonToYield()).rejects.toThrow('no permission to read')
  })
})
