import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, visible, visibleJson } from '../../../src/core/visible.ts'

/** Whatever acts on a terminal, by the ranges that Unicode's and ECMA-48's tables give. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
const ACTS = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad\u200b\u2060]/u

describe('what is shown of a text', () => {
  test.each([
    ['\x1b[2J', '\\x1b[2J'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\x9b31m \x7f \x00', '\\x9b31m \\x7f \\x00'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['db\u202e1-\u2066x\u061c', 'db\\u202e1-\\u2066x\\u061c'],
    ['d\u200bb\ufeff\u00ad\u2060', 'd\\u200bb\\ufeff\\xad\\u2060'],
    ['\u{e0041}\u3164\u115f\ufff9', '\\U000e0041\\u3164\\u115f\\ufff9'],
    ['db\u200d-1 a\ufe0f', 'db\\u200d-1 a\\ufe0f'],
    ['\ud800', '\\ud800'],
  ])('%j is %s', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test.each([
    'db-1 (10.0.1.11), “naïve” → ✓ …',
    '日本語 한국어 e\u0301 ﾊﾟ',
    'می\u200cخواهم क्\u200dष ع\u0600١',
    '👩\u200d👩\u200d👧 🕵🏽\u200d♂️ ❤️\u200d🔥 1️⃣ 🏳️\u200d🌈 🇯🇵',
  ])('%j is as it is: scripts and emoji need it', (text) => {
    expect(visible(text)).toBe(text)
  })

  test('never acts, and once shown stays the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(ACTS)
        expect(visible(visible(text))).toBe(visible(text))
      }),
    )
  })
})

test('a JSON document says the same to whatever parses it, and does not act', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const document = visibleJson(JSON.stringify({ [text]: [text] }, null, 2))
      expect(JSON.parse(document)).toEqual({ [text]: [text] })
      expect(document.replaceAll('\n', '')).not.toMatch(ACTS)
    }),
  )
  expect(visibleJson('"\x9b \u{e0041} \u202e"')).toBe('"\\u009b \\udb40\\udc41 \\u202e"')
})

test('a long text is cut between characters, and one of megabytes at once', () => {
  expect(cut('abcde', 5)).toBe('abcde')
  expect(cut('abcdef', 5)).toBe('abcd…')
  expect(cut('😀😀😀😀', 3)).toBe('😀😀…')
  expect(cut('x'.repeat(20_000_000), 3)).toBe('xx…')
})
