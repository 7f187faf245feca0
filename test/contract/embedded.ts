import { EC2Client } from '@aws-sdk/client-ec2'
import { setInstanceState } from '../../src/lab/ec2/changes.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { startEc2Endpoint } from '../../src/lab/ec2/server.ts'
import type { Target } from './target.ts'

const privateTables = ['private-1', 'private-2', 'private-3', 'private-4', 'private-5', 'private-6', 'private-7']

const seed: Seed = {
  vpcs: {
    main: {
      cidrs: ['10.0.0.0/16'],
      subnets: {
        a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        c: { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24' },
      },
      instances: {
        'node-1': '10.0.1.11',
        'node-2': '10.0.2.12',
        'two-interfaces': { interfaces: ['10.0.1.20', '10.0.1.21'] },
        stoppable: '10.0.1.30',
      },
      routeTables: Object.fromEntries(privateTables.map((name) => [name, { tags: { role: 'private' } }])),
    },
    other: {
      cidrs: ['10.7.0.0/16'],
      subnets: { a: { zone: 'ap-northeast-1a', cidr: '10.7.1.0/24' } },
      instances: { stranger: '10.7.1.11' },
    },
  },
  gateways: ['igw-0f1e2d3c4b5a69788'],
  prefixLists: { vips: { entries: ['10.98.0.0/28'] } },
}

/** The embedded endpoint, in this process. */
export async function startEmbedded(): Promise<Target> {
  const { url, region, close } = await startEc2Endpoint({ seed })
  const client = new EC2Client({
    endpoint: url,
    region: region.name,
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    maxAttempts: 1,
  })
  const named = (name: string) => {
    const id = [...region.tags].find(([, tags]) => tags.get('Name') === name)?.[0]
    if (id === undefined) throw new Error(`nothing is named ${name}`)
    return id
  }
  const interfaceOf = (name: string) => {
    const found = [...region.interfaces.values()].find(({ attachment }) => attachment?.instanceId === named(name))
    if (found === undefined) throw new Error(`${name} has no interface`)
    return found
  }
  const [tableId = '', ...tableIds] = privateTables.map(named)
  return {
    client,
    fixture: {
      vpcId: interfaceOf('node-1').vpcId,
      subnetIds: [interfaceOf('node-1').subnetId, interfaceOf('node-2').subnetId],
      instanceIds: [named('node-1'), named('node-2')],
      interfaceIds: [interfaceOf('node-1').id, interfaceOf('node-2').id],
      twoInterfaces: named('two-interfaces'),
      stoppable: { instanceId: named('stoppable'), interfaceId: interfaceOf('stoppable').id },
      tableId,
      tableIds,
      gatewayId: 'igw-0f1e2d3c4b5a69788',
      prefixListId: named('vips'),
      foreignInterfaceId: interfaceOf('stranger').id,
    },
    stopInstance: async (instanceId) => setInstanceState(region, instanceId, 'stopped'),
    close: async () => {
      client.destroy()
      await close()
    },
  }
}
