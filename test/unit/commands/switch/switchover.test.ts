import { describe, expect, test } from 'vitest'
import type { RoutePort } from '../../../../src/agent/node/route-port.ts'
import { makeMoves, planMoves, rehearseMoves, type SwitchStep } from '../../../../src/commands/switch/switchover.ts'
import { type RouteOutcome, routeKeyText } from '../../../../src/core/route.ts'
import type { Target } from '../../../../src/core/route-target.ts'
import { parseDestination, parseVip } from '../../../../src/core/vip.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import { eni, jumpingClock, rtb, tableWith } from '../../../support/fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')
const A = rtb('rtb-0a')
const B = rtb('rtb-0b')
const VIP = parseVip('10.99.0.10')

const toEni = (id: typeof OURS): Target => ({ kind: 'eni', eni: id, instance: undefined })
const ours = toEni(OURS)
const theirs = toEni(THEIRS)

/** The tables A and B with the VIP at these targets; without one, the route is missing. */
function tables(a: Target | undefined, b: Target | undefined) {
  const routes = (target: Target | undefined) =>
    target
      ? [{ destination: parseDestination('10.99.0.10/32'), target, state: 'active' as const, origin: 'CreateRoute' }]
      : []
  return [tableWith(routes(a), { id: A }), tableWith(routes(b), { id: B })]
}

/** A port whose reads answer these in turn, the last one for ever; an error is thrown. */
function world(reads: (ReturnType<typeof tables> | Error)[] = [tables(ours, ours)]) {
  const clock = jumpingClock()
  const controller = new AbortController()
  const calls: string[] = []
  const routes: RoutePort = {
    async read() {
      calls.push(`${clock.now()} read`)
      const answer = reads.length > 1 ? reads.shift() : reads[0]
      if (answer instanceof Error) throw answer
      return { tables: answer ?? [], problems: [] }
    },
    async write(key, target) {
      calls.push(`${clock.now()} write ${routeKeyText(key)} ${target}`)
      return 'replaced'
    },
    async rehearse(key, target, missing) {
      calls.push(`${clock.now()} rehearse ${routeKeyText(key)} ${target} ${missing}`)
    },
  }
  const policy = { createMissing: true, takeOver: [] }
  const plan = (before = tables(theirs, theirs)) => planMoves(before, [VIP], OURS, policy)
  const steps: string[] = []
  const onStep = ({ key, kind }: SwitchStep) => void steps.push(`${kind} ${key.table}`)
  const make = (before = tables(theirs, theirs)) =>
    makeMoves(plan(before), OURS, routes, { policy, clock, signal: controller.signal, lastLookMs: 1000, onStep })
  return { clock, controller, calls, routes, plan, make, steps }
}

const results = (outcomes: RouteOutcome[]) => outcomes.map(({ verdict, detail }) => [verdict, detail])
const readTimes = (calls: string[]) =>
  calls.filter((call) => call.endsWith('read')).map((call) => Number.parseInt(call, 10))

describe('a switch by hand', () => {
  test('writes all at once, then needs two good reads in a row', async () => {
    const { make, calls } = world()
    expect(results(await make())).toEqual([
      ['done', 'replaced'],
      ['done', 'replaced'],
    ])
    expect(calls).toEqual([
      '0 write rtb-0a 10.99.0.10/32 eni-0a',
      '0 write rtb-0b 10.99.0.10/32 eni-0a',
      '200 read',
      '600 read',
    ])
  })

  test('goes on reading after a good read that a stale one follows', async () => {
    const { make, calls } = world([tables(ours, ours), tables(ours, theirs), tables(ours, ours)])
    expect(results(await make())).toEqual(Array(2).fill(['done', 'replaced']))
    expect(readTimes(calls)).toEqual([200, 600, 1400, 3000])
  })

  test('waits longer from read to read, and never more than 5 s', async () => {
    const stale = Array.from({ length: 7 }, () => tables(theirs, theirs))
    const { make, clock } = world([...stale, tables(ours, ours)])
    await make()
    expect(clock.slept).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000])
  })

  test('says at the deadline what was read back instead, of that route alone', async () => {
    const { make, controller, routes } = world([tables(ours, theirs)])
    const { read } = routes
    let reads = 0
    routes.read = () => {
      if (++reads === 3) controller.abort(new Failure('failed', 'the deadline of 60 s has passed'))
      return read()
    }
    expect(results(await make())).toEqual([
      ['done', 'replaced'],
      ['unconfirmed', 'accepted, but read back as eni-0b: the deadline of 60 s has passed'],
    ])
    // The last one when the time was over.
    expect(reads).toBe(4)
  })

  test.each([
    ['a missing route', tables(ours, undefined), 'accepted, but read back as missing: throttled'],
    [
      'a blackhole',
      tables(ours, ours).map((table) => ({
        ...table,
        routes: table.routes.map((route) => ({ ...route, state: table.id === B ? 'blackhole' : route.state }) as const),
      })),
      'accepted, but read back as eni-0a (blackhole): throttled',
    ],
    [
      'a table that is gone',
      tables(ours, ours).slice(0, 1),
      'accepted, but its table is not among those that are read',
    ],
  ])('does not take %s for a route that is in place', async (_, read, detail) => {
    const { make } = world([read, new Failure('failed', 'throttled')])
    expect(results(await make())).toEqual([
      ['done', 'replaced'],
      ['unconfirmed', detail],
    ])
  })

  test('takes a failed read neither for a yes nor for a no', async () => {
    const unread = world([new Failure('failed', 'not authorized')])
    expect(results(await unread.make())).toEqual(
      Array(2).fill(['unconfirmed', 'accepted, but not read back: not authorized']),
    )
    const readOnce = world([tables(ours, ours), new Failure('failed', 'not authorized')])
    expect(results(await readOnce.make())).toEqual(Array(2).fill(['done', 'replaced']))
  })

  test('goes on with the others where a write fails or is refused, and confirms those alone', async () => {
    const { make, calls, routes } = world([tables(theirs, ours)])
    const { write } = routes
    routes.write = (key, target) =>
      key.table === A ? Promise.reject(new Failure('failed', 'denied')) : write(key, target)
    expect(results(await make())).toEqual([
      ['failed', 'denied'],
      ['done', 'replaced'],
    ])
    expect(readTimes(calls)).toEqual([200, 600])

    routes.write = () => Promise.reject(new Failure('refused', 'no such route'))
    calls.length = 0
    expect(results(await make())).toEqual(Array(2).fill(['refused', 'no such route']))
    expect(calls).toEqual([])
  })

  test('confirms what was accepted, while another write is not answered', async () => {
    const { make, controller, routes, steps, clock } = world([tables(ours, theirs)])
    const { write } = routes
    routes.write = (key, target) => {
      if (key.table === A) return write(key, target)
      return new Promise((_, reject) => {
        controller.signal.addEventListener('abort', () => reject(new Failure('failed', 'the deadline; not answered')))
      })
    }
    const making = make()
    await expect.poll(() => steps).toEqual([`accepted ${A}`, `confirmed ${A}`])
    expect(clock.slept).toEqual([200, 400])
    controller.abort(new Failure('failed', 'the deadline'))
    expect(results(await making)).toEqual([
      ['done', 'replaced'],
      ['failed', 'the deadline; not answered'],
    ])
    expect(steps.at(-1)).toBe(`failed ${B}`)
  })

  test('tells of a route that was never sent that it was not written', async () => {
    const { make, controller, routes } = world([tables(theirs, theirs)])
    const reason = new Failure('failed', 'the deadline of 60 s has passed')
    routes.write = () => Promise.reject(reason)
    controller.abort(reason)
    expect(results(await make())).toEqual(Array(2).fill(['failed', 'not written: the deadline of 60 s has passed']))
  })

  test('goes on looking at a route that was confirmed and is taken away while another is waited for', async () => {
    const { make, steps } = world([
      tables(ours, theirs),
      tables(ours, theirs),
      tables(theirs, ours),
      tables(ours, ours),
      tables(ours, ours),
    ])
    expect(results(await make())).toEqual(Array(2).fill(['done', 'replaced']))
    expect(steps).toEqual([`accepted ${A}`, `accepted ${B}`, `confirmed ${A}`, `confirmed ${B}`])
  })

  test('touches neither a route in place nor one that is somebody else’s', async () => {
    const { make, calls } = world()
    expect(results(await make(tables(ours, { kind: 'other', id: 'nat-0a' })))).toEqual([
      ['done', 'in place already'],
      ['refused', expect.stringContaining('points to nat-0a')],
    ])
    expect(calls).toEqual([])
  })

  test('is rehearsed without a write: all but the refused, each as it would be made', async () => {
    const { plan, routes, calls } = world()
    expect(results(await rehearseMoves(plan(tables(theirs, undefined)), OURS, routes))).toEqual([
      ['permitted', 'ReplaceRoute is permitted'],
      ['permitted', 'CreateRoute is permitted'],
    ])
    await rehearseMoves(plan(tables(ours, { kind: 'other', id: 'nat-0a' })), OURS, routes)
    expect(calls).toEqual([
      '0 rehearse rtb-0a 10.99.0.10/32 eni-0a false',
      '0 rehearse rtb-0b 10.99.0.10/32 eni-0a true',
      // In place already: whether a later write would be permitted is asked all the same. Refused: nothing to ask.
      '0 rehearse rtb-0a 10.99.0.10/32 eni-0a false',
    ])
  })
})
