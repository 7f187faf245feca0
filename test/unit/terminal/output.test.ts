import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { Ec2Error } from '../../../src/adapters/ec2/errors.ts'
import { listText } from '../../../src/commands/list/output.ts'
import { movesText, outcomesText } from '../../../src/commands/switch/output.ts'
import type { Move, Route, RouteOutcome, TargetFacts } from '../../../src/core/route.ts'
import { parseVip } from '../../../src/core/vip.ts'
import { accountOn } from '../../../src/lab/account.ts'
import { Failure } from '../../../src/platform/errors.ts'
import { EXIT, exitCodeOfError, exitCodeOfRoutes, MEANINGS } from '../../../src/terminal/exit-code.ts'
import { styleOf } from '../../../src/terminal/style.ts'
import { countText, rowTexts, table, widthOf, wrapped } from '../../../src/terminal/table.ts'
import { eni, rtb, tableWith } from '../../support/fixtures.ts'

describe('table', () => {
  test('aligns columns, with no space at the end of a line', () => {
    expect(
      table(
        [
          ['rtb-0a', '', '10.99.0.10/32'],
          ['rtb-0bcd', 'private-a', ''],
        ],
        ['TABLE', 'NAME', 'VIP'],
      ).split('\n'),
    ).toEqual([
      'TABLE     NAME       VIP', //
      'rtb-0a               10.99.0.10/32',
      'rtb-0bcd  private-a',
    ])
  })

  test('does not count colours as width', () => {
    const [first, second] = table([
      ['\x1b[32mok\x1b[39m', 'x'],
      ['failed', 'y'],
    ]).split('\n')
    expect(first).toBe('\x1b[32mok\x1b[39m      x')
    expect(second).toBe('failed  y')
  })

  test('takes rows of different lengths, and none', () => {
    expect(table([['a'], ['bb', 'c']])).toBe('a\nbb  c')
    expect(table([])).toBe('')
  })

  test('gives each cell of a row a line where the width does not do, under its name', () => {
    const rows = [
      ['rtb-0a', '', '10.99.0.10/32'],
      ['rtb-0bcd', 'private-a', ''],
    ]
    const header = ['TABLE', 'NAME', 'VIP']
    const text = table(rows, header)
    const width = Math.max(...text.split('\n').map((line) => line.length))
    expect(table(rows, header, width)).toBe(text)
    expect(table(rows, header, width - 1).split('\n')).toEqual([
      'rtb-0a', //
      '  VIP   10.99.0.10/32',
      'rtb-0bcd',
      '  NAME  private-a',
    ])
  })

  test('without a header, breaks a row between words where the width does not do', () => {
    const row = ['\x1b[32m✓\x1b[39m', 'rtb-0a', '', '10.99.0.10/32', 'replaced by hand']
    expect(rowTexts([row], undefined, 30)).toEqual(['\x1b[32m✓\x1b[39m  rtb-0a  10.99.0.10/32\n    replaced by hand'])
    expect(rowTexts([row], undefined, 20)).toEqual([
      '\x1b[32m✓\x1b[39m  rtb-0a\n    10.99.0.10/32\n    replaced by hand',
    ])
  })

  test('without a header, has what is broken off stand further in than its row', () => {
    expect(rowTexts([['    rtb-0a', 'private-a']], undefined, 15)).toEqual(['    rtb-0a\n      private-a'])
  })

  test('breaks no word, and indents what follows', () => {
    expect(wrapped('  one two  three', 9, 2)).toBe('  one two\n  three')
    expect(wrapped('eni-075ceebc47bd70e98 here', 10, 2)).toBe('eni-075ceebc47bd70e98\n  here')
    expect(wrapped('as it is', Number.POSITIVE_INFINITY)).toBe('as it is')
  })

  test('knows the width of a terminal alone', () => {
    expect(widthOf({ isTTY: true, columns: 50 })).toBe(50)
    expect([{}, { columns: 50 }, { isTTY: false, columns: 50 }, { isTTY: true, columns: 0 }].map(widthOf)).toEqual(
      Array(4).fill(Number.POSITIVE_INFINITY),
    )
  })

  test('counts in words', () => {
    expect([0, 1, 2].map((count) => countText(count, 'route'))).toEqual(['0 routes', '1 route', '2 routes'])
  })
})

describe('on a narrow terminal', () => {
  const vip = parseVip('10.99.0.10')
  const target = eni('eni-075ceebc47bd70e98')
  const from = eni('eni-02abcdef012345678')
  const route = (to: typeof target): Route => ({
    destination: vip,
    target: { kind: 'eni', eni: to, instance: undefined },
    state: 'active',
    origin: 'CreateRoute',
  })
  const facts = new Map<string, TargetFacts>([
    [target, { instance: undefined, name: 'db-2', zone: 'ap-northeast-1c' }],
    [from, { instance: undefined, name: 'db-1', zone: 'ap-northeast-1a' }],
  ])
  const tableA = tableWith([route(from)], { id: rtb('rtb-0ab15050754f6a007'), name: 'private-a' })
  const moves: Move[] = [
    { key: { table: tableA.id, vip }, table: tableA, standing: { kind: 'elsewhere', route: route(from) } },
  ]
  const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

  test('a switch shows each route in a few lines', () => {
    expect(movesText(moves, target, facts, 80)).toContain(
      '\nrtb-0ab15050754f6a007  private-a  10.99.0.10/32  db-1 → db-2\n',
    )
    expect(movesText(moves, target, facts, 50)).toBe(
      [
        'To db-2  eni-075ceebc47bd70e98  ap-northeast-1c',
        '',
        'rtb-0ab15050754f6a007',
        '  NAME       private-a',
        '  VIP        10.99.0.10/32',
        '  FROM → TO  db-1 → db-2',
        '',
      ].join('\n'),
    )
    const outcomes: RouteOutcome[] = [
      {
        key: { table: tableA.id, vip },
        verdict: 'unconfirmed',
        detail: 'accepted, but read back as eni-02abcdef012345678',
      },
    ]
    const text = outcomesText(outcomes, new Map([[tableA.id, 'private-a']]), [], 50)
    expect(text.split('\n')).toEqual([
      '?  rtb-0ab15050754f6a007  private-a  10.99.0.10/32',
      '    unconfirmed: accepted, but read back as',
      '    eni-02abcdef012345678',
      '1 unconfirmed',
    ])
  })

  test('so does a list', () => {
    const listed = [{ table: tableA, routes: [{ vip, route: route(from), vrrpInstance: 'VI_1' }] }]
    expect(listText(listed, facts, 1, 80).split('\n')).toEqual([
      '  VIP            STATE   TARGET                 NODE  ZONE             VRRP',
      'rtb-0ab15050754f6a007  private-a  vpc-0a',
      '  10.99.0.10/32  active  eni-02abcdef012345678  db-1  ap-northeast-1a  VI_1',
    ])
    const narrow = listText(listed, facts, 1, 50)
    expect(narrow.split('\n')).toEqual([
      'rtb-0ab15050754f6a007  private-a  vpc-0a',
      '  10.99.0.10/32  active  eni-02abcdef012345678',
      '    db-1  ap-northeast-1a  VI_1',
    ])
    expect(widest(narrow)).toBeLessThanOrEqual(50)
  })

  test('so does the account of the lab', () => {
    const said: string[] = []
    const account = accountOn({ isTTY: true, columns: 60, write: (text) => said.push(text) })
    account.title('vip-switch lab', 'two nodes in network namespaces, the real keepalived v2.2.7, no AWS')
    account.narrate('db-2', 'elected MASTER: keepalived calls vip-switch notify')
    const text = said.join('')
    expect(widest(text)).toBeLessThanOrEqual(60)
    expect(text).toMatch(/\n {4}0\.\d\d s {2}db-2 {3}elected MASTER: keepalived calls\n {19}vip-switch notify\n/)
    expect(account.width).toBe(58)
  })
})

describe('exit codes', () => {
  test.each([
    [[], EXIT.done],
    [['done', 'done'], EXIT.done],
    [['done', 'failed'], EXIT.partial],
    [['done', 'refused'], EXIT.partial],
    [['done', 'refused', 'failed'], EXIT.partial],
    [['refused', 'refused'], EXIT.refused],
    [['refused', 'failed'], EXIT.failed],
    [['failed'], EXIT.failed],
    [['permitted', 'permitted'], EXIT.done],
    [['permitted', 'failed'], EXIT.partial],
  ] as const)('of routes that came out %j', (verdicts, code) => {
    expect(exitCodeOfRoutes(verdicts)).toBe(code)
  })

  test.each([
    [new Failure('usage', ''), 2],
    [new Failure('config', ''), 2],
    [new Failure('refused', ''), 4],
    [new Failure('superseded', ''), 5],
    [new Failure('failed', ''), 1],
    [new Ec2Error('reading', new Error('no answer')), 1],
    [new Error('a bug'), 1],
    ['anything', 1],
  ])('of the error %s', (error, code) => {
    expect(exitCodeOfError(error)).toBe(code)
  })

  test('are those that --help tells', () => {
    expect(EXIT).toEqual({ done: 0, failed: 1, usage: 2, partial: 3, refused: 4, superseded: 5 })
    const main = readFileSync(new URL('../../../src/cli/program.ts', import.meta.url), 'utf8')
    const told = main.match(/^ {2}0 done .*$/m)?.[0].matchAll(/(\d) (\w+)/g) ?? []
    expect(Object.fromEntries(Array.from(told, ([, code, word]) => [word, Number(code)]))).toEqual(EXIT)
  })

  test('are those that the README tells, in the same words', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    const [, section = ''] = /^### Exit codes$([^#]*)/m.exec(readme) ?? []
    const told = Array.from(section.matchAll(/^\| (\d) \| (.*) \|$/gm), ([, code, text = '']) => [Number(code), text])
    const meant = Object.entries(MEANINGS).map(([code, text]) => [Number(code), expect.stringMatching(`^${text}`)])
    expect(told).toEqual(meant)
    expect(told.map(([code]) => code)).toEqual(Object.values(EXIT))
  })
})

describe('colours', () => {
  const paint = (stream: Parameters<typeof styleOf>[0]) => styleOf(stream).red('no')

  test('are for a terminal that can show them', () => {
    // Whoever runs the tests may have these set, and Node's styleText honours them.
    vi.stubEnv('NO_COLOR', undefined)
    vi.stubEnv('NODE_DISABLE_COLORS', undefined)
    vi.stubEnv('FORCE_COLOR', '1')
    expect(paint({ isTTY: true, hasColors: () => true })).toBe('\x1b[31mno\x1b[39m')
    vi.unstubAllEnvs()
  })

  test.each([
    ['a pipe', {}],
    ['a file', { isTTY: false, hasColors: () => true }],
    ['a dumb terminal, or NO_COLOR', { isTTY: true, hasColors: () => false }],
  ])('are not for %s', (_, stream) => {
    expect(paint(stream)).toBe('no')
  })
})
