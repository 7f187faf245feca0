/** Writes that are not answered: a second one goes out on another connection, and none outlives its mastership. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Ec2, openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { writeRoute } from '../../../../src/adapters/ec2/operations/routes.ts'
import { readTables } from '../../../../src/adapters/ec2/operations/tables.ts'
import { writeRouteWithRetries } from '../../../../src/agent/node/route-port.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { type Clock, systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor, logLines, type Run } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { eni, gate, rtb, silentLog } from '../../../support/fixtures.ts'
import { both, byIds, eniOf, hook, idOf, MASTER, STOP, targets } from '../../../support/node.ts'
import { openWay as openWayTo } from '../../../support/way.ts'

startEndpointForEachTest()

const never = () => new Promise<void>(() => {})
const messages = (run: Run) => logLines(run).map(({ msg }) => String(msg))

describe('a hook', () => {
  test('asks a second time where EC2 does not answer the first, and takes the answer that it gets', async () => {
    const asked = new Set<string | undefined>()
    interceptWith(({ action, params }) => {
      if (!isWrite(action) || asked.has(params.RouteTableId)) return
      asked.add(params.RouteTableId)
      return never()
    })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
    expect(writes()).toHaveLength(4)
    expect(messages(run).filter((message) => message.endsWith('trying on another connection'))).toHaveLength(2)
    expect(run.stderr).not.toContain('trying again')
  })

  test('finds the route there that its first CreateRoute made, whose answer was lost, and replaces it', async () => {
    const table = idOf('private-a', 'rtb-')
    let creates = 0
    interceptWith(({ action }) => {
      if (action !== 'CreateRoute' || ++creates > 1) return
      endpoint.region.routeTables.get(table)?.routes.push({
        destination: { kind: 'ipv4', value: '10.99.0.11/32' },
        target: { field: 'networkInterfaceId', id: eniOf('db-2') },
        origin: 'CreateRoute',
      })
      return never()
    })
    const { exitCode } = await hook('db-2', MASTER, { instance: `vips: [10.99.0.11], routeTables: [${table}]` })
    expect(exitCode).toBe(0)
    expect(writes().map(({ action, error }) => error ?? action)).toEqual([
      'InvalidParameterValue',
      'CreateRoute',
      'RouteAlreadyExists',
      'ReplaceRoute',
    ])
  })

  test('that is superseded ends both, and asks for nothing any more', async () => {
    const hedged = gate()
    interceptWith(({ action }) => {
      if (!isWrite(action)) return
      if (writes().length === 4) hedged.open()
      return never()
    })
    const master = hook('db-2', MASTER, { instance: byIds() })
    await hedged.opened
    expect((await hook('db-2', STOP)).exitCode).toBe(0)
    expect((await master).exitCode).toBe(5)
    expect(writes()).toHaveLength(4)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })
})

describe('a process that goes on', () => {
  const HEDGING = { signal: new AbortController().signal, clock: systemClock, permit: () => {}, beforeHedge: () => {} }
  const wanted = (rest: object = {}) => ({ ...HEDGING, permit: () => {}, log: silentLog, ...rest })
  const tableA = () => rtb(idOf('private-a', 'rtb-'))
  const write = (ec2: Ec2, vip: string, hedging = HEDGING) =>
    writeRoute(ec2, { table: tableA(), vip: parseVip(vip) }, eni(eniOf('db-2')), true, 'edge', hedging)
  /** Hedges long before a first attempt times out. */
  const soon: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) }
  const many = Array.from({ length: 60 }, (_, index) => `10.99.1.${index}`)

  async function openWay() {
    const way = await openWayTo(endpoint.url)
    onTestFinished(() => way.close())
    return way
  }

  async function open(way?: { readonly url: string }, clock: Clock = systemClock): Promise<Ec2> {
    const env = environmentFor(endpoint, way && { AWS_ENDPOINT_URL: way.url })
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    // The budget of tokens is another matter.
    return {
      ...(await openEc2({ clock, onWait: () => {} })),
      budget: { within: (_action, _precedence, call) => call() },
    }
  }

  test('hedges on a new connection where all of its warm ones are dead', async () => {
    const way = await openWay()
    const ec2 = await open(way)
    await Promise.all([1, 2, 3, 4].map(() => readTables(ec2, 'all', HEDGING.signal)))
    expect(way.connections).toBe(4)
    way.blackhole()
    expect(await Promise.all([write(ec2, '10.99.0.10'), write(ec2, '10.99.0.11')])).toEqual(['replaced', 'created'])
    expect(way.swallowed).toBe(2)
    // Nor is one of the dead ones used by what comes after.
    await Promise.all([1, 2, 3, 4].map(() => readTables(ec2, 'all', HEDGING.signal)))
    expect(way.swallowed).toBe(2)
  })

  test('hedges as many writes as can be in flight, all at once, and goes on with those that wait', async () => {
    const way = await openWay()
    const ec2 = await open(way)
    const asked = new Map<string | undefined, number>()
    const allHedged = gate()
    interceptWith(({ action, params }) => {
      if (action !== 'ReplaceRoute') return
      const times = (asked.get(params.DestinationCidrBlock) ?? 0) + 1
      asked.set(params.DestinationCidrBlock, times)
      if (times === 1 && asked.size <= 50) return never()
      if ([...asked.values()].filter((each) => each > 1).length === 50) allHedged.open()
      return times === 2 ? allHedged.opened : undefined
    })
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const keys = many.map((vip) => ({ table: tableA(), vip: parseVip(vip) }))
    const own = eni(eniOf('db-2'))
    await Promise.all(keys.map((key) => writeRouteWithRetries(ec2, key, own, true, 'edge', wanted({ clock: soon }))))
    process.off('warning', note)
    // 50 and their hedges: none of these waited until a first attempt had timed out.
    expect(way.mostAtOnce).toBeGreaterThan(90)
    // Of many listeners to one signal, say, on the standard error of a hook that writes many routes.
    expect(warnings).toEqual([])
  })

  test('cuts off what is in flight, and sends neither what waits nor a hedge, once it is not wanted', async () => {
    const late = gate()
    const clock: Clock = { ...systemClock, sleep: () => late.opened }
    const way = await openWay()
    const ec2 = await open(way, clock)
    way.blackhole(200)
    const controller = new AbortController()
    const results = many.map((vip) => write(ec2, vip, { ...HEDGING, clock, signal: controller.signal }))
    const settled = Promise.allSettled(results)
    await vi.waitFor(() => expect(way.swallowed).toBe(50), 5000)
    controller.abort(new Error('mastership is lost'))
    expect((await settled).map((result) => result.status)).toEqual(many.map(() => 'rejected'))
    late.open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(way.connections).toBe(50)
    expect(endpoint.requests).toEqual([])
  })

  test('gives up an answer that stops in its middle', async () => {
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<Descr'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const ec2 = await open({ url: `http://127.0.0.1:${port}` })
    await expect(readTables(ec2, 'all', HEDGING.signal)).rejects.toMatchObject({ class: 'retry' })
  })
})
