/** The help of every command, as a terminal of 80 columns shows it. */
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'

const COLUMNS = 80

/** A command and all below it, each with the words that call it; what is hidden, and `help`, is left out. */
function commandsOf(command: Command, words: readonly string[] = []): [string, Command][] {
  const below = command.createHelp().visibleCommands(command)
  const own = below.filter((each) => each.name() !== 'help')
  return [
    [words.join(' ') || 'vip-switch', command],
    ...own.flatMap((each) => commandsOf(each, [...words, each.name()])),
  ]
}

function helpOf(command: Command, columns = COLUMNS): string {
  let text = ''
  command.configureOutput({
    getOutHelpWidth: () => columns,
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

describe.each(commandsOf(createProgram(() => {})))('the help of %s', (_, command) => {
  const lines = helpOf(command).split('\n')

  test('has an example', () => {
    const heading = lines.findIndex((line) => /^Examples?\b.*:$/.test(line))
    expect(lines[heading + 1]).toMatch(/^ {2}(sudo )?vip-switch /)
  })

  test('has its options fit a narrow terminal, too', () => {
    const narrow = helpOf(command, 60).split('\n')
    const from = narrow.indexOf('Options:')
    const options = narrow.slice(from, narrow.indexOf('', from))
    expect(options.filter((line) => line.length > 60)).toEqual([])
  })

  // A command that is longer is to be copied.
  test('is no wider than the terminal', () => {
    const typed = /^ {2}(sudo |vip-switch |aws |export |command = |notify)/
    expect(lines.filter((line) => line.length > COLUMNS && !typed.test(line))).toEqual([])
  })
})
