/** What the doctor makes of network ACLs. */
import { expect, test } from 'vitest'
import type { AclEntry, NetworkAcl } from '../../../../src/adapters/ec2/operations/network-acls.ts'
import type { Member } from '../../../../src/commands/doctor/checks/cluster.ts'
import { judgeAcls } from '../../../../src/commands/doctor/checks/network-acls.ts'
import { judgeSplitBrain } from '../../../../src/commands/doctor/checks/split-brain.ts'
import { parseDestination } from '../../../../src/core/vip.ts'
import { memberOf } from '../../../support/doctor-members.ts'

const inSubnet = (member: Member, subnet: string): Member => ({ ...member, nic: { ...member.nic, subnet } })
const pair = (a: string, b: string) => ({
  region: 'ap-northeast-1',
  members: [inSubnet(memberOf('db-1', a), 'subnet-a'), inSubnet(memberOf('db-2', b), 'subnet-c')],
})
const V4 = pair('10.0.1.11', '10.0.2.12')
const entry = (number: number, cidr: string, rest: Partial<AclEntry> = {}): AclEntry => ({
  ...{ number, isEgress: false, protocol: '-1', allows: true, cidr: parseDestination(cidr) },
  ...rest,
})
const both = (number: number, cidr: string, rest: Partial<AclEntry> = {}) => [
  entry(number, cidr, rest),
  entry(number, cidr, { ...rest, isEgress: true }),
]
const acl = (entries: AclEntry[], subnets = ['subnet-a', 'subnet-c']): NetworkAcl => ({
  id: 'acl-0a',
  subnets,
  entries,
})
const verdicts = (cluster: typeof V4, acls: NetworkAcl[]) => judgeAcls(cluster, acls).map(({ verdict }) => verdict)

test.each<[string, typeof V4, AclEntry[], string[]]>([
  ['everything', V4, both(100, '0.0.0.0/0'), ['ok']],
  ['protocol 112 alone', V4, both(100, '10.0.0.0/16', { protocol: '112' }), ['ok']],
  ['TCP alone', V4, both(100, '0.0.0.0/0', { protocol: '6' }), ['fail', 'fail', 'fail', 'fail']],
  ['nothing', V4, [], ['fail', 'fail', 'fail', 'fail']],
  [
    'everything, after a rule that denies',
    V4,
    [...both(90, '10.0.2.0/24', { allows: false }), ...both(100, '0.0.0.0/0')],
    ['fail', 'fail'],
  ],
  [
    'everything, before a rule that denies',
    V4,
    [...both(100, '0.0.0.0/0'), ...both(110, '10.0.2.0/24', { allows: false })],
    ['ok'],
  ],
  ['IPv4 alone', pair('2001:db8::11', '2001:db8::12'), both(100, '0.0.0.0/0'), ['fail', 'fail', 'fail', 'fail']],
  ['IPv6', pair('2001:db8::11', '2001:db8::12'), both(100, '::/0'), ['ok']],
])('that let %s through', (_, cluster, entries, expected) => {
  expect(verdicts(cluster, [acl(entries)])).toEqual(expected)
})

test('of one subnet that both nodes share do not matter', () => {
  const members = V4.members.map((member) => inSubnet(member, 'subnet-a'))
  expect(judgeAcls({ ...V4, members }, [acl([])])).toMatchObject([
    { verdict: 'ok', found: 'none applies: the nodes share a subnet' },
  ])
})

test('that EC2 does not show, as of a shared VPC, are not known to be right', () => {
  expect(verdicts(V4, [acl(both(100, '0.0.0.0/0'), ['subnet-a'])])).toEqual(['unknown', 'unknown'])
})

test('a new rule goes before the one that denies, where there is room', () => {
  const entries = [
    entry(99, '10.9.0.0/16'),
    entry(100, '10.0.0.0/8', { allows: false }),
    entry(100, '0.0.0.0/0', { isEgress: true }),
  ]
  const [first] = judgeAcls(V4, [acl(entries)])
  expect(first?.mend).toMatchObject({ command: expect.stringContaining('--ingress --rule-number 98 --protocol 112') })
})

test('two live nodes that are MASTER of one instance are a split brain, with the tcpdump of their family', () => {
  const masters = (members: readonly Member[]) => members.map((member) => ({ ...member, masterOf: ['VI_1'] }))
  const judged = (members: readonly Member[]) => judgeSplitBrain({ members }, ['VI_1', 'VI_2'])
  expect(judged(V4.members)).toMatchObject([{ verdict: 'ok' }])
  expect(judged(masters(V4.members))).toMatchObject([
    { verdict: 'warn', subject: 'VI_1', mend: { command: "sudo tcpdump -ni any 'ip proto 112'" } },
  ])
  expect(judged(masters(pair('2001:db8::11', '2001:db8::12').members))).toMatchObject([
    { mend: { command: "sudo tcpdump -ni any 'ip6 proto 112'" } },
  ])
  const [first, second] = masters(V4.members)
  const gone = second && { ...second, instance: undefined }
  expect(judged(first && gone ? [first, gone] : [])).toMatchObject([{ verdict: 'skipped' }])
})
