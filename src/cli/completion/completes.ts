/** What the shell should offer for a value. */
import type { ValueOutline } from '../outline.ts'

export type Completes =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  /** VRRP instances of the config, as printed by the program. */
  | { readonly kind: 'instances' }
  | { readonly kind: 'nothing' }

/** The command that prints the config's VRRP instances, one per line. */
export const INSTANCES_COMMAND = 'config instances'

/** @param isArgument whether it is an argument; the value of `--instance <instance>` is an EC2 instance */
export function completesOf({ name, choices }: ValueOutline, isArgument: boolean): Completes {
  if (choices.length > 0) return { kind: 'words', words: choices }
  if (isArgument && name === 'instance') return { kind: 'instances' }
  if (name === 'file') return { kind: 'files' }
  return name === 'dir' ? { kind: 'directories' } : { kind: 'nothing' }
}
