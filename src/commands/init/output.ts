/** Output of `vip-switch init`. */
import type { CommandLine } from '../../core/command-line.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { table, widthOf, wrapped } from '../../terminal/table.ts'

export type MadeFile = { readonly path: string; readonly what: string }

/** A numbered list of route tables to choose from. */
export const choicesText = forPeople(
  (title: string, rows: readonly (readonly string[])[], width: number = widthOf(process.stderr)) => {
    const { bold } = styleOf(process.stderr)
    const numbered = rows.map((row, index) => [`  ${String(index + 1).padStart(String(rows.length).length)}`, ...row])
    return [wrapped(bold(title), width), table(numbered, undefined, width)].join('\n')
  },
)

/** What could not be found out or needs attention. */
export const notesText = forPeople((notes: readonly string[], width: number = widthOf(process.stderr)) => {
  const { yellow } = styleOf(process.stderr)
  return notes.map((note) => wrapped(`${yellow('note:')} ${note}`, width)).join('\n')
})

/** A question, with the default in brackets. */
export const questionText = forPeople((text: string, byDefault: readonly string[]) => {
  return `${text}${byDefault.length > 0 ? ` [${byDefault.join(', ')}]` : ''}: `
})

/** Why an answer is invalid. */
export const complaintText = forPeople((message: string, width: number = widthOf(process.stderr)) => {
  return wrapped(`  ${message}`, width, 2)
})

/** The files created, and the next commands with their purposes. */
export const madeText = forPeople(
  (
    files: readonly MadeFile[],
    steps: readonly (readonly [command: CommandLine, purpose: string])[],
    width: number = widthOf(process.stdout),
  ) => {
    const { bold, dim, green } = styleOf(process.stdout)
    const made = files.map(({ path, what }) => [`${green('✓')} ${path}`, what])
    return [
      table(made, undefined, width),
      '',
      bold('Next'),
      ...steps.flatMap((step) => stepLines(step, dim, width)),
    ].join('\n')
  },
)

/** The command is not wrapped, so that it can be copied. */
function stepLines([command, purpose]: readonly [CommandLine, string], dim: Style['dim'], width: number): string[] {
  return [wrapped(`  ${dim(`# ${purpose}`)}`, width, 2), `  ${command}`]
}

/** The same as JSON, version 1. */
export function initJson(files: readonly MadeFile[], notes: readonly string[]): Printable {
  return asJson({ version: 1, files: files.map(({ path }) => path), notes })
}
