import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { managedText, settingsJson, settingsText } from '../../../src/commands/config/output.ts'
import { durationText, parseDuration } from '../../../src/config/duration.ts'
import { effectiveSettings } from '../../../src/config/effective.ts'
import { parseConfig } from '../../../src/config/load.ts'

const MINIMAL = '{ cluster: db, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] } } }'
const FULL = `
interval: 10s
cluster: db
witness: { ttl: 1m }
instances:
  "a: b.c":
    routeTables: [rtb-0a, { name: private }, { tags: { role: private, number: "1" } }]
    vips: ["2001:db8:99::10", pl-0a]
    createMissing: false
`

function config(text: string) {
  const result = parseConfig(text)
  if (Array.isArray(result)) throw new Error(JSON.stringify(result))
  return result
}

const shown = (text: string) => settingsText(effectiveSettings(text, config(text)))
const json = (text: string) => JSON.parse(settingsJson('config.yaml', effectiveSettings(text, config(text))))

describe('the config in effect', () => {
  test('is the file’s words, its defaults marked, what is found out told', () => {
    expect(shown(MINIMAL)).toBe(`cluster: db
# region: the region of the environment or profile, else of this instance (IMDS)
# interface: the primary one, unless eni is given
# vpc: that of the interface, else that of the nodes
instances:
  VI_1:
    vips:
      - 10.99.0.10
    routeTables:
      - rtb-0a
    createMissing: true                # default
    takeOver: []                       # default
    # hooks: none
interval: 5s                           # default
failover: fast                         # default
witness:
  type: ec2-tags                       # default
  ttl: 16s                             # default
keepalived:
  fifo: /run/vip-switch/notify.fifo    # default
  pidFile: /run/keepalived.pid         # default
control: /run/vip-switch/control.sock  # default`)
  })

  test.each([MINIMAL, FULL])('is a config that means the same', (text) => {
    const { ttl = 16_000, ...witness } = config(text).witness
    expect(config(shown(text))).toEqual({ ...config(text), witness: { ...witness, ttl } })
    expect(parse(shown(text))).toEqual(json(text).config)
  })

  test('says for how long a claim counts in a table', () => {
    const text = MINIMAL.replace('cluster', 'witness: { type: dynamodb, table: vips }, cluster')
    expect(shown(text)).toMatch(/witness:\n {2}type: dynamodb\n {2}table: vips\n {2}ttl: 3s +# default\n/)
    expect(config(shown(text))).toEqual(config(text))
  })

  test('names the paths of the defaults to programs', () => {
    expect(json(FULL)).toMatchObject({
      version: 1,
      path: 'config.yaml',
      config: { interval: '10s', witness: { type: 'ec2-tags', ttl: '1m' } },
      defaults: [
        ['instances', 'a: b.c', 'takeOver'],
        ['failover'],
        ['witness', 'type'],
        ['keepalived', 'fifo'],
        ['keepalived', 'pidFile'],
        ['control'],
      ],
    })
  })

  test('is one line on what it manages', () => {
    expect(managedText('/c.yaml', config(FULL))).toBe(
      '✓ /c.yaml: cluster db manages a: b.c (2001:db8:99::10/128, pl-0a in rtb-0a, private, role=private&number=1)',
    )
  })
})

test.each([
  [200, '200ms'],
  [1500, '1500ms'],
  [16_000, '16s'],
  [60_000, '1m'],
  [90_000, '90s'],
  [7_200_000, '2h'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
  expect(parseDuration(text)).toBe(ms)
})
