/** What the shell should offer for a value. */
import type { ValueOutline } from '../outline.ts'

export type Completes =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  /** What a command of the program prints, one per line. */
  | { readonly kind: 'printed'; readonly command: string }
  | { readonly kind: 'nothing' }

/** The values that the program prints, by the value's name in the help. */
const PRINTED: Readonly<Record<string, string>> = {
  node: 'config nodes',
  target: 'config nodes',
  table: 'config tables',
}

/** @param isArgument whether it is an argument; the value of `--instance <instance>` is an EC2 instance */
export function completesOf({ name, choices }: ValueOutline, isArgument: boolean): Completes {
  if (choices.length > 0) return { kind: 'words', words: choices }
  if (isArgument && name === 'instance') return { kind: 'printed', command: 'config instances' }
  const command = PRINTED[name]
  if (command !== undefined) return { kind: 'printed', command }
  if (name === 'file') return { kind: 'files' }
  return name === 'dir' ? { kind: 'directories' } : { kind: 'nothing' }
}
