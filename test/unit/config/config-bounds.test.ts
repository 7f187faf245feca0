/** How much a config may be, and what is told of one that is more, or that hides something. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { draftText } from '../../../src/config/draft.ts'
import { plainControlPath } from '../../../src/config/file.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { Failure } from '../../../src/platform/errors.ts'
import { errorText } from '../../../src/terminal/error.ts'
import { rtb } from '../../support/fixtures.ts'
import { config, problems } from '../../support/parsed-config.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function errorOf(path: string): Failure {
  try {
    loadConfig(path)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error(`${path} is a config`)
}

describe('a config that is no file, or endless,', () => {
  test.each([
    ['a FIFO', 'not a regular file', () => execFileSync('mkfifo', [join(directory, 'config')])],
    ['a directory', 'a directory', () => execFileSync('mkdir', [join(directory, 'config')])],
    ['of 400,000 VIPs', 'larger than 256 KiB', () => writeFileSync(join(directory, 'config'), withVips(400_000))],
  ])('%s, is refused at once', (_, what, make) => {
    const path = join(directory, 'config')
    make()
    const error = errorOf(path)
    expect(error).toMatchObject({ kind: 'config', message: `cannot read the config: ${path} is ${what}` })
    expect(error.hint).toBe(`it is ${what}: choose another file with --config or VIP_SWITCH_CONFIG`)
    expect(plainControlPath(path)).toBe('/run/vip-switch/control.sock')
    rmSync(path, { recursive: true })
  })

  test('a device, is refused at once', () => {
    expect(errorOf('/dev/zero').message).toBe('cannot read the config: /dev/zero is not a regular file')
  })

  test('one that tells no size is read all the same', () => {
    expect(errorOf('/proc/self/status').message).toMatch(/status, line 1: /)
  })
})

const withVips = (count: number, rest = '') =>
  `cluster: db\ninstances:\n  VI_1:\n    routeTables: [rtb-0a${rest}]\n    vips:\n${Array.from({ length: count }, (_, index) => `      - 10.${index >> 16}.${(index >> 8) & 255}.${index & 255}\n`).join('')}`

test('as many VIPs as a route table has room for, and as many routes as can be moved', () => {
  expect(config(withVips(1000)).instances.VI_1?.vips).toHaveLength(1000)
  expect(problems(withVips(1001))).toMatchObject([
    { path: 'instances.VI_1.vips', allowed: 'at most 1000 VIPs, the limit of a route table' },
  ])
  const tables = Array.from({ length: 10 }, (_, index) => `, rtb-0b${index}`).join('')
  expect(problems(withVips(1000, tables))).toMatchObject([
    {
      path: 'instances',
      allowed: 'at most 10000 routes (VIPs times route tables), not 11000: EC2 lets an account write 5 per second',
    },
  ])
})

test.each([
  ['interval', '1ms', 'from 1s to 10m'],
  ['interval', '0.9s', 'from 1s to 10m'],
  ['interval', '11m', 'from 1s to 10m'],
  ['interval', '9999999h', 'from 1s to 10m'],
  ['witness.ttl', '2h', 'from 1s to 1h'],
  ['instances.VI_1.hooks.stop.timeout', '1ms', 'from 100ms to 1h'],
])('%s: %s is refused, saying what is allowed', (path, value, allowed) => {
  const [first = '', ...rest] = path.split('.').reverse()
  const nested = rest.reduce<object>((inner, key) => ({ [key]: inner }), { [first]: value })
  const instance = {
    vips: ['10.99.0.10'],
    routeTables: ['rtb-0a'],
    ...Object(Reflect.get(Object(nested), 'instances')?.VI_1),
  }
  instance.hooks &&= { stop: { run: ['/bin/true'], timeout: value } }
  const text = JSON.stringify({ cluster: 'db', ...nested, instances: { VI_1: instance } })
  expect(problems(text)).toMatchObject([{ path, found: `"${value}"`, allowed: expect.stringContaining(allowed) }])
})

describe('an error', () => {
  test('names the name of an instance that is wrong, and the letters that are allowed', () => {
    const body = '{ vips: [10.99.0.10], routeTables: [rtb-0a] }'
    expect(problems(`{ cluster: db, instances: { "VI'1": ${body} } }`)).toMatchObject([
      {
        line: 1,
        path: `instances."VI'1"`,
        found: `the name "VI'1"`,
        allowed: 'a name of up to 48 letters, digits, spaces and _ . : / = + @ -',
      },
    ])
    expect(problems('{ cluster: db, instances: [] }')).toMatchObject([
      { path: 'instances', allowed: expect.stringContaining('a mapping from VRRP instance') },
    ])
  })

  test('shows no more of a value than there is room for', () => {
    const [problem] = problems(`{ cluster: ${'x'.repeat(200_000)}, instances: {} }`)
    expect(problem?.found).toBe(`"${'x'.repeat(78)}…`)
    const vip = problems(withVips(0).replace('vips:\n', `vips: [${'y'.repeat(200_000)}]`))
    expect(vip[0]?.found.length).toBe(80)
    expect(vip[0]?.allowed.length).toBeLessThan(200)
    const prefix = problems(withVips(0).replace('vips:\n', `vips: [10.0.0.0/${'9'.repeat(200_000)}]`))
    expect(prefix[0]?.allowed.length).toBeLessThan(200)
  })

  test('shows what hides in a key or a value, and gives each unknown key its own advice', () => {
    const found = problems('{ cluster: "d\\e[2Jb", "in\\nterval": 5s, "intervall\\u202e": 5s, instances: {} }')
    expect(found.map(({ path, found: value, allowed }) => [path, value, allowed])).toEqual([
      ['cluster', '"d\\u001b[2Jb"', expect.stringContaining('a name of up to 63')],
      ['"in\\nterval"', 'an unknown key', 'did you mean "interval"?'],
      ['"intervall\\u202e"', 'an unknown key', 'did you mean "interval"?'],
      ['instances', '{}', 'at least one VRRP instance'],
    ])
    const path = join(directory, 'config.yaml')
    writeFileSync(path, 'cluster: db\n"\\e[2J\\nx": 1\ninstances: {}\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
    expect(errorText(errorOf(path), 200)).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  })

  test('is told of the first twenty, and that there are more', () => {
    const text = Array.from({ length: 300 }, (_, index) => `VI_${index}: {}`).join(', ')
    const found = problems(`{ cluster: db, instances: { ${text} } }`)
    expect(found).toHaveLength(21)
    expect(found.at(-1)).toMatchObject({ path: '(whole file)', found: '580 more errors' })
  })
})

test.each([
  ['more aliases than anybody writes', 'Excessive alias count', bomb()],
  ['more levels than anybody writes', 'Maximum call stack', `cluster: ${'['.repeat(50_000)}`],
])('%s are an error, and no long wait', (_, found, text) => {
  expect(problems(text)[0]).toMatchObject({ path: '(YAML)', found: expect.stringContaining(found) })
})

/** Of nine times nine times nine …: 9^30 items. */
function bomb(): string {
  const lines = Array.from(
    { length: 30 },
    (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`)}]`,
  )
  return ['a0: &a0 [x, x, x]', ...lines].join('\n')
}

test('a Name tag with a line break puts nothing into a new config', () => {
  const text = draftText({
    cluster: 'db',
    instance: 'VI_1',
    vips: [],
    routeTables: [
      { selector: { kind: 'id', id: rtb('rtb-0a') }, comment: 'a\ncontrol: /tmp/evil' },
      { selector: { kind: 'name', name: 'b\x1b[2J\u202e' }, comment: undefined },
    ],
    interface: undefined,
    assumeRole: undefined,
  })
  expect(text).toContain('# a\\ncontrol: /tmp/evil\n')
  expect(text).toContain('- { "name": "b\\e[2J\\u202e" }\n')
  expect(parse(text)).toMatchObject({ instances: { VI_1: { routeTables: ['rtb-0a', { name: 'b\x1b[2J\u202e' }] } } })
  expect(parse(text)).not.toHaveProperty('control')
})
