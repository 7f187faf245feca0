/** Each route has its own life: one write that is never answered holds up neither the others nor what is told of them. */
import { expect, test } from 'vitest'
import { logLines } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { byIds, eniOf, hook, idOf, MASTER, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const never = () => new Promise<void>(() => {})

test('of two tables, one whose write is swallowed: the other is confirmed, the claim is published, and the exit code is 3', async () => {
  const swallowed = idOf('private-c', 'rtb-')
  const claims: number[] = []
  const start = performance.now()
  interceptWith(({ action, params }) => {
    if (action === 'CreateTags') claims.push(performance.now() - start)
    return isWrite(action) && params.RouteTableId === swallowed ? never() : undefined
  })
  const run = await hook('db-2', MASTER, { instance: byIds(), flags: ['--deadline', '8s'] })
  expect(run.exitCode).toBe(3)
  expect(targets()).toEqual({ 'private-a': eniOf('db-2'), 'private-c': eniOf('db-1') })
  // Before the swallowed write was hedged, let alone given up.
  expect(claims[0]).toBeLessThan(1000)
  expect(endpoint.region.tags.get(eniOf('db-2'))?.get('vip-switch:db:VI_1')).toMatch(/^MASTER prio=150 /)
  const errors = logLines(run).flatMap(({ level, msg }) => (level === 50 ? [String(msg)] : []))
  expect(errors.filter((text) => text.includes(swallowed))).not.toEqual([])
  expect(errors.filter((text) => text.includes(idOf('private-a', 'rtb-')))).toEqual([])
}, 20_000)

test('what was accepted, and not looked at by then, is looked at once more before the deadline', async () => {
  let firstRequestAt: number | undefined
  interceptWith(({ action }) => {
    firstRequestAt ??= performance.now()
    // Until the hook has ceased to try: a fifth of its time is left then.
    const isEarly = performance.now() - firstRequestAt < 1500
    return action === 'DescribeRouteTables' && isEarly ? never() : undefined
  })
  const run = await hook('db-2', MASTER, { instance: byIds(), flags: ['--deadline', '2500ms'] })
  expect(run.exitCode).toBe(0)
  expect(endpoint.requests.filter(({ action }) => action === 'DescribeRouteTables')).toHaveLength(2)
})
