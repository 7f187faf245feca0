import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exitCodeOfFindings, reportJson, reportText } from '../../../../src/commands/doctor/output.ts'
import { commandLine } from '../../../../src/core/command-line.ts'
import { CHECKS, type Finding } from '../../../../src/core/finding.ts'
import { eni } from '../../../support/fixtures.ts'

const found = (
  check: Finding['check'],
  verdict: Finding['verdict'],
  text: string,
  rest: Partial<Finding> = {},
): Finding => ({
  check,
  verdict,
  found: text,
  subject: undefined,
  mend: undefined,
  fixes: undefined,
  ...rest,
})

const ENI = 'eni-06972ddd891f3c78e'
const TURN_OFF = commandLine(
  ...`aws ec2 modify-network-interface-attribute --network-interface-id ${ENI} --no-source-dest-check`.split(' '),
)
const FINDINGS: Finding[] = [
  found('credentials', 'ok', 'EC2 answers in ap-northeast-1'),
  found(
    'permissions',
    'ok',
    'DescribeRouteTables, DescribeNetworkInterfaces, DescribeInstances, ReplaceRoute, CreateRoute',
  ),
  found('zones', 'warn', 'db-1 and db-2 are in ap-northeast-1a: its loss would take them all down', {
    mend: { advice: 'move one of them to a subnet in another zone' },
  }),
  found('source-dest-check', 'fail', `on for ${ENI}: traffic for the VIP is dropped`, {
    subject: 'db-2',
    mend: {
      command: TURN_OFF,
    },
    fixes: eni(ENI),
  }),
  found('protocol-112', 'unknown', 'reading security groups: EC2 answered UnauthorizedOperation (request 0a1b)'),
  found('coverage', 'unknown', 'reading security groups: EC2 answered UnauthorizedOperation (request 0a1b)'),
  found('keepalived', 'skipped', 'not checked: this machine is not a node'),
  found('daemon', 'skipped', 'not checked: this machine is not a node'),
]
const REPORT = { cluster: 'db', region: 'ap-northeast-1', node: undefined, findings: FINDINGS }

describe('the report of the doctor', () => {
  test('on 80 columns: what is well is short, what is worst is last, and a command can be copied', () => {
    expect(reportText(REPORT, 80)).toBe(`db  ap-northeast-1  this machine is not a node
EC2
  ✓ credentials        EC2 answers in ap-northeast-1
  ✓ permissions        DescribeRouteTables, DescribeNetworkInterfaces, Describe…
– not checked: this machine is not a node: keepalived, daemon

  ? reading security groups: EC2 answered UnauthorizedOperation (request 0a1b):
    protocol 112, subnets
  ! zones              db-1 and db-2 are in ap-northeast-1a: its loss would take
                       them all down
    → move one of them to a subnet in another zone
  ✗ source/dest check  db-2: on for eni-06972ddd891f3c78e: traffic for the VIP
                       is dropped
      aws ec2 modify-network-interface-attribute --network-interface-id \\
          eni-06972ddd891f3c78e --no-source-dest-check

1 failure, 1 warning, 2 unknown, 2 ok, 2 skipped  docs/doctor.md explains each`)
  })

  test('on 200 columns: a line for each', () => {
    expect(reportText(REPORT, 200)).toBe(`db  ap-northeast-1  this machine is not a node
EC2
  ✓ credentials        EC2 answers in ap-northeast-1
  ✓ permissions        DescribeRouteTables, DescribeNetworkInterfaces, DescribeInstances, ReplaceRoute, CreateRoute
– not checked: this machine is not a node: keepalived, daemon

  ? reading security groups: EC2 answered UnauthorizedOperation (request 0a1b): protocol 112, subnets
  ! zones              db-1 and db-2 are in ap-northeast-1a: its loss would take them all down
    → move one of them to a subnet in another zone
  ✗ source/dest check  db-2: on for eni-06972ddd891f3c78e: traffic for the VIP is dropped
      aws ec2 modify-network-interface-attribute --network-interface-id eni-06972ddd891f3c78e --no-source-dest-check

1 failure, 1 warning, 2 unknown, 2 ok, 2 skipped  docs/doctor.md explains each`)
  })

  test('names the node that it is of, and says no more of a pair that is well', () => {
    const node = { eni: ENI, label: 'db-1' }
    const text = reportText({ ...REPORT, node, findings: FINDINGS.slice(0, 1) }, 80)
    expect(text).toBe(`db  ap-northeast-1  this node is db-1, ${ENI}
EC2
  ✓ credentials        EC2 answers in ap-northeast-1

1 ok`)
    expect(reportText({ ...REPORT, node: { eni: ENI, label: ENI }, findings: [] }, 80)).toContain(
      `this node is ${ENI}\n`,
    )
    expect(reportText({ ...REPORT, node: { eni: undefined, label: undefined }, findings: [] }, 80)).toContain(
      'this node is unknown',
    )
  })

  test('for programs has each finding, and the worst', () => {
    const report = JSON.parse(reportJson(REPORT))
    expect(report).toMatchObject({
      version: 1,
      cluster: 'db',
      region: 'ap-northeast-1',
      node: null,
      worst: 'fail',
      counts: { fail: 1, warn: 1, unknown: 2, ok: 2, skipped: 2 },
    })
    expect(report.findings[3]).toEqual({
      group: 'nodes',
      check: 'source-dest-check',
      subject: 'db-2',
      verdict: 'fail',
      found: `on for ${ENI}: traffic for the VIP is dropped`,
      mend: {
        command: TURN_OFF,
      },
    })
  })

  test.each([
    ['ok', 0],
    ['skipped', 0],
    ['unknown', 3],
    ['warn', 3],
    ['fail', 1],
  ] as const)('%s, the worst that was found, makes the exit code %i', (verdict, code) => {
    expect(exitCodeOfFindings([found('zones', verdict, ''), found('zones', 'ok', '')])).toBe(code)
  })
})

test('docs/doctor.md tells of every check, in their order, and of no other', () => {
  const page = readFileSync('docs/doctor.md', 'utf8')
  const rows = [...page.slice(page.indexOf('## The checks')).matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(
    ([, name]) => name,
  )
  expect(rows).toEqual(Object.keys(CHECKS))
})

test('every check has a title that fits its column, and a name of its own', () => {
  const titles = Object.values(CHECKS).map(({ title }) => title)
  expect(new Set(titles).size).toBe(titles.length)
  expect(Math.max(...titles.map((title) => title.length))).toBeLessThan(20)
})
