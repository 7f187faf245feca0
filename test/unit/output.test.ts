import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { Ec2Error } from '../../src/ec2/errors.ts'
import { Failure } from '../../src/errors.ts'
import { EXIT, exitCodeOfError, exitCodeOfRoutes } from '../../src/output/exit.ts'
import { styleOf } from '../../src/output/style.ts'
import { countText, table } from '../../src/output/table.ts'

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

  test('counts in words', () => {
    expect([0, 1, 2].map((count) => countText(count, 'route'))).toEqual(['0 routes', '1 route', '2 routes'])
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

  test('are those that --help and the README tell', () => {
    expect(EXIT).toEqual({ done: 0, failed: 1, usage: 2, partial: 3, refused: 4, superseded: 5 })
    const main = readFileSync(new URL('../../src/main.ts', import.meta.url), 'utf8')
    const told = main.match(/^ {2}0 done .*$/m)?.[0].matchAll(/(\d) (\w+)/g) ?? []
    expect(Object.fromEntries(Array.from(told, ([, code, word]) => [word, Number(code)]))).toEqual(EXIT)
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
