/** What an operator's words for a target mean: `vip-switch switch … -I`, `--eni` and `--to`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { detachInterface, setInstanceState } from '../../../../src/lab/ec2/changes.ts'
import type { Seed } from '../../../../src/lab/ec2/seed/schema.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../../../src/lab/ec2/server.ts'
import { actionsOf, environmentFor, runProgram } from '../../../support/cli.ts'

const TABLE = 'rtb-0000000000000000a'
const OLD = 'eni-00000000000000001'
const WANTED = 'eni-00000000000000002'
const DB2 = 'i-00000000000000002'
const ROUTER = 'i-00000000000000003'
const ON = { sourceDestCheck: true }
const OFF = { sourceDestCheck: false }

const seed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16', '2001:db8:10::/56'],
      subnets: {
        a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24', ipv6: ['2001:db8:10:2::/64'] },
      },
      instances: {
        'db-1': { interfaces: [{ id: OLD, addresses: ['10.0.1.11'] }] },
        'db-2': {
          id: DB2,
          interfaces: [{ id: WANTED, addresses: ['10.0.2.12', '10.0.2.112'], ipv6: ['2001:db8:10:2::12'], ...OFF }],
        },
        'db-2-before': { state: 'terminated', interfaces: ['10.0.2.200'], tags: { Name: 'db-2' } },
        'db-2-stopped': { state: 'stopped', interfaces: ['10.0.2.201'], tags: { Name: 'db-2' } },
        'twin-a': { id: 'i-0000000000000000a', interfaces: ['10.0.1.50'], tags: { Name: 'twin' } },
        'twin-c': { id: 'i-0000000000000000c', state: 'pending', interfaces: ['10.0.2.50'], tags: { Name: 'twin' } },
        router: {
          id: ROUTER,
          interfaces: [
            { id: 'eni-00000000000000030', addresses: ['10.0.1.30'], ...ON },
            { id: 'eni-00000000000000031', addresses: ['10.0.1.31'], ...OFF },
          ],
        },
        'all-checked': { interfaces: [{ addresses: ['10.0.1.45'], ...ON }] },
        'all-on': {
          interfaces: [
            { addresses: ['10.0.1.40'], ...ON },
            { addresses: ['10.0.1.41'], ...ON },
          ],
        },
        'all-off': {
          interfaces: [
            { addresses: ['10.0.1.60'], ...OFF },
            { addresses: ['10.0.1.61'], ...OFF },
          ],
        },
      },
      routeTables: { main: { main: true, id: TABLE, routes: { '10.99.0.10/32': 'db-1' } } },
    },
    // The same name and the same address, where none of the route tables is.
    other: {
      cidrs: ['10.0.0.0/16'],
      subnets: { c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' } },
      instances: { 'db-2': '10.0.2.12' },
    },
  },
}

let endpoint: Ec2Endpoint
beforeEach(async () => {
  endpoint = await startEc2Endpoint({ seed })
})
afterEach(() => endpoint.close())

function run(...target: string[]) {
  return runProgram(['switch', '-r', TABLE, '-v', '10.99.0.10', '-f', ...target], environmentFor(endpoint))
}

function target(): string | undefined {
  return endpoint.region.routeTables.get(TABLE)?.routes.find(({ destination }) => destination.value === '10.99.0.10/32')
    ?.target.id
}

/** Expects the target to be turned down with this exit code, saying all of this, and nothing to be written. */
async function expectRefusal(values: string[], exitCode: number, ...said: string[]) {
  const refused = await run(...values)
  for (const text of said) expect(refused.stderr).toContain(text)
  expect(refused.exitCode).toBe(exitCode)
  expect(actionsOf(endpoint)).not.toContain('ReplaceRoute')
  expect(target()).toBe(OLD)
}

describe('a target', () => {
  test.each([
    ['--to', '10.0.2.12'],
    ['--to', '10.0.2.112'],
    ['--to', '2001:db8:10:2::12'],
    ['--to', '2001:DB8:10:2:0:0:0:12'],
    ['--to', 'db-2'],
    ['--to', DB2],
    ['--to', WANTED],
    ['--eni', WANTED],
    ['-I', DB2],
    ['-I', 'db-2'],
  ])('%s %s is the one ENI that is meant, in the VPC of the table', async (flag, value) => {
    const { exitCode, stderr } = await run(flag, value)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(target()).toBe(WANTED)
  })

  test('that is nowhere is an error', async () => {
    await expectRefusal(['--to', '10.0.2.99'], 2, 'no network interface matches the address 10.0.2.99')
    await expectRefusal(['--to', 'db-9'], 2, 'no running instance is named db-9')
    await expectRefusal(['--to', 'db-*'], 2, 'no running instance is named db-*')
    await expectRefusal(['-I', 'i-00000000000000099'], 2, 'there is no instance i-00000000000000099')
    await expectRefusal(['--eni', 'eni-00000000000000099'], 2, 'no network interface matches eni-00000000000000099')
  })

  test('named like two running instances is an error that lists both', async () => {
    await expectRefusal(
      ['--to', 'twin'],
      2,
      '2 running instances are named twin',
      'i-0000000000000000a (10.0.1.50, ap-northeast-1a)',
      'i-0000000000000000c (10.0.2.50, ap-northeast-1c)',
    )
  })

  test('that does not run is refused, however it is named', async () => {
    setInstanceState(endpoint.region, DB2, 'stopped')
    await expectRefusal(['-I', DB2], 4, `${DB2} is stopped`)
    await expectRefusal(['-I', 'db-2'], 2, 'no running instance is named db-2')
    // Its interface stays attached, and in use; a route to it is a blackhole all the same.
    await expectRefusal(['--to', '10.0.2.12'], 4, `${DB2} is stopped`)
    await expectRefusal(['--eni', WANTED], 4, `${DB2} is stopped`, '→ start it first')
  })

  test('that is gone is not to be started', async () => {
    setInstanceState(endpoint.region, DB2, 'terminated')
    await expectRefusal(['-I', DB2], 4, `${DB2} is terminated`, '→ it is gone for good: choose another instance')
  })

  test('named by its interface is taken even by those who may not see instances', async () => {
    endpoint.region.deny.push({ action: 'DescribeInstances' })
    expect((await run('--eni', WANTED)).exitCode).toBe(0)
    expect(target()).toBe(WANTED)
  })

  test('whose source/dest check is on is taken, with a warning that says how to turn it off', async () => {
    const { exitCode, stderr } = await run('--to', 'all-checked')
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(
      /its source\/dest check is on\. aws ec2 modify-\S+ --network-interface-id eni-\w+ --no-source-dest-check --region ap-northeast-1/,
    )
  })

  test('that is being detached is refused', async () => {
    const wanted = endpoint.region.interfaces.get(WANTED)
    if (wanted?.attachment) wanted.attachment.status = 'detaching'
    await expectRefusal(['--eni', WANTED], 4, `${WANTED} is detaching: a route to it would be a blackhole`)
  })

  test('that is attached to nothing is refused', async () => {
    detachInterface(endpoint.region, WANTED)
    await expectRefusal(['--eni', WANTED], 4, `${WANTED} is not attached to an instance`)
    await expectRefusal(['--to', '10.0.2.12'], 4, `${WANTED} is not attached to an instance`)
  })
})

describe('an instance with several ENIs', () => {
  test('is reached by the only one whose source/dest check is off', async () => {
    expect((await run('-I', ROUTER)).exitCode).toBe(0)
    expect(target()).toBe('eni-00000000000000031')
  })

  test.each([
    ['all-on', ['10.0.1.40', '10.0.1.41'], 'here 0 have it off'],
    ['all-off', ['10.0.1.60', '10.0.1.61'], 'here 2 have it off'],
  ])('is an error that lists them where the check tells none: %s', async (name, [first, second], count) => {
    await expectRefusal(
      ['-I', name],
      2,
      '2 network interfaces',
      `(eth0, ${first})`,
      `(eth1, ${second})`,
      '--eni',
      count,
    )
  })

  test('takes the ENI that --eni or its address names', async () => {
    expect((await run('--eni', 'eni-00000000000000030')).exitCode).toBe(0)
    expect(target()).toBe('eni-00000000000000030')
    expect((await run('--to', '10.0.1.41')).exitCode).toBe(0)
    expect(target()).toBe([...endpoint.region.interfaces.values()].find((e) => e.addresses.includes('10.0.1.41'))?.id)
  })
})
