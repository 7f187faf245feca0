/** What a person reads about a config that is wrong, aloud. */
import { describe, expect, test } from 'vitest'
import { configFailure } from '../../../src/config/problem.ts'
import { errorText } from '../../../src/terminal/error.ts'
import { problems } from '../../support/parsed-config.ts'

const REST = 'instances:\n  VI_1:\n    vips: [10.99.0.10]\n    routeTables: [rtb-0a]\n'
const INSTANCE_KEYS = 'vips, routeTables, createMissing, priority, takeOver, hooks'

/** `line:column sentence` of every problem. */
const sentences = (text: string) => problems(text).map(({ line, column, message }) => `${line}:${column} ${message}`)

test.each([
  ['an unknown key', `clustr: db\ncluster: db\n${REST}`, '1:1 unknown key "clustr"; did you mean "cluster"?'],
  [
    'one inside a section',
    `cluster: db\nkeepalived: { pid: /run/k.pid }\n${REST}`,
    '2:15 keepalived: unknown key "pid"; it must be one of fifo, pidFile',
  ],
  [
    'one that is a list',
    `cluster: db\n? [a, b]\n: x\n${REST}`,
    expect.stringContaining('unknown key "[ a, b ]"; it must be one of cluster'),
  ],
  ['a missing key', REST, '1:1 cluster is missing; it must be a name for this cluster'],
  ['an empty value', `cluster:\n${REST}`, '1:9 cluster is empty; it must be a name for this cluster'],
  ['an empty file', '', expect.stringMatching(/^1:1 the file is empty; it must be a mapping with the keys cluster, /)],
  ['a text', 'db', expect.stringMatching(/^1:1 the file is "db", but must be a mapping with the keys cluster, /)],
  [
    'a wrong number',
    `cluster: db\n${REST}    priority: 300\n`,
    '6:15 instances.VI_1.priority is 300, but must be a whole number from 1 to 255',
  ],
  [
    'a word for true',
    `cluster: db\n${REST}    createMissing: yes\n`,
    '6:20 instances.VI_1.createMissing is "yes", but must be true or false',
  ],
  [
    'a duration without its unit',
    `cluster: db\ninterval: 5\n${REST}`,
    '2:11 interval is 5, but must be a duration: a number and a unit (ms, s, m or h), from 1s to 10m; did you mean 5s?',
  ],
  [
    'a mistyped word',
    `cluster: db\nfailover: saef\n${REST}`,
    '2:11 failover is "saef", but must be fast or safe; did you mean "safe"?',
  ],
  [
    'a zone for a region',
    `cluster: db\nregion: eu-west-1a\n${REST}`,
    '2:9 region is "eu-west-1a", but must be an AWS region, such as ap-northeast-1; did you mean "eu-west-1"?',
  ],
  [
    'an empty list',
    `cluster: db\n${REST.replace('[10.99.0.10]', '[]')}`,
    '4:11 instances.VI_1.vips is [], but must have at least one VIP',
  ],
  [
    'a text for a list',
    `cluster: db\n${REST.replace('[rtb-0a]', 'rtb-0a')}`,
    '5:18 instances.VI_1.routeTables is "rtb-0a", but must be a list of route tables',
  ],
  [
    'a VIP twice',
    `cluster: db\n${REST.replace('10.99.0.10', '10.99.0.10, 10.99.0.10/32')}`,
    '4:24 instances.VI_1.vips[1] is "10.99.0.10/32", but must be listed once; it is the same as vips[0]',
  ],
  [
    'a VIP with host bits',
    `cluster: db\n${REST.replace('10.99.0.10', '10.99.0.10/24')}`,
    '4:12 instances.VI_1.vips[0] is "10.99.0.10/24", but must be an IPv4 or IPv6 address, a CIDR, or a prefix list (pl-…); 10.99.0.10/24 has host bits set: write 10.99.0.0/24 or 10.99.0.10/32',
  ],
  [
    'a number as a tag',
    `cluster: db\n${REST.replace('rtb-0a', '{ tags: { role: 1 } }')}`,
    '5:19 instances.VI_1.routeTables[0] is {"tags":{"role":1}}, but must have texts as tags: put quotes around numbers, true and false',
  ],
  [
    'two settings that exclude each other',
    `cluster: db\ninterface: eth0\neni: eni-0a\n${REST}`,
    '3:6 eni is "eni-0a", but must not be set beside interface: keep one of the two',
  ],
  [
    'a setting of another witness',
    `cluster: db\nwitness: { table: vips }\n${REST}`,
    '2:19 witness.table is "vips", but must not be set, except with type: dynamodb',
  ],
  [
    'an instance without anything',
    'cluster: db\ninstances:\n  VI_1:\n',
    `3:8 instances.VI_1 is empty; it must be a mapping with the keys ${INSTANCE_KEYS}`,
  ],
  [
    'a name of an instance',
    `cluster: db\n${REST.replace('VI_1', '"VI\'1"')}`,
    '3:3 instances has the name "VI\'1", which must be a name of up to 48 letters, digits, spaces and _ . : / = + @ -',
  ],
  ['a key twice', `cluster: db\ncluster: dc\n${REST}`, '2:1 the key cluster appears twice here; keep one of the two'],
  ['a tab', `cluster: db\ninstances:\n\tVI_1: {}\n`, '3:1 a tab indents this line; use spaces'],
  ['a list without an end', 'cluster: db\ninstances: [\n', '3:1 a list is not closed before this line: ] is missing'],
  ['a mapping without an end', `cluster: {a: b\n${REST}`, '2:1 a mapping is not closed before this line: } is missing'],
  ['a quote without an end', 'cluster: "db\n', '2:1 a text in quotes is never closed'],
  [
    'a reference',
    `cluster: *x\n${REST}`,
    '1:10 "*x" refers to an anchor that nothing before it sets; put quotes around the value if it is a text',
  ],
  ['a reserved sign', `cluster: @db\n${REST}`, '1:10 a value cannot begin with @; put quotes around it'],
  [
    'a colon in a value',
    `cluster: db: x\n${REST}`,
    '1:10 a key and a value begin inside a value; put quotes around a text with ": " in it',
  ],
  [
    'a key without a colon',
    `cluster: db\nregion eu-west-1\n${REST}`,
    '2:1 this line has no ": " between a key and its value, or the line before is not finished',
  ],
  [
    'a wrong indentation',
    `cluster: db\n${REST.replace('    routeTables', '   routeTables')}`,
    '5:1 this line is indented more, or less, than the lines it belongs to',
  ],
  ['a second document', 'cluster: db\n---\n', '2:1 a second document begins here (---); a config is a single one'],
  ['what has no words of ours', `cluster: "\\q"\n${REST}`, '1:11 this is not valid YAML: invalid escape sequence \\q'],
])('%s', (_, text, sentence) => {
  expect(sentences(text)).toContainEqual(sentence)
})

describe('on a terminal', () => {
  const text = `clustr: db\n${REST}    priority: 300\n`
  const shown = (from: string, width: number) => errorText(configFailure('/etc/c.yaml', problems(from)), width)

  test('the line is shown, with carets below what is wrong', () => {
    expect(shown(text, 100).split('\n')).toEqual([
      'vip-switch: 3 errors in /etc/c.yaml',
      '  line 1: cluster is missing; it must be a name for this cluster',
      '  line 1: unknown key "clustr"; did you mean "cluster"?',
      '     1 | clustr: db',
      '       | ^^^^^^',
      '  line 6: instances.VI_1.priority is 300, but must be a whole number from 1 to 255',
      '     6 |     priority: 300',
      '       |               ^^^',
    ])
  })

  test('nothing is wider than the terminal, and carets that do not fit are left out with their line', () => {
    for (const width of [20, 24, 40, 60, 80]) {
      const lines = shown(text, width).split('\n')
      // A word is not broken.
      expect(lines.filter((line) => line.length > width && /\S\s+\S/.test(line.trim()))).toEqual([])
    }
    expect(shown(text, 24)).not.toContain('priority: 300')
    expect(shown(text, 24)).toContain('^^^^^^')
  })

  test('wide, invisible and dangerous characters keep the carets below what they mark', () => {
    const lines = shown('{ "日本": "\\e[2J\u202e", "clustr": db }', 100).split('\n')
    const at = lines.findIndex((line) => line.includes('"clustr";'))
    expect(lines.slice(at + 1, at + 3)).toEqual([
      '     1 | { "日本": "\\e[2J\\u202e", "clustr": db }',
      '       |                          ^^^^^^^^',
    ])
  })

  test('of a line without an end, what is around the place is shown', () => {
    const long = JSON.stringify({ cluster: 'db', instances: { VI_1: { vips: ['10.99.0.10'], routeTables: [] } } })
    const lines = shown(
      long.replace('"routeTables":[]', `"routeTables":["rtb-0a"${',"rtb-0b"'.repeat(500)},"nonsense"]`),
      100,
    )
    expect(lines).toMatch(/\n {5}1 \| ….*"rtb-0b","nonsense"\]\}\}\}\n {7}\| +\^{10}$/)
  })
})

test('elsewhere, the first error and how many more are one line', () => {
  const failure = configFailure('/etc/c.yaml', problems(`clustr: db\ncluster: db\n${REST}    priority: 300\n`))
  expect(failure.message).toBe(
    '/etc/c.yaml, line 1: unknown key "clustr"; did you mean "cluster"? (and 1 more: vip-switch config check)',
  )
})
