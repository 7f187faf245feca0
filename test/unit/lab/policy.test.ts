import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeRouteTablesCommand,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Judgement, judge } from '../../../src/lab/ec2/iam/judge.ts'
import { policySchema } from '../../../src/lab/ec2/iam/policy.ts'
import { node1, node2, seed, start, table, vip } from '../../support/lab-client.ts'

const TABLE_ARN = `arn:aws:ec2:ap-northeast-1:123456789012:route-table/${table}`
const USER = 'arn:aws:iam::123456789012:user/lab'

const policyOf = (...Statement: object[]) => policySchema.parse({ Version: '2012-10-17', Statement })
const variable = (name: string) => `$\{${name}}`
const allow = (rest: object) => ({ Effect: 'Allow', Action: 'ec2:*', Resource: '*', ...rest })

/** What a policy of these statements says of ReplaceRoute on the table, in that context. */
function judged(
  statements: object | object[],
  { context = {}, ...rest }: { context?: Record<string, string[]>; action?: string; resource?: string } = {},
): Judgement {
  const request = { principal: USER, action: 'ec2:ReplaceRoute', resource: TABLE_ARN, ...rest, context }
  return judge(policyOf(...[statements].flat()), request)
}

describe('a policy', () => {
  it.each([
    ['ec2:ReplaceRoute', 'allow'],
    ['ec2:replaceroute', 'allow'],
    ['ec2:Replace*', 'allow'],
    ['ec2:ReplaceRout?', 'allow'],
    ['*', 'allow'],
    ['ec2:Replace', 'implicit-deny'],
    ['sts:*', 'implicit-deny'],
  ])('with the action %s: %s', (Action, expected) => {
    expect(judged(allow({ Action }))).toBe(expected)
    expect(judged(allow({ Action: ['ec2:DescribeVpcs', Action] }))).toBe(expected)
  })

  it.each([
    [TABLE_ARN, 'allow'],
    ['arn:aws:ec2:*:*:route-table/*', 'allow'],
    ['arn:aws:ec2:ap-northeast-1:123456789012:route-table/rtb-0000000000000000?', 'allow'],
    ['arn:aws:ec2:eu-west-1:123456789012:route-table/*', 'implicit-deny'],
    ['arn:aws:ec2:*:*:network-interface/*', 'implicit-deny'],
    // A wildcard stays in its segment.
    [`arn:aws:ec2:*::route-table/${table}`, 'implicit-deny'],
    [TABLE_ARN.replace('ap-', 'AP-'), 'implicit-deny'],
  ])('with the resource %s: %s', (Resource, expected) => {
    expect(judged(allow({ Resource }))).toBe(expected)
  })

  it('permits a call on no resource in particular by * alone', () => {
    const describe = { action: 'ec2:DescribeRouteTables', resource: '*' }
    expect(judged(allow({}), describe)).toBe('allow')
    expect(judged(allow({ Resource: 'arn:aws:ec2:*:*:*' }), describe)).toBe('implicit-deny')
  })

  it('denies whatever another statement allows', () => {
    expect(judged([allow({}), allow({ Effect: 'Deny', Action: 'ec2:ReplaceRoute' })])).toBe('explicit-deny')
    expect(judged([allow({}), allow({ Effect: 'Deny', Action: 'ec2:CreateRoute' })])).toBe('allow')
  })
})

describe('a condition', () => {
  const role = { 'aws:resourcetag/role': ['private'] }
  it.each([
    [{ StringEquals: { 'aws:ResourceTag/role': 'private' } }, role, 'allow'],
    [{ StringEquals: { 'AWS:resourcetag/Role': ['public', 'private'] } }, role, 'allow'],
    [{ StringEquals: { 'aws:ResourceTag/role': 'Private' } }, role, 'implicit-deny'],
    [{ StringEquals: { 'aws:ResourceTag/role': 'priv*' } }, role, 'implicit-deny'],
    [{ StringEquals: { 'aws:ResourceTag/role': 'private' } }, {}, 'implicit-deny'],
    [{ StringLike: { 'aws:ResourceTag/role': 'priv*' } }, role, 'allow'],
    [{ StringLike: { 'aws:ResourceTag/role': `priv${variable('*')}` } }, role, 'implicit-deny'],
    [
      { StringEquals: { 'aws:ResourceTag/role': `${variable('*')}${variable('$')}{x}` } },
      { 'aws:resourcetag/role': [`*${variable('x')}`] },
      'allow',
    ],
    // Keys and operators are all to hold.
    [{ StringEquals: { 'aws:ResourceTag/role': 'private', 'aws:ResourceTag/Name': 'a' } }, role, 'implicit-deny'],
    [{ StringEquals: { 'aws:ResourceTag/role': 'private' }, Null: { 'aws:TagKeys': 'false' } }, role, 'implicit-deny'],
  ])('%j in %j: %s', (Condition, context, expected) => {
    expect(judged(allow({ Condition }), { context })).toBe(expected)
  })

  const only = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }
  it.each([
    [only, ['a'], 'allow'],
    [only, ['a', 'b'], 'allow'],
    [only, ['a', 'c'], 'implicit-deny'],
    // The pitfall of ForAllValues: nothing at all passes, as a DeleteTags of every tag does.
    [only, [], 'allow'],
    [{ ...only, Null: { 'aws:TagKeys': 'false' } }, [], 'implicit-deny'],
    [{ ...only, Null: { 'aws:TagKeys': 'false' } }, ['b'], 'allow'],
    [{ Null: { 'aws:TagKeys': 'true' } }, ['b'], 'implicit-deny'],
    [{ 'ForAnyValue:StringLike': { 'aws:TagKeys': 'a*' } }, ['b', 'a1'], 'allow'],
    [{ 'ForAnyValue:StringLike': { 'aws:TagKeys': 'a*' } }, [], 'implicit-deny'],
  ])('%j of the tag keys %j: %s', (Condition, keys, expected) => {
    const context = keys.length > 0 ? { 'aws:tagkeys': keys } : {}
    expect(judged(allow({ Condition }), { context })).toBe(expected)
  })
})

describe('what is not known of the language', () => {
  it.each([
    ['an operator', { Condition: { StringEqualsIfExists: { 'aws:ResourceTag/role': 'x' } } }],
    ['a key', { Condition: { StringEquals: { 'aws:SourceIp': '10.0.0.1' } } }],
    ['a comparison of several values that does not say how', { Condition: { StringEquals: { 'aws:TagKeys': 'x' } } }],
    ['a variable', { Condition: { StringEquals: { 'aws:ResourceTag/role': variable('aws:username') } } }],
    ['an element', { NotAction: 'ec2:*' }],
    ['a resource that is no ARN', { Resource: 'rtb-*' }],
    ['a Sid that IAM refuses', { Sid: 'Move routes' }],
  ])('is refused when the seed is read: %s', async (_, statement) => {
    const policies = { [USER]: { Version: '2012-10-17' as const, Statement: [allow(statement)] } }
    // As from a file, which no type has checked.
    await expect(start({ seed: { ...seed, policies: JSON.parse(JSON.stringify(policies)) } })).rejects.toThrow(
      `policies.${USER}`,
    )
  })

  it('and so is a policy of nobody', async () => {
    const stranger = 'arn:aws:iam::999999999999:user/lab'
    const policies = { [stranger]: policyOf() }
    await expect(start({ seed: { ...seed, policies } })).rejects.toThrow(`policies.${stranger}: no such user`)
  })
})

describe('a shared VPC', () => {
  it('has its tables in its owner’s account', async () => {
    const { lab } = seed.vpcs
    if (!lab) throw new Error('no lab')
    const owner = '210987654321'
    const { endpoint, client } = await start({ seed: { ...seed, vpcs: { lab: { ...lab, owner } } } })
    const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [table] }))
    expect(RouteTables?.[0]?.OwnerId).toBe(owner)
    endpoint.region.policies.set(USER, policyOf(allow({ Resource: TABLE_ARN })))
    await expect(client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))).rejects.toThrow(
      `on resource: ${TABLE_ARN.replace('123456789012', owner)} because`,
    )
  })
})

describe('the endpoint', () => {
  it('enforces the policy of its caller, in the words of EC2', async () => {
    const { endpoint, client } = await start()
    endpoint.region.policies.set(USER, policyOf(allow({ Action: 'ec2:CreateTags' })))
    const replace = new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni })
    const who = `You are not authorized to perform this operation. User: ${USER} is not authorized to perform:`
    await expect(client.send(replace)).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
      message: expect.stringContaining(
        `${who} ec2:ReplaceRoute on resource: ${TABLE_ARN} because no identity-based policy allows the ec2:ReplaceRoute action. Encoded`,
      ),
    })
    await expect(client.send(new DescribeRouteTablesCommand({}))).rejects.toThrow(
      `${who} ec2:DescribeRouteTables because no identity-based policy allows the ec2:DescribeRouteTables action`,
    )
    endpoint.region.policies.set(USER, policyOf(allow({}), allow({ Effect: 'Deny', Resource: TABLE_ARN })))
    await expect(client.send(replace)).rejects.toThrow('with an explicit deny in an identity-based policy')
  })

  it('names the partition of its region in every ARN', async () => {
    const user = USER.replace('arn:aws:', 'arn:aws-iso:')
    const policies = { [user]: policyOf(allow({ Resource: 'arn:aws:ec2:*:*:route-table/*' })) }
    const { client } = await start({ seed: { ...seed, region: 'us-iso-east-1', policies } })
    await expect(client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))).rejects.toThrow(
      `User: ${user} is not authorized to perform: ec2:ReplaceRoute on resource: arn:aws-iso:ec2:us-iso-east-1:123456789012:route-table/${table}`,
    )
  })

  it('tells conditions the tags of the request and of each resource, and keeps a record of it', async () => {
    const { endpoint, client } = await start()
    endpoint.region.tags.set(node1.eni, new Map([['Team', 'db']]))
    const Condition = { StringEquals: { 'aws:ResourceTag/Team': 'db', 'aws:RequestTag/k': 'v' } }
    endpoint.region.policies.set(USER, policyOf(allow({ Condition })))
    const tag = (...Resources: string[]) => new CreateTagsCommand({ Resources, Tags: [{ Key: 'k', Value: 'v' }] })
    await client.send(tag(node1.eni))
    await expect(client.send(tag(node1.eni, node2.eni))).rejects.toThrow(`network-interface/${node2.eni}`)
    await expect(client.send(new DeleteTagsCommand({ Resources: [node1.eni] }))).rejects.toThrow('ec2:DeleteTags')
    expect(endpoint.requests[0]?.permissions).toEqual([
      {
        principal: USER,
        action: 'ec2:CreateTags',
        resource: `arn:aws:ec2:ap-northeast-1:123456789012:network-interface/${node1.eni}`,
        context: {
          'aws:tagkeys': ['k'],
          'aws:requesttag/k': ['v'],
          'aws:resourcetag/team': ['db'],
          'ec2:resourcetag/team': ['db'],
        },
      },
    ])
  })
})
