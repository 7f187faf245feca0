/** What `vip-switch init` prints. */
import type { CommandLine } from '../../core/command-line.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { table, widthOf, wrapped } from '../../terminal/table.ts'

export type MadeFile = { readonly path: string; readonly what: string }

/** The route tables to choose from, numbered from 1. */
export const choicesText = forPeople(
  (title: string, rows: readonly (readonly string[])[], width: number = widthOf(process.stderr)) => {
    const { bold } = styleOf(process.stderr)
    const numbered = rows.map((row, index) => [`  ${String(index + 1).padStart(String(rows.length).length)}`, ...row])
    return [wrapped(bold(title), width), table(numbered, undefined, width)].join('\n')
  },
)

/** What was not found out, or needs a look. */
export const notesText = forPeople((notes: readonly string[], width: number = widthOf(process.stderr)) => {
  const { yellow } = styleOf(process.stderr)
  return notes.map((note) => wrapped(`${yellow('note:')} ${note}`, width)).join('\n')
})

/** Something that was asked, and what stands in brackets for an empty answer. */
export const questionText = forPeople((text: string, byDefault: readonly string[]) => {
  return `${text}${byDefault.length > 0 ? ` [${byDefault.join(', ')}]` : ''}: `
})

/** What is wrong with an answer. */
export const complaintText = forPeople((message: string, width: number = widthOf(process.stderr)) => {
  return wrapped(`  ${message}`, width, 2)
})

/** What was made, and what comes next: commands, and what each is for. */
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

/** The command is not wrapped: it is to be copied. */
function stepLines([command, purpose]: readonly [CommandLine, string], dim: Style['dim'], width: number): string[] {
  return [wrapped(`  ${dim(`# ${purpose}`)}`, width, 2), `  ${command}`]
}

/** The same, for programs. Shape 1. */
export function initJson(files: readonly MadeFile[], notes: readonly string[]): Printable {
  return asJson({ version: 1, files: files.map(({ path }) => path), notes })
}
