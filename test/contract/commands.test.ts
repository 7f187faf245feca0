/** The built program against moto's server: an EC2 that is nobody's of this project. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentFor, runProgram } from '../support/cli.ts'
import { requires } from '../support/requires.ts'
import { startMoto } from './moto.ts'
import type { Target } from './target.ts'

describe.skipIf(!requires('moto'))('against moto’s server', () => {
  let moto: Target
  let directory: string
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vip-switch-moto-'))
    moto = await startMoto()
    const endpoint = await moto.client.config.endpoint?.()
    if (!endpoint) throw new Error('the client of moto has no endpoint')
    env = environmentFor(undefined, { AWS_ENDPOINT_URL: `http://127.0.0.1:${endpoint.port}` })
  })
  afterAll(async () => {
    await moto.close()
    await rm(directory, { recursive: true })
  })

  /** Where the VIP points in each of the fixture's tables. */
  async function targets(vip: string): Promise<(string | undefined)[]> {
    const { tableIds } = moto.fixture
    const { RouteTables = [] } = await moto.client.send(new DescribeRouteTablesCommand({ RouteTableIds: tableIds }))
    return RouteTables.map(
      ({ Routes }) => Routes?.find((route) => route.DestinationCidrBlock === vip)?.NetworkInterfaceId,
    )
  }
  const everywhere = (target: string) => moto.fixture.tableIds.map(() => target)

  test('notify INSTANCE VI_1 MASTER 150 creates the routes, and moves them to the next master', async () => {
    const [first, second] = moto.fixture.interfaceIds
    for (const eni of [first, second]) {
      const config = join(directory, `${eni}.yaml`)
      const tables = moto.fixture.tableIds.join(', ')
      await writeFile(
        config,
        `{ cluster: db, eni: ${eni}, instances: { VI_1: { vips: [10.99.0.10], routeTables: [${tables}] } } }`,
      )
      const state = join(directory, eni)
      const event = ['INSTANCE', 'VI_1', 'MASTER', '150']
      const run = await runProgram(['notify', '--config', config, '--state-dir', state, ...event], env)
      expect(run).toMatchObject({ exitCode: 0 })
      expect(await targets('10.99.0.10/32')).toEqual(everywhere(eni))
    }
  })

  test('switch -r … -v … -I … -f does what swiro does', async () => {
    const [tableId] = moto.fixture.tableIds
    const [instanceId] = moto.fixture.instanceIds
    const [eni] = moto.fixture.interfaceIds
    const run = await runProgram(['switch', '-r', tableId ?? '', '-v', '10.99.0.10', '-I', instanceId, '-f'], env)
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 done') })
    expect((await targets('10.99.0.10/32')).filter((target) => target === eni)).toHaveLength(1)
  })

  test('switch by names, all tables at once', async () => {
    const tables = Array.from({ length: 6 }, (_, index) => ['-r', `private-${index + 2}`]).flat()
    const run = await runProgram(['switch', ...tables, '-v', '10.99.0.10', '-I', 'node-1', '-f'], env)
    expect(run.exitCode).toBe(0)
    expect(await targets('10.99.0.10/32')).toEqual(everywhere(moto.fixture.interfaceIds[0]))
  })

  test('list shows the VIP in each of its tables', async () => {
    const run = await runProgram(['list', '--json'], env)
    const { tables }: { tables: { id: string; routes: { vip: string; name: string }[] }[] } = JSON.parse(run.stdout)
    expect(tables.map(({ id }) => id).sort()).toEqual([...moto.fixture.tableIds].sort())
    expect(tables.flatMap(({ routes }) => routes)).toEqual(
      everywhere('').map(() => expect.objectContaining({ vip: '10.99.0.10/32', name: 'node-1' })),
    )
  })
})
