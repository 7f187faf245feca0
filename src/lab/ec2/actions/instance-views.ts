import {
  digest,
  type Instance,
  instanceStateCodes,
  interfacesOf,
  type NetworkInterface,
  type Region,
} from '../model.ts'
import { items, type Xml } from '../protocol.ts'
import { tagSet } from './views.ts'

/** The fields of an interface that it has both on its own and within its instance. */
function interfaceCore(region: Region, networkInterface: NetworkInterface) {
  const { id, vpcId, subnetId, mac, addresses, ipv6Addresses, sourceDestCheck, attachment } = networkInterface
  return {
    networkInterfaceId: id,
    subnetId,
    vpcId,
    description: '',
    ownerId: region.account,
    status: interfaceStatus(networkInterface),
    macAddress: mac,
    privateIpAddress: addresses[0],
    privateDnsName: addresses[0] && privateName(region, addresses[0]),
    sourceDestCheck,
    groupSet: groupSet(region, networkInterface),
    privateIpAddressesSet: items(
      addresses.map((privateIpAddress, index) => ({
        privateIpAddress,
        privateDnsName: privateName(region, privateIpAddress),
        primary: index === 0,
      })),
    ),
    ipv6AddressesSet: items(ipv6Addresses.map((ipv6Address) => ({ ipv6Address, isPrimaryIpv6: false }))),
    interfaceType: 'interface',
    attachment: attachment && {
      attachmentId: attachment.id,
      deviceIndex: attachment.deviceIndex,
      networkCardIndex: 0,
      status: attachment.status,
      attachTime: attachment.time,
      deleteOnTermination: true,
    },
  }
}

/** As in DescribeNetworkInterfaces. */
export function interfaceStatus({ attachment }: NetworkInterface): 'in-use' | 'available' {
  return attachment === undefined ? 'available' : 'in-use'
}

/** The private DNS name of an address. */
export function privateName(region: Region, address: string): string {
  return `ip-${address.replaceAll('.', '-')}.${region.name}.compute.internal`
}

function groupSet(region: Region, networkInterface: NetworkInterface | undefined): Xml {
  return items(
    (networkInterface?.groupIds ?? []).map((groupId) => ({
      groupId,
      groupName: region.securityGroups.get(groupId)?.name,
    })),
  )
}

/** An item of networkInterfaceSet. */
export function interfaceView(region: Region, networkInterface: NetworkInterface): Xml {
  const core = interfaceCore(region, networkInterface)
  return {
    ...core,
    availabilityZone: region.subnets.get(networkInterface.subnetId)?.zone,
    requesterManaged: false,
    attachment: core.attachment && {
      ...core.attachment,
      instanceId: networkInterface.attachment?.instanceId,
      instanceOwnerId: region.account,
    },
    tagSet: tagSet(region, networkInterface.id),
  }
}

function instanceStateView({ state }: Instance): Xml {
  return { code: instanceStateCodes[state], name: state }
}

/** An item of reservationSet; each reservation has one instance. */
export function reservationView(region: Region, instance: Instance): Xml {
  const interfaces = interfacesOf(region, instance.id)
  const [primary] = interfaces
  const address = primary?.addresses[0]
  return {
    reservationId: reservationId(instance),
    ownerId: region.account,
    groupSet: '',
    instancesSet: items([
      {
        instanceId: instance.id,
        imageId: IMAGE_ID,
        instanceState: instanceStateView(instance),
        privateDnsName: address && privateName(region, address),
        dnsName: '',
        amiLaunchIndex: 0,
        instanceType: INSTANCE_TYPE,
        launchTime: instance.launchTime,
        placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
        monitoring: { state: 'disabled' },
        subnetId: primary?.subnetId,
        vpcId: primary?.vpcId,
        privateIpAddress: address,
        sourceDestCheck: primary?.sourceDestCheck,
        groupSet: groupSet(region, primary),
        architecture: 'x86_64',
        virtualizationType: 'hvm',
        hypervisor: 'xen',
        metadataOptions: {
          state: 'applied',
          httpEndpoint: instance.metadata.endpoint,
          httpTokens: instance.metadata.tokens,
          httpPutResponseHopLimit: instance.metadata.hopLimit,
        },
        networkInterfaceSet: items(interfaces.map((networkInterface) => interfaceCore(region, networkInterface))),
        tagSet: tagSet(region, instance.id),
      },
    ]),
  }
}

/** The same for every instance. */
export const IMAGE_ID = 'ami-0a1b2c3d4e5f60718'
export const INSTANCE_TYPE = 't3.small'

/** An instance's reservation id; stable. */
export function reservationId({ id }: Instance): string {
  return `r-0${digest(id).slice(0, 16)}`
}

/** An item of instanceStatusSet: a running instance passes every check. */
export function instanceStatusView(instance: Instance): Xml {
  const status =
    instance.state === 'running'
      ? { status: 'ok', details: items([{ name: 'reachability', status: 'passed' }]) }
      : { status: 'not-applicable' }
  return {
    instanceId: instance.id,
    availabilityZone: instance.zone,
    instanceState: instanceStateView(instance),
    instanceStatus: status,
    systemStatus: status,
  }
}
