/** Commands that people are told to run, quoted for a POSIX shell. */
import { visible } from './visible.ts'

/** Words that need no quotes. `…` is a placeholder for what the reader knows. */
const PLAIN = /^[\w@%+:,./…-][\w@%+=:,./…-]*$/

/** Text that a shell can be given as it is. */
export type CommandLine = string & { readonly forShell: true }

/** The line that a shell splits into exactly these words. No word may hold a NUL, or end with a line break. */
export function commandLine(...words: readonly string[]): CommandLine {
  return words.map(quoted).join(' ') as CommandLine // Nothing else makes one but the functions below.
}

/** A line that stands in the source as it is given to a shell: nothing is put into it. */
export function literally<Text extends string>(text: string extends Text ? never : Text): CommandLine {
  return text as string as CommandLine
}

/** A path as a word that no program takes for an option. */
export function pathWord(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}

/** The second is run if the first succeeds. */
export function both(first: CommandLine, second: CommandLine): CommandLine {
  return `${first} && ${second}` as CommandLine
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word
  // What a terminal does not show cannot be copied from it: printf writes it.
  if (visible(word) !== word) return `"$(printf '${octal(word)}')"`
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** As printf(1) reads it: every byte by its number, except letters, digits and a few signs. */
function octal(word: string): string {
  return word.replace(/[^A-Za-z0-9 _./:-]/gu, (character) =>
    Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  )
}

/**
 * A call of this program.
 * @param operand such as a VRRP instance, whose name may begin as an option does
 * @param options with their values, one a word
 */
export function vipSwitch(command: string, operand: string, ...options: readonly string[]): CommandLine {
  const rest = operand.startsWith('-') ? [...options, '--', operand] : [operand, ...options]
  return commandLine('vip-switch', command, ...rest)
}

/**
 * A call of the AWS CLI that says all that it needs, for it is pasted on another machine, whose region may be another.
 * @param region `…` where it is not known
 */
export function ec2Command(words: readonly string[], region = '…'): CommandLine {
  return commandLine('aws', 'ec2', ...words, '--region', region)
}

/** The words of a command line as they stand there, each with the spaces before it: it may be broken between them. */
export function partsOf(line: string): string[] {
  return line.match(/ *(?:'[^']*'|"[^"]*"|\\.|[^ '"\\])+/g) ?? []
}
