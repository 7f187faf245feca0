/** What a doctor's examination finds. */
import type { CommandLine } from './command-line.ts'
import type { EniId } from './ids.ts'

/**
 * - `unknown`: it could not be looked at, though it should have been; it may be well or not
 * - `skipped`: it is not to be looked at from here, or there is nothing of the kind
 */
export const VERDICTS = ['fail', 'warn', 'unknown', 'ok', 'skipped'] as const

export type Verdict = (typeof VERDICTS)[number]

export const GROUPS = ['EC2', 'nodes', 'routes', 'keepalived', 'host'] as const

/** Every check, in the order in which they are told. Each has its place in docs/doctor.md. */
export const CHECKS = {
  credentials: { group: 'EC2', title: 'credentials' },
  permissions: { group: 'EC2', title: 'permissions' },
  clock: { group: 'EC2', title: 'clock' },
  members: { group: 'nodes', title: 'members' },
  zones: { group: 'nodes', title: 'zones' },
  'source-dest-check': { group: 'nodes', title: 'source/dest check' },
  imds: { group: 'nodes', title: 'metadata service' },
  'protocol-112': { group: 'nodes', title: 'protocol 112' },
  'api-path': { group: 'nodes', title: 'path to EC2' },
  tables: { group: 'routes', title: 'route tables' },
  'vip-range': { group: 'routes', title: 'VIP and VPC' },
  routes: { group: 'routes', title: 'present targets' },
  coverage: { group: 'routes', title: 'subnets' },
  keepalived: { group: 'keepalived', title: 'keepalived' },
  'vrrp-instance': { group: 'keepalived', title: 'keepalived.conf' },
  unicast: { group: 'keepalived', title: 'unicast' },
  events: { group: 'keepalived', title: 'events' },
  'lower-priority': { group: 'keepalived', title: 'lower priority' },
  'script-user': { group: 'keepalived', title: 'script_user' },
  'vip-on-host': { group: 'host', title: 'VIP accepted' },
  'state-directory': { group: 'host', title: 'state directory' },
  daemon: { group: 'host', title: 'daemon' },
  'transition-hooks': { group: 'host', title: 'transition hooks' },
} as const satisfies Record<string, { group: (typeof GROUPS)[number]; title: string }>

export type Check = keyof typeof CHECKS

/** What mends it: a command to run, or where no command can do it, what to do. */
export type Mend = { readonly command: CommandLine } | { readonly advice: string }

export type Finding = {
  readonly check: Check
  /** A node, a VRRP instance or a table; undefined where the check is of all. */
  readonly subject: string | undefined
  readonly verdict: Verdict
  /** For people: what was seen, and what it means. */
  readonly found: string
  readonly mend: Mend | undefined
  /** What `--fix` can do about it: turn off this interface's source/destination check. */
  readonly fixes: EniId | undefined
}

/** The worst of them; what is not to be looked at is none. */
export function worstOf(findings: readonly Finding[]): Exclude<Verdict, 'skipped'> {
  const worst = VERDICTS.find((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? 'ok'
  return worst === 'skipped' ? 'ok' : worst
}
