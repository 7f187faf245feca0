/** Findings of the doctor. */
import type { CommandLine } from './command-line.ts'
import type { EniId } from './ids.ts'

/**
 * - `unknown`: it should have been checked but could not be; it may be fine or not
 * - `skipped`: it cannot be checked from here, or does not apply
 */
export const VERDICTS = ['fail', 'warn', 'unknown', 'ok', 'skipped'] as const

export type Verdict = (typeof VERDICTS)[number]

export const GROUPS = ['EC2', 'nodes', 'routes', 'keepalived', 'host'] as const

/** All checks, in display order. Each is described in docs/doctor.md. */
export const CHECKS = {
  credentials: { group: 'EC2', title: 'credentials' },
  'aws-settings': { group: 'EC2', title: 'AWS settings' },
  permissions: { group: 'EC2', title: 'permissions' },
  clock: { group: 'EC2', title: 'clock' },
  members: { group: 'nodes', title: 'members' },
  zones: { group: 'nodes', title: 'zones' },
  'source-dest-check': { group: 'nodes', title: 'source/dest check' },
  imds: { group: 'nodes', title: 'metadata service' },
  'split-brain': { group: 'nodes', title: 'split brain' },
  'protocol-112': { group: 'nodes', title: 'protocol 112' },
  'network-acls': { group: 'nodes', title: 'network ACLs' },
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
  firewall: { group: 'host', title: 'firewall' },
  'state-directory': { group: 'host', title: 'state directory' },
  daemon: { group: 'host', title: 'daemon' },
  'transition-hooks': { group: 'host', title: 'transition hooks' },
} as const satisfies Record<string, { group: (typeof GROUPS)[number]; title: string }>

export type Check = keyof typeof CHECKS

/** The remedy: a command to run, or advice if no command can do it. */
export type Mend = { readonly command: CommandLine } | { readonly advice: string }

export type Finding = {
  readonly check: Check
  /** A node, a VRRP instance or a table, unless the check is about all. */
  readonly subject: string | undefined
  readonly verdict: Verdict
  /** For people: what was found, and what it means. */
  readonly found: string
  readonly mend: Mend | undefined
  /** The interface whose source/dest check `--fix` can turn off. */
  readonly fixes: EniId | undefined
}

/** The worst verdict, ignoring skipped checks. */
export function worstOf(findings: readonly Finding[]): Exclude<Verdict, 'skipped'> {
  const worst = VERDICTS.find((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? 'ok'
  return worst === 'skipped' ? 'ok' : worst
}
