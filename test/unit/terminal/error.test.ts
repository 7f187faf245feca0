import { describe, expect, test } from 'vitest'
import { gapsText } from '../../../src/commands/keepalived-config/output.ts'
import { Failure } from '../../../src/platform/errors.ts'
import { errorText, usageErrorText } from '../../../src/terminal/error.ts'

describe('an error', () => {
  const error = new Failure(
    'config',
    ['no VRRP instance "VI_9" in the config', '  of these nodes, whose names you may want'],
    {
      hint: 'the config has VI_1; the name is the one of vrrp_instance',
    },
  )

  test('is two lines where nothing breaks them', () => {
    const plain = new Failure('usage', 'one', { hint: 'two' })
    expect(errorText(plain, Number.POSITIVE_INFINITY)).toBe('vip-switch: one\n  → two')
    expect(errorText(new Error('one'), 20)).toBe('vip-switch: one')
  })

  test('hangs below the begin of each of its lines on a narrow terminal', () => {
    expect(errorText(error, 40).split('\n')).toEqual([
      'vip-switch: no VRRP instance "VI_9" in',
      '    the config',
      '  of these nodes, whose names you may',
      '      want',
      '  → the config has VI_1; the name is the',
      '    one of vrrp_instance',
    ])
  })
})

test('what came from outside is shown, and does nothing', () => {
  const error = new Failure('failed', 'EC2 answered\nX\x1b[2J: \u202eno', { hint: 'ask \x9b31m' })
  expect(errorText(error, 80)).toBe('vip-switch: EC2 answered\\nX\\x1b[2J: \\u202eno\n  → ask \\x9b31m')
  expect(usageErrorText("error: unknown option '--\x1b[2J'\n", 80)).toBe("vip-switch: unknown option '--\\x1b[2J'\n")
})

test('a message of several lines is one where there are none', () => {
  expect(new Failure('config', ['2 errors', '  line 1: a', '  line 2: b']).message).toBe('2 errors line 1: a line 2: b')
})

test('what keepalived-config could not find out fits a narrow terminal', () => {
  const gaps = [{ placeholder: 'PRIORITY', flag: '--priority', why: 'from 1 to 254; the highest on the MASTER' }]
  const lines = gapsText(gaps, ['prefix lists, which keepalived does not know'], 50).split('\n')
  expect(lines.filter((line) => line.length > 50)).toEqual([])
  expect(lines[0]).toMatch(/^fill in, or pass as flags/)
})
