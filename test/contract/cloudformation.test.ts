/** The stack of examples/cloudformation, deployed on moto's CloudFormation, and what it made, judged by our doctor. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AssociateRouteTableCommand,
  AttachNetworkInterfaceCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeNetworkInterfacesCommand,
  type EC2Client,
  ModifyInstanceMetadataOptionsCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { environmentFor, runProgram } from '../support/cli.ts'
import { evaluate, readTemplate, type Stack, TEMPLATE, userDataOf } from '../support/cloudformation.ts'
import { type JsonFinding, reportSchema } from '../support/doctor.ts'
import { requires } from '../support/requires.ts'
import { startMoto } from './moto.ts'
import type { Target } from './target.ts'

const slow = 120_000
const ACCOUNT = '123456789012'
const REGION = 'ap-northeast-1'
const PACKAGE = { PackageUrl: 'https://example.com/vip-switch.deb', PackageSha256: '0'.repeat(64) }
const template = readTemplate()

test.skipIf(!requires('cfn-lint'))('cfn-lint finds nothing in the template', { timeout: slow }, async () => {
  // An existing VPC's subnets are empty by default, which a condition rules out where they are used.
  const { exitCode, stdout } = await execa('cfn-lint', ['--ignore-checks', 'W1030', '--', TEMPLATE], { reject: false })
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
})

describe.skipIf(!(requires('moto') && requires('aws')))('the stack on moto’s CloudFormation', { timeout: slow }, () => {
  let moto: Target
  let directory: string
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vip-switch-stack-'))
    moto = await startMoto()
    const endpoint = await moto.client.config.endpoint?.()
    if (!endpoint) throw new Error('the client of moto has no endpoint')
    env = environmentFor(undefined, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${endpoint.port}`,
      AWS_DEFAULT_REGION: REGION,
    })
  })
  afterAll(async () => {
    await moto.close()
    await rm(directory, { recursive: true })
  })

  async function aws(...args: string[]): Promise<unknown> {
    const { stdout } = await execa('aws', ['--output', 'json', ...args], { env, extendEnv: false })
    return stdout === '' ? undefined : JSON.parse(stdout)
  }

  /** What moto has nothing for, in the template's text: Debian's images, and rules without ports. */
  async function templateForMoto(): Promise<string> {
    const text = await readFile(TEMPLATE, 'utf8')
    const debian = '/aws/service/debian/release/13/latest/amd64'
    const rule = "IpProtocol: '112'"
    expect(text.split(debian)).toHaveLength(2)
    expect(text.split(rule)).toHaveLength(2)
    return text
      .replace(debian, '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64')
      .replace(rule, `${rule}\n      FromPort: -1\n      ToPort: -1`)
  }

  async function deploy(name: string, parameters: Readonly<Record<string, string>>): Promise<Stack> {
    const path = join(directory, `${name}.yaml`)
    await writeFile(path, await templateForMoto())
    const given = Object.entries({ ...PACKAGE, ...parameters })
    const values = given.map(([key, value]) => ({ ParameterKey: key, ParameterValue: value }))
    const body = ['--template-body', `file://${path}`, '--parameters', JSON.stringify(values)]
    await aws('cloudformation', 'create-stack', '--stack-name', name, '--capabilities', 'CAPABILITY_IAM', ...body)
    await aws('cloudformation', 'wait', 'stack-create-complete', '--stack-name', name)
    const made = resourcesSchema.parse(await aws('cloudformation', 'describe-stack-resources', '--stack-name', name))
    // What moto does not know has no name.
    const known = made.StackResources.filter(({ LogicalResourceId }) => LogicalResourceId !== undefined)
    const ids = Object.fromEntries(known.map((each) => [each.LogicalResourceId, each.PhysicalResourceId ?? '']))
    const pseudo = {
      'AWS::AccountId': ACCOUNT,
      'AWS::Partition': 'aws',
      'AWS::Region': REGION,
      'AWS::URLSuffix': 'amazonaws.com',
    }
    const attributes = {
      'Node.LatestVersionNumber': '1',
      'SecurityGroup.GroupId': ids.SecurityGroup ?? '',
      'InterfaceA.PrimaryPrivateIpAddress': await addressOf(ids.InterfaceA),
      'InterfaceB.PrimaryPrivateIpAddress': await addressOf(ids.InterfaceB),
    }
    return { refs: { ...pseudo, ...PACKAGE, ...parameters, ...ids, AllUp: 'https://example.com/done' }, attributes }
  }

  async function addressOf(id = ''): Promise<string> {
    const read = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] })
    const { NetworkInterfaces } = await moto.client.send(read)
    return NetworkInterfaces?.[0]?.PrivateIpAddress ?? ''
  }

  /** Does what the template says and moto 5.2 does not: it keeps associations of tables to itself, for one. */
  async function complete(stack: Stack): Promise<void> {
    for (const [name, { Type, Properties }] of Object.entries(template.Resources)) {
      const id = stack.refs[name]
      if (id === undefined || !(Type in completions)) continue
      for (const command of completions[Type]?.(id, evaluate(Properties, template, stack)) ?? []) {
        await command(moto.client)
      }
    }
  }

  /** What the doctor finds, on a laptop, once the first node is MASTER and both have published their claims. */
  async function findingsOn(stack: Stack, cluster: string, table: string) {
    const config = join(directory, `${cluster}.yaml`)
    const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [{ tags: { 'vip-switch': table } }] } }
    await writeFile(config, JSON.stringify({ cluster, eni: stack.refs.InterfaceA, instances }))
    const own = ['--config', config, '--state-dir', join(directory, cluster)]
    const run = await runProgram(['notify', ...own, 'INSTANCE', 'VI_1', 'MASTER', '150'], env)
    expect(run, run.stderr).toMatchObject({ exitCode: 0 })
    for (const [node, role] of [
      ['A', 'MASTER prio=150'],
      ['B', 'BACKUP prio=100'],
    ]) {
      const now = new Date().toISOString()
      const address = stack.attributes?.[`Interface${node}.PrimaryPrivateIpAddress`]
      const claim = { Key: `vip-switch:${cluster}:VI_1`, Value: `${role} addr=${address} since=${now} beat=${now}` }
      const tag = new CreateTagsCommand({ Resources: [stack.refs[`Interface${node}`] ?? ''], Tags: [claim] })
      await moto.client.send(tag)
    }
    const { stdout, stderr } = await runProgram(['doctor', ...own, '--json'], env)
    if (stdout === '') throw new Error(stderr)
    const { findings } = reportSchema.parse(JSON.parse(stdout))
    return findings.filter(({ group }) => ['EC2', 'nodes', 'routes'].includes(group))
  }

  /** Neither a fail nor a warn, and ok what the template is for; the rest cannot be known from here. */
  function expectWell(findings: readonly JsonFinding[]): void {
    expect(findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')).toEqual([])
    const well = new Set(findings.filter(({ verdict }) => verdict === 'ok').map(({ check }) => check))
    expect([...well]).toEqual(expect.arrayContaining([...SOUND]))
  }

  test('a new VPC has a pair in which the doctor finds nothing wrong', async () => {
    const stack = await deploy('new', {})
    await complete(stack)
    expectWell(await findingsOn(stack, 'pair', 'pair'))
  })

  test('an existing VPC gets the pair, and nothing else', async () => {
    const { vpcId, subnetIds, tableIds } = moto.fixture
    const [SubnetA, SubnetB] = subnetIds
    const tables = tableIds.slice(0, 2)
    await moto.client.send(new CreateTagsCommand({ Resources: tables, Tags: [{ Key: 'vip-switch', Value: 'db' }] }))
    for (const [index, SubnetId] of subnetIds.entries()) {
      await moto.client.send(new AssociateRouteTableCommand({ SubnetId, RouteTableId: tables[index] }))
    }
    const addresses = { AddressA: '10.0.1.111', AddressB: '10.0.2.112' }
    const stack = await deploy('existing', {
      ...{ VpcId: vpcId, SubnetA, SubnetB, ...addresses },
      ...{ Cluster: 'db', RouteTables: 'db', SessionManager: 'false' },
    })
    for (const name of ['Vpc', 'Gateway', 'NewSubnetA', 'RouteTableA', 'WayOutA', 'PublicAddressA']) {
      expect(stack.refs[name]).toBeUndefined()
    }
    expect(stack.attributes).toMatchObject({
      'InterfaceA.PrimaryPrivateIpAddress': addresses.AddressA,
      'InterfaceB.PrimaryPrivateIpAddress': addresses.AddressB,
    })
    await complete(stack)
    expectWell(await findingsOn(stack, 'db', 'db'))
  })

  test('the role may do what vip-switch iam-policy prints, and no more', async () => {
    const stack = await deploy('role', { Cluster: 'web', RouteTables: 'private', SessionManager: 'false' })
    const name = ['--role-name', stack.refs.Role ?? '']
    const answer = await aws('iam', 'get-role-policy', ...name, '--policy-name', 'vip-switch')
    // moto gives Python's form of it.
    const { PolicyDocument } = z.object({ PolicyDocument: z.string() }).parse(answer)
    const policy: unknown = JSON.parse(PolicyDocument.replaceAll("'", '"'))
    const config = join(directory, 'web.yaml')
    const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [{ tags: { 'vip-switch': 'private' } }] } }
    await writeFile(config, JSON.stringify({ cluster: 'web', instances }))
    const { stdout } = await runProgram(['iam-policy', '--config', config, '--account', ACCOUNT], env)
    expect(policy).toEqual(JSON.parse(stdout))
    expect(await aws('iam', 'list-role-policies', ...name)).toEqual({ PolicyNames: ['vip-switch'] })
    expect(await aws('iam', 'list-attached-role-policies', ...name)).toEqual({ AttachedPolicies: [] })
  })

  test('the nodes are launched with IMDSv2 alone, and with user data that knows both', async () => {
    const stack = await deploy('launch', {})
    const read = new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: stack.refs.Node, Versions: ['$Latest'] })
    const { LaunchTemplateVersions: [{ LaunchTemplateData: data } = {}] = [] } = await moto.client.send(read)
    expect(data).toMatchObject({ MetadataOptions: { HttpTokens: 'required' } })
    const script = Buffer.from(data?.UserData ?? '', 'base64').toString()
    // moto knows no WaitConditionHandle.
    expect(script.replace(/\$\{AllUp\}/, stack.refs.AllUp ?? '')).toBe(userDataOf(template, stack))
  })
})

/** What the template is to get right. */
const SOUND = [
  'members',
  'zones',
  'source-dest-check',
  'imds',
  'protocol-112',
  'network-acls',
  'tables',
  'vip-range',
  'routes',
  'coverage',
  'api-path',
] as const

const resourcesSchema = z.object({
  StackResources: z.array(
    z.object({ LogicalResourceId: z.string().optional(), PhysicalResourceId: z.string().optional() }),
  ),
})

const tagsSchema = z.array(z.object({ Key: z.string(), Value: z.string() }))
const tableSchema = z.object({ Tags: tagsSchema })
const associationSchema = z.object({ SubnetId: z.string(), RouteTableId: z.string() })
const interfaceSchema = z.object({ SourceDestCheck: z.boolean(), GroupSet: z.array(z.string()) })
const instanceSchema = z.object({
  NetworkInterfaces: z.array(z.object({ DeviceIndex: z.string(), NetworkInterfaceId: z.string() })),
})

const launchSchema = z.object({
  LaunchTemplateData: z.object({
    MetadataOptions: z.object({ HttpTokens: z.literal('required'), HttpPutResponseHopLimit: z.int() }),
  }),
})

type Call = (client: EC2Client) => Promise<unknown>

/** By type of resource: the calls that make up for what moto leaves out of its properties. */
const completions: Readonly<Record<string, (id: string, properties: unknown) => Call[]>> = {
  'AWS::EC2::RouteTable': (id, properties) => {
    const { Tags } = tableSchema.parse(properties)
    return [(client) => client.send(new CreateTagsCommand({ Resources: [id], Tags }))]
  },
  'AWS::EC2::SubnetRouteTableAssociation': (_, properties) => [
    (client) => client.send(new AssociateRouteTableCommand(associationSchema.parse(properties))),
  ],
  'AWS::EC2::NetworkInterface': (NetworkInterfaceId, properties) => {
    const { SourceDestCheck, GroupSet: Groups } = interfaceSchema.parse(properties)
    const settings = [{ SourceDestCheck: { Value: SourceDestCheck } }, { Groups }]
    const calls = settings.map((setting): Call => {
      return (client) => client.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, ...setting }))
    })
    // moto finds an interface by either of two tags only if it has no other tag.
    const Tags = ['stack-name', 'stack-id', 'logical-id'].map((name) => ({ Key: `aws:cloudformation:${name}` }))
    return [...calls, (client) => client.send(new DeleteTagsCommand({ Resources: [NetworkInterfaceId], Tags }))]
  },
  'AWS::EC2::Instance': (InstanceId, properties) => [
    (client) => client.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...metadataOptions() })),
    ...instanceSchema
      .parse(properties)
      .NetworkInterfaces.map(({ NetworkInterfaceId, DeviceIndex }) => (client: EC2Client) => {
        const attachment = { InstanceId, NetworkInterfaceId, DeviceIndex: Number(DeviceIndex) }
        return client.send(new AttachNetworkInterfaceCommand(attachment))
      }),
  ],
}

/** Those of the launch template, which moto does not launch from. */
function metadataOptions() {
  return launchSchema.parse(template.Resources.Node?.Properties).LaunchTemplateData.MetadataOptions
}
