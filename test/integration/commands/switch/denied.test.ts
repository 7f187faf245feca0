import { describe, expect, test } from 'vitest'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { actionsOf } from '../../../support/cli.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import {
  A,
  B,
  BARE,
  ENI1,
  ENI2,
  NAT,
  NATTED,
  run,
  runWithConfig,
  seed,
  targetOf,
  VIP,
} from '../../../support/switching.ts'

const CORE_NETWORK = 'arn:aws:networkmanager::123456789012:core-network/core-network-0a'

startEndpointForEachTest(seed)

describe('what is refused', () => {
  test('a route to a NAT gateway; the others are moved all the same', async () => {
    const alone = await run('-r', NATTED, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(alone.exitCode).toBe(4)
    expect(alone.stdout).toContain(`points to ${NAT} (NAT gateway), which is not ours to replace`)
    expect(writes()).toEqual([])

    const among = await run('-r', NATTED, '-r', A, '-r', B, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(among.exitCode).toBe(3)
    expect([targetOf(NATTED), targetOf(A), targetOf(B)]).toEqual([NAT, ENI2, ENI2])
    expect(among.stdout).toMatch(/2 done, 1 refused$/)
  })

  test('but not where the config names it in takeOver', async () => {
    const { exitCode } = await runWithConfig(
      { routeTables: [{ name: 'natted' }], takeOver: [NAT] },
      { eni: ENI2 },
      ...['VI_1', '-f'],
    )
    expect(exitCode).toBe(0)
    expect(targetOf(NATTED)).toBe(ENI2)
  })

  test('a propagated route', async () => {
    endpoint.region.routeTables.get(BARE)?.routes.push({
      destination: { kind: 'ipv4', value: VIP },
      target: { field: 'gatewayId', id: 'vgw-00000000000000001' },
      origin: 'EnableVgwRoutePropagation',
    })
    const { exitCode, stdout } = await run('-r', BARE, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(4)
    expect(stdout).toContain('is propagated from vgw-00000000000000001')
    expect(writes()).toEqual([])
  })

  test.each([
    ['advertised', { field: 'networkInterfaceId', id: ENI1 }, 'Advertisement', 'is advertised by a VPC Route Server'],
    ['of a kind to come', { field: 'networkInterfaceId', id: ENI1 }, 'NewThing', '(its origin is NewThing)'],
    ['at a target of a kind to come', { field: 'futureTargetId', id: 'ftr-0a' }, 'CreateRoute', 'points to a kind of'],
    ['at a core network', { field: 'coreNetworkArn', id: CORE_NETWORK }, 'CreateRoute', '(core network)'],
  ] as const)('a route that is %s', async (_, target, origin, said) => {
    endpoint.region.gateways.add(target.id)
    const destination = { kind: 'ipv4', value: VIP } as const
    endpoint.region.routeTables.get(BARE)?.routes.push({ destination, target, origin })
    const { exitCode, stdout } = await run('-r', BARE, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect({ exitCode, writes: writes() }).toEqual({ exitCode: 4, writes: [] })
    expect(stdout.replace(/\s+/g, ' ')).toContain(said)
  })

  test('a VIP inside the VPC, with that reason', async () => {
    const { exitCode, stdout } = await run('-r', A, '-v', '10.0.3.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(4)
    expect(stdout).toContain("is inside the VPC's own 10.0.0.0/16")
    expect(writes()).toEqual([])
  })

  test('a missing route, unless a config asks for it', async () => {
    const byFlags = await run('-r', BARE, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(byFlags.exitCode).toBe(4)
    expect(byFlags.stdout).toContain('no such route')

    const forbidden = { routeTables: [BARE], createMissing: false }
    expect((await runWithConfig(forbidden, { eni: ENI2 }, 'VI_1', '-f')).exitCode).toBe(4)
    expect(writes()).toEqual([])

    const created = await runWithConfig({ routeTables: [BARE] }, { eni: ENI2 }, 'VI_1', '-f')
    expect(created.exitCode).toBe(0)
    expect(created.stdout).toContain('created')
    expect(targetOf(BARE)).toBe(ENI2)
  })
})

describe('with one table of several denied', () => {
  test('moves the others, names that one and why, and touches it alone the next time', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: B })
    const config = { routeTables: [{ tags: { role: 'private' } }] }
    const first = await runWithConfig(config, { eni: ENI2 }, 'VI_1', '-f')
    expect(first.exitCode).toBe(3)
    expect([targetOf(A), targetOf(B)]).toEqual([ENI2, ENI1])
    expect(first.stdout).toMatch(/✗ +rtb-0000000000000000b +private-c .*failed: ReplaceRoute .*UnauthorizedOperation/)
    expect(first.stdout).toMatch(/1 done, 1 failed$/)

    endpoint.region.deny = []
    endpoint.requests.length = 0
    const second = await runWithConfig(config, { eni: ENI2 }, 'VI_1', '-f')
    expect(second.exitCode).toBe(0)
    expect(writes().map(({ params }) => params.RouteTableId)).toEqual([B])
    expect(targetOf(B)).toBe(ENI2)
  })

  test('goes on after a throttled and a broken answer', async () => {
    const broken = new ApiError('Unavailable', 'broken', 503)
    const faults = [new ApiError('RequestLimitExceeded', 'slow down', 503), broken, broken]
    interceptWith(() => {
      const fault = endpoint.requests.at(-1)?.action === 'ReplaceRoute' && faults.pop()
      if (fault) throw fault
    })
    const { exitCode, stderr } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(0)
    expect(writes().map(({ error }) => error)).toEqual([
      'Unavailable',
      'Unavailable',
      'RequestLimitExceeded',
      undefined,
    ])
    // What is the same again is not told again.
    expect(stderr.match(/trying again: .* answered \w+/g)?.map((line) => line.split(' ').at(-1))).toEqual([
      'Unavailable',
      'RequestLimitExceeded',
    ])
    expect(targetOf(A)).toBe(ENI2)
  })
})

describe('with one bad selector of several', () => {
  const routeTables = [A, { name: 'nowhere' }, B]
  const problem = 'no route table matches the name nowhere'

  test('an instance’s other tables are moved: partial, and the selector is named', async () => {
    const { exitCode, stdout, stderr } = await runWithConfig({ routeTables }, { eni: ENI2 }, 'VI_1', '-f')
    expect([targetOf(A), targetOf(B)]).toEqual([ENI2, ENI2])
    expect(stdout).toMatch(/✗ {2}no route table matches the name nowhere\n2 done, 1 bad selector$/)
    // Before anything is asked or done.
    expect(stderr).toBe(`vip-switch: warning: ${problem}\n  → vip-switch list shows the existing tables`)
    expect(exitCode).toBe(3)
  })

  test('so it is in a dry run, and in JSON', async () => {
    const words = ['VI_1', '--dry-run', '--json']
    const { exitCode, stdout } = await runWithConfig({ routeTables }, { eni: ENI2 }, ...words)
    expect(JSON.parse(stdout)).toMatchObject({
      routes: [
        { table: A, result: 'permitted' },
        { table: B, result: 'permitted' },
      ],
      problems: [problem],
    })
    expect(exitCode).toBe(3)
  })

  test('nothing is moved where the words of the command name no table', async () => {
    const { exitCode, stderr } = await run('-r', A, '-r', 'nowhere', '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(problem) })
    expect(writes()).toEqual([])
  })

  test('nor where no selector means any', async () => {
    const none = { routeTables: [{ name: 'nowhere' }, { name: 'twin' }] }
    const { exitCode, stderr } = await runWithConfig(none, { eni: ENI2 }, 'VI_1', '-f')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(problem) })
    expect(stderr).toContain('several route tables are named twin')
  })
})

describe('with a role for the route tables', () => {
  test('reads and writes routes in the role, and looks up interfaces without it', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: B }, { action: 'DescribeInstances' })
    const assumeRole = 'arn:aws:iam::210987654321:role/route-switch'
    const { exitCode, stdout, stderr } = await runWithConfig(
      { routeTables: [A, B] },
      { eni: ENI2, assumeRole },
      ...['VI_1', '-f'],
    )
    expect(exitCode).toBe(3)
    expect(targetOf(A)).toBe(ENI2)
    const assumed = endpoint.requests.filter(({ action }) => action === 'AssumeRole')
    expect(assumed.map(({ params }) => params.RoleArn)).toEqual([assumeRole])
    // A denial tells who asked.
    expect(stdout).toContain('User: arn:aws:sts::210987654321:assumed-role/route-switch/vip-switch is not authorized')
    expect(stderr).toContain('User: arn:aws:iam::123456789012:user/lab is not authorized')
  })

  test('fails, with the reason, where the role may not be assumed', async () => {
    endpoint.region.deny.push({ action: 'AssumeRole' })
    const assumeRole = 'arn:aws:iam::210987654321:role/route-switch'
    const { exitCode, stderr } = await runWithConfig({ routeTables: [A] }, { eni: ENI2, assumeRole }, 'VI_1', '-f')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('is not authorized to perform: sts:AssumeRole')
    expect(actionsOf(endpoint)).not.toContain('DescribeRouteTables')
  })
})
