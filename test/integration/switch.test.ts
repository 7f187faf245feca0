import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiError } from '../../src/lab/ec2/errors.ts'
import type { Seed } from '../../src/lab/ec2/seed/schema.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../src/lab/ec2/server.ts'
import { actionsOf, environmentFor, PROGRAM, runProgram } from './cli.ts'

const A = 'rtb-0000000000000000a'
const B = 'rtb-0000000000000000b'
const NATTED = 'rtb-0000000000000000c'
const BARE = 'rtb-0000000000000000d'
const [I1, I2] = ['i-00000000000000001', 'i-00000000000000002']
const [ENI1, ENI2] = ['eni-00000000000000001', 'eni-00000000000000002']
const NAT = 'nat-00000000000000001'
const VIP = '10.99.0.10/32'

const seed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: {
        a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
      },
      instances: {
        'db-1': { id: I1, interfaces: [{ id: ENI1, addresses: ['10.0.1.11'] }] },
        'db-2': { id: I2, interfaces: [{ id: ENI2, addresses: ['10.0.2.12'] }] },
      },
      routeTables: {
        main: { main: true },
        'private-a': { id: A, tags: { role: 'private' }, routes: { [VIP]: 'db-1', '10.99.0.11/32': 'db-1' } },
        'private-c': { id: B, tags: { role: 'private' }, routes: { [VIP]: 'db-1' } },
        natted: { id: NATTED, routes: { [VIP]: NAT } },
        bare: { id: BARE },
        'twin-1': { id: 'rtb-000000000000000e1', tags: { Name: 'twin' } },
        'twin-2': { id: 'rtb-000000000000000e2', tags: { Name: 'twin' } },
      },
    },
  },
}

let endpoint: Ec2Endpoint
let directory: string
/** Set by a test: runs before each request. */
let intercept: () => void
beforeEach(async () => {
  intercept = () => {}
  endpoint = await startEc2Endpoint({ seed, intercept: () => intercept() })
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
})
afterEach(async () => {
  await endpoint.close()
  rmSync(directory, { recursive: true })
})

function run(...values: string[]) {
  return runProgram(['switch', ...values], environmentFor(endpoint, { VIP_SWITCH_CONFIG: undefined }))
}

/** Runs with a config of the instance VI_1, in addition to what is given. */
function runWithConfig(instance: object, rest: object, ...values: string[]) {
  const path = join(directory, 'config.yaml')
  writeFileSync(
    path,
    JSON.stringify({ cluster: 'db', instances: { VI_1: { vips: ['10.99.0.10'], ...instance } }, ...rest }),
  )
  return run(...values, '--config', path)
}

/** What the route of the VIP in the table points to. */
function targetOf(table: string, vip = VIP): string | undefined {
  return endpoint.region.routeTables.get(table)?.routes.find(({ destination }) => destination.value === vip)?.target.id
}

function writes() {
  return endpoint.requests.filter(({ action }) => action === 'ReplaceRoute' || action === 'CreateRoute')
}

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
    expect(stderr).toContain('not a terminal')
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
    })
  })

  test('says that a write was accepted and not seen when another one undoes it', async () => {
    // Whoever reads after the write finds that another writer was there in between.
    intercept = () => {
      const route = endpoint.region.routeTables.get(A)?.routes.find(({ destination }) => destination.value === VIP)
      if (route && writes().length > 0 && endpoint.requests.at(-1)?.action === 'DescribeRouteTables') {
        route.target = { field: 'networkInterfaceId', id: ENI1 }
        endpoint.region.deny.push({ action: 'DescribeRouteTables' })
        intercept = () => {}
      }
    }
    const { exitCode, stdout } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('accepted, but not read back')
    expect(stdout).toContain('UnauthorizedOperation')
  })
})

describe('on a terminal', () => {
  const QUESTION = 'Move 2 routes? [y/N]'
  const CONTROL_C = '\x03'
  const CONTROL_D = '\x04'

  /** Runs on a terminal of its own (util-linux's script) and gives the answer once it is asked for. */
  async function answer(keys: string, env: NodeJS.ProcessEnv = {}) {
    const command = `${PROGRAM} switch -r ${A} -r ${B} -v 10.99.0.10 --to db-2`
    const terminal = execa('script', ['-qec', command, '/dev/null'], {
      env: environmentFor(endpoint, { TERM: 'dumb', ...env }),
      extendEnv: false,
      reject: false,
    })
    let asked = false
    let shown = ''
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
      if (asked || !shown.includes(QUESTION)) return
      asked = true
      terminal.stdin.write(keys)
    })
    const { exitCode, stdout } = await terminal
    return { exitCode, asked, stdout }
  }

  test('shows from → to, asks, and moves on yes', async () => {
    const { exitCode, asked, stdout } = await answer('y\n')
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: true })
    expect(stdout.indexOf('db-1 → db-2')).toBeLessThan(stdout.indexOf(QUESTION))
    expect(stdout).toContain('2 done')
    expect([targetOf(A), targetOf(B)]).toEqual([ENI2, ENI2])
  })

  test.each([
    ['no', 'n\n'],
    ['nothing', '\n'],
    ['an end of input', CONTROL_D],
    ['Ctrl-C', CONTROL_C],
  ])('writes nothing on %s', async (_, keys) => {
    const { exitCode, asked, stdout } = await answer(keys)
    expect({ exitCode, asked }).toEqual({ exitCode: 4, asked: true })
    expect(stdout).toContain('not confirmed; nothing was changed')
    expect(writes()).toEqual([])
  })

  test('gives people the time they need: the deadline is EC2’s alone', async () => {
    // Lets the 60 s that have begun by then pass as soon as the question is asked.
    const timeFlies = `
      const begun = [], { setTimeout } = globalThis, write = process.stderr.write.bind(process.stderr)
      globalThis.setTimeout = (call, ms, ...rest) => {
        if (ms === 60000) begun.push(call)
        return setTimeout(call, ms, ...rest)
      }
      process.stderr.write = (text, ...rest) => {
        if (String(text).includes('[y/N]')) for (const call of begun.splice(0)) call()
        return write(text, ...rest)
      }`
    const preloaded = `--import=data:text/javascript,${encodeURIComponent(timeFlies)}`
    const { exitCode, stdout } = await answer('yes\n', { NODE_OPTIONS: preloaded })
    expect(stdout).not.toContain('deadline')
    expect(exitCode).toBe(0)
    expect(targetOf(A)).toBe(ENI2)
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
    expect(stdout.match(/would be replaced/g)).toHaveLength(2)
  })

  test('says what would be denied', async () => {
    endpoint.region.deny.push({ action: 'ReplaceRoute', resource: B })
    const both = await run('-r', A, '-r', B, '-v', '10.99.0.10', '-I', 'db-2', '--dry-run', '--json')
    expect(both.exitCode).toBe(3)
    expect(JSON.parse(both.stdout)).toMatchObject({
      dryRun: true,
      routes: [
        { table: A, result: 'done', detail: 'would be replaced' },
        { table: B, result: 'failed', detail: expect.stringContaining('not authorized to perform: ec2:ReplaceRoute') },
      ],
    })
    expect((await run('-r', B, '-v', '10.99.0.10', '-I', 'db-2', '--dry-run')).exitCode).toBe(1)
    expect([targetOf(A), targetOf(B)]).toEqual([ENI1, ENI1])
  })

  test('asks for CreateRoute where the route would be created', async () => {
    const { exitCode, stdout } = await runWithConfig({ routeTables: [BARE] }, { eni: ENI2 }, 'VI_1', '--dry-run')
    expect(exitCode).toBe(0)
    expect(writes().map(({ action, params }) => [action, params.DryRun])).toEqual([['CreateRoute', 'true']])
    expect(stdout).toContain('would be created')
    expect(targetOf(BARE)).toBeUndefined()
  })
})

describe('what is refused', () => {
  test('a route to a NAT gateway; the others are moved all the same', async () => {
    const alone = await run('-r', NATTED, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(alone.exitCode).toBe(4)
    expect(alone.stdout).toContain(`points to ${NAT}, which is not ours to replace`)
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

  test('a VIP inside the VPC, with that reason', async () => {
    const { exitCode, stdout } = await run('-r', A, '-v', '10.0.3.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(4)
    expect(stdout).toContain("lies inside the VPC's own 10.0.0.0/16")
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
    const faults = [new ApiError('RequestLimitExceeded', 'slow down', 503), new ApiError('Unavailable', 'broken', 503)]
    intercept = () => {
      const fault = endpoint.requests.at(-1)?.action === 'ReplaceRoute' && faults.pop()
      if (fault) throw fault
    }
    const { exitCode, stderr } = await run('-r', A, '-v', '10.99.0.10', '-I', 'db-2', '-f')
    expect(exitCode).toBe(0)
    expect(writes().map(({ error }) => error)).toEqual(['Unavailable', 'RequestLimitExceeded', undefined])
    expect(stderr.match(/trying again/g)).toHaveLength(2)
    expect(targetOf(A)).toBe(ENI2)
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

describe('usage', () => {
  test.each([
    ['nothing at all', [], 'what is to be switched?'],
    ['no VIP', ['-r', A, '-I', I2], '-r needs a VIP'],
    ['no table', ['-v', '10.99.0.10', '-I', I2], '-v needs a route table'],
    ['no target', ['-r', A, '-v', '10.99.0.10'], 'where to?'],
    ['two targets', ['-r', A, '-v', '10.99.0.10', '-I', I2, '--to', 'db-2'], 'choose one'],
    ['a VIP that is none', ['-r', A, '-v', '10.99.0.300', '-I', I2], '10.99.0.300 is not an IPv4'],
    ['host bits', ['-r', A, '-v', '10.99.0.10/24', '-I', I2], 'write 10.99.0.0/24 or 10.99.0.10/32'],
    ['an --eni that is none', ['-r', A, '-v', '10.99.0.10', '--eni', 'db-2'], '"db-2" is no id'],
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
    expect(mixed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('leave them out') })
    const unknown = await runWithConfig({ routeTables: [A] }, { eni: ENI2 }, 'VI_2', '-f')
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('the config has VI_1') })
    expect(endpoint.requests).toEqual([])
  })
})
