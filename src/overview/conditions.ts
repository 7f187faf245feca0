/** What each condition means to the operator on call: severity, next step, and documentation page. */
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandLine, ec2Command, literally, vipSwitch } from '../core/command-line.ts'
import type { Condition } from '../core/decide.ts'
import type { EniId } from '../core/ids.ts'
import type { InstanceOverview } from '../core/overview.ts'
import { visible } from '../core/visible.ts'
import type { PluginState } from '../terminal/exit-code.ts'

export const SEVERITIES: Readonly<Record<Condition, PluginState>> = {
  OK: 'ok',
  SWITCHING: 'warning',
  DRIFT: 'warning',
  PINNED: 'warning',
  'SPLIT-BRAIN': 'critical',
  BLACKHOLE: 'critical',
  'NO-MASTER': 'critical',
  FOREIGN: 'critical',
  UNKNOWN: 'unknown',
}

/** The condition's page in the repository and the package; OK has none. */
export function pageOf(condition: Condition): string | undefined {
  return condition === 'OK' ? undefined : `docs/conditions/${condition.toLowerCase()}.md`
}

/**
 * Where to find a page: its path on this host if it is installed here and fits the line, else its path in the
 * repository.
 * @param room available columns
 */
export function pageHere(page: string, room: number, program: string | undefined = process.argv[1]): string {
  if (program === undefined || !existsSync(program)) return page
  const path = join(realpathSync(program), '../..', page)
  return path.length <= room && existsSync(path) ? path : page
}

/** What to do, and a command that does it or helps to. */
export type Step = { readonly advice: string; readonly command?: CommandLine }

/**
 * The next step, if there is one.
 * @param owner display name of the node that should have the routes
 */
export function nextStepOf(
  { name, condition, routes, problems, intended }: InstanceOverview,
  owner: string | undefined,
  region: string | undefined,
): Step | undefined {
  const byHand = (target: string) => vipSwitch('switch', name, '--to', target)
  switch (condition) {
    case 'OK':
      return undefined
    case 'SWITCHING':
      return { advice: 'wait for a few seconds', command: vipSwitch('status', name, '--watch') }
    case 'DRIFT':
      return {
        advice: `the daemon on ${owner} takes them back within seconds, but at most every 10 minutes if another tool keeps taking them; if it does not, check it there`,
        command: literally('systemctl status vip-switch'),
      }
    case 'SPLIT-BRAIN':
      return {
        advice: 'allow IP protocol 112 (VRRP) between the nodes, both ways; stop the instance of a dead node',
      }
    case 'BLACKHOLE':
      return { advice: `the daemon on ${owner} takes it back; by hand`, command: byHand(targetWord(owner, intended)) }
    case 'NO-MASTER':
      return {
        advice: 'check keepalived on the nodes (systemctl status keepalived); meanwhile, by hand',
        command: byHand('NODE'),
      }
    case 'PINNED':
      return { advice: 'to give them back to VRRP earlier', command: vipSwitch('unpin', name) }
    case 'FOREIGN':
      return routes.some(({ place }) => place === 'foreign')
        ? {
            advice:
              'find out whose route it is; to let vip-switch replace it, add its target to takeOver in the config',
          }
        : { advice: 'the config and the route table conflict: change one of them' }
    case 'UNKNOWN':
      if (problems.length > 0)
        return { advice: `correct routeTables of ${name} in the config: vip-switch list shows the existing tables` }
      return {
        advice: 'check the credentials, the region and the path to EC2',
        command: ec2Command(['describe-route-tables'], region),
      }
  }
}

/** How to name a node in a command: by name if it is printable, else by ENI. */
function targetWord(owner: string | undefined, eni: EniId | undefined): string {
  return owner !== undefined && visible(owner) === owner ? owner : (eni ?? 'NODE')
}

/** As a single sentence. */
export function stepText({ advice, command }: Step): string {
  return command === undefined ? advice : `${advice}: ${command}`
}
