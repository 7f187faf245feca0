import { describe, expect, test } from 'vitest'
import { awaitClearance, type HeldEdge } from '../../src/agent/hook/held-edge.ts'
import type { Claim } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import { Failure } from '../../src/errors.ts'
import { claimOf, eni, jumpingClock, silentLog } from '../fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')

const superseded = () => new Failure('superseded', 'a newer event is recorded')

/** What others claim, and what happens while a held edge looks: `then` by the number of the look, from 1. */
function world(others: Claim[], then: (look: number, world: World) => void = () => {}) {
  const clock = jumpingClock()
  const controller = new AbortController()
  const detached = new Set<EniId>()
  const pins: Pin[] = []
  const told: World = { others, mute: false, detached, pins, abort: (reason) => controller.abort(reason) }
  const calls: string[] = []
  let looks = 0
  const edge: HeldEdge = {
    async beat() {
      calls.push(`${clock.now()} beat`)
      return { self: claimOf(OURS, { priority: 100, address: '10.0.1.11' }), mute: told.mute }
    },
    async read() {
      calls.push(`${clock.now()} read`)
      looks += 1
      if (looks > 40) throw new Error('it looks for ever')
      then(looks, told)
      const claims = told.others.map((claim) => ({ claim, isVoid: detached.has(claim.eni) }))
      return { claims, pins, detached, date: 0 }
    },
    intervalMs: 5000,
    ttlMs: 16_000,
  }
  const { signal } = controller
  const wait = (rest: Partial<HeldEdge> = {}) =>
    awaitClearance({ ...edge, ...rest }, { permit: () => {}, signal, clock, log: silentLog })
  return { calls, clock, wait, edge }
}
type World = {
  others: Claim[]
  mute: boolean
  readonly detached: Set<EniId>
  readonly pins: Pin[]
  readonly abort: (reason: Error) => void
}

/** When a held edge was free to write. */
async function clearedAt(...args: Parameters<typeof world>): Promise<number> {
  const { wait, clock } = world(...args)
  await wait()
  return clock.now()
}

describe('a held edge is free at once', () => {
  test('where nobody else claims to be MASTER: after it has published, and then read', async () => {
    const { wait, calls } = world([claimOf(THEIRS, { state: 'BACKUP' })])
    expect(await wait()).toEqual(new Map([[THEIRS, '1']]))
    expect(calls).toEqual(['0 beat', '0 read'])
  })

  test('of a lower MASTER', async () => {
    expect(await clearedAt([claimOf(THEIRS, { priority: 50 })])).toBe(0)
  })

  test('of one whose interface carries nothing', async () => {
    expect(await clearedAt([claimOf(THEIRS)], (_, { detached }) => detached.add(THEIRS))).toBe(0)
  })

  test('of a higher one where the routes are pinned to this node', async () => {
    const pin = { eni: OURS, since: 0, until: 60_000 }
    expect(await clearedAt([claimOf(THEIRS)], (_, { pins }) => pins.splice(0, 1, pin))).toBe(0)
  })
})

describe('a held edge waits', () => {
  test('for a whole ttl until a higher MASTER that shows no life counts no more, and beats all the while', async () => {
    const { wait, calls } = world([claimOf(THEIRS)])
    await wait()
    const times = [0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000]
    expect(calls).toEqual(times.flatMap((at) => [`${at} beat`, `${at} read`]))
  })

  test('for a whole ttl from the last sign of life', async () => {
    const at = await clearedAt([claimOf(THEIRS)], (look, told) => {
      if (look <= 4) told.others = [claimOf(THEIRS, { beat: `${look}` })]
    })
    expect(at).toBe(6000 + 16_000)
  })

  test('until a live one steps down', async () => {
    const at = await clearedAt([claimOf(THEIRS)], (look, told) => {
      told.others = [claimOf(THEIRS, { beat: `${look}`, state: look < 20 ? 'MASTER' : 'BACKUP' })]
    })
    expect(at).toBe(19 * 2000)
  })

  test('as often as a MASTER reads, if that is more often', async () => {
    const { wait, clock } = world([claimOf(THEIRS)])
    await wait({ intervalMs: 1000, ttlMs: 8000 })
    expect(clock.slept).toEqual(Array(8).fill(1000))
  })

  test('three times in a ttl at least, so that its own claim stays alive', async () => {
    const { wait, clock } = world([claimOf(THEIRS)])
    await wait({ ttlMs: 3000 })
    expect(clock.slept).toEqual(Array(3).fill(1000))
  })

  test('for reads: those that fail age nothing', async () => {
    const at = await clearedAt([claimOf(THEIRS)], (look) => {
      if (look > 1 && look < 10) throw new Failure('failed', 'throttled')
    })
    // A gap of more than two looks: observed anew.
    expect(at).toBe(18_000 + 16_000)
  })

  test('for what it is to claim', async () => {
    const { wait, edge, clock } = world([])
    await wait({ beat: async () => (clock.now() < 4000 ? undefined : edge.beat()) })
    expect(clock.now()).toBe(4000)
  })
})

describe('a held edge ends unwritten', () => {
  const deadline = new Failure('failed', 'the deadline of 60 s has passed')

  test('at the deadline, if a higher MASTER lives', async () => {
    const { wait } = world([], (look, told) => {
      told.others = [claimOf(THEIRS, { beat: `${look}` })]
      if (look === 30) told.abort(deadline)
    })
    await expect(wait()).rejects.toMatchObject({
      kind: 'refused',
      message: 'eni-0b, MASTER 150, is alive; we are MASTER 100: split brain, leaving the routes to it',
    })
  })

  test('at the deadline, if it is mute: the others cannot see it, so even a silent MASTER’s routes are left to it', async () => {
    const { wait } = world([claimOf(THEIRS)], (look, told) => {
      told.mute = true
      if (look === 30) told.abort(deadline)
    })
    await expect(wait()).rejects.toMatchObject({ kind: 'refused', message: /cannot see us/ })
  })

  test('at the deadline, if the claims cannot be read', async () => {
    const { wait } = world([], (look, told) => {
      if (look === 30) told.abort(deadline)
      throw new Failure('failed', 'no permission to read')
    })
    await expect(wait()).rejects.toMatchObject({ kind: 'failed', message: /is not known.*nothing was written/ })
  })

  test('as soon as a newer event is recorded', async () => {
    const { wait, calls } = world([claimOf(THEIRS)], (look, told) => {
      if (look === 2) told.abort(superseded())
    })
    await expect(wait()).rejects.toMatchObject({ kind: 'superseded' })
    expect(calls).toHaveLength(4)
  })

  test('as soon as it sees that an operator has pinned the routes to another', async () => {
    const { wait, calls } = world([], (_, { pins }) => pins.push({ eni: THEIRS, since: 0, until: 60_000 }))
    await expect(wait()).rejects.toMatchObject({ kind: 'refused', message: /pinned to eni-0b/ })
    expect(calls).toHaveLength(2)
  })
})
