import { expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'

/** What is printed of a call that is refused before anything is run. */
async function refusalOf(...words: string[]): Promise<string> {
  let text = ''
  const program = createProgram(() => {})
  for (const each of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    each.configureOutput({
      writeErr: (part) => {
        text += part
      },
    })
  }
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toThrow()
  return text
}

test.each([
  [['metrics'], "option '--format <format>' not specified. Allowed choices are prometheus, mackerel."],
  [['metrics', '--format', 'graphite'], 'Allowed choices are prometheus, mackerel.'],
  [['completion'], "missing required argument 'shell'. Allowed choices are bash, zsh, fish."],
  [['completion', 'ksh'], 'Allowed choices are bash, zsh, fish.'],
  [['pin', 'VI_1'], "option '--for <duration>' not specified\n"],
  [['unpin'], "missing required argument 'instance'\n"],
])('%j is told what is allowed, and where more is said', async (words, told) => {
  const text = await refusalOf(...words)
  expect(text).toMatch(/^vip-switch: /)
  expect(text).toContain(told)
  expect(text).toContain(`\n  → see vip-switch ${words[0]} --help`)
})

test.each([
  [['statu'], 'statu', '(Did you mean status?)'],
  [['statu', '--help'], 'statu', '(Did you mean status?)'],
  [['help', 'statu'], 'statu', '(Did you mean status?)'],
  [['preflight', '--help'], 'preflight', '\n  → see vip-switch --help'],
  [['help', 'preflight'], 'preflight', '\n  → see vip-switch --help'],
  [['config', 'chek'], 'chek', '(Did you mean check?)'],
  [['config', 'chek', '--help'], 'chek', '(Did you mean check?)'],
  [['lab', 'ec'], 'ec', '(Did you mean ec2?)'],
  [['lab', 'ec', '-h'], 'ec', '(Did you mean ec2?)'],
])('%j is an unknown command, and is told the nearest one', async (words, name, told) => {
  const text = await refusalOf(...words)
  expect(text).toContain(`unknown command '${name}'`)
  expect(text).toContain(told)
})
