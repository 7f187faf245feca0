import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { PERMISSIONS } from '../../../../src/adapters/ec2/operations/permissions.ts'
import { createProgram } from '../../../../src/cli/program.ts'
import { type PolicyDocument, policiesOf } from '../../../../src/commands/iam-policy/policy.ts'
import { parseConfig } from '../../../../src/config/load.ts'
import { judge } from '../../../../src/lab/ec2/iam/judge.ts'
import { policySchema } from '../../../../src/lab/ec2/iam/policy.ts'
import { OFFLINE, RUNS } from '../../../support/policed-runs.ts'

const A = 'rtb-0000000000000000a'
const B = 'rtb-0000000000000000b'
const PLACE = { region: 'ap-northeast-1', account: '123456789012' }
const ROLE = 'arn:aws:iam::210987654321:role/route-switch'

function policies(tables: string, rest: { instance?: string; top?: string; more?: string } = {}, place = PLACE) {
  const { instance = '', top = '', more = '' } = rest
  const config = parseConfig(
    `{ cluster: db, ${top} instances: { VI_1: { vips: [10.99.0.10], routeTables: [${tables}], ${instance} }, ${more} } }`,
  )
  if (Array.isArray(config)) throw new Error(JSON.stringify(config))
  return policiesOf(config, place)
}

const sidsOf = (document: PolicyDocument | undefined) => document?.Statement.map(({ Sid }) => Sid)
const statementOf = ({ Statement }: PolicyDocument, sid: string) => Statement.find(({ Sid }) => Sid === sid)
const tableArn = (id: string, account = PLACE.account) => `arn:aws:ec2:ap-northeast-1:${account}:route-table/${id}`

describe('route tables', () => {
  test('by id are named, each once, and nothing is created where nothing may be', () => {
    const { instance } = policies(`${A}, ${B}`, {
      instance: 'createMissing: false',
      more: `VI_2: { vips: [10.99.0.11], routeTables: [${B}] }`,
    })
    expect(statementOf(instance, 'MoveRoutes')?.Resource).toEqual([tableArn(A), tableArn(B)])
    expect(statementOf(instance, 'CreateMissingRoutes')?.Resource).toBe(tableArn(B))
    expect(sidsOf(policies(A, { instance: 'createMissing: false' }).instance)).toEqual([
      ...['ReadRoutes', 'MoveRoutes', 'ReadInterfaces', 'ReadInstances', 'PublishClaims', 'Pin', 'Diagnose'],
    ])
  })

  test('by Name and by tags are meant by their tags, each set of tags in a statement of its own', () => {
    const { instance } = policies('{ name: a }, { name: c }, { tags: { role: private, x: y } }, { tags: { role: p } }')
    const condition = (sid: string) => statementOf(instance, sid)?.Condition?.StringEquals
    expect(sidsOf(instance)).not.toContain('MoveRoutes')
    expect(condition('MoveRoutesByName')).toEqual({ 'aws:ResourceTag/Name': ['a', 'c'] })
    expect(condition('MoveRoutesByTags')).toEqual({ 'aws:ResourceTag/role': 'private', 'aws:ResourceTag/x': 'y' })
    expect(condition('MoveRoutesByTags2')).toEqual({ 'aws:ResourceTag/role': 'p' })
    expect(statementOf(instance, 'CreateMissingRoutesByName')?.Resource).toBe(tableArn('*'))
  })
})

test('claims in a table of DynamoDB need no tags, and are those of this cluster alone', () => {
  const { instance } = policies(A, { top: 'witness: { type: dynamodb, table: vips },' })
  expect(sidsOf(instance)).not.toContain('PublishClaims')
  expect(sidsOf(policies(A).instance)).not.toContain('ShareClaims')
  expect(statementOf(instance, 'ShareClaims')).toEqual({
    Sid: 'ShareClaims',
    Effect: 'Allow',
    Action: ['dynamodb:PutItem', 'dynamodb:Query'],
    Resource: 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/vips',
    Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'db' } },
  })
})

describe('where the resources are', () => {
  test.each([
    ['cn-north-1', 'arn:aws-cn:ec2:cn-north-1:'],
    ['us-gov-west-1', 'arn:aws-us-gov:ec2:us-gov-west-1:'],
    ['us-iso-west-1', 'arn:aws-iso:ec2:us-iso-west-1:'],
    ['eu-isoe-west-1', 'arn:aws-iso-e:ec2:eu-isoe-west-1:'],
    ['eu-west-1', 'arn:aws:ec2:eu-west-1:'],
  ])('in %s', (region, beginning) => {
    expect(statementOf(policies(A, {}, { ...PLACE, region }).instance, 'MoveRoutes')?.Resource).toContain(beginning)
  })

  test('is anywhere where it is not known', () => {
    const config = parseConfig(`{ cluster: db, instances: { VI_1: { vips: [10.99.0.10], routeTables: [${A}] } } }`)
    if (Array.isArray(config)) throw new Error('no config')
    const { instance } = policiesOf(config, { region: undefined, account: undefined })
    expect(statementOf(instance, 'MoveRoutes')?.Resource).toBe(`arn:aws:ec2:*:*:route-table/${A}`)
  })
})

test('a role that is assumed has the routes, in its own account, and the instances’ role all the rest', () => {
  const { instance, routeOwner } = policies(A, { top: `assumeRole: '${ROLE}',` })
  expect(sidsOf(instance)).toEqual([
    'AssumeRouteRole',
    'ReadInterfaces',
    'ReadInstances',
    'PublishClaims',
    'Pin',
    'Diagnose',
  ])
  expect(statementOf(instance, 'AssumeRouteRole')).toMatchObject({ Action: 'sts:AssumeRole', Resource: ROLE })
  expect(sidsOf(routeOwner)).toEqual(['ReadRoutes', 'MoveRoutes', 'CreateMissingRoutes'])
  expect(routeOwner && statementOf(routeOwner, 'MoveRoutes')?.Resource).toBe(tableArn(A, '210987654321'))
  expect(policies(A).routeOwner).toBeUndefined()
})

describe('just beyond what is needed', () => {
  const odd = `private-\${*}`
  const policy = policySchema.parse(policies(`${A}, { name: '${odd}' }, { tags: { role: private, x: y } }`).instance)
  const eni = 'arn:aws:ec2:ap-northeast-1:123456789012:network-interface/eni-0000000000000000a'
  const judged = (action: string, resource: string, context: Record<string, string[]> = {}) =>
    judge(policy, { principal: '', action: `ec2:${action}`, resource, context })
  const [CLAIM, PIN] = ['vip-switch:db:VI_1', 'vip-switch-pin:db:VI_1']
  const keys = (...list: string[]) => ({ 'aws:tagkeys': list })

  test.each([
    ['ReplaceRoute', tableArn(A), {}],
    ['CreateRoute', tableArn(B), { 'aws:resourcetag/name': [odd] }],
    ['ReplaceRoute', tableArn(B), { 'aws:resourcetag/role': ['private'], 'aws:resourcetag/x': ['y'] }],
    ['CreateTags', eni, keys(CLAIM)],
    ['CreateTags', eni, keys(PIN)],
    ['DeleteTags', eni, keys(PIN)],
  ])('%s on %s with %j is needed', (action, resource, context) => {
    expect(judged(action, resource, context)).toBe('allow')
  })

  test.each([
    ['DeleteRoute', tableArn(A), {}],
    ['ReplaceRoute', tableArn(B), {}],
    ['ReplaceRoute', tableArn(A, '999999999999'), {}],
    ['ReplaceRoute', tableArn(A).replace('ap-', 'us-'), {}],
    ['ReplaceRoute', tableArn(B), { 'aws:resourcetag/name': ['private-anything'] }],
    ['ReplaceRoute', tableArn(B), { 'aws:resourcetag/role': ['private'] }],
    ['CreateTags', eni, keys('Name')],
    ['CreateTags', eni, keys(CLAIM, 'Name')],
    ['CreateTags', eni, keys('vip-switch:db:VI_2')],
    ['CreateTags', eni, {}],
    ['CreateTags', tableArn(A), keys(CLAIM)],
    ['DeleteTags', eni, keys(CLAIM)],
    // Of every tag there is.
    ['DeleteTags', eni, {}],
    ['ModifyNetworkInterfaceAttribute', eni, {}],
  ])('%s on %s with %j is not allowed', (action, resource, context) => {
    expect(judged(action, resource, context)).toBe('implicit-deny')
  })
})

describe('docs/iam.md', () => {
  const page = readFileSync('docs/iam.md', 'utf8')
  const block = (text: string, language: string) => text.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''

  test('shows the policy of the config in the installation page', () => {
    const config = parseConfig(block(readFileSync('docs/installation.md', 'utf8'), 'yaml'))
    if (Array.isArray(config)) throw new Error(JSON.stringify(config))
    expect(JSON.parse(block(page, 'json'))).toEqual(policiesOf(config, PLACE).instance)
  })

  test('tells of each statement', () => {
    const table = page.slice(page.indexOf('| statement |'))
    for (const { sid } of PERMISSIONS) expect(table).toContain(`| \`${sid}\``)
  })
})

test('every command of the program is run with its policy enforced, or asks nothing of EC2', () => {
  const leaves = (command: Command, path: readonly string[] = []): string[] =>
    command.commands.length === 0
      ? [path.join(' ')]
      : command.commands.flatMap((each) => leaves(each, [...path, each.name()]))
  const told = new Set([...RUNS.map(({ command }) => command), ...OFFLINE])
  expect([...told].sort(), 'add what is new to test/support/policed-runs.ts').toEqual(
    leaves(createProgram(() => {})).sort(),
  )
})
