/** The manual page, as the build makes it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { allCommands, outlineOf } from '../../../src/cli/outline.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { requires } from '../../support/requires.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PAGE = join(ROOT, 'dist/vip-switch.1')

const commands = allCommands(outlineOf(createProgram(() => {})))

describe.skipIf(!requires('mandoc'))('the manual page', () => {
  const shown = async (width: number) =>
    (await execa('man', ['-l', PAGE], { env: { MANWIDTH: String(width), MAN_KEEP_FORMATTING: '', LC_ALL: 'C.UTF-8' } }))
      .stdout

  test('has nothing that mandoc or groff would warn of', async () => {
    expect(await execa('mandoc', ['-T', 'lint', '-W', 'warning', PAGE], { reject: false, all: true })).toMatchObject({
      exitCode: 0,
      all: '',
    })
    const groff = await execa('man', ['--warnings', '-l', PAGE], { env: { MANWIDTH: '80' } })
    expect(groff.stderr).toBe('')
  })

  test('has its sections in the order of a manual', async () => {
    expect((await shown(80)).match(/^[A-Z][A-Z ]+$/gm)).toEqual([
      ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'ENVIRONMENT', 'FILES', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'],
    ])
  })

  test('tells every command with all of its options, and its examples as they are typed', async () => {
    const page = await shown(200)
    for (const { path, options, notes } of commands.filter((each) => each.path.length > 0)) {
      const [, section = ''] = page.split(new RegExp(`^ {3}${path.join(' ')}$`, 'm'))
      const own = section.split(/^ {3}\S/m, 1)[0] ?? ''
      for (const { names } of options.filter((each) => !each.names.includes('--help'))) {
        for (const name of names) expect(own).toMatch(new RegExp(`(^ {5}|, )${name}\\b`, 'm'))
      }
      for (const example of notes.split('\n').filter((line) => line.startsWith('  vip-switch'))) {
        expect(own).toContain(example.trim())
      }
    }
  })

  test('fits a terminal of 80 columns, but for what is to be typed', async () => {
    const wide = (await shown(80)).split('\n').filter((line) => line.length > 80)
    expect(wide.filter((line) => !/^ {11}\S/.test(line))).toEqual([])
  })
})

test('npm installs it where man looks', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-npm-'))
  try {
    const quiet = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund']
    const { stdout } = await execa('npm', ['pack', ...quiet, '--pack-destination', directory], { cwd: ROOT })
    const archive = join(directory, stdout.trim())
    await execa('npm', ['install', '--global', ...quiet, '--prefix', directory, archive], { cwd: directory })
    expect(readFileSync(join(directory, 'share/man/man1/vip-switch.1'), 'utf8')).toBe(readFileSync(PAGE, 'utf8'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}, 60_000)
