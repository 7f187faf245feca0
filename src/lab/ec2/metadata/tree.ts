import { IMAGE_ID, INSTANCE_TYPE, privateName } from '../actions/instance-views.ts'
import { openSession } from '../actions/sts.ts'
import { type Instance, interfacesOf, type NetworkInterface, type Region } from '../model.ts'

/** Metadata as directories and texts; undefined entries do not exist. */
export type Tree = {
  [name: string]: Tree | string | undefined
}

/** The role of every instance. */
const ROLE_NAME = 'lab-node'

const CREDENTIALS_LIFE_SECONDS = 6 * 3600

/** All current metadata of one instance. */
export function metadataTree(region: Region, instanceId: string): Tree {
  const instance = region.instances.get(instanceId)
  if (instance === undefined) return {}
  const interfaces = interfacesOf(region, instanceId)
  const [primary] = interfaces
  const address = primary?.addresses[0]
  return {
    latest: {
      dynamic: { 'instance-identity': { document: identityDocument(region, instance, address) } },
      'meta-data': {
        'ami-id': IMAGE_ID,
        hostname: address && privateName(region, address),
        iam: { 'security-credentials': { [ROLE_NAME]: roleCredentials(region, instanceId) } },
        'instance-id': instanceId,
        'instance-type': INSTANCE_TYPE,
        'local-hostname': address && privateName(region, address),
        'local-ipv4': address,
        mac: primary?.mac,
        network: {
          interfaces: {
            macs: Object.fromEntries(interfaces.map((attached) => [attached.mac, interfaceTree(region, attached)])),
          },
        },
        placement: { 'availability-zone': instance.zone, region: region.name },
      },
    },
  }
}

function interfaceTree(region: Region, networkInterface: NetworkInterface): Tree {
  const { id, vpcId, subnetId, mac, addresses, ipv6Addresses, groupIds, attachment } = networkInterface
  const vpc = region.vpcs.get(vpcId)
  const subnet = region.subnets.get(subnetId)
  return {
    'device-number': String(attachment?.deviceIndex ?? 0),
    'interface-id': id,
    ipv6s: lines(ipv6Addresses),
    'local-ipv4s': lines(addresses),
    mac,
    'owner-id': region.account,
    'security-group-ids': lines(groupIds),
    'subnet-id': subnetId,
    'subnet-ipv4-cidr-block': subnet?.cidr,
    'subnet-ipv6-cidr-blocks': lines(subnet?.ipv6Cidrs ?? []),
    'vpc-id': vpcId,
    'vpc-ipv4-cidr-block': vpc?.cidrs[0],
    'vpc-ipv4-cidr-blocks': lines(vpc?.cidrs ?? []),
    'vpc-ipv6-cidr-blocks': lines(vpc?.ipv6Cidrs ?? []),
  }
}

function lines(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join('\n')
}

function identityDocument(region: Region, instance: Instance, address: string | undefined): string {
  return JSON.stringify(
    {
      accountId: region.account,
      architecture: 'x86_64',
      availabilityZone: instance.zone,
      imageId: IMAGE_ID,
      instanceId: instance.id,
      instanceType: INSTANCE_TYPE,
      pendingTime: instance.launchTime,
      privateIp: address,
      region: region.name,
      version: '2017-09-30',
    },
    null,
    2,
  )
}

function roleCredentials(region: Region, instanceId: string): string {
  const role = { account: region.account, name: ROLE_NAME }
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = openSession(
    region,
    role,
    instanceId,
    CREDENTIALS_LIFE_SECONDS,
  ).credentials
  return JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: `${new Date().toISOString().slice(0, 19)}Z`,
      Type: 'AWS-HMAC',
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: expiration,
    },
    null,
    2,
  )
}
