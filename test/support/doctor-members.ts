/** Nodes as the doctor knows them. */
import type { Member } from '../../src/commands/doctor/checks/cluster.ts'
import { eni, instanceId } from './fixtures.ts'

export function memberOf(
  label: string,
  address: string,
  { groups = ['sg-0a'], isSelf = false }: { groups?: readonly string[]; isSelf?: boolean } = {},
): Member {
  const digit = address.at(-1)
  return {
    label,
    nic: {
      eni: eni(`eni-0${digit}`),
      vpc: 'vpc-0a',
      subnet: 'subnet-0a',
      zone: 'ap-northeast-1a',
      instance: instanceId(`i-0${digit}`),
      addresses: [address],
      groups,
      sourceDestCheck: false,
    },
    isSelf,
    doubts: [],
    published: ['VI_1'],
    masterOf: [],
    vrrpAddress: address,
    instance: { known: false, why: 'not read' },
  }
}
