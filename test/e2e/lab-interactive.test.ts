/** `vip-switch lab --interactive` on a terminal: keys are pressed, and the screen is read. */
import { readlinkSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { columnsOf } from '../../src/terminal/table.ts'
import { requires } from '../support/requires.ts'
import { bin } from './case.ts'
import { programsAlone } from './lab-path.ts'
import { leftoversOf } from './leftovers.ts'

/** Longer than a daemon's interval, after which it finds out what it was not told. */
const PATIENT = { timeout: 20_000 }
const CONTROL_C = '\x03'
const AT_DB_1 = /10\.99\.0\.10\/32 +private-a → db-1 +private-c → db-1/

const sites = [
  ['real', requires('keepalived'), async () => process.env.PATH ?? ''],
  ['simulated', true, async () => programsAlone('mkfifo', 'flock')],
] as const

describe.skipIf(!requires('script'))('vip-switch lab --interactive', { timeout: 90_000 }, () => {
  describe.each(sites)('with a %s keepalived', (name, isHere, path) => {
    it.skipIf(!isHere)('shows a split brain and its end, and quits without a trace', async () => {
      const { press, screen, ended, pid } = await open(await path())
      expect(screen()).toContain(name === 'real' ? 'the real keepalived v' : 'so keepalived is simulated')
      await expect.poll(screen, PATIENT).toMatch(/db-2 +BACKUP 100 [\s\S]*daemon OK: /)

      press('1a2a')
      await expect.poll(screen, PATIENT).toMatch(/1 db-1 +MASTER 150 [\s\S]*▸ 2 db-2 +MASTER 100 /)
      const both =
        /db-1 .*\n +daemon SPLIT-BRAIN: [\s\S]*which we win[\s\S]*db-2 .*\n +daemon SPLIT-BRAIN: [\s\S]*leaving the\s+routes/
      await expect.poll(screen, PATIENT).toMatch(both)
      await expect.poll(screen, PATIENT).toMatch(AT_DB_1)
      expect(screen().match(/✗ hears no adverts/g)).toHaveLength(2)
      expect(screen()).toMatch(/you +adverts to db-1 are cut/)

      press('h')
      await expect.poll(screen, PATIENT).toMatch(/db-1 .*\n +daemon OK: [\s\S]*db-2 +BACKUP 100 .*\n +daemon OK: /)
      expect(screen()).not.toContain('✗')
      expect(screen()).toMatch(AT_DB_1)

      press('q')
      const { exitCode, stdout } = await ended
      expect(exitCode).toBe(0)
      expect(stdout.endsWith('\x1b[?1049l')).toBe(true)
      expect(leftoversOf(pid)).toEqual([])
    })

    it.skipIf(!isHere)('kills, cuts and freezes a node, and heals it', async () => {
      const { press, screen, ended, pid } = await open(await path())
      press('k')
      await expect.poll(screen, PATIENT).toMatch(/db-1 +no keepalived [\s\S]*db-2 +MASTER 100 [\s\S]*private-c → db-2/)
      press('k')
      await expect.poll(screen, PATIENT).toMatch(AT_DB_1)
      press('2cd')
      await expect.poll(screen, PATIENT).toMatch(/daemon killed[\s\S]*✗ does not reach EC2, daemon killed/)
      press('1f')
      await expect.poll(screen, PATIENT).toMatch(/db-1 [\s\S]*daemon silent[\s\S]*✗ frozen/)
      press('k')
      await expect.poll(screen, PATIENT).toContain('db-1 is frozen: thaw it first')
      press('h')
      await expect.poll(screen, PATIENT).toMatch(/db-1 +MASTER 150 .*\n +daemon OK: [\s\S]*db-2 .*\n +daemon OK: /)
      expect(screen()).not.toContain('✗')
      press(CONTROL_C)
      expect((await ended).exitCode).toBe(0)
      expect(leftoversOf(pid)).toEqual([])
    })
  })

  it('fits a terminal that changes its size, and gives it back when it is terminated', async () => {
    const { screen, ended, pid } = await open(await programsAlone('mkfifo', 'flock'))
    await execa('stty', ['-F', readlinkSync(`/proc/${pid}/fd/0`), 'cols', '50', 'rows', '20'])
    await expect.poll(() => screen().split('\n')).toHaveLength(20)
    expect(
      screen()
        .split('\n')
        .filter((line) => columnsOf(line) > 50),
    ).toEqual([])
    process.kill(pid, 'SIGTERM')
    const { stdout } = await ended
    expect(stdout).toContain('\x1b[?1049l')
    expect(leftoversOf(pid)).toEqual([])
  })
})

/** Runs it on a terminal of 110 columns and 40 lines; resolves once it shows the nodes. */
async function open(PATH: string) {
  const lab = [process.execPath, bin, 'lab', '--interactive'].map((word) => `'${word}'`).join(' ')
  const command = `stty cols 110 rows 40; echo "pid $$"; PATH='${PATH}'; exec ${lab}`
  const terminal = execa('script', ['-qec', command, '/dev/null'], {
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh' },
    reject: false,
  })
  onTestFinished(() => void terminal.kill())
  let output = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  /** The last screen that has been drawn to its end, as text. */
  const screen = () => {
    const screens = output.split('\x1b[H').map((text) => stripVTControlCharacters(text).replaceAll('\r', ''))
    return screens.findLast((text) => /\bq quit/.test(text)) ?? output
  }
  await expect.poll(screen, PATIENT).toContain('▸ 1 db-1')
  return {
    press: (keys: string) => terminal.stdin.write(keys),
    screen,
    pid: Number(/pid (\d+)/.exec(output)?.[1]),
    ended: terminal,
  }
}
