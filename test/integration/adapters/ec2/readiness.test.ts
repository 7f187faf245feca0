/** A node that may become MASTER: its connections are open, its code has run, and neither was a request. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { writeRoute } from '../../../../src/adapters/ec2/operations/routes.ts'
import { openInMemoryEc2 } from '../../../../src/adapters/ec2/transport/in-memory-ec2.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor } from '../../../support/cli.ts'
import { createDaemon, tell, writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { eni, gate, rtb } from '../../../support/fixtures.ts'
import { both, eniOf, idOf, TABLES, targets } from '../../../support/node.ts'
import { openWay } from '../../../support/way.ts'

startEndpointForEachTest()

const VIPS = ['10.99.0.10', '10.99.1.1', '10.99.1.2', '10.99.1.3']
const ROUTES = VIPS.length * TABLES.length
/** What goes out beside the writes: the claim and two reads. */
const OTHER_CALLS = 3
const READY = ROUTES + OTHER_CALLS

/** A daemon whose way to EC2 is watched; it has become BACKUP, and has read everything. */
async function backup() {
  const way = await openWay(endpoint.url)
  onTestFinished(() => way.close())
  const tables = TABLES.map((name) => idOf(name, 'rtb-'))
  const daemon = createDaemon(writeDaemonConfig({}, `vips: [${VIPS}], routeTables: [${tables}]`))
  vi.stubEnv('AWS_ENDPOINT_URL', way.url)
  await daemon.start()
  tell('BACKUP')
  await vi.waitFor(() => expect(way.open).toBe(READY), 10_000)
  return { way, daemon }
}

describe('a daemon', () => {
  test('keeps as many connections open as BACKUP as its routes need, so that an edge opens none', async () => {
    const { way } = await backup()
    const asked = endpoint.requests.length
    expect(writes()).toEqual([])
    const { connections } = way
    // Each of them waits for the last: so each needs a connection of its own.
    const all = gate()
    interceptWith(({ action }) => {
      if (!isWrite(action)) return
      if (writes().length === ROUTES) all.open()
      return all.opened
    })
    tell('MASTER')
    await all.opened
    await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))))
    expect(way.connections).toBe(connections)
    expect(endpoint.requests.slice(asked, asked + ROUTES).map(({ action }) => action)).toEqual(
      Array.from({ length: ROUTES }, () => 'ReplaceRoute'),
    )
  })

  test('whose connections have all died unnoticed writes by others within a hedge’s time', async () => {
    const { way } = await backup()
    way.blackhole()
    const start = systemClock.now()
    tell('MASTER')
    const replaced = () => endpoint.requests.filter(({ action }) => action === 'ReplaceRoute')
    await vi.waitFor(() => expect(replaced()).toHaveLength(ROUTES), 5000)
    // A hedge goes out after 1 s, before the first attempt is given up after 2 s.
    expect(systemClock.now() - start).toBeLessThan(2000)
    expect(way.swallowed).toBeGreaterThanOrEqual(ROUTES)
  })

  test('asks EC2 for nothing more than its claim and its reads, and writes nothing, while it makes itself ready', async () => {
    await backup()
    const actions = new Set(endpoint.requests.map(({ action }) => action))
    expect([...actions].sort()).toEqual([
      'CreateTags',
      'DescribeInstances',
      'DescribeNetworkInterfaces',
      'DescribeRouteTables',
    ])
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('keeps none for routes that it is not to take: in FAULT, and once it is stopped', async () => {
    const { way, daemon } = await backup()
    tell('FAULT')
    // Those of the reads stay.
    await vi.waitFor(() => expect(way.open).toBeLessThanOrEqual(OTHER_CALLS), 10_000)
    tell('BACKUP')
    await vi.waitFor(() => expect(way.open).toBe(READY), 10_000)
    await daemon.stop()
    await vi.waitFor(() => expect(way.open).toBeLessThanOrEqual(OTHER_CALLS), 10_000)
  })
})

describe('EC2 in memory', () => {
  test.each(['http', 'https'])('over %s writes as to EC2, and no request leaves the process', async (protocol) => {
    // Nobody answers there.
    const env = environmentFor(endpoint, { AWS_ENDPOINT_URL: `${protocol}://127.0.0.1:1` })
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    const ec2 = await openEc2({ clock: systemClock, onWait: () => {} })
    const inMemory = openInMemoryEc2(ec2, systemClock)
    const key = { table: rtb(idOf('private-a', 'rtb-')), vip: parseVip('10.99.0.10') }
    const hedging = {
      signal: new AbortController().signal,
      clock: systemClock,
      permit: () => {},
      beforeHedge: () => {},
    }
    const write = () => writeRoute(inMemory.ec2, key, eni(eniOf('db-2')), true, 'edge', hedging)
    expect(await Promise.all([write(), write()])).toEqual(['replaced', 'replaced'])
    expect(endpoint.requests).toEqual([])
  })
})
