import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ec2Endpoint, startEc2Endpoint } from '../../src/lab/ec2/server.ts'
import { requires } from '../support/requires.ts'

const slow = 60_000

describe.skipIf(!requires('aws'))('the AWS CLI on the embedded endpoint', { timeout: slow }, () => {
  let endpoint: Ec2Endpoint
  beforeAll(async () => {
    endpoint = await startEc2Endpoint()
  })
  afterAll(() => endpoint.close())

  function aws(...args: string[]) {
    return execa('aws', ['--output', 'json', ...args], {
      reject: false,
      env: {
        AWS_ENDPOINT_URL: endpoint.url,
        AWS_DEFAULT_REGION: endpoint.region.name,
        AWS_ACCESS_KEY_ID: 'lab',
        AWS_SECRET_ACCESS_KEY: 'lab',
        AWS_MAX_ATTEMPTS: '1',
      },
    })
  }
  async function answerOf(...args: string[]): Promise<unknown> {
    const { stdout, stderr, exitCode } = await aws(...args)
    if (exitCode !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }
  function named(name: string, kind: string): string {
    const found = [...endpoint.region.tags].find(([id, tags]) => id.startsWith(kind) && tags.get('Name') === name)
    if (found === undefined) throw new Error(`nothing is named ${name}`)
    return found[0]
  }
  function interfaceOf(name: string): string {
    const attached = [...endpoint.region.interfaces.values()].find(
      ({ attachment }) => attachment?.instanceId === named(name, 'i-'),
    )
    if (attached === undefined) throw new Error(`${name} has no interface`)
    return attached.id
  }

  it('reads a table, moves a route in it, and reads it again', async () => {
    const table = named('private-a', 'rtb-')
    const query = ['--query', "RouteTables[0].Routes[?DestinationCidrBlock=='10.99.0.10/32'].InstanceId"]
    const read = ['ec2', 'describe-route-tables', '--route-table-ids', table, ...query]
    expect(await answerOf(...read)).toEqual([named('db-1', 'i-')])
    const write = ['ec2', 'replace-route', '--route-table-id', table, '--destination-cidr-block', '10.99.0.10/32']
    const { exitCode } = await aws(...write, '--network-interface-id', interfaceOf('db-2'))
    expect(exitCode).toBe(0)
    expect(await answerOf(...read)).toEqual([named('db-2', 'i-')])
  })

  it('shows a dry run and a refusal as errors', async () => {
    const write = ['ec2', 'replace-route', '--route-table-id', named('private-c', 'rtb-')]
    const target = ['--network-interface-id', interfaceOf('db-2')]
    const dry = await aws(...write, ...target, '--destination-cidr-block', '10.99.0.10/32', '--dry-run')
    expect(dry.exitCode).not.toBe(0)
    expect(dry.stderr).toContain(
      'An error occurred (DryRunOperation) when calling the ReplaceRoute operation: Request would have succeeded, but DryRun flag is set.',
    )
    const missing = await aws(...write, ...target, '--destination-cidr-block', '10.99.0.99/32')
    expect(missing.exitCode).not.toBe(0)
    expect(missing.stderr).toContain(
      "An error occurred (InvalidParameterValue) when calling the ReplaceRoute operation: There is no route defined for '10.99.0.99/32' in the route table. Use CreateRoute instead.",
    )
  })

  it('tags an interface', async () => {
    const id = interfaceOf('db-1')
    await aws('ec2', 'create-tags', '--resources', id, '--tags', 'Key=vip-switch:db:VI_1,Value=MASTER prio=150')
    expect(await answerOf('ec2', 'describe-tags', '--filters', `Name=resource-id,Values=${id}`)).toEqual({
      Tags: [
        { Key: 'vip-switch:db:VI_1', ResourceId: id, ResourceType: 'network-interface', Value: 'MASTER prio=150' },
      ],
    })
  })

  it('reads page by page', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `rtb-${String(index).padStart(17, '0')}`)
    const vpcId = named('lab', 'vpc-')
    for (const id of ids) endpoint.region.routeTables.set(id, { id, vpcId, main: false, subnetIds: [], routes: [] })
    endpoint.requests.length = 0
    const found = await answerOf(
      'ec2',
      'describe-route-tables',
      '--page-size',
      '5',
      '--query',
      'RouteTables[].RouteTableId',
    )
    expect(found).toEqual([...endpoint.region.routeTables.keys()])
    expect(endpoint.requests.map(({ params }) => params.MaxResults)).toEqual(['5', '5', '5', '5'])
    for (const id of ids) endpoint.region.routeTables.delete(id)
  })

  it('knows who it is, and who it becomes in a role', async () => {
    expect(await answerOf('sts', 'get-caller-identity')).toMatchObject({
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/lab',
    })
    const role = ['--role-arn', 'arn:aws:iam::210987654321:role/route-switch', '--role-session-name', 'node-1']
    expect(await answerOf('sts', 'assume-role', ...role)).toMatchObject({
      AssumedRoleUser: { Arn: 'arn:aws:sts::210987654321:assumed-role/route-switch/node-1' },
      Credentials: { AccessKeyId: expect.stringMatching(/^ASIA[0-9A-F]{16}$/) },
    })
  })
})
