/** What a hook without a daemon tells the other nodes, and what it heeds of what they tell. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { actionsOf, environmentFor, logLines, type Run, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'
import { both, byIds, eniOf, hook, idOf, MASTER, STOP, setTarget, TABLES, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const CLAIM = 'vip-switch:db:VI_1'
const PROOF = ['INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI']

const claimOn = (node: string) => endpoint.region.tags.get(eniOf(node))?.get(CLAIM)

function setClaim(node: string, value: string): void {
  const tags = endpoint.region.tags.get(eniOf(node)) ?? new Map<string, string>()
  endpoint.region.tags.set(eniOf(node), tags.set(CLAIM, value))
}

/** The errors that a run has logged. */
const errorsOf = (run: Run) => logLines(run).flatMap(({ level, msg }) => (level === 50 ? [msg] : []))

describe('a hook without a daemon', () => {
  test('publishes that its node is MASTER, after its writes', async () => {
    expect((await hook('db-2', MASTER, { instance: byIds() })).exitCode).toBe(0)
    expect(claimOn('db-2')).toMatch(/^MASTER prio=150 addr=10\.0\.2\.12 since=\S+Z beat=\S+Z$/)
    expect(actionsOf(endpoint).slice(0, 2)).toEqual(['ReplaceRoute', 'ReplaceRoute'])
    expect(actionsOf(endpoint).filter((action) => action === 'CreateTags')).toHaveLength(1)
  })

  test.each(['BACKUP', 'FAULT', 'STOP', 'DELETED'])('publishes %s', async (state) => {
    expect((await hook('db-1', ['INSTANCE', 'VI_1', state, '150'])).exitCode).toBe(0)
    expect(claimOn('db-1')).toMatch(new RegExp(`^${state} prio=150 addr=10\\.0\\.1\\.11 `))
  })

  test('learns its address from IMDS where the config names no ENI', async () => {
    const metadata = await endpoint.startMetadata({ instanceId: idOf('db-2', 'i-') })
    const config = join(directory, 'config.yaml')
    await writeFile(config, `{ cluster: db, instances: { VI_1: { ${byIds()} } } }`)
    const env = environmentFor(endpoint, { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url })
    await runProgram(['notify', '-c', config, '--state-dir', directory, ...STOP], env)
    expect(claimOn('db-2')).toMatch(/^STOP prio=150 addr=10\.0\.2\.12 /)
    expect(actionsOf(endpoint)).toEqual(['CreateTags'])
  })

  test('keeps its priority when keepalived proves that a lower node acts as master, and shows a new beat', async () => {
    setClaim('db-1', 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z')
    expect((await hook('db-1', PROOF)).exitCode).toBe(0)
    expect(claimOn('db-1')).toMatch(/^MASTER prio=150 addr=10\.0\.1\.11 since=2026-11-23T01:02:03Z beat=/)
    expect(claimOn('db-1')).not.toContain('beat=2026-11-23T01:02:03.120Z')
  })

  test('publishes the config’s priority of a sync group, and none where that tells none either', async () => {
    const event = ['GROUP', 'VI_1', 'BACKUP', '0']
    await hook('db-1', event)
    expect(claimOn('db-1')).toMatch(/^BACKUP addr=/)
    await hook('db-1', event, { instance: `${byIds()}, priority: 120` })
    expect(claimOn('db-1')).toMatch(/^BACKUP prio=120 addr=/)
  })

  test('moves the routes all the same where it may not publish, and says so', async () => {
    endpoint.region.deny.push({ action: 'CreateTags' })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(errorsOf(run)).toEqual([expect.stringMatching(/^the others cannot see this node's claim: CreateTags/)])
    expect(targets()).toEqual(both(eniOf('db-2')))
    const stopped = await hook('db-2', STOP)
    expect(stopped.exitCode).toBe(0)
    expect(errorsOf(stopped)).toHaveLength(1)
  })

  test('publishes no more once a newer event is recorded', async () => {
    const asked = gate()
    const ended = gate()
    interceptWith(async ({ action, params }) => {
      if (action !== 'CreateTags' || !JSON.stringify(params).includes('MASTER prio=150')) return
      asked.open()
      await ended.opened
      throw new ApiError('Unavailable', 'The service is unavailable.', 503)
    })
    const older = hook('db-2', MASTER, { instance: byIds() })
    await asked.opened
    expect((await hook('db-2', STOP)).exitCode).toBe(0)
    const { exitCode } = await older
    ended.open()
    expect(exitCode).toBe(5)
    expect(claimOn('db-2')).toMatch(/^STOP /)
    expect(actionsOf(endpoint).filter((action) => action === 'CreateTags')).toHaveLength(2)
  })
})

describe('a hook without a daemon, whose routes another node takes', () => {
  /** What happens as soon as the hook has published, and so has seen who claims what. */
  function once(then: () => void): void {
    interceptWith(({ action }) => {
      if (action === 'CreateTags') then()
    })
  }
  const taken = () => {
    for (const table of TABLES) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-1') })
  }

  test('leaves them to it, if it is a higher MASTER and alive', async () => {
    setClaim('db-1', 'MASTER prio=200 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.001Z')
    once(() => {
      setClaim('db-1', 'MASTER prio=200 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.002Z')
      taken()
    })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(4)
    expect(errorsOf(run)).toEqual([
      `${eniOf('db-1')}, MASTER 200, is alive; we are MASTER 150: split brain, leaving the routes to it`,
    ])
    expect(writes()).toHaveLength(2)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })

  test('takes them back if its claim is an old one: the late write of a node that died', async () => {
    setClaim('db-1', 'MASTER prio=200 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.001Z')
    once(() => {
      if (writes().length === 2) taken()
    })
    expect((await hook('db-2', MASTER, { instance: byIds() })).exitCode).toBe(0)
    expect(writes()).toHaveLength(4)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('takes them back where it cannot see who claims what', async () => {
    endpoint.region.deny.push({ action: 'DescribeNetworkInterfaces' })
    let reads = 0
    interceptWith(({ action }) => {
      if (action === 'DescribeRouteTables' && ++reads === 1) taken()
    })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(errorsOf(run)).toHaveLength(1)
    expect(writes()).toHaveLength(4)
    expect(targets()).toEqual(both(eniOf('db-2')))
  })
})
