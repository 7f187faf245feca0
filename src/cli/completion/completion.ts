/** Shell completions, generated from the command definitions. */
import type { Command } from 'commander'
import { type CommandOutline, outlineOf } from '../outline.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { zshCompletion } from './zsh.ts'

const SCRIPTS = new Map<string, (program: CommandOutline) => string>([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
])

/** @param shell bash, zsh or fish; already validated */
export function completionScript(program: Command, shell: string): string {
  return SCRIPTS.get(shell)?.(outlineOf(program)) ?? ''
}
