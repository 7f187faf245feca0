/** What the shell is to offer for a value. */
import type { ValueOutline } from '../outline.ts'

export type Completes =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  /** VRRP instances of the config, which the program itself prints. */
  | { readonly kind: 'instances' }
  | { readonly kind: 'nothing' }

/** Prints the names of the config's VRRP instances, one a line. */
export const INSTANCES_COMMAND = 'config instances'

/** @param isArgument whether it is an argument: `--instance <instance>` is one of EC2 */
export function completesOf({ name, choices }: ValueOutline, isArgument: boolean): Completes {
  if (choices.length > 0) return { kind: 'words', words: choices }
  if (isArgument && name === 'instance') return { kind: 'instances' }
  if (name === 'file') return { kind: 'files' }
  return name === 'dir' ? { kind: 'directories' } : { kind: 'nothing' }
}
