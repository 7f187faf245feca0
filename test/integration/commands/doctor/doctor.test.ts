import { describe, expect, test } from 'vitest'
import { actionsOf } from '../../../support/cli.ts'
import {
  doctor,
  findings,
  held,
  instanceNamed,
  interfaceOf,
  onInstance,
  tableNamed,
  wellSeed,
} from '../../../support/doctor.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'

startEndpointForEachTest(wellSeed)

const HOST_CHECKS = [
  'keepalived',
  'vrrp-instance',
  'unicast',
  'events',
  'lower-priority',
  'script-user',
  'vip-on-host',
  'firewall',
  'state-directory',
  'daemon',
]

describe('a pair in good order, seen from a laptop', () => {
  test('is found well; what is of a host is not looked at, and is not said to be well', async () => {
    const { exitCode, stderr, report } = await findings()
    expect(report.findings.filter(({ verdict }) => !['ok', 'skipped'].includes(verdict))).toEqual([])
    expect(report).toMatchObject({ cluster: 'db', region: 'ap-northeast-1', node: null, worst: 'ok' })
    const skipped = report.findings.filter(({ verdict }) => verdict === 'skipped')
    expect(skipped.map(({ check }) => check)).toEqual(HOST_CHECKS)
    expect(new Set(skipped.map(({ found }) => found))).toEqual(new Set(['not checked: this machine is not a node']))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  test('and nothing is written: dry runs and reads are all that is asked for', async () => {
    await findings()
    expect(new Set(actionsOf(endpoint).filter((action) => !action.startsWith('Describe')))).toEqual(
      new Set(['ReplaceRoute', 'CreateRoute', 'CreateTags', 'DeleteTags']),
    )
    const writes = endpoint.requests.filter(({ action }) => !action.startsWith('Describe'))
    expect(writes.filter(({ params, error }) => params.DryRun !== 'true' || error !== 'DryRunOperation')).toEqual([])
  })

  test('is told in words for people', async () => {
    const { exitCode, stdout } = await doctor()
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^db {2}ap-northeast-1 {2}this machine is not a node$/m)
    expect(stdout).toMatch(/^ {2}✓ source\/dest check {2}off for eni-/m)
    expect(stdout).toMatch(/^– not checked: this machine is not a node: keepalived, keepalived.conf, /m)
    expect(stdout).toMatch(/\n15 ok, 10 skipped$/)
  })

  test('of a VRRP instance that the config does not have is a wrong word', async () => {
    const { exitCode, stderr } = await doctor({ args: ['VI_2'] })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('no VRRP instance "VI_2" in the config')
  })
})

describe('on an instance', () => {
  test('that is of the pair, its own side is looked at', async () => {
    const { report } = await findings({ env: await onInstance('db-1') })
    expect(report.node).toEqual({ eni: eniOf('db-1'), name: 'db-1' })
    const own = report.findings.filter(({ group }) => group === 'keepalived' || group === 'host')
    expect(own.find(({ check }) => check === 'daemon')).toMatchObject({ verdict: 'fail' })
    expect(own.some(({ found }) => found.includes('no node'))).toBe(false)
  })

  test('the commands of its hooks are looked at, and on a laptop are not', async () => {
    const run = { instance: { hooks: { owner: { run: ['/nowhere/promote'] } } } }
    const ofHooks = ({ report }: Awaited<ReturnType<typeof findings>>) =>
      report.findings.filter(({ check }) => check === 'transition-hooks')
    expect(ofHooks(await findings({ ...run, env: await onInstance('db-1') }))).toMatchObject([
      // Who is not root cannot try it.
      { subject: 'VI_1', verdict: process.getuid?.() === 0 ? 'fail' : 'unknown' },
    ])
    expect(ofHooks(await findings(run))).toMatchObject([{ verdict: 'skipped' }])
  })

  test('that looks on a pair of others is no node', async () => {
    endpoint.region.interfaces.set('eni-00000000000000009', {
      ...interfaceOf('db-1'),
      id: 'eni-00000000000000009',
      mac: '06:00:00:00:00:09',
      addresses: ['10.0.3.9'],
      attachment: { ...held(interfaceOf('db-1').attachment), instanceId: 'i-00000000000000009' },
    })
    endpoint.region.instances.set('i-00000000000000009', { ...instanceNamed('db-1'), id: 'i-00000000000000009' })
    const { url } = await endpoint.startMetadata({ instanceId: 'i-00000000000000009' })
    const { exitCode, report } = await findings({ env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url } })
    expect(report).toMatchObject({ node: null, worst: 'ok' })
    expect(exitCode).toBe(0)
  })

  test('that has never published anything is said to have not', async () => {
    endpoint.region.tags.delete(eniOf('db-1'))
    const { report } = await findings({ env: await onInstance('db-1') })
    expect(report.findings.filter(({ check }) => check === 'members')).toMatchObject([
      { verdict: 'warn', subject: 'db-1', found: expect.stringContaining('has never published a claim') },
    ])
  })

  test('the route of its own path to EC2 is not to be its own VIP', async () => {
    for (const name of ['private-a', 'private-c']) {
      held(tableNamed(name).routes.at(-1)).destination = { kind: 'ipv4', value: '0.0.0.0/0' }
    }
    const { report } = await findings({ instance: { vips: ['0.0.0.0/0'] }, env: await onInstance('db-1') })
    expect(report.findings.filter(({ check }) => check === 'api-path')).toMatchObject([
      {
        verdict: 'fail',
        subject: 'db-1',
        mend: {
          command: expect.stringMatching(
            /^aws ec2 create-vpc-endpoint .* --service-name com\.amazonaws\.ap-northeast-1\.ec2 --subnet-ids subnet-\w+ --region ap-northeast-1$/,
          ),
        },
      },
      { verdict: 'fail', subject: 'db-2' },
    ])
  })
})

describe('--fix', () => {
  test('turns the check off, and looks', async () => {
    interfaceOf('db-1').sourceDestCheck = true
    interfaceOf('db-2').sourceDestCheck = true
    const { exitCode, report } = await findings({ args: ['--fix', '-f'] })
    expect(report.findings.filter(({ check }) => check === 'source-dest-check')).toMatchObject([
      { verdict: 'ok', subject: 'db-1', found: expect.stringMatching(/^turned off on eni-/) },
      { verdict: 'ok', subject: 'db-2' },
    ])
    expect([interfaceOf('db-1').sourceDestCheck, interfaceOf('db-2').sourceDestCheck]).toEqual([false, false])
    expect(exitCode).toBe(0)
  })

  test('asks nobody where there is no terminal, and changes nothing', async () => {
    interfaceOf('db-1').sourceDestCheck = true
    const { exitCode, stderr } = await doctor({ args: ['--fix'] })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('cannot ask for confirmation without a terminal; nothing was changed')
    expect(interfaceOf('db-1').sourceDestCheck).toBe(true)
  })

  test('that is denied stays a failure, with what EC2 said', async () => {
    interfaceOf('db-1').sourceDestCheck = true
    endpoint.region.deny.push({ action: 'ModifyNetworkInterfaceAttribute' })
    const { exitCode, report } = await findings({ args: ['--fix', '-f'] })
    expect(report.findings.filter(({ check }) => check === 'source-dest-check')).toMatchObject([
      { verdict: 'fail', found: expect.stringContaining('ec2:ModifyNetworkInterfaceAttribute') },
    ])
    expect(exitCode).toBe(1)
  })

  test('with nothing to mend asks nothing', async () => {
    expect((await doctor({ args: ['--fix'] })).exitCode).toBe(0)
    expect(actionsOf(endpoint)).not.toContain('ModifyNetworkInterfaceAttribute')
  })
})
