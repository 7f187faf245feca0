import xterm from '@xterm/headless'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { claim, claimBoth, lookOn, writeOnlookerConfig } from '../../../support/onlooker.ts'
import { requires } from '../../../support/requires.ts'
import { erasingUnderCursor } from '../../../support/terminal.ts'

startEndpointForEachTest()

const CONTROL_C = '\x03'

/** Runs on a terminal of its own (util-linux's script), of 80 columns and 24 lines unless told otherwise. */
function onTerminal(flags: string, env: NodeJS.ProcessEnv = {}, size = 'cols 80 rows 24') {
  const command = `tty; stty ${size}; exec ${PROGRAM} status ${flags} --config ${writeOnlookerConfig()}`
  return execa('script', ['-qec', command, '/dev/null'], {
    env: environmentFor(endpoint, { TERM: 'xterm-256color', ...env }),
    extendEnv: false,
    reject: false,
  })
}

describe.skipIf(!requires('script'))('on a terminal', () => {
  test('--watch draws the same lines anew, until Ctrl-C', async () => {
    claimBoth()
    const terminal = onTerminal('--watch')
    let shown = ''
    terminal.stdout.on('data', (chunk: Buffer) => {
      const before = shown
      shown += chunk.toString()
      const appears = (text: string) => !before.includes(text) && shown.includes(text)
      if (appears('all 2 routes')) claim('db-2', 'MASTER', 100)
      if (appears('SPLIT-BRAIN')) claim('db-2', 'MASTER', 100, '2026-11-23T01:02:03.500Z')
      if (appears('if db-1 is alive')) terminal.stdin.write(CONTROL_C)
    })
    expect((await terminal).exitCode).toBe(0)
    const [first = '', ...others] = shown.slice(shown.indexOf('\x1b')).split('\x1b[J')
    const lines = first.split('\n').length - 1
    expect(others[0]).toContain(`\x1b[${lines}A\r`)
    expect(shown.endsWith('\x1b[?7h\x1b[?25h')).toBe(true)
  })

  test('--watch shows whole lines, and draws at once when the terminal changes its size', async () => {
    claimBoth()
    const width = '    rtb-00000000000000000  private-a  active  db-1  ap-northeast-1a'.length
    const emulator = new xterm.Terminal({ cols: width, rows: 40, allowProposedApi: true })
    const linesShown = () =>
      Array.from({ length: 40 }, (_, row) => emulator.buffer.active.getLine(row)?.translateToString(true) ?? '')
    const terminal = onTerminal('--watch', {}, `cols ${width} rows 40`)
    let before: string[] | undefined
    let isEnded = false
    terminal.stdout.on('data', (chunk: Buffer) => {
      const isResized = before !== undefined
      emulator.write(erasingUnderCursor(chunk.toString()), () => {
        const [, device] = /^(\/dev\/\S+)/.exec(linesShown()[0] ?? '') ?? []
        if (!isResized && device && linesShown().some((line) => line.includes('db-2'))) {
          before = linesShown()
          emulator.resize(200, 40)
          void execa('stty', ['-F', device, 'cols', '200'])
        } else if (isResized && !isEnded && linesShown().some((line) => line.includes('SINCE'))) {
          isEnded = true
          terminal.stdin.write(CONTROL_C)
        }
      })
    })
    expect((await terminal).exitCode).toBe(0)
    expect(before?.filter((line) => line.length === width)).toEqual([
      expect.stringMatching(/private-a .* ap-northeast-1a$/),
      expect.stringMatching(/private-c .* ap-northeast-1a$/),
    ])
    // The first line is now the screen's own: nothing of the narrow one is left.
    expect(linesShown()[0]).toMatch(/^db {2}ap-northeast-1/)
    expect(linesShown().filter((line) => line.includes('NODE'))).toEqual([expect.stringContaining('SINCE')])
  })

  test('the word is coloured, unless nobody wants that', async () => {
    claimBoth()
    expect((await onTerminal('VI_1')).stdout).toContain('\x1b[32m\x1b[1mOK')
    const { stdout } = await onTerminal('VI_1', { NO_COLOR: '1' })
    expect(stdout).toContain('VI_1  OK')
    expect(stdout).not.toContain('\x1b[')
  })

  test('--watch needs one that can draw', async () => {
    const { exitCode, stdout } = await onTerminal('--watch', { TERM: 'dumb' })
    expect(exitCode).toBe(2)
    expect(stdout).toContain('--watch requires a terminal')
  })
})

test.each([
  [['--watch'], 'programs can use --json'],
  [['--watch', '--json'], '--watch and --json cannot be combined'],
])('%j is refused where there is no terminal, with a way out', async (flags, said) => {
  const { exitCode, stdout, stderr } = await lookOn(['status', ...flags])
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(said)
  expect(endpoint.requests).toEqual([])
})
