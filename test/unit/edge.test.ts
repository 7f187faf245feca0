import { describe, expect, test } from 'vitest'
import { type EdgeInput, runEdge } from '../../src/agent/hook/edge.ts'
import type { RoutePort } from '../../src/agent/route-port.ts'
import type { EniId, RouteTableId } from '../../src/core/ids.ts'
import { type RouteKey, type RouteOutcome, routeKeyText, type Target } from '../../src/core/route.ts'
import { parseDestination, parseVip } from '../../src/core/vip.ts'
import { Failure } from '../../src/errors.ts'
import { eni, jumpingClock, rtb, silentLog, tableWith } from '../fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')
const A = rtb('rtb-0a')
const B = rtb('rtb-0b')
const VIP = parseVip('10.99.0.10')

/** Tables that hold the VIP's target each, and a journal of what was done to them, with times. */
function world(targets: Partial<Record<string, Target>> = {}) {
  const clock = jumpingClock()
  const calls: string[] = []
  const views: unknown[] = []
  const claims: string[] = []
  const counts: number[] = []
  const routes: RoutePort = {
    async read() {
      calls.push(`${clock.now()} read`)
      const tables = [A, B].map((id) => {
        const target = targets[id]
        const destination = parseDestination('10.99.0.10/32')
        return tableWith(target ? [{ destination, target, state: 'active', propagated: false }] : [], { id })
      })
      return { tables, problems: [] }
    },
    async write(key: RouteKey, target: EniId) {
      calls.push(`${clock.now()} write ${key.table}`)
      targets[key.table] = toEni(target)
      return 'replaced'
    },
    rehearse: () => Promise.reject(new Error('an edge rehearses nothing')),
  }
  const claimsThatSay = (reason: string | undefined) => async () => ({
    publish: () => claims.push(`${clock.now()} publish`),
    reasonToYield: async () => reason,
    settled: async () => {},
  })
  const run = (rest: Partial<EdgeInput> = {}) =>
    runEdge({
      vips: [VIP],
      policy: { createMissing: true, takeOver: [] },
      eni: OURS,
      view: { tables: [A, B], foreign: [] },
      routes,
      clock,
      signal: new AbortController().signal,
      log: silentLog,
      onWrites: (count) => counts.push(count),
      onView: (view) => views.push(view),
      openClaims: claimsThatSay(undefined),
      ...rest,
    })
  const edge = async (rest?: Partial<EdgeInput>) => (await run(rest)).outcomes
  return { clock, calls, claims, counts, claimsThatSay, views, routes, targets, edge, run }
}
const toEni = (id: EniId): Target => ({ kind: 'eni', eni: id, instance: undefined })
const elsewhere = () => ({ [A]: toEni(THEIRS), [B]: toEni(THEIRS) })
const verdicts = (outcomes: readonly RouteOutcome[]) =>
  Object.fromEntries(outcomes.map(({ key, verdict }) => [key.table, verdict]))

describe('an edge into MASTER', () => {
  test('writes every route at once, reads nothing before, and looks at +1 s and +3 s', async () => {
    const { edge, calls } = world(elsewhere())
    expect(verdicts(await edge())).toEqual({ [A]: 'done', [B]: 'done' })
    expect(calls).toEqual(['0 write rtb-0a', '0 write rtb-0b', '1000 read', '3000 read'])
  })

  test('reads first where it does not know the tables', async () => {
    const { edge, calls } = world(elsewhere())
    await edge({ view: undefined })
    expect(calls).toEqual(['0 read', '0 write rtb-0a', '0 write rtb-0b', '1000 read', '3000 read'])
  })

  test('publishes after the first writes, and after each round of others', async () => {
    const { edge, calls, claims, routes, targets } = world(elsewhere())
    const { read } = routes
    routes.read = () => {
      if (claims.length === 1) targets[A] = toEni(THEIRS)
      return read()
    }
    await edge()
    expect(claims).toEqual(['0 publish', '1000 publish'])
    expect(calls.filter((call) => call.includes('write'))).toEqual([
      '0 write rtb-0a',
      '0 write rtb-0b',
      '1000 write rtb-0a',
    ])
  })

  test('publishes where it has read first and found nothing to write', async () => {
    const { edge, claims } = world({ [A]: toEni(OURS), [B]: toEni(OURS) })
    await edge({ view: undefined })
    expect(claims).toEqual(['0 publish'])
  })

  test('leaves the routes to whoever they are by the claims, and writes nothing more', async () => {
    const { edge, calls, routes, targets, claimsThatSay } = world(elsewhere())
    const { read } = routes
    routes.read = () => {
      targets[A] = toEni(THEIRS)
      return read()
    }
    const openClaims = claimsThatSay('eni-0b, MASTER 150, is alive')
    await expect(edge({ openClaims })).rejects.toMatchObject({ kind: 'refused', message: /MASTER 150, is alive/ })
    expect(calls).toEqual(['0 write rtb-0a', '0 write rtb-0b', '1000 read'])
  })

  test('writes again what a look finds at its old target, and starts the looks anew', async () => {
    const { edge, calls, routes, targets } = world(elsewhere())
    const { read } = routes
    let reads = 0
    routes.read = () => {
      // The late write of a node that died lands between our write and the second look.
      if (++reads === 2) targets[A] = toEni(THEIRS)
      return read()
    }
    expect(verdicts(await edge())).toEqual({ [A]: 'done', [B]: 'done' })
    expect(calls).toEqual([
      '0 write rtb-0a',
      '0 write rtb-0b',
      '1000 read',
      '3000 read',
      '3000 write rtb-0a',
      '4000 read',
      '6000 read',
    ])
  })

  test('gives up on a route that is taken away after its third write', async () => {
    const { edge, calls, counts, routes, targets } = world(elsewhere())
    const { read } = routes
    routes.read = () => {
      targets[A] = toEni(THEIRS)
      return read()
    }
    const outcomes = await edge()
    expect(counts).toEqual([2, 3, 4])
    expect(verdicts(outcomes)).toEqual({ [A]: 'failed', [B]: 'done' })
    expect(outcomes[0]?.detail).toContain('points to eni-0b again after 3 writes')
    expect(calls.filter((call) => call.endsWith('write rtb-0a'))).toHaveLength(3)
    expect(calls.filter((call) => call.endsWith('write rtb-0b'))).toHaveLength(1)
  })

  test('goes on with the others where one write is denied, and leaves that one alone', async () => {
    const { edge, calls, routes } = world(elsewhere())
    const { write } = routes
    routes.write = (key, target) =>
      key.table === A ? Promise.reject(new Failure('failed', 'not authorized')) : write(key, target)
    const outcomes = await edge()
    expect(outcomes).toMatchObject([{ verdict: 'failed', detail: 'not authorized' }, { verdict: 'done' }])
    expect(calls).toEqual(['0 write rtb-0b', '1000 read', '3000 read'])
  })

  test('stops at once when it is superseded, and says nothing of success', async () => {
    const { edge, calls, routes } = world(elsewhere())
    routes.read = () => Promise.reject(new Failure('superseded', 'a newer event'))
    await expect(edge()).rejects.toMatchObject({ kind: 'superseded' })
    expect(calls).toHaveLength(2)
  })

  test('does not call done what was accepted and could not be confirmed', async () => {
    const { edge, routes } = world(elsewhere())
    routes.read = () => Promise.reject(new Failure('failed', 'no permission to read'))
    const outcomes = await edge()
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['failed', 'failed'])
    expect(outcomes[0]?.detail).toBe('accepted, but not confirmed: no permission to read')
  })

  test('looks before it writes where the route was last seen to be somebody else’s', async () => {
    const { edge, calls, targets } = world({ [A]: { kind: 'other', id: 'nat-0a' }, [B]: toEni(THEIRS) })
    const view = { tables: [A, B], foreign: [routeKeyText({ table: A, vip: VIP })] }
    const outcomes = await edge({ view })
    expect(verdicts(outcomes)).toEqual({ [A]: 'refused', [B]: 'done' })
    expect(targets[A]).toEqual({ kind: 'other', id: 'nat-0a' })
    expect(calls.slice(0, 2)).toEqual(['0 write rtb-0b', '0 read'])
  })

  test('takes such a route all the same once it is no longer somebody else’s', async () => {
    const { edge, targets } = world(elsewhere())
    await edge({ view: { tables: [A, B], foreign: [routeKeyText({ table: A, vip: VIP })] } })
    expect(targets[A]).toEqual(toEni(OURS))
  })

  test('writes a table that the selectors mean only since the view was saved', async () => {
    const { edge, calls, views } = world(elsewhere())
    const onlyA: { tables: RouteTableId[]; foreign: string[] } = { tables: [A], foreign: [] }
    expect(verdicts(await edge({ view: onlyA }))).toEqual({ [A]: 'done', [B]: 'done' })
    expect(calls).toEqual(['0 write rtb-0a', '1000 read', '1000 write rtb-0b', '2000 read', '4000 read'])
    expect(views.at(-1)).toEqual({ tables: [A, B], foreign: [] })
  })

  test('believes the last look: a read that was stale for long, and is right in the end, is no failure', async () => {
    const { edge, routes, clock } = world(elsewhere())
    const { read } = routes
    routes.read = async () => {
      const { tables, problems } = await read()
      if (clock.now() > 3500) return { tables, problems }
      const destination = parseDestination('10.99.0.10/32')
      const stale = [{ destination, target: toEni(THEIRS), state: 'active' as const, propagated: false }]
      return { tables: tables.map((table) => ({ ...table, routes: stale })), problems }
    }
    expect(verdicts(await edge())).toEqual({ [A]: 'done', [B]: 'done' })
  })

  test('believes the last look: what was taken over by somebody else, deleted, or is in no table, is not done', async () => {
    const taken = world(elsewhere())
    const { read } = taken.routes
    taken.routes.read = () => {
      taken.targets[A] = { kind: 'other', id: 'nat-0a' }
      return read()
    }
    expect(verdicts(await taken.edge())).toEqual({ [A]: 'refused', [B]: 'done' })

    const deleted = world(elsewhere())
    const { read: readDeleted } = deleted.routes
    deleted.routes.read = () => {
      deleted.targets[A] = undefined
      return readDeleted()
    }
    const outcomes = await deleted.edge({ policy: { createMissing: false, takeOver: [] } })
    expect(verdicts(outcomes)).toEqual({ [A]: 'refused', [B]: 'done' })

    const gone = world(elsewhere())
    const { read: readGone } = gone.routes
    gone.routes.read = async () => ({ tables: (await readGone()).tables.slice(1), problems: [] })
    expect(verdicts(await gone.edge())).toEqual({ [A]: 'failed', [B]: 'done' })
  })

  test('a write that was denied where the route was in place already is no failure', async () => {
    const { edge, routes, targets } = world(elsewhere())
    targets[A] = toEni(OURS)
    const { write } = routes
    routes.write = (key, target) =>
      key.table === A ? Promise.reject(new Failure('failed', 'denied')) : write(key, target)
    expect(verdicts(await edge())).toEqual({ [A]: 'done', [B]: 'done' })
  })

  test('goes on with the tables that are there where a selector means none, and says so', async () => {
    const { run, routes } = world(elsewhere())
    const { read } = routes
    routes.read = async () => ({ ...(await read()), problems: ['no route table matches the name renamed'] })
    const { outcomes, problems } = await run({ view: undefined })
    expect(verdicts(outcomes)).toEqual({ [A]: 'done', [B]: 'done' })
    expect(problems).toEqual(['no route table matches the name renamed'])
  })
})
