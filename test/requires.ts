import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What each named requirement needs: programs on PATH, and whether root is needed. */
const requirements = {
  moto: { programs: ['moto_server'], root: false },
  aws: { programs: ['aws'], root: false },
  keepalived: { programs: ['keepalived', 'ip', 'nft'], root: true },
  'systemd-analyze': { programs: ['systemd-analyze'], root: false },
} as const

/** A tool that some tests need and a user's machine may lack. */
export type Requirement = keyof typeof requirements

/**
 * True if the tool is there, for `describe.skipIf(!requires('moto'))`.
 * Throws, naming what is missing, if it is not and VIP_SWITCH_TEST_REQUIRE is `all`: there nothing may be skipped.
 */
export function requires(name: Requirement): boolean {
  const { programs, root } = requirements[name]
  const missing: string[] = programs.filter((program) => !isOnPath(program))
  if (root && process.getuid?.() !== 0) missing.push('root')
  if (missing.length > 0 && process.env.VIP_SWITCH_TEST_REQUIRE === 'all') {
    throw new Error(`VIP_SWITCH_TEST_REQUIRE=all, but ${name} needs ${missing.join(', ')}`)
  }
  return missing.length === 0
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
