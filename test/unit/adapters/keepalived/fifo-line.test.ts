import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMaster, parseEventArguments, parseEventLine } from '../../../../src/adapters/keepalived/event.ts'
import { splitLines } from '../../../../src/adapters/keepalived/lines.ts'

const states = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED'] as const
const ofInstances = [...states, 'MASTER_RX_LOWER_PRI', 'MASTER_PRIORITY', 'BACKUP_PRIORITY'] as const

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => !/["\p{Cc}\p{Cs}]/u.test(text))
const event = fc.oneof(
  fc.record({ type: fc.constant('INSTANCE'), name, state: fc.constantFrom(...ofInstances), priority: fc.nat(255) }),
  fc.record({ type: fc.constant('GROUP'), name, state: fc.constantFrom(...states), priority: fc.constant(0) }),
)
type Told = { type: string; name: string; state: string; priority: number }
const lineOf = ({ type, name, state, priority }: Told) => `${type} "${name}" ${state} ${priority}`

describe('a line of the FIFO', () => {
  test('is read as keepalived writes it, whatever the name', () => {
    fc.assert(
      fc.property(event, (told) => {
        expect(parseEventLine(lineOf(told))).toEqual({ ...told, priority: told.priority || undefined })
      }),
    )
  })

  test.each([
    ['INSTANCE "VI_1" MASTER 100', { type: 'INSTANCE', name: 'VI_1', state: 'MASTER', priority: 100 }],
    ['INSTANCE "db main" BACKUP_PRIORITY 99', { state: 'BACKUP_PRIORITY', name: 'db main', priority: 99 }],
    ['GROUP "VG_1" FAULT 0', { type: 'GROUP', name: 'VG_1', state: 'FAULT', priority: undefined }],
  ])('%s', (line, expected) => {
    expect(parseEventLine(line)).toMatchObject(expected)
  })

  test.each([
    '',
    'INSTANCE',
    'instance "VI_1" MASTER 100',
    'INSTANCE VI_1 MASTER 100',
    'INSTANCE "" MASTER 100',
    'INSTANCE "VI_1" MASTER',
    'INSTANCE "VI_1" MASTER ',
    'INSTANCE "VI_1" MASTER 256',
    'INSTANCE "VI_1" MASTER 1e2',
    'INSTANCE "VI_1" MASTER 0100',
    'INSTANCE "VI_1" MASTER -1',
    'INSTANCE "VI_1" {UNKNOWN} 100',
    'INSTANCE "VI_1" master 100',
    'INSTANCE "VI_1" MASTER 100 ',
    ' INSTANCE "VI_1" MASTER 100',
    'INSTANCE "VI_1" MASTER 100\r',
    'INSTANCE "VI_1"  MASTER 100',
    'GROUP "VG_1" MASTER_RX_LOWER_PRI 0',
    'GROUP "VG_1" MASTER_PRIORITY 0',
    'VS [10.0.0.1]:tcp:80 UP',
    // Two lines of which two readers took a piece each.
    'INSTANCE "VI_1" MASINSTANCE "VI_1" BACKUP 100',
    'INSTANCE "VI_1" MASTER 100INSTANCE "VI_2" MASTER 100',
  ])('%j is rejected, never guessed', (line) => {
    expect(() => parseEventLine(line)).toThrow('is not a keepalived event')
  })

  test('that was cut anywhere is rejected, but for digits of the priority', () => {
    fc.assert(
      fc.property(event, fc.nat(), (told, at) => {
        const line = lineOf(told)
        const cut = line.slice(0, at % line.lastIndexOf(' '))
        expect(() => parseEventLine(cut)).toThrow()
      }),
    )
  })

  test('of another’s making is an event or an error, and an event tells just what the line says', () => {
    const words = fc.constantFrom(...'INSTANCE GROUP VI_1 MASTER BACKUP 0 100 256'.split(' '), ' ', '"', ' "', '" ')
    const jumble = fc.array(words, { maxLength: 9 }).map((found) => found.join(''))
    const almost = fc.array(words, { minLength: 1, maxLength: 3 }).map((found) => `GROUP "${found.join('')}" FAULT 0`)
    fc.assert(
      fc.property(fc.oneof(jumble, almost, fc.string({ unit: 'binary', maxLength: 80 })), (line) => {
        try {
          const { type, name, state, priority = 0 } = parseEventLine(line)
          expect(lineOf({ type, name, state, priority })).toBe(line)
        } catch (error) {
          expect(String(error)).toContain('is not a keepalived event')
        }
      }),
    )
  })

  test('may tell of a priority alone, which a script is never told', () => {
    expect(isMaster(parseEventLine('INSTANCE "VI_1" MASTER_PRIORITY 90'))).toBe(true)
    expect(isMaster(parseEventLine('INSTANCE "VI_1" BACKUP_PRIORITY 90'))).toBe(false)
    expect(() => parseEventArguments(['INSTANCE', 'VI_1', 'MASTER_PRIORITY', '90'])).toThrow('is not a state')
  })
})

describe('lines in a pipe', () => {
  function split(chunks: readonly Uint8Array[], longest = 100) {
    const seen: string[] = []
    const lines = splitLines(longest, {
      onLine: (line) => seen.push(line),
      onGarbage: (line) => seen.push(`garbage: ${line}`),
    })
    for (const chunk of chunks) lines.push(chunk)
    lines.end()
    return seen
  }

  test('are the same however the reads cut them', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', '')))
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
        const chunks: Uint8Array[] = []
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const end = start + (sizes[turn % sizes.length] ?? 1)
          chunks.push(bytes.subarray(start, end))
          start = end
        }
        expect(split(chunks, 1000)).toEqual(lines)
      }),
    )
  })

  test.each([1, 3, 1000])('that are too long are garbage up to their end, in pieces of %i', (size) => {
    const bytes = Buffer.from(`a\n${'x'.repeat(150)} INSTANCE "b" MASTER 1\nc\n`)
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    expect(split(chunks)).toEqual(['a', expect.stringMatching(/^garbage: x{101}/), 'c'])
  })

  test('the longest is a line yet', () => {
    expect(split([Buffer.from(`${'x'.repeat(100)}\n`)])).toEqual(['x'.repeat(100)])
  })

  test('that lack their end, or are no UTF-8, are garbage', () => {
    expect(split([Buffer.from('a\nINSTANCE "VI_1" MAS')])).toEqual(['a', 'garbage: INSTANCE "VI_1" MAS'])
    expect(split([Buffer.from([0x61, 0xff, 0x0a, 0x62, 0x0a])])).toEqual(['garbage: a\ufffd', 'b'])
  })

  test('do not change with a buffer that is read into again', () => {
    const seen: string[] = []
    const lines = splitLines(100, { onLine: (line) => seen.push(line), onGarbage: () => {} })
    const buffer = Buffer.from('INST')
    lines.push(buffer)
    buffer.fill('-')
    lines.push(Buffer.from('ANCE\n'))
    expect(seen).toEqual(['INSTANCE'])
  })
})
