/** What a test needs of the machine, and whether it is there. */
import { spawnSync } from 'node:child_process'
import { isOnPath } from '../../src/lab/program-on-path.ts'

/** What each named requirement needs: programs on PATH, and what else must be possible. */
const requirements = {
  moto: { programs: ['moto_server'] },
  aws: { programs: ['aws'] },
  'cfn-lint': { programs: ['cfn-lint'] },
  terraform: { programs: ['terraform'] },
  keepalived: { programs: ['keepalived', 'ip', 'nft'], obstacle: obstacleToNamespaces },
  overlay: { programs: ['unshare', 'nsenter', 'setpriv', 'useradd', 'npm'], obstacle: obstacleToOverlays },
  script: { programs: ['script'] },
  openssl: { programs: ['openssl'] },
  shellcheck: { programs: ['shellcheck'] },
  promtool: { programs: ['promtool'] },
  redis: { programs: ['redis-server', 'redis-cli'] },
  unbound: { programs: ['unbound', 'unbound-control', 'dig'] },
  bash: { programs: ['bash'] },
  zsh: { programs: ['zsh'] },
  fish: { programs: ['fish'] },
  mandoc: { programs: ['mandoc', 'man'] },
  systemd: { programs: ['systemd-analyze', 'systemd-notify', 'systemd-socket-activate'] },
  strace: { programs: ['strace', 'setpriv'] },
  root: { programs: [], obstacle: () => (process.getuid?.() === 0 ? undefined : 'root') },
} satisfies Record<string, { programs: string[]; obstacle?: () => string | undefined }>

/** A tool that some tests need and a user's machine may lack. */
export type Requirement = keyof typeof requirements

const missingOf = new Map<Requirement, string[]>()

/**
 * True if the tool is there, for `describe.skipIf(!requires('moto'))`.
 * @throws an error that names what is missing if VIP_SWITCH_TEST_REQUIRE is `all`: there nothing may be skipped
 */
export function requires(name: Requirement): boolean {
  const missing = missingOf.get(name) ?? whatIsMissing(name)
  missingOf.set(name, missing)
  if (missing.length > 0 && process.env.VIP_SWITCH_TEST_REQUIRE === 'all') {
    throw new Error(`VIP_SWITCH_TEST_REQUIRE=all, but ${name} needs ${missing.join(', ')}`)
  }
  return missing.length === 0
}

function whatIsMissing(name: Requirement): string[] {
  const requirement = requirements[name]
  const programs = requirement.programs.filter((program) => !isOnPath(program))
  if (programs.length > 0) return programs
  const obstacle = 'obstacle' in requirement ? requirement.obstacle() : undefined
  return obstacle === undefined ? [] : [obstacle]
}

/** Tries it: a container's root may have every program and yet not be allowed a network namespace. */
function obstacleToNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'root'
  // The lab removes what is named so, should this process end in between.
  const namespace = `vs${process.pid}-0-try`
  const { status, stderr } = spawnSync('ip', ['netns', 'add', namespace], { encoding: 'utf8' })
  spawnSync('ip', ['netns', 'delete', namespace])
  return status === 0 ? undefined : `network namespaces (${stderr.trim()})`
}

/** Tries it: a root file system may be none that another can be laid over. */
function obstacleToOverlays(): string | undefined {
  const line = `mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir a b c && mount -t overlay overlay -o lowerdir=/,upperdir=a,workdir=b c`
  const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', line], { encoding: 'utf8' })
  return status === 0 ? undefined : `overlays (${stderr.trim()})`
}
