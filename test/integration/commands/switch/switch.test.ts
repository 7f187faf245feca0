import { describe, expect, test } from 'vitest'
import { actionsOf } from '../../../support/cli.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import {
  A,
  B,
  BARE,
  ENI1,
  ENI2,
  I2,
  NAT,
  NATTED,
  run,
  runWithConfig,
  seed,
  targetOf,
  VIP,
} from '../../../support/switching.ts'

startEndpointForEachTest(seed)

describe('vip-switch switch', () => {
  test('takes swiro’s flags: moves the route to the instance’s ENI, and no other', async () => {
    const { exitCode, stdout, stderr } = await run('-r', A, '-v', '10.99.0.10', '-I', I2, '-f')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(targetOf(A)).toBe(ENI2)
    expect([targetOf(A, '10.99.0.11/32'), targetOf(B), targetOf(NATTED)]).toEqual([ENI1, ENI1, NAT])
    expect(stdout).toContain(`To db-2  ${ENI2}  ap-northeast-1c`)
    expect(stdout).toMatch(/private-a +10\.99\.0\.10\/32 +db-1 → db-2\n/)
    expect(stdout).toMatch(/✓ +rtb-0000000000000000a +private-a +10\.99\.0\.10\/32 +replaced\n1 done$/)
  })

  test('names EC2 the ENI and never the instance, and reads until the route stays', async () => {
    await run('-r', A, '-v', '10.99.0.10', '-I', I2, '-f')
    expect(writes()).toHaveLength(1)
    expect(writes()[0]?.params).toMatchObject({ NetworkInterfaceId: ENI2, DestinationCidrBlock: VIP })
    expect(writes()[0]?.params).not.toHaveProperty('InstanceId')
    const after = actionsOf(endpoint).slice(actionsOf(endpoint).indexOf('ReplaceRoute') + 1)
    expect(after).toEqual(['DescribeRouteTables', 'DescribeRouteTables'])
  })

  test('takes tables and the instance by Name, several tables and several VIPs', async () => {
    endpoint.region.routeTables.get(B)?.routes.push({
      destination: { kind: 'ipv4', value: '10.99.0.11/32' },
      target: { field: 'networkInterfaceId', id: ENI1 },
      origin: 'CreateRoute',
    })
    const { exitCode, stdout } = await run(
      ...['-r', 'private-a', '-r', B, '-v', '10.99.0.10', '-v', '10.99.0.11/32', '-I', 'db-2', '--force'],
    )
    expect(exitCode).toBe(0)
    expect([A, B].flatMap((table) => [targetOf(table), targetOf(table, '10.99.0.11/32')])).toEqual(Array(4).fill(ENI2))
    expect(stdout).toMatch(/4 done$/)
  })

  test('takes a VIP or a table that is named twice once', async () => {
    const { exitCode } = await run(...['-r', A, '-r', 'private-a', '-v', '10.99.0.10', '-v', VIP, '--eni', ENI2, '-f'])
    expect(exitCode).toBe(0)
    expect(writes()).toHaveLength(1)
  })

  test('writes nothing where the route is in place already, and asks nobody', async () => {
    const { exitCode, stdout } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-1')
    expect(exitCode).toBe(0)
    expect(writes()).toEqual([])
    expect(stdout).toContain('in place already')
  })

  test('needs -f where nobody can be asked', async () => {
    const { exitCode, stderr } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-2')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('without a terminal')
    expect(stderr).toContain('-f')
    expect(writes()).toEqual([])
  })

  test('prints one JSON document', async () => {
    const { exitCode, stdout } = await run('-r', A, '-r', NATTED, '-v', '10.99.0.10', '--to', 'db-2', '-f', '--json')
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      dryRun: false,
      to: { eni: ENI2, instance: I2, name: 'db-2', zone: 'ap-northeast-1c' },
      routes: [
        { table: A, tableName: 'private-a', vip: VIP, from: ENI1, result: 'done', detail: 'replaced' },
        {
          table: NATTED,
          tableName: 'natted',
          vip: VIP,
          from: NAT,
          result: 'refused',
          detail: expect.stringContaining(`points to ${NAT}`),
        },
      ],
      problems: [],
    })
  })

  test('says that a write was accepted and not seen when another one undoes it', async () => {
    // Whoever reads after the write finds that another writer was there in between.
    interceptWith(() => {
      const route = endpoint.region.routeTables.get(A)?.routes.find(({ destination }) => destination.value === VIP)
      if (route && writes().length > 0 && endpoint.requests.at(-1)?.action === 'DescribeRouteTables') {
        route.target = { field: 'networkInterfaceId', id: ENI1 }
        endpoint.region.deny.push({ action: 'DescribeRouteTables' })
        interceptWith(() => {})
      }
    })
    const { exitCode, stdout } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('accepted, but not read back')
    expect(stdout).toContain('UnauthorizedOperation')
  })
})

describe('--dry-run', () => {
  test('asks EC2 with DryRun, changes nothing and needs no -f', async () => {
    const { exitCode, stdout } = await run('-r', A, '-r', B, '-v', '10.99.0.10', '-I', 'db-2', '--dry-run')
    expect(exitCode).toBe(0)
    expect(writes().map(({ params, error }) => [params.RouteTableId, params.DryRun, error])).toEqual([
      [A, 'true', 'DryRunOperation'],
      [B, 'true', 'DryRunOperation'],
    ])
    expect([targetOf(A), targetOf(B)]).toEqual([ENI1, ENI1])
    expect(stdout.match(/ReplaceRoute is permitted/g)).toHaveLength(2)
    expect(stdout).toMatch(/\n2 permitted$/)
  })

  test('says what would be denied', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: B })
    const both = await run('-r', A, '-r', B, '-v', '10.99.0.10', '-I', 'db-2', '--dry-run', '--json')
    expect(both.exitCode).toBe(3)
    expect(JSON.parse(both.stdout)).toMatchObject({
      dryRun: true,
      routes: [
        { table: A, result: 'permitted', detail: 'ReplaceRoute is permitted' },
        { table: B, result: 'failed', detail: expect.stringContaining('not authorized to perform: ec2:ReplaceRoute') },
      ],
    })
    expect((await run('-r', B, '-v', '10.99.0.10', '-I', 'db-2', '--dry-run')).exitCode).toBe(1)
    expect([targetOf(A), targetOf(B)]).toEqual([ENI1, ENI1])
  })

  test('asks for CreateRoute where the route CreateRoute is permitted', async () => {
    const { exitCode, stdout } = await runWithConfig({ routeTables: [BARE] }, { eni: ENI2 }, 'VI_1', '--dry-run')
    expect(exitCode).toBe(0)
    expect(writes().map(({ action, params }) => [action, params.DryRun])).toEqual([['CreateRoute', 'true']])
    expect(stdout).toContain('CreateRoute is permitted')
    expect(targetOf(BARE)).toBeUndefined()
  })
})

describe('usage', () => {
  test.each([
    ['nothing at all', [], 'nothing to switch: name an instance of the config'],
    ['no VIP', ['-r', A, '-I', I2], '-r requires a VIP'],
    ['no table', ['-v', '10.99.0.10', '-I', I2], '-v requires a route table'],
    ['no target', ['-r', A, '-v', '10.99.0.10'], 'no target: use -I, --eni or --to'],
    ['two targets', ['-r', A, '-v', '10.99.0.10', '-I', I2, '--to', 'db-2'], 'mutually exclusive'],
    ['a VIP that is none', ['-r', A, '-v', '10.99.0.300', '-I', I2], '10.99.0.300 is not an IPv4'],
    ['host bits', ['-r', A, '-v', '10.99.0.10/24', '-I', I2], 'write 10.99.0.0/24 or 10.99.0.10/32'],
    ['an --eni that is none', ['-r', A, '-v', '10.99.0.10', '--eni', 'db-2'], '"db-2" is not the id'],
    ['an unknown flag', ['--tables', A], "unknown option '--tables'"],
    ['a table that is not there', ['-r', 'rtb-0000000000000dead', '-v', VIP, '-I', I2, '-f'], 'rtb-0000000000000dead'],
    ['a Name of no table', ['-r', 'nowhere', '-v', VIP, '-I', I2, '-f'], 'no route table matches the name nowhere'],
    ['a pattern in a Name', ['-r', 'private-*', '-v', VIP, '-I', I2, '-f'], 'matches the name private-*'],
    ['a Name of two tables', ['-r', 'twin', '-v', VIP, '-I', I2, '-f'], 'rtb-000000000000000e1 (vpc-'],
  ])('%s is an error before anything is written', async (_, values, message) => {
    const { exitCode, stdout, stderr } = await run(...values)
    expect(stderr).toContain(message)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(writes()).toEqual([])
  })

  test('an instance of the config takes no -r and -v, and must be there', async () => {
    const mixed = await runWithConfig({ routeTables: [A] }, { eni: ENI2 }, 'VI_1', '-r', A, '-f')
    expect(mixed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('omit them') })
    const unknown = await runWithConfig({ routeTables: [A] }, { eni: ENI2 }, 'VI_2', '-f')
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('the config has VI_1') })
    expect(endpoint.requests).toEqual([])
  })
})
