import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseDuration } from '../../../src/config/duration.ts'
import { instanceOf } from '../../../src/config/instances.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { configPath } from '../../../src/config/paths.ts'
import { configJsonSchema } from '../../../src/config/schema.ts'
import { Failure } from '../../../src/platform/errors.ts'
import { config, problems } from '../../support/parsed-config.ts'

const EXAMPLE = `
cluster: db
region: ap-northeast-1
interface: eth0
instances:
  VI_1:
    vips: [10.99.0.10, "2001:db8:99::10", pl-0a1b2c3d]
    routeTables: [rtb-0aaa, { name: private-b }, { tags: { role: private } }]
    createMissing: true
    priority: 100
assumeRole: arn:aws:iam::123456789012:role/route-switch
`

describe('a valid config', () => {
  test('is parsed into what it means', () => {
    expect(config(EXAMPLE)).toEqual({
      cluster: 'db',
      region: 'ap-northeast-1',
      interface: 'eth0',
      assumeRole: 'arn:aws:iam::123456789012:role/route-switch',
      interval: 5000,
      failover: 'fast',
      witness: { type: 'ec2-tags' },
      keepalived: { fifo: '/run/vip-switch/notify.fifo', pidFile: '/run/keepalived.pid' },
      control: '/run/vip-switch/control.sock',
      instances: {
        VI_1: {
          vips: [
            { kind: 'ipv4', cidr: '10.99.0.10/32' },
            { kind: 'ipv6', cidr: '2001:db8:99::10/128' },
            { kind: 'prefix-list', id: 'pl-0a1b2c3d' },
          ],
          routeTables: [
            { kind: 'id', id: 'rtb-0aaa' },
            { kind: 'name', name: 'private-b' },
            { kind: 'tags', tags: { role: 'private' } },
          ],
          createMissing: true,
          priority: 100,
          takeOver: [],
        },
      },
    })
  })

  test('needs no more than a cluster, a VIP and a route table', () => {
    const minimal = config('{ cluster: db, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0aaa] } } }')
    expect(minimal.instances.VI_1).toMatchObject({ createMissing: true, takeOver: [] })
  })

  test('one VIP may be in different tables of two instances', () => {
    const nat = config(
      '{ cluster: nat, instances: { A: { vips: [0.0.0.0/0], routeTables: [rtb-0a] }, B: { vips: [0.0.0.0/0], routeTables: [rtb-0b] } } }',
    )
    expect(Object.keys(nat.instances)).toEqual(['A', 'B'])
  })
})

describe('a bad config', () => {
  test('has every error reported at once, with line, path, what was found and what is allowed', () => {
    const found = problems(`cluster: db
regoin: ap-northeast-1
eni: eni-zz
interface: eth0
instances:
  VI_1:
    vips: [10.99.0.300, 10.99.0.10, 10.99.0.10/32]
    routeTables: [rtb-0aaa, { nmae: x }]
    priority: 300
  VI_2:
    vips: []
    routeTable: [rtb-0aaa]
assumeRole: route-switch
`)
    expect(found.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '2 regoin',
      '3 eni',
      '3 eni',
      '7 instances.VI_1.vips[0]',
      '7 instances.VI_1.vips[2]',
      '8 instances.VI_1.routeTables[1]',
      '9 instances.VI_1.priority',
      '11 instances.VI_2.routeTables',
      '11 instances.VI_2.vips',
      '12 instances.VI_2.routeTable',
      '13 assumeRole',
    ])
    const by = (path: string) => found.filter((problem) => problem.path === path)
    expect(by('regoin')[0]).toMatchObject({ found: 'an unknown key', allowed: 'did you mean "region"?' })
    expect(by('instances.VI_2.routeTable')[0]?.allowed).toBe('did you mean "routeTables"?')
    expect(by('eni').map(({ allowed }) => allowed)).toContain('not be set beside interface: keep one of the two')
    expect(by('instances.VI_1.vips[0]')[0]).toMatchObject({ found: '"10.99.0.300"' })
    expect(by('instances.VI_1.vips[2]')[0]?.allowed).toContain('the same as vips[1]')
    expect(by('instances.VI_1.routeTables[1]')[0]).toMatchObject({ found: '{"nmae":"x"}' })
    expect(by('instances.VI_1.priority')[0]).toMatchObject({ found: '300', allowed: 'a whole number from 1 to 255' })
  })

  test('with broken YAML names the line', () => {
    expect(problems('cluster: db\ninstances: [\n')[0]).toMatchObject({ path: '(YAML)', allowed: 'valid YAML' })
    expect(problems('cluster: db\ncluster: dc\n')[0]).toMatchObject({ line: 2 })
    expect(problems('cluster: *x\n')[0]).toMatchObject({ path: '(YAML)', found: expect.stringContaining('alias') })
  })

  test.each(['', 'just a text', '[1, 2]'])('that is no mapping at all (%j) says what is allowed', (text) => {
    expect(problems(text)[0]).toMatchObject({ line: 1, path: '(whole file)' })
    expect(problems(text)[0]?.allowed).toContain('cluster')
  })

  test('names what is allowed of a selector, and calls no two VIPs the same that it could not read', () => {
    const found = problems(
      '{ cluster: db, instances: { VI_1: { vips: [10.99.0.10/24, "::g"], routeTables: [rtb-xyz] } } }',
    )
    expect(found.map(({ path, allowed }) => `${path} ${allowed}`)).toEqual([
      expect.stringContaining('vips[0] an IPv4 or IPv6 address'),
      expect.stringContaining('vips[1] an IPv4 or IPv6 address'),
      expect.stringContaining('routeTables[0] a route table’s id'),
    ])
  })

  test('that gives one route to two VRRP instances is refused', () => {
    const [problem] = problems(`
cluster: db
instances:
  VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] }
  VI_2: { vips: [10.99.0.10/32], routeTables: [rtb-0a] }
`)
    expect(problem).toMatchObject({ line: 5, path: 'instances.VI_2.vips[0]' })
    expect(problem?.allowed).toContain('VI_1')
  })

  test('an unknown key far from any known one gets the list', () => {
    const found = problems('{ cluster: db, colour: red, instances: {} }')
    expect(found.find(({ path }) => path === 'colour')?.allowed).toContain('one of cluster, region')
  })
})

describe('loadConfig', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vip-switch-config-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  test('names the file and the line', () => {
    const path = join(directory, 'config.yaml')
    writeFileSync(path, 'cluster: db\ninstances:\n  VI_1: { vips: [nonsense], routeTables: [rtb-0a] }\n')
    expect(() => loadConfig(path)).toThrow(
      expect.objectContaining({
        lines: [
          `1 error in ${path}`,
          '  line 3: instances.VI_1.vips[0] is "nonsense", but must be an IPv4 or IPv6 address, a CIDR, or a prefix list (pl-…)',
          { line: 3, before: '  VI_1: { vips: [', marked: 'nonsense', after: '], routeTables: [rtb-0a] }' },
        ],
        message: expect.stringMatching(
          /config\.yaml, line 3: instances\.VI_1\.vips\[0\] is "nonsense", but must be [^(]*\(pl-…\)$/,
        ),
      }),
    )
  })

  test.each([
    ['there is none', 'none.yaml', 'create '],
    ['it is a directory', '.', 'it is a directory: choose another file'],
  ])('says what to do where %s', (_, name, hint) => {
    let error: unknown
    try {
      loadConfig(join(directory, name))
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(Failure)
    expect(error).toMatchObject({ kind: 'config', hint: expect.stringContaining(hint) })
  })

  test('the option goes before the environment, and that before the default', () => {
    vi.stubEnv('VIP_SWITCH_CONFIG', '/from/environment.yaml')
    expect(configPath('/from/option.yaml')).toBe('/from/option.yaml')
    expect(configPath(undefined)).toBe('/from/environment.yaml')
    vi.stubEnv('VIP_SWITCH_CONFIG', undefined)
    expect(configPath(undefined)).toBe('/etc/vip-switch/config.yaml')
    vi.unstubAllEnvs()
  })
})

test('an instance that is not there is an error that names those that are', () => {
  const parsed = config(EXAMPLE)
  expect(instanceOf(parsed, 'VI_1').priority).toBe(100)
  expect(() => instanceOf(parsed, 'VI_2')).toThrow('no VRRP instance "VI_2"')
  expect(() => instanceOf(parsed, 'constructor')).toThrow('no VRRP instance')
})

test('the JSON Schema allows what the file may hold, and no other key', () => {
  expect(configJsonSchema()).toMatchObject({
    type: 'object',
    required: ['cluster', 'instances'],
    additionalProperties: false,
    properties: {
      instances: { additionalProperties: { required: ['vips', 'routeTables'], additionalProperties: false } },
    },
  })
})

test.each([
  ['200ms', 200],
  ['5s', 5000],
  ['1.5s', 1500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['0s', undefined],
  ['5', undefined],
  ['5 s', undefined],
  ['-5s', undefined],
  ['5d', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})
