import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
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
  const port = await freePort()
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  const endpoint = `http://127.0.0.1:${port}`
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
    await answering(`${endpoint}/moto-api/data.json`)
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const startLimit = 60_000

async function answering(url: string): Promise<void> {
  const deadline = Date.now() + startLimit
  for (;;) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answered) return
    if (Date.now() > deadline) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
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
