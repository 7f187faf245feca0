/** Root runs no hook that another user could have written. */
import { Failure } from '../platform/errors.ts'
import { type Weakness, weaknessOf } from '../state/trusted-path.ts'
import type { Config } from './schema.ts'

/** What another user could change to have root run their command as a hook of this config; undefined: nothing. */
export function hookWeakness(path: string, { instances }: Config): Weakness | undefined {
  if (process.geteuid?.() !== 0) return undefined
  return Object.values(instances).some(({ hooks }) => hooks) ? weaknessOf(path) : undefined
}

/** @throws Failure of kind `config` if another user could change the hooks that root runs */
export function assertHooksAreSafe(path: string, config: Config): void {
  const weakness = hookWeakness(path, config)
  if (!weakness) return
  const of = weakness.path === path ? 'it' : weakness.path
  throw new Failure(
    'config',
    `root would run hooks of ${path}, which users other than root may change: ${of} ${weakness.why}`,
    {
      hint: weakness.cure,
    },
  )
}
