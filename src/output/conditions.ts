/** What each condition means to whoever is on call: how bad it is, what to do next, and the page that says more. */
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Condition } from '../core/decide.ts'
import { ec2Command } from '../core/ec2-command.ts'
import type { InstanceOverview } from '../core/overview.ts'
import type { PluginState } from './exit.ts'

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

/**
 * What to do next; undefined where nothing is to be done.
 * @param owner what people call the node that should have the routes
 */
export function nextStepOf(
  { name, condition, routes, problems }: InstanceOverview,
  owner: string | undefined,
  region: string | undefined,
): string | undefined {
  switch (condition) {
    case 'OK':
      return undefined
    case 'SWITCHING':
      return `wait for a few seconds: vip-switch status ${name} --watch`
    case 'DRIFT':
      return `the daemon of ${owner} takes them back within seconds; if it does not, look at it there: systemctl status vip-switch`
    case 'SPLIT-BRAIN':
      return 'let IP protocol 112 (VRRP) through between the nodes, both ways; stop the instance of a node that is dead'
    case 'BLACKHOLE':
      return `the daemon of ${owner} takes it back; by hand: vip-switch switch ${name} --to ${owner}`
    case 'NO-MASTER':
      return `look at keepalived on the nodes: systemctl status keepalived; meanwhile, by hand: vip-switch switch ${name} --to NODE`
    case 'PINNED':
      return `to give them back to VRRP before that: vip-switch unpin ${name}`
    case 'FOREIGN':
      return routes.some(({ place }) => place === 'foreign')
        ? 'find out whose route it is; to let us replace it, name its target in takeOver in the config'
        : 'the config and the route table do not fit: change one of them'
    case 'UNKNOWN':
      if (problems.length > 0)
        return `correct routeTables of ${name} in the config: vip-switch list shows what is there`
      return `check the credentials, the region and the path to EC2: ${ec2Command('describe-route-tables', region)}`
  }
}
