import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { setInstanceState } from '../../../../src/lab/ec2/changes.ts'
import { idFor } from '../../../../src/lab/ec2/model.ts'
import type { Seed } from '../../../../src/lab/ec2/seed/schema.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../../../src/lab/ec2/server.ts'
import { actionsOf, environmentFor, logLines, PROGRAM, runProgram } from '../../../support/cli.ts'

const A = 'rtb-0000000000000000a'
const C = 'rtb-0000000000000000c'
const I1 = 'i-00000000000000001'
const ENI1 = 'eni-00000000000000001'
const ENI2 = 'eni-00000000000000002'
const PREFIX_LIST = 'pl-00000000000000001'
const VPC = 'vpc-00000000000000001'

type Vpc = Seed['vpcs'][string]
const nodes: Vpc = {
  id: VPC,
  cidrs: ['10.0.0.0/16', '2001:db8:10::/56'],
  subnets: {
    a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
    c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
  },
  instances: {
    'db-1': { id: I1, interfaces: [{ id: ENI1, addresses: ['10.0.1.11'] }] },
    'db-2': { interfaces: [{ id: ENI2, addresses: ['10.0.2.12'] }] },
  },
}

const everyKind: Seed = {
  vpcs: {
    lab: {
      ...nodes,
      routeTables: {
        'private-a': {
          id: A,
          main: true,
          routes: {
            '0.0.0.0/0': 'nat-00000000000000001',
            '10.1.0.0/16': 'pcx-00000000000000001',
            '10.2.0.0/16': 'tgw-00000000000000001',
            '10.3.0.0/16': { to: 'vgw-00000000000000001', propagated: true },
            '10.99.0.10/32': 'db-1',
            '10.99.0.11/32': 'tgw-00000000000000001',
            '2001:db8:99::10/128': 'db-2',
            [PREFIX_LIST]: 'db-2',
          },
        },
        'private-c': { id: C, routes: { '10.99.0.10/32': 'db-2' } },
        public: {
          id: 'rtb-0000000000000000e',
          routes: { '0.0.0.0/0': 'igw-00000000000000001', '::/0': 'eigw-00000000000000001' },
        },
      },
    },
  },
  prefixLists: { vips: { id: PREFIX_LIST, entries: ['10.98.0.0/28'] } },
}

let endpoint: Ec2Endpoint | undefined
const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
afterEach(() => endpoint?.close())
afterAll(() => rmSync(directory, { recursive: true }))

async function start(seed?: Seed): Promise<Ec2Endpoint> {
  endpoint = await startEc2Endpoint(seed && { seed })
  return endpoint
}

function list(...values: string[]) {
  return runProgram(['list', ...values], environmentFor(endpoint))
}

function configFile(instances: object): string {
  const path = join(directory, 'config.yaml')
  writeFileSync(path, JSON.stringify({ cluster: 'db', instances }))
  return path
}

describe('vip-switch list', () => {
  test('shows the VIPs of the tables that have any, and counts the others', async () => {
    await start()
    const { exitCode, stdout, stderr } = await list()
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const vpc = idFor('vpc', 'lab')
    const eni = idFor('eni', `${idFor('i', 'lab/db-1')}/0`)
    expect(stdout.split('\n')).toEqual([
      `  VIP            STATE   TARGET                 NODE  ZONE             VRRP`,
      ...['private-a', 'private-c']
        .map((name) => [idFor('rtb', `lab/${name}`), name])
        .sort()
        .flatMap(([id, name]) => [`${id}  ${name}  ${vpc}`, `  10.99.0.10/32  active  ${eni}  db-1  ap-northeast-1a`]),
      '2 other route tables without a VIP',
    ])
  })

  test('shows IPv6 and prefix lists, and leaves out what can be no VIP', async () => {
    await start(everyKind)
    const { exitCode, stdout } = await list()
    expect(exitCode).toBe(0)
    expect(stdout.split('\n')).toEqual([
      '  VIP                   STATE   TARGET                 NODE  ZONE             VRRP',
      `${A}  private-a  ${VPC}`,
      `  10.99.0.10/32         active  ${ENI1}  db-1  ap-northeast-1a`,
      `  2001:db8:99::10/128   active  ${ENI2}  db-2  ap-northeast-1c`,
      `  ${PREFIX_LIST}  active  ${ENI2}  db-2  ap-northeast-1c`,
      `${C}  private-c  ${VPC}`,
      `  10.99.0.10/32         active  ${ENI2}  db-2  ap-northeast-1c`,
      '1 other route table without a VIP',
    ])
  })

  test('shows a blackhole, of a terminated instance or of a gateway that is gone', async () => {
    const { region } = await start(everyKind)
    setInstanceState(region, I1, 'terminated')
    region.gateways.delete('pcx-00000000000000001')
    const { exitCode, stdout } = await list()
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(new RegExp(`10\\.99\\.0\\.10/32 +blackhole +${ENI1}$`, 'm'))
    expect(stdout).toMatch(/10\.1\.0\.0\/16 +blackhole +pcx-00000000000000001 +VPC peering connection$/m)
  })

  test('shows the configured VIPs, missing and foreign ones, too', async () => {
    await start(everyKind)
    const path = configFile({
      VI_1: { vips: ['10.99.0.10', '10.99.0.11'], routeTables: [A, { name: 'private-c' }] },
    })
    const { exitCode, stdout } = await list('--json', '-c', path)
    expect(exitCode).toBe(0)
    const states = JSON.parse(stdout).tables.map(
      ({ id, routes }: { id: string; routes: Record<string, unknown>[] }) => [
        id,
        ...routes.map(({ vip, state, target, vrrpInstance }) => [vip, state, target, vrrpInstance].join(' ').trim()),
      ],
    )
    expect(states).toEqual([
      [
        A,
        `10.99.0.10/32 active ${ENI1} VI_1`,
        '10.99.0.11/32 foreign tgw-00000000000000001 VI_1',
        `2001:db8:99::10/128 active ${ENI2}`,
        `${PREFIX_LIST} active ${ENI2}`,
      ],
      [C, `10.99.0.10/32 active ${ENI2} VI_1`, '10.99.0.11/32 missing  VI_1'],
    ])
    expect((await list('-c', path)).stdout).toMatch(/10\.99\.0\.11\/32 +missing +VI_1$/m)
  })

  test('prints one JSON document', async () => {
    await start({
      vpcs: { lab: { ...nodes, routeTables: { main: { main: true, id: A, routes: { '10.99.0.10/32': 'db-1' } } } } },
    })
    const { stdout } = await list('--json')
    const route = { vip: '10.99.0.10/32', state: 'active', target: ENI1, instance: I1 }
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      region: 'ap-northeast-1',
      tablesRead: 1,
      tables: [
        {
          id: A,
          name: 'main',
          vpc: VPC,
          routes: [{ ...route, name: 'db-1', zone: 'ap-northeast-1a', vrrpInstance: null }],
        },
      ],
    })
  })

  test('lists without names where instances may not be read, and warns', async () => {
    const { region } = await start(everyKind)
    region.deny.push({ action: 'DescribeInstances' })
    const run = await list()
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(new RegExp(`10\\.99\\.0\\.10/32 +active +${ENI1}$`, 'm'))
    const why = /cannot show names and zones: .*not authorized.*ec2:DescribeInstances/
    expect(run.stderr).toMatch(
      new RegExp(`^vip-switch: warning: ${why.source}[^\n]*\n {2}→ the role lacks a permission`),
    )
    const { stderr } = await list('--log-format', 'json')
    expect(logLines({ stderr })).toMatchObject([
      { level: 40, msg: expect.stringMatching(why), hint: expect.stringContaining('the role lacks a permission') },
    ])
  })

  test('fails where tables may not be read', async () => {
    const { region } = await start(everyKind)
    region.deny.push({ action: 'DescribeRouteTables' })
    const { exitCode, stdout, stderr } = await list()
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain('ec2:DescribeRouteTables')
    expect(stderr).toContain('IAM policy')
  })

  test('says so where there is no route table, and where no table has a VIP', async () => {
    await start({ vpcs: {} })
    expect(await list()).toEqual({ exitCode: 0, stdout: 'no route table in this region', stderr: '' })
    expect(JSON.parse((await list('--json')).stdout)).toMatchObject({ tablesRead: 0, tables: [] })
    await endpoint?.close()
    await start({ vpcs: { lab: { cidrs: ['10.0.0.0/16'] } } })
    expect((await list()).stdout).toBe('1 route table without a VIP')
  })
})

describe('a large account', () => {
  test('of 150 tables is read by pages, and shown whole', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `table-${index}`)
    const routeTables = Object.fromEntries(
      names.map((name, index) => [
        name,
        { main: index === 0, routes: { '10.99.0.10/32': index % 2 ? 'db-1' : 'db-2' } },
      ]),
    )
    await start({ vpcs: { lab: { ...nodes, routeTables } } })
    const { exitCode, stdout } = await list('--json')
    expect(exitCode).toBe(0)
    const { tablesRead, tables } = JSON.parse(stdout)
    expect(tablesRead).toBe(150)
    expect(tables.map(({ name }: { name: string }) => name).sort()).toEqual([...names].sort())
    const pages = endpoint?.requests.filter(({ action }) => action === 'DescribeRouteTables') ?? []
    expect(pages.map(({ params }) => [params.MaxResults, params.NextToken !== undefined])).toEqual([
      ['100', false],
      ['100', true],
    ])
  })

  test('of 500 routes in one table is printed whole, into a pipe, too', async () => {
    const vips = Array.from({ length: 500 }, (_, index) => `10.${100 + (index >> 8)}.0.${index % 256}/32`)
    const routes = Object.fromEntries(vips.map((vip) => [vip, 'db-1']))
    const started = await start({ vpcs: { lab: { ...nodes, routeTables: { main: { main: true, id: A, routes } } } } })
    const { stdout } = await list()
    expect(stdout.split('\n')).toHaveLength(1 + 1 + 500)
    expect(stdout).toMatch(/10\.101\.0\.243\/32 +active/)
    expect(actionsOf(started)).toEqual(['DescribeRouteTables', 'DescribeNetworkInterfaces', 'DescribeInstances'])

    // More than a pipe takes at once.
    const whole = await pipe('"$0" list --json | cat', started)
    expect(whole.stdout.length).toBeGreaterThan(65_536)
    expect(JSON.parse(whole.stdout).tables[0].routes.map(({ vip }: { vip: string }) => vip)).toEqual(vips)

    // A reader that has seen enough is no failure.
    const enough = await pipe('{ "$0" list --json; echo "exit code $?" >&2; } | head -c 1', started)
    expect(enough).toEqual({ stdout: '{', stderr: 'exit code 0' })
  })
})

async function pipe(command: string, to: Ec2Endpoint): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await execa('sh', ['-c', command, PROGRAM], { env: environmentFor(to), extendEnv: false })
  return { stdout, stderr }
}
