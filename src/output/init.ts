/** What `vip-switch init` prints. */
import { type Style, styleOf } from './style.ts'
import { table, widthOf, wrapped } from './table.ts'

export type MadeFile = { readonly path: string; readonly what: string }

/** The route tables to choose from, numbered from 1. */
export function choicesText(
  title: string,
  rows: readonly (readonly string[])[],
  width: number = widthOf(process.stderr),
): string {
  const { bold } = styleOf(process.stderr)
  const numbered = rows.map((row, index) => [`  ${String(index + 1).padStart(String(rows.length).length)}`, ...row])
  return [wrapped(bold(title), width), table(numbered, undefined, width)].join('\n')
}

/** What was not found out, or needs a look. */
export function notesText(notes: readonly string[], width: number = widthOf(process.stderr)): string {
  const { yellow } = styleOf(process.stderr)
  return notes.map((note) => wrapped(`${yellow('note:')} ${note}`, width)).join('\n')
}

/** What was made, and what comes next: commands, and what each is for. */
export function madeText(
  files: readonly MadeFile[],
  steps: readonly (readonly [command: string, purpose: string])[],
  width: number = widthOf(process.stdout),
): string {
  const { bold, dim, green } = styleOf(process.stdout)
  const made = files.map(({ path, what }) => [`${green('✓')} ${path}`, what])
  return [
    table(made, undefined, width),
    '',
    bold('Next'),
    ...steps.flatMap((step) => stepLines(step, dim, width)),
  ].join('\n')
}

/** The command is not wrapped: it is to be copied. */
function stepLines([command, purpose]: readonly [string, string], dim: Style['dim'], width: number): string[] {
  return [wrapped(`  ${dim(`# ${purpose}`)}`, width, 2), `  ${command}`]
}

/** The same, for programs. Shape 1. */
export function initJson(files: readonly MadeFile[], notes: readonly string[]): string {
  return JSON.stringify({ version: 1, files: files.map(({ path }) => path), notes }, null, 2)
}
