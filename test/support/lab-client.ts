/** An endpoint of the lab with two nodes and one route table, and a client of it. */
import { DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { onTestFinished } from 'vitest'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { type Ec2Endpoint, type EndpointOptions, startEc2Endpoint } from '../../src/lab/ec2/server.ts'

export const table = 'rtb-00000000000000001'
export const node1 = { i: 'i-00000000000000001', eni: 'eni-00000000000000001' }
export const node2 = { i: 'i-00000000000000002', eni: 'eni-00000000000000002' }
export const vip = { RouteTableId: table, DestinationCidrBlock: '10.99.0.10/32' }

export const seed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: { a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' } },
      securityGroups: {
        db: { ingress: [{ protocol: '112', from: 'db' }], egress: [{ protocol: '112', to: '10.0.1.0/24' }] },
      },
      instances: {
        'db-1': { id: node1.i, interfaces: [{ id: node1.eni, addresses: ['10.0.1.11'], securityGroups: ['db'] }] },
        'db-2': { id: node2.i, interfaces: [{ id: node2.eni, addresses: ['10.0.1.12'] }] },
      },
      routeTables: {
        private: {
          id: table,
          routes: { '10.99.0.10/32': 'db-1', '10.60.0.0/16': { to: 'vgw-00000000000000001', propagated: true } },
        },
      },
    },
  },
}

/** Starts an endpoint, and a client of it, for the test that runs. */
export async function start(options: EndpointOptions = {}): Promise<{ endpoint: Ec2Endpoint; client: EC2Client }> {
  const endpoint = await startEc2Endpoint({ seed, ...options })
  const client = new EC2Client({
    endpoint: endpoint.url,
    region: endpoint.region.name,
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    maxAttempts: 1,
  })
  onTestFinished(async () => {
    client.destroy()
    await endpoint.close()
  })
  return { endpoint, client }
}

/** The route of the VIP, as the client sees it. */
export async function vipRoute(client: EC2Client) {
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [table] }))
  return RouteTables?.[0]?.Routes?.find((route) => route.DestinationCidrBlock === '10.99.0.10/32')
}
