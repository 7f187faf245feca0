/** What the doctor makes of an EC2 that answers nothing, or not all. */
import { describe, expect, test } from 'vitest'
import { type DoctorRun, findings, onInstance, tableNamed, wellSeed } from '../../../support/doctor.ts'
import { startTable, TABLE } from '../../../support/dynamodb-table.ts'
import { endpoint, interceptWith, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'

startEndpointForEachTest(wellSeed)

describe('what EC2 denies', () => {
  const denied = async (run: DoctorRun, ...actions: string[]) => {
    for (const action of actions) endpoint.region.deny.push({ action })
    const { exitCode, report } = await findings(run)
    return {
      exitCode,
      all: report.findings,
      of: (check: string) => report.findings.filter((each) => each.check === check),
    }
  }

  test('is no "no": what could not be read is not known, and why', async () => {
    const { exitCode, all, of } = await denied({}, 'DescribeSecurityGroups', 'DescribeSubnets', 'DescribeNetworkAcls')
    expect(of('protocol-112')).toMatchObject([
      { verdict: 'unknown', found: expect.stringContaining('ec2:DescribeSecurityGroups') },
    ])
    expect(of('network-acls')).toMatchObject([
      { verdict: 'unknown', found: expect.stringContaining('ec2:DescribeNetworkAcls') },
    ])
    expect(of('coverage')).toMatchObject([
      { verdict: 'unknown', found: expect.stringContaining('ec2:DescribeSubnets') },
    ])
    expect(all.filter(({ verdict }) => verdict === 'unknown')).toHaveLength(3)
    expect(exitCode).toBe(3)
  })

  test('is told of each call that a node needs, with what follows from it', async () => {
    const { exitCode, of } = await denied({ env: await onInstance('db-1') }, 'ReplaceRoute', 'CreateTags')
    const found = of('permissions').map(({ subject, verdict, found, mend }) => [subject, verdict, found, mend])
    const mend = { command: 'vip-switch iam-policy' }
    expect(found).toEqual([
      [
        'MoveRoutes',
        'fail',
        expect.stringMatching(/^ReplaceRoute in rtb-\w+, ReplaceRoute in rtb-\w+: denied; the routes stay/),
        mend,
      ],
      [
        'PublishClaims',
        'fail',
        expect.stringMatching(/^CreateTags vip-switch:db:VI_1: denied; the other nodes cannot see/),
        mend,
      ],
      [
        'Pin',
        'warn',
        expect.stringMatching(/^CreateTags vip-switch-pin:db:VI_1: denied; pin and unpin do not work/),
        mend,
      ],
    ])
    expect(exitCode).toBe(1)
  })

  test('to a laptop says nothing of the nodes’ own role', async () => {
    const { exitCode, of } = await denied({}, 'ReplaceRoute')
    expect(of('permissions')).toMatchObject([
      { verdict: 'warn', found: expect.stringContaining('for these credentials; the nodes’ own may differ') },
    ])
    expect(exitCode).toBe(3)
  })

  test('of the role that is to be assumed is told by its own name', async () => {
    const assumeRole = 'arn:aws:iam::210987654321:role/route-switch'
    const { of } = await denied({ config: { assumeRole }, env: await onInstance('db-1') }, 'AssumeRole')
    expect(of('permissions')).toMatchObject([
      {
        verdict: 'fail',
        subject: 'ReadRoutes',
        found: expect.stringMatching(/^DescribeRouteTables, which requires sts:AssumeRole: denied/),
      },
    ])
    expect(of('tables')).toMatchObject([{ verdict: 'unknown', found: expect.stringContaining('sts:AssumeRole') }])
  })

  test('of the tables and the interfaces leaves little, and says so', async () => {
    const { all } = await denied({}, 'DescribeRouteTables', 'DescribeNetworkInterfaces')
    const unknown = all.filter(({ verdict }) => verdict === 'unknown').map(({ check }) => check)
    expect(new Set(unknown)).toEqual(
      new Set([
        'permissions',
        'clock',
        'members',
        'zones',
        'source-dest-check',
        'imds',
        'split-brain',
        'protocol-112',
        'network-acls',
        'api-path',
        'tables',
        'vip-range',
        'routes',
        'coverage',
      ]),
    )
    expect(all.find(({ check }) => check === 'credentials')).toMatchObject({ verdict: 'ok' })
  })
})

describe('EC2 that cannot be asked', () => {
  test('is what is wrong, and all else is not known', async () => {
    const env = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    const { exitCode, report } = await findings({ env })
    const [credentials, ...rest] = report.findings
    expect(credentials).toMatchObject({
      check: 'credentials',
      verdict: 'fail',
      found: expect.stringContaining('IAM role'),
    })
    expect(rest.some(({ verdict }) => verdict === 'ok')).toBe(false)
    expect(exitCode).toBe(1)
  })

  test('for want of a region says so', async () => {
    const { report } = await findings({ env: { AWS_REGION: undefined } })
    expect(report.findings[0]).toMatchObject({
      check: 'credentials',
      verdict: 'fail',
      found: expect.stringContaining('region'),
    })
  })

  test('of another time is told', async () => {
    const { report } = await findings({
      env: { NODE_OPTIONS: '--import data:text/javascript,const%20now=Date.now;Date.now=()=>now()-400000' },
    })
    expect(report.findings.find(({ check }) => check === 'clock')).toMatchObject({
      verdict: 'fail',
      found: expect.stringMatching(/^(399|40\d) s behind EC2’s: EC2 rejects requests signed with it$/),
    })
  })
})

test('in a large account it spares the budget that a failover draws on', async () => {
  const table = tableNamed('private-a')
  for (let index = 0; index < 30; index++) {
    const id = `rtb-${String(index).padStart(17, 'f')}`
    endpoint.region.routeTables.set(id, { ...table, id, subnetIds: [] })
    endpoint.region.tags.set(id, new Map([['role', 'private']]))
  }
  let asked = 0
  interceptWith(({ action }) => {
    if (action === 'ReplaceRoute') asked += 1
  })
  const { report } = await findings()
  expect(asked).toBe(20)
  expect(report.findings.find(({ check }) => check === 'permissions')).toMatchObject({
    verdict: 'ok',
    found: expect.stringContaining('12 more tables were not checked'),
  })
})

test('claims in DynamoDB tell who the nodes are; what is asked for their tags is not', async () => {
  const table = await startTable()
  for (const [node, address] of [
    ['db-1', '10.0.1.11'],
    ['db-2', '10.0.2.12'],
  ] as const) {
    const fields = {
      cluster: 'db',
      claim: `VI_1#${eniOf(node)}`,
      state: 'BACKUP',
      addr: address,
      since: '2026-11-23T01:02:03Z',
      beat: '2026-11-23T01:02:03Z',
    }
    await table.put(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { S: value }])))
    endpoint.region.tags.delete(eniOf(node))
  }
  table.calls.length = 0
  const { exitCode, report } = await findings({
    config: { witness: { type: 'dynamodb', table: TABLE } },
    env: { AWS_ENDPOINT_URL_DYNAMODB: table.url },
  })
  expect(report.findings.find(({ check }) => check === 'members')).toMatchObject({
    verdict: 'ok',
    found: expect.stringMatching(/^db-1 \(eni-\w+, 10\.0\.1\.11\), db-2 \(eni-\w+, 10\.0\.2\.12\)$/),
  })
  expect(report.findings.filter(({ check }) => check === 'permissions')).toMatchObject([
    { verdict: 'ok' },
    { verdict: 'skipped', subject: 'ShareClaims' },
  ])
  const tags = endpoint.requests.flatMap(({ action, params }) => (action === 'CreateTags' ? [params['Tag.1.Key']] : []))
  expect(tags).toEqual(['vip-switch-pin:db:VI_1'])
  expect(table.calls.map(({ action }) => action)).toEqual(['Query'])
  expect(exitCode).toBe(0)
})
