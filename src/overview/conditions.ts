/** What each condition means to whoever is on call: how bad it is, what to do next, and the page that says more. */
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

/** In the repository and in the package; undefined where there is nothing to be said. */
export function pageOf(condition: Condition): string | undefined {
  return condition === 'OK' ? undefined : `docs/conditions/${condition.toLowerCase()}.md`
}

/**
 * What to open for a page: its place on this host, where the program was installed with it; its place in the repository,
 * where it was not, or where a line has no room for the other.
 * @param room columns of the line
 */
export function pageHere(page: string, room: number, program: string | undefined = process.argv[1]): string {
  if (program === undefined || !existsSync(program)) return page
  const path = join(realpathSync(program), '../..', page)
  return path.length <= room && existsSync(path) ? path : page
}

/** What to do, and a command that does it or shows what to do. */
export type Step = { readonly advice: string; readonly command?: CommandLine }

/**
 * What to do next; undefined where nothing is to be done.
 * @param owner what people call the node that should have the routes
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
        advice: `the daemon of ${owner} takes them back: within seconds, but every 10 minutes at most from another tool that keeps taking them; if it does not, look at it there`,
        command: literally('systemctl status vip-switch'),
      }
    case 'SPLIT-BRAIN':
      return {
        advice:
          'let IP protocol 112 (VRRP) through between the nodes, both ways; stop the instance of a node that is dead',
      }
    case 'BLACKHOLE':
      return { advice: `the daemon of ${owner} takes it back; by hand`, command: byHand(targetWord(owner, intended)) }
    case 'NO-MASTER':
      return {
        advice: 'look at keepalived on the nodes (systemctl status keepalived); meanwhile, by hand',
        command: byHand('NODE'),
      }
    case 'PINNED':
      return { advice: 'to give them back to VRRP before that', command: vipSwitch('unpin', name) }
    case 'FOREIGN':
      return routes.some(({ place }) => place === 'foreign')
        ? { advice: 'find out whose route it is; to let us replace it, name its target in takeOver in the config' }
        : { advice: 'the config and the route table do not fit: change one of them' }
    case 'UNKNOWN':
      if (problems.length > 0)
        return { advice: `correct routeTables of ${name} in the config: vip-switch list shows what is there` }
      return {
        advice: 'check the credentials, the region and the path to EC2',
        command: ec2Command(['describe-route-tables'], region),
      }
  }
}

/** What a node is called in a command: by a name that can be seen, else by its ENI. */
function targetWord(owner: string | undefined, eni: EniId | undefined): string {
  return owner !== undefined && visible(owner) === owner ? owner : (eni ?? 'NODE')
}

/** As one sentence. */
export function stepText({ advice, command }: Step): string {
  return command === undefined ? advice : `${advice}: ${command}`
}
