/** What a terminal shows of a screen, by a real emulator. */
import { EventEmitter } from 'node:events'
import xterm from '@xterm/headless'
import { describe, expect, test } from 'vitest'
import { statusText } from '../../../src/commands/status/output.ts'
import { asIs, type Printable } from '../../../src/terminal/print.ts'
import { canRedraw, openScreen } from '../../../src/terminal/screen.ts'
import { DB1, DB2, instance, node, overview, route } from '../../support/overview.ts'
import { erasingUnderCursor } from '../../support/terminal.ts'

const ROWS = 100

/** A terminal of this size, with its lines as a person reads them. */
function terminalOf(columns: number, rows = ROWS) {
  // A kernel's terminal begins each line at the left.
  const emulator = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write: (text: string) => emulator.write(erasingUnderCursor(text)),
  })
  const settled = () => new Promise<void>((resolve) => emulator.write('', resolve))
  return {
    stream,
    type: (text: string) => emulator.write(text),
    async shown(): Promise<string[]> {
      await settled()
      const { active } = emulator.buffer
      const lines = Array.from({ length: rows }, (_, row) =>
        active.getLine(active.viewportY + row)?.translateToString(true),
      )
      return `${lines.join('\n')}`.trimEnd().split('\n')
    },
    async resize(width: number): Promise<void> {
      await settled()
      emulator.resize(width, rows)
      stream.columns = width
      stream.emit('resize')
    },
  }
}

const WIDTHS = Array.from({ length: 211 }, (_, index) => 40 + index)

const SPLIT = overview({
  instances: [
    instance({
      condition: 'SPLIT-BRAIN',
      reason: `split brain: ${DB1}, MASTER 150, and ${DB2}, MASTER 100; the routes belong to ${DB1}`,
      routes: [route('private-a'), route('private-c')],
      nodes: [node({ liveness: 'alive' }), node({ eni: DB2, priority: 100, liveness: 'alive' })],
    }),
  ],
})

describe('at every width from 40 to 250 columns', () => {
  test('lines as wide as the terminal are whole', async () => {
    for (const width of WIDTHS) {
      const terminal = terminalOf(width)
      const lines = [`a${'-'.repeat(width - 2)}z`, `\x1b[31mb${'-'.repeat(width - 2)}y\x1b[39m`, '日'.repeat(width / 2)]
      const screen = openScreen(terminal.stream)
      screen.draw(() => asIs('longer\n'.repeat(5)))
      screen.draw(() => asIs(lines.join('\n')))
      expect(await terminal.shown(), `width ${width}`).toEqual([lines[0], lines[1]?.slice(5, -5), lines[2]])
    }
  })

  test('every line of a status is whole, also when it is drawn again', async () => {
    for (const width of WIDTHS) {
      const terminal = terminalOf(width)
      const text = statusText(SPLIT, width)
      const screen = openScreen(terminal.stream)
      screen.draw(() => statusText(overview(), width))
      screen.draw(() => text)
      const shown = await terminal.shown()
      expect(shown, `width ${width}`).toEqual(text.split('\n'))
    }
  })

  test('a longer word goes on in the next row', async () => {
    for (const width of WIDTHS) {
      const terminal = terminalOf(width)
      const word = Array.from({ length: 600 }, (_, index) => index % 10).join('')
      const screen = openScreen(terminal.stream)
      for (let times = 0; times < 3; times++) screen.draw(() => asIs(`before\n\x1b[1m${word}\x1b[22m\nafter`))
      const shown = await terminal.shown()
      expect([shown.at(0), shown.slice(1, -1).join(''), shown.at(-1)], `width ${width}`).toEqual([
        'before',
        word,
        'after',
      ])
    }
  })
})

describe('when its size changes', () => {
  test.each([
    [80, 50],
    [50, 80],
    [80, 79],
    [200, 40],
    [40, 250],
  ])('from %i to %i columns, it shows the text for the new width, and nothing else', async (before, after) => {
    const terminal = terminalOf(before)
    terminal.type('$ vip-switch status --watch\n')
    const screen = openScreen(terminal.stream)
    const render = () => statusText(SPLIT, terminal.stream.columns)
    screen.draw(render)
    await terminal.resize(after)
    expect(await terminal.shown()).toEqual(statusText(SPLIT, after).split('\n'))
    screen.draw(render)
    expect(await terminal.shown()).toEqual(statusText(SPLIT, after).split('\n'))
  })

  test('it draws nothing any more once it has ended', async () => {
    const terminal = terminalOf(80)
    const screen = openScreen(terminal.stream)
    screen.draw(() => asIs('the last'))
    screen.end()
    terminal.type('$ ')
    await terminal.resize(60)
    expect(await terminal.shown()).toEqual(['the last', '$'])
    expect(terminal.stream.listenerCount('resize')).toBe(0)
  })
})

describe('a screen', () => {
  async function drawn(rows: number, columns: number, ...texts: string[]): Promise<string[]> {
    const terminal = terminalOf(columns, rows)
    const screen = openScreen(terminal.stream)
    for (const text of texts) screen.draw(() => asIs(text))
    screen.end()
    return terminal.shown()
  }

  test('is drawn over the last one, of which nothing stays', async () => {
    expect(await drawn(24, 80, 'abc\nb', 'c')).toEqual(['c'])
  })

  test('leaves out what would scroll away, and says so', async () => {
    const more = (count: number) => `… ${count} more lines: enlarge the terminal, or name an INSTANCE`
    expect(await drawn(4, 80, 'a\nb\nc\nd', 'a\nb\nc\nd')).toEqual(['a', 'b', more(2)])
    expect(await drawn(5, 80, 'a\nb\nc\nd')).toEqual(['a', 'b', 'c', 'd'])
  })

  test('says so on a narrow terminal, too', async () => {
    const shown = await drawn(5, 40, 'a\nb\nc\nd\ne', 'a\nb\nc\nd\ne')
    expect(shown).toEqual(['a', 'b', '… 3 more lines: enlarge the terminal, or', '    name an INSTANCE'])
  })

  test('gives the cursor back', () => {
    let written = ''
    const terminal = Object.assign(new EventEmitter(), { isTTY: true, write: (text: string) => (written += text) })
    const screen = openScreen(terminal)
    screen.draw((): Printable => asIs('a'))
    screen.end()
    expect(written.endsWith('\x1b[?7h\x1b[?25h')).toBe(true)
  })

  test('needs a terminal', () => {
    expect([canRedraw({ isTTY: false }), canRedraw({})]).toEqual([false, false])
  })
})
