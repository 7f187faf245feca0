/** keepalived's proof that a lower node acts as master, which comes once per advert. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { actionsOf, type Run } from '../../../support/cli.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'
import { both, eniOf, hook, idOf, setTarget, TABLES, targets } from '../../../support/node.ts'
import { heldStart } from '../../../support/preload.ts'

const RX_LOWER_PRI = ['INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI', '150']

startEndpointForEachTest()

describe('MASTER_RX_LOWER_PRI', () => {
  test('reads first, and writes only what is elsewhere', async () => {
    const route = endpoint.region.routeTables
      .get(idOf('private-a', 'rtb-'))
      ?.routes.find(({ destination }) => destination.value === '10.99.0.10/32')
    if (route) route.target = { field: 'networkInterfaceId', id: eniOf('db-2') }
    expect((await hook('db-1', RX_LOWER_PRI)).exitCode).toBe(0)
    expect(actionsOf(endpoint).find((action) => action.includes('Route'))).toBe('DescribeRouteTables')
    expect(writes()).toHaveLength(1)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('comes five times a second, and is acted upon once', async () => {
    const asked = gate()
    interceptWith(() => asked.open())
    const { env, letGo } = await heldStart()
    const first = hook('db-1', RX_LOWER_PRI)
    const others = [hook('db-1', RX_LOWER_PRI, { env }), hook('db-1', RX_LOWER_PRI, { env })]
    await asked.opened
    letGo()
    const runs = await Promise.all([first, ...others])
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    // One look at once, one after 1 s, one after 3 s: all of them the first hook's.
    expect(actionsOf(endpoint).filter((action) => action === 'DescribeRouteTables')).toHaveLength(3)
    expect(writes()).toEqual([])
  })

  test('coming without end while EC2 is slow, it keeps no hook from its write', async () => {
    for (const name of TABLES) setTarget(name, { field: 'networkInterfaceId', id: eniOf('db-2') })
    const reached = gate()
    const isThere = () => Object.values(targets()).every((target) => target === eniOf('db-1'))
    // Slower than one a second, which is how often one of them is acted upon.
    interceptWith(async () => {
      await delay(1200)
      setImmediate(() => isThere() && reached.open())
    })
    const hooks: Promise<Run>[] = []
    const flood = setInterval(() => hooks.push(hook('db-1', RX_LOWER_PRI)), 400)
    await reached.opened
    clearInterval(flood)
    const runs = await Promise.all(hooks)
    expect(runs.map(({ exitCode }) => exitCode)).not.toContain(5)
    expect(targets()).toEqual(both(eniOf('db-1')))
  }, 60_000)
})
