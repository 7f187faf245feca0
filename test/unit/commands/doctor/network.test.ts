/** What the doctor makes of a network. */
import { describe, expect, test } from 'vitest'
import type { Rule, SecurityGroup } from '../../../../src/adapters/ec2/operations/security-groups.ts'
import { judgeApiPath } from '../../../../src/commands/doctor/checks/api-path.ts'
import { judgeClock } from '../../../../src/commands/doctor/checks/credentials.ts'
import { judgeProtocol } from '../../../../src/commands/doctor/checks/security-groups.ts'
import type { Finding } from '../../../../src/core/finding.ts'
import { routeTo } from '../../../../src/core/longest-prefix-match.ts'
import type { Route } from '../../../../src/core/route.ts'
import { parseDestination } from '../../../../src/core/vip.ts'
import { memberOf } from '../../../support/doctor-members.ts'
import { tableWith } from '../../../support/fixtures.ts'

const told = (findings: readonly Finding[]) => findings.map(({ verdict, found }) => `${verdict} ${found}`)

describe('protocol 112', () => {
  const rule = (
    protocol: string,
    rest: { cidrs?: string[]; groups?: string[]; prefixLists?: string[] } = {},
  ): Rule => ({
    protocol,
    cidrs: (rest.cidrs ?? []).map(parseDestination),
    groups: rest.groups ?? [],
    prefixLists: rest.prefixLists ?? [],
  })
  const anywhere = [rule('-1', { cidrs: ['0.0.0.0/0', '::/0'] })]
  const group = (id: string, ingress: Rule[], egress = anywhere): SecurityGroup => ({
    id,
    name: undefined,
    ingress,
    egress,
  })
  const pair = (
    addresses: readonly [string, string],
    groups: readonly [string[], string[]] = [['sg-a'], ['sg-a']],
  ) => ({
    region: 'ap-northeast-1',
    members: [
      memberOf('db-1', addresses[0], { groups: groups[0] }),
      memberOf('db-2', addresses[1], { groups: groups[1] }),
    ],
  })
  const v4 = pair(['10.0.1.11', '10.0.2.12'])

  test.each([
    ['by its number', [rule('112', { cidrs: ['10.0.0.0/16'] })]],
    ['among all protocols', [rule('-1', { groups: ['sg-a'] })]],
    [
      'from each by a rule of its own',
      [rule('112', { cidrs: ['10.0.1.11/32'] }), rule('112', { cidrs: ['10.0.2.12/32'] })],
    ],
  ])('passes %s', (_, ingress) => {
    expect(told(judgeProtocol(v4, [group('sg-a', ingress)]))).toEqual([
      'ok the security groups allow it both ways between db-1 and db-2',
    ])
  })

  test('passes where any group of several lets it', () => {
    const members = pair(['10.0.1.11', '10.0.2.12'], [['sg-x', 'sg-a'], ['sg-a']])
    const groups = [group('sg-x', [], []), group('sg-a', [rule('112', { groups: ['sg-a'] })])]
    expect(told(judgeProtocol(members, groups))).toEqual([
      'ok the security groups allow it both ways between db-1 and db-2',
    ])
  })

  test('of IPv6 is let in by a rule of its family alone', () => {
    const members = pair(['2001:db8::11', '2001:db8::12'])
    expect(told(judgeProtocol(members, [group('sg-a', [rule('112', { cidrs: ['0.0.0.0/0'] })])]))).toEqual([
      expect.stringMatching(/^fail sg-a does not allow protocol 112 in from /),
    ])
    expect(told(judgeProtocol(members, [group('sg-a', [rule('112', { cidrs: ['2001:db8::/64'] })])]))).toEqual([
      'ok the security groups allow it both ways between db-1 and db-2',
    ])
  })

  test('that a prefix list may let in is not known to pass', () => {
    const found = told(judgeProtocol(v4, [group('sg-a', [rule('112', { prefixLists: ['pl-0a'] })])]))
    expect(found).toEqual([
      'unknown cannot tell whether pl-0a allows protocol 112 in from db-1 (10.0.1.11), and in from db-2 (10.0.2.12): its entries are not read',
    ])
  })

  test('is stopped at the group that lacks the rule, with the command that adds it', () => {
    const members = pair(['10.0.1.11', '10.0.2.12'], [['sg-a'], ['sg-b']])
    const [only, ...rest] = judgeProtocol(members, [
      group('sg-a', [rule('112', { groups: ['sg-b'] })]),
      group('sg-b', [rule('17', { groups: ['sg-a'] })]),
    ])
    expect(rest).toEqual([])
    expect(only).toMatchObject({
      verdict: 'fail',
      subject: 'db-2',
      mend: {
        command:
          'aws ec2 authorize-security-group-ingress --group-id sg-b --protocol 112 --port -1 --source-group sg-a --region ap-northeast-1',
      },
    })
  })

  test('between fewer than two is nothing to look at', () => {
    expect(told(judgeProtocol({ ...v4, members: v4.members.slice(0, 1) }, []))).toEqual([
      'skipped fewer than two nodes are known',
    ])
  })
})

describe('a clock', () => {
  test.each([
    [0, 'ok in sync with EC2’s'],
    [-4900, 'ok in sync with EC2’s'],
    [61_000, 'warn 61 s ahead of EC2’s: times in logs and claims are misleading'],
    [-400_000, 'fail 400 s behind EC2’s: EC2 rejects requests signed with it'],
    [undefined, 'unknown EC2 did not report its time'],
  ])('%s ms before EC2’s', (ahead, expected) => {
    expect(told(judgeClock(ahead))).toEqual([expected])
  })
})

describe('the route to an address', () => {
  const route = (destination: string, id: string, origin = 'CreateRoute'): Route => ({
    destination: parseDestination(destination),
    target: { kind: 'other', id },
    state: 'active',
    origin,
  })
  const table = tableWith([
    route('0.0.0.0/0', 'nat-0a'),
    route('10.0.0.0/8', 'vgw-0a', 'EnableVgwRoutePropagation'),
    route('10.0.0.0/8', 'tgw-0a'),
    route('10.1.0.0/16', 'vgw-0b', 'Advertisement'),
    route('pl-0a', 'tgw-0b'),
    route('::/0', 'eigw-0a'),
  ])
  const idAt = (address: string) => {
    const target = routeTo(table, parseDestination(address))?.target
    return target?.kind === 'other' ? target.id : undefined
  }

  test('is that of the longest prefix, and of two the static one', () => {
    expect(['10.1.2.3', '10.9.9.9', '192.0.2.1', '2001:db8::1'].map(idAt)).toEqual([
      'vgw-0b',
      'tgw-0a',
      'nat-0a',
      'eigw-0a',
    ])
  })

  test('may not be there', () => {
    expect(routeTo(tableWith([route('10.0.0.0/8', 'tgw-0a')]), parseDestination('192.0.2.1'))).toBeUndefined()
  })
})

describe('the path to EC2', () => {
  const defaultRoutes: Route[] = ['0.0.0.0/0', '::/0'].map((text) => ({
    destination: parseDestination(text),
    target: { kind: 'other', id: 'igw-0a' },
    state: 'active',
    origin: 'CreateRoute',
  }))
  const judged = (address: string, ...ofApi: string[]) =>
    told(
      judgeApiPath(
        { members: [memberOf('db-1', address)] },
        {
          all: [{ ...tableWith(defaultRoutes), isMain: true, subnets: [] }],
          managed: [],
          api: { name: 'ec2.test', isProxy: false, addresses: ofApi.map(parseDestination) },
          region: 'ap-northeast-1',
          isNode: true,
        },
      ),
    )

  test('of a node without IPv4 needs an IPv6 address of EC2', () => {
    expect(judged('2001:db8::11', '203.0.113.9')).toEqual([
      'fail ec2.test has no IPv6 address, and the node no IPv4 address',
    ])
    expect(judged('2001:db8::11', '203.0.113.9', '2001:db8:1::9')).toEqual(['ok db-1 over ::/0 → igw-0a'])
  })

  test('of a node without IPv6 needs an IPv4 address of EC2', () => {
    expect(judged('10.0.1.11', '2001:db8:1::9')).toEqual([
      'fail ec2.test has no IPv4 address, and the node no IPv6 address',
    ])
  })

  test.each(['127.0.0.1', '::1'])('is this host itself at %s', (address) => {
    expect(judged('2001:db8::11', address)).toEqual(['ok ec2.test is this host itself'])
  })
})
