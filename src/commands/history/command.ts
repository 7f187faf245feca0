/** `vip-switch history`: what it takes, and its help. */
import type { Command } from 'commander'
import {
  configOption,
  duration,
  type Exit,
  jsonOption,
  profileOption,
  regionOption,
  stateDirOption,
} from '../options.ts'

/** More than the history holds. */
const LONGEST_MS = 3650 * 24 * 3_600_000

export function addHistoryCommand(program: Command, exit: Exit): void {
  program
    .command('history')
    .description('show what happened on this node, and why: transitions, decisions, writes, pins, switches')
    .argument('[instance]', 'VRRP instance (default: all)')
    .option(
      '--since <duration>',
      'only what is no older, such as 2h or 7d (default: the last 50 entries; with --json, all)',
      duration({ least: 1000, most: LONGEST_MS }),
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(stateDirOption('directory of the history', '/var/lib/vip-switch'))
    .addHelpText(
      'after',
      `
The newest entry is the last. Each node keeps its own history: run it on both.
It needs neither the daemon nor EC2, which is only asked for the nodes' names.

Examples:
  vip-switch history VI_1 --since 2h
  vip-switch history --json | jq -r '.entries[] | select(.kind == "transition") | .at + " " + .to'`,
    )
    .action(async (instance: string | undefined, options) => {
      const { history } = await import('./history.ts')
      exit(await history(instance, options))
    })
}
