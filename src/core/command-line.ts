/** Commands for people to run, quoted for a POSIX shell. */
import { visible } from './visible.ts'

/** Words that need no quotes. `…` is a placeholder for the reader to fill in. */
const PLAIN = /^[\w@%+:,./\u2026-][\w@%+=:,./\u2026-]*$/

/** Text that is safe to paste into a shell. */
export type CommandLine = string & { readonly forShell: true }

/**
 * Quotes the words so that a shell splits the line into exactly these. No word may contain a NUL or end with a line
 * break.
 */
export function commandLine(...words: readonly string[]): CommandLine {
  return words.map(quoted).join(' ') as CommandLine // Only the functions in this file create one.
}

/** A literal command line; nothing is interpolated. */
export function literally<Text extends string>(text: string extends Text ? never : Text): CommandLine {
  return text as string as CommandLine
}

/** A path that no program mistakes for an option. */
export function pathWord(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}

/** Runs the second command if the first succeeds. */
export function both(first: CommandLine, second: CommandLine): CommandLine {
  return `${first} && ${second}` as CommandLine
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word
  // Invisible characters cannot be copied from a terminal, so printf produces them.
  if (visible(word) !== word) return `"$(printf '${octal(word)}')"`
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Octal escapes for printf(1), except for letters, digits and a few symbols. */
function octal(word: string): string {
  return word.replace(/[^A-Za-z0-9 _./:-]/gu, (character) =>
    Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  )
}

/**
 * A vip-switch command.
 * @param operand such as a VRRP instance, whose name may start like an option
 * @param options with their values, one per word
 */
export function vipSwitch(command: string, operand: string, ...options: readonly string[]): CommandLine {
  const rest = operand.startsWith('-') ? [...options, '--', operand] : [operand, ...options]
  return commandLine('vip-switch', command, ...rest)
}

/**
 * An AWS CLI command that is complete in itself, as it may be pasted on a machine with another default region.
 * @param region `…` if unknown
 */
export function ec2Command(words: readonly string[], region = '…'): CommandLine {
  return commandLine('aws', 'ec2', ...words, '--region', region)
}

/**
 * Splits a command line into words as written, each with its leading spaces, so that it can be wrapped between them.
 */
export function partsOf(line: string): string[] {
  return line.match(/ *(?:'[^']*'|"[^"]*"|\\.|[^ '"\\])+/g) ?? []
}
