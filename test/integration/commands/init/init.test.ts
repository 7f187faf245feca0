/** `vip-switch init`, where there is no terminal. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { policySchema } from '../../../../src/lab/ec2/iam/policy.ts'
import { environmentFor, PROGRAM, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { INSTALLED, verdictOfKeepalived } from '../../../support/keepalived-verdict.ts'
import { eniOf, idOf, setTarget } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const FILES = ['config.yaml', 'iam-policy.json', 'keepalived.conf']
const CHOICES = ['--cluster', 'db', '--vip', '10.99.0.10', '-r', 'all', '--peer', 'db-2', '--priority', '150']

const files = () => join(directory, 'etc')
const made = (name: string) => readFileSync(join(files(), name), 'utf8')

/** Runs on db-1, whose interface this host does not know by its MAC address. */
async function run(values: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
  const onNode = environmentFor(endpoint, { AWS_REGION: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url, ...env })
  return runProgram(['init', '--directory', files(), '--interface', 'eth0', ...values], onNode)
}

describe('what it makes', () => {
  test('is a config that is good, with the tables of the VPC and what they are called', async () => {
    const { exitCode, stdout, stderr } = await run(CHOICES)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(readdirSync(files()).sort()).toEqual(FILES)
    expect(made('config.yaml')).toMatch(new RegExp(`^ +- ${idOf('private-a', 'rtb-')} +# private-a: 1 subnet$`, 'm'))
    expect(made('config.yaml')).toContain('# main: all subnets without their own table')
    expect(made('config.yaml')).not.toMatch(/^(interval|region|interface|eni):/m)
    const checked = await runProgram(['config', 'check', join(files(), 'config.yaml')], environmentFor(undefined))
    expect(checked).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('cluster db manages VI_1 (10.99.0.10/32 in rtb-'),
    })
    expect(stdout).toMatch(/\n +sudo vip-switch doctor --config \S+config\.yaml\n/)
    expect(stdout).toMatch(/\n +sudo vip-switch init --join config\.yaml --peer 10\.0\.1\.11$/)
  })

  test.skipIf(!requires('keepalived'))('is what the real keepalived takes', async () => {
    await run([...CHOICES, '--vip', '2001:db8:99::10', '--peer', '10.0.3.13'])
    const snippet = made('keepalived.conf').replaceAll(PROGRAM, INSTALLED)
    expect(snippet).toMatch(/unicast_src_ip 10\.0\.1\.11\n {2}unicast_peer \{\n {4}10\.0\.2\.12\n {4}10\.0\.3\.13\n/)
    expect(await verdictOfKeepalived(snippet)).toEqual({ exitCode: 0, said: '' })
  })

  test('is the policy of iam-policy, for this region and account', async () => {
    await run(CHOICES)
    const printed = await runProgram(
      ['iam-policy', '--account', endpoint.region.account, '--config', join(files(), 'config.yaml')],
      environmentFor(endpoint),
    )
    expect(made('iam-policy.json').trim()).toBe(printed.stdout)
    expect(policySchema.parse(JSON.parse(made('iam-policy.json'))).Statement.length).toBeGreaterThan(0)
  })

  test('is two policies where a role is assumed', async () => {
    const role = `arn:aws:iam::${endpoint.region.account}:role/route-switch`
    expect(await run([...CHOICES, '--assume-role', role])).toMatchObject({ exitCode: 0 })
    expect(made('config.yaml')).toContain(`assumeRole: ${role}`)
    expect(made('iam-policy.json')).toContain('sts:AssumeRole')
    expect(made('iam-policy-route-owner.json')).toContain('ec2:ReplaceRoute')
  })

  test('is told to programs by path', async () => {
    const { stdout } = await run([...CHOICES, '--json'])
    const paths = ['config.yaml', 'keepalived.conf', 'iam-policy.json'].map((name) => join(files(), name))
    expect(JSON.parse(stdout)).toEqual({ version: 1, files: paths, notes: [] })
  })

  test('has tables by Name and by tag, as they were named', async () => {
    await run([
      '--cluster',
      'db',
      '-v',
      '10.99.0.10',
      '-r',
      'public',
      '-r',
      'role=private',
      '--peer',
      '10.0.2.12',
      '--priority',
      '1',
    ])
    expect(made('config.yaml')).toContain('- { name: public }\n')
    expect(made('config.yaml')).toContain('- { tags: { role: private } }\n')
  })
})

describe('nothing is made', () => {
  test.each(FILES)('where there is a %s already, which stays', async (name) => {
    mkdirSync(files())
    writeFileSync(join(files(), name), 'mine')
    const { exitCode, stderr } = await run(CHOICES)
    expect(exitCode).toBe(4)
    expect(stderr).toContain(`${join(files(), name)} exists already; nothing was written`)
    expect(readdirSync(files())).toEqual([name])
    expect(made(name)).toBe('mine')
    expect(endpoint.requests).toEqual([])
  })

  const without = (flag: string) => CHOICES.filter((_, index) => CHOICES[index] !== flag && CHOICES[index - 1] !== flag)

  test.each([
    ['flags are missing', ['--vip', '10.99.0.10'], 2, 'missing: --cluster, --route-table, --peer, --priority'],
    ['a VIP lies in the VPC', [...without('--vip'), '--vip', '10.0.9.9'], 4, '10.0.9.9/32 is inside the VPC'],
    ['an IPv6 VIP does', [...without('--vip'), '--vip', '2001:db8:10::9'], 4, 'inside the VPC'],
    ['a VIP is none', [...without('--vip'), '--vip', '10.99.0'], 2, '10.99.0 is not an IPv4'],
    ['a VIP is there twice', [...CHOICES, '--vip', '10.99.0.10/32'], 2, 'must be listed once'],
    ['no table has the Name', [...without('-r'), '-r', 'nobody'], 2, 'no route table matches the name nobody'],
    ['no node has the Name', [...without('--peer'), '--peer', 'nobody'], 2, 'no running instance is named nobody'],
    ['the other node is this one', [...without('--peer'), '--peer', 'db-1'], 2, '10.0.1.11 is this node itself'],
    ['nodes speak two families', [...CHOICES, '--peer', '2001:db8:10:2::12'], 2, 'different families'],
    ['the priority is none', [...without('--priority'), '--priority', '255'], 2, '"255" is not a priority'],
    ['the cluster has no name', [...without('--cluster'), '--cluster', 'a b'], 2, '"a b" is not a name'],
  ])('where %s', async (_, values, code, reason) => {
    const { exitCode, stderr } = await run(values)
    expect(stderr).toContain(reason)
    expect(exitCode).toBe(code)
    expect(() => readdirSync(files())).toThrow('ENOENT')
  })
})

describe('on the first day', () => {
  const KNOWN = ['--cluster', 'db', '-r', 'private-a', '--peer', '10.0.2.12', '--priority', '150']

  test('a role that may not read yet is noted, and the VPC’s ranges are known all the same', async () => {
    endpoint.region.deny.push({ action: 'DescribeRouteTables' })
    expect(await run([...KNOWN, '--vip', '10.0.9.9'])).toMatchObject({ exitCode: 4 })
    const { exitCode, stderr } = await run([...KNOWN, '--vip', '10.99.0.10'])
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^note: not checked: reading the route tables/)
    expect(readdirSync(files()).sort()).toEqual(FILES)
  })

  test('neither an instance nor credentials are needed by whoever says everything', async () => {
    const nowhere = {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
    }
    const { exitCode, stderr } = await run([...KNOWN, '--vip', '10.99.0.10', '--source', '10.0.1.11'], nowhere)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('IMDSv2 token')
    expect(made('keepalived.conf')).toContain('unicast_src_ip 10.0.1.11')
  })

  test('a route of somebody else’s is noted, with what to do', async () => {
    setTarget('private-a', { field: 'natGatewayId', id: 'nat-0a' })
    const { exitCode, stderr } = await run(CHOICES)
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/note: 10\.99\.0\.10\/32 in private-a: the route points to nat-0a.*takeOver/)
  })

  test('a prefix list is noted to be no address', async () => {
    const { stderr } = await run([...CHOICES, '--vip', idOf('vips', 'pl-')])
    expect(stderr).toContain('is not an address: add')
  })
})

describe('with the config of another node', () => {
  /** Runs on db-2. */
  async function joined(values: readonly string[]) {
    const { url } = await endpoint.startMetadata({ instanceId: idOf('db-2', 'i-') })
    const env = environmentFor(endpoint, { AWS_REGION: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url })
    const words = ['--join', join(files(), 'config.yaml'), '--directory', join(directory, 'other'), ...values]
    return runProgram(['init', '--interface', 'eth0', ...words], env)
  }
  const other = (name: string) => readFileSync(join(directory, 'other', name), 'utf8')

  test('takes it as it is, and makes the snippet and the policy for this node', async () => {
    await run([...CHOICES, '--vip', '10.99.0.11'])
    expect(await joined(['--peer', 'db-1'])).toMatchObject({ exitCode: 0, stderr: '' })
    for (const name of ['config.yaml', 'iam-policy.json']) expect(other(name)).toBe(made(name))
    expect(other('keepalived.conf')).toMatch(
      /priority 100\n.*\n {2}unicast_src_ip 10\.0\.2\.12\n {2}unicast_peer \{\n {4}10\.0\.1\.11\n {2}\}\n/,
    )
    expect(other('keepalived.conf')).toContain('10.99.0.11/32 dev lo')
  })

  test('finds the first node by its claim', async () => {
    await run(CHOICES)
    setClaim('db-1', 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03Z')
    expect(await joined([])).toMatchObject({ exitCode: 0, stderr: '' })
    expect(other('keepalived.conf')).toContain('unicast_peer {\n    10.0.1.11\n  }')
  })

  test('says what is missing before the first node has a claim', async () => {
    await run(CHOICES)
    const { exitCode, stderr } = await joined([])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(
      /^vip-switch: missing: --peer \(no other node of db has published a claim about VI_1 yet\)$/m,
    )
    expect(existsSync(join(directory, 'other'))).toBe(false)
  })

  test('refuses one that is bad', async () => {
    mkdirSync(files(), { recursive: true })
    writeFileSync(join(files(), 'config.yaml'), 'cluster: db\n')
    expect(await joined(['--peer', 'db-1'])).toMatchObject({ exitCode: 2, stdout: '' })
    expect(existsSync(join(directory, 'other'))).toBe(false)
  })
})

function setClaim(node: string, text: string): void {
  const tags = endpoint.region.tags.get(eniOf(node)) ?? new Map<string, string>()
  endpoint.region.tags.set(eniOf(node), tags.set('vip-switch:db:VI_1', text))
}
