import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import {
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  RunInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2'
import type { Fixture, Target } from './target.ts'

/** moto's server, as a child of this process, and in it what the suite needs. */
export async function startMoto(): Promise<Target> {
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(server, 'exit')
  const endpoint = await urlOf(server.stderr)
  const client = new EC2Client({
    endpoint,
    region: 'ap-northeast-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  async function close(): Promise<void> {
    client.destroy()
    server.kill()
    await ended
  }
  try {
    return {
      client,
      fixture: await fill(client),
      stopInstance: async (instanceId) => {
        await client.send(new StopInstancesCommand({ InstanceIds: [instanceId] }))
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Where it listens, which it says once it does. @throws an error with what it said when it ends before */
async function urlOf(stderr: Readable): Promise<string> {
  const said: string[] = []
  let url: string | undefined
  for await (const line of createInterface(stderr)) {
    said.push(line)
    url = /Running on (\S+)/.exec(line)?.[1]
    if (url) break
  }
  // It logs every request; unread, that would stop it.
  stderr.resume()
  if (!url) throw new Error(`moto_server does not start:\n${said.join('\n')}`)
  return url
}

/** What a call must have answered. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing in the answer of moto')
  return value
}

async function fill(client: EC2Client): Promise<Fixture> {
  const vpcId = await vpc(client, '10.0.0.0/16')
  const subnetA = await subnet(client, vpcId, '10.0.1.0/24', 'ap-northeast-1a')
  const subnetC = await subnet(client, vpcId, '10.0.2.0/24', 'ap-northeast-1c')
  const node1 = await instance(client, subnetA, 'node-1')
  const node2 = await instance(client, subnetC, 'node-2')
  const two = await instance(client, subnetA, 'two-interfaces')
  await client.send(
    new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: await networkInterface(client, subnetA),
      InstanceId: two.instanceId,
      DeviceIndex: 1,
    }),
  )
  const otherVpcId = await vpc(client, '10.7.0.0/16')
  const { InternetGateway } = await client.send(new CreateInternetGatewayCommand())
  const gatewayId = present(InternetGateway?.InternetGatewayId)
  await client.send(new AttachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }))
  const { PrefixList } = await client.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: 'vips',
      AddressFamily: 'IPv4',
      MaxEntries: 1,
      Entries: [{ Cidr: '10.98.0.0/28' }],
    }),
  )
  const tables: string[] = []
  for (let number = 1; number <= 7; number += 1) tables.push(await routeTable(client, vpcId, `private-${number}`))
  const [tableId = '', ...tableIds] = tables
  return {
    vpcId,
    subnetIds: [subnetA, subnetC],
    instanceIds: [node1.instanceId, node2.instanceId],
    interfaceIds: [node1.interfaceId, node2.interfaceId],
    twoInterfaces: two.instanceId,
    stoppable: await instance(client, subnetA, 'stoppable'),
    tableId,
    tableIds,
    gatewayId,
    prefixListId: present(PrefixList?.PrefixListId),
    foreignInterfaceId: await networkInterface(
      client,
      await subnet(client, otherVpcId, '10.7.1.0/24', 'ap-northeast-1a'),
    ),
  }
}

async function vpc(client: EC2Client, CidrBlock: string): Promise<string> {
  const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock }))
  return present(Vpc?.VpcId)
}

async function subnet(client: EC2Client, VpcId: string, CidrBlock: string, AvailabilityZone: string): Promise<string> {
  const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }))
  return present(Subnet?.SubnetId)
}

async function networkInterface(client: EC2Client, SubnetId: string): Promise<string> {
  const { NetworkInterface } = await client.send(new CreateNetworkInterfaceCommand({ SubnetId }))
  return present(NetworkInterface?.NetworkInterfaceId)
}

async function instance(client: EC2Client, SubnetId: string, name: string) {
  const { Instances } = await client.send(
    new RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      SubnetId,
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] }],
    }),
  )
  return {
    instanceId: present(Instances?.[0]?.InstanceId),
    interfaceId: present(Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId),
  }
}

async function routeTable(client: EC2Client, VpcId: string, name: string): Promise<string> {
  const { RouteTable } = await client.send(
    new CreateRouteTableCommand({
      VpcId,
      TagSpecifications: [
        {
          ResourceType: 'route-table',
          Tags: [
            { Key: 'Name', Value: name },
            { Key: 'role', Value: 'private' },
          ],
        },
      ],
    }),
  )
  return present(RouteTable?.RouteTableId)
}
