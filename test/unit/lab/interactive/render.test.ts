import { describe, expect, test } from 'vitest'
import { rendered, type Screen } from '../../../../src/lab/interactive/render.ts'
import type { LabView, NodeView } from '../../../../src/lab/interactive/view.ts'
import { styleOf } from '../../../../src/terminal/style.ts'
import { columnsOf } from '../../../../src/terminal/table.ts'

const plain = styleOf({ isTTY: false })
const paint = (text: string) => `\x1b[31m${text}\x1b[39m`
const colourful = { bold: paint, dim: paint, red: paint, green: paint, yellow: paint, cyan: paint }

const first: NodeView = {
  name: 'db-1',
  state: 'MASTER',
  priority: 150,
  claim: { text: 'MASTER 150', beatAgeMs: 2300 },
  daemon: {
    kind: 'up',
    condition: 'SPLIT-BRAIN',
    reason: 'db-2, MASTER 100, is alive; we are MASTER 150: split brain, which we win; all 2 routes are in place',
  },
  faults: new Set(['adverts']),
}
const second: NodeView = {
  ...first,
  name: 'db-2',
  state: undefined,
  priority: 100,
  claim: undefined,
  daemon: { kind: 'killed' },
  faults: new Set(['ec2', 'keepalived', 'daemon']),
}
const AT = new Date(2026, 10, 23, 1, 2, 3).getTime()
const view: LabView = {
  nodes: [first, second],
  vip: '10.99.0.10/32',
  routes: [
    { table: 'private-a', node: 'db-1', isBlackhole: false },
    { table: 'private-c', node: undefined, isBlackhole: false },
  ],
  log: [
    { at: AT, who: 'you', text: 'adverts to db-1 are cut', condition: undefined },
    { at: AT + 1000, who: 'db-1', text: 'daemon: VI_1 SPLIT-BRAIN: db-2 is alive', condition: 'SPLIT-BRAIN' },
  ],
}
const screen: Screen = { description: 'it needs root, so keepalived is simulated', view, chosen: 1 }

test('the screen tells of each node, the routes, what happened, and the keys of the chosen node', () => {
  expect(rendered(screen, { columns: 110, rows: 21 }, plain).split('\n')).toEqual([
    'vip-switch lab  it needs root, so keepalived is simulated',
    '',
    '  1 db-1  MASTER 150  claims MASTER 150, beat 2 s ago',
    '    daemon SPLIT-BRAIN: db-2, MASTER 100, is alive; we are MASTER 150: split brain, which we win; all 2 routes',
    '    are in place',
    '    ✗ hears no adverts',
    '',
    '▸ 2 db-2  no keepalived  claims nothing',
    '    daemon killed: hooks act by themselves',
    '    ✗ does not reach EC2, keepalived killed, daemon killed',
    '',
    '10.99.0.10/32  private-a → db-1   private-c → missing',
    '',
    '01:02:03 you   adverts to db-1 are cut',
    '01:02:04 db-1  daemon: VI_1 SPLIT-BRAIN: db-2 is alive',
    '',
    '',
    '',
    '',
    '1 2 choose a node   a cut adverts to db-2   k start its keepalived   d start its daemon   f freeze it',
    'c heal its way to EC2   h heal all   q quit',
  ])
})

test('a log that is too long shows its end', () => {
  const log = Array.from({ length: 100 }, (_, index) => ({
    at: AT,
    who: 'cloud',
    text: `entry ${index}`,
    condition: undefined,
  }))
  const text = rendered({ ...screen, view: { ...view, log } }, { columns: 110, rows: 24 }, plain)
  expect(text).toContain('entry 99')
  expect(text).not.toContain('entry 90')
})

test('a small screen names the keys alone, and keeps the nodes', () => {
  const text = rendered(screen, { columns: 40, rows: 12 }, plain)
  expect(text.split('\n').at(-1)).toBe('keys: 1 2 a k d f c h q')
  expect(text).toContain('▸ 2 db-2  no keepalived')
})

describe.each([
  ['plain', plain],
  ['coloured', colourful],
])('%s, at every size,', (_, style) => {
  test('no line is wider than the terminal, and there are exactly as many as it has', () => {
    for (const columns of [10, 20, 39, 40, 60, 79, 80, 81, 100, 132, 200, 250]) {
      for (const rows of [1, 2, 3, 6, 10, 16, 20, 24, 25, 40, 60]) {
        const lines = rendered(screen, { columns, rows }, style).split('\n')
        expect({ columns, rows, lines: lines.length }).toEqual({ columns, rows, lines: rows })
        expect(lines.filter((line) => columnsOf(line) > columns)).toEqual([])
      }
    }
  })
})
