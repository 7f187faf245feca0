/** `vip-switch reconcile`: what it takes, and its help. */
import type { Command } from 'commander'
import {
  configOption,
  type Exit,
  jsonOption,
  logFormatOption,
  profileOption,
  regionOption,
  stateDirOption,
} from '../options.ts'

export function addReconcileCommand(program: Command, exit: Exit): void {
  program
    .command('reconcile')
    .description('run the daemon, which keeps every route where VRRP wants it')
    .option('--once', 'print what it would decide now, without writing')
    .addOption(stateDirOption('directory for its state and the history', '/run/vip-switch and /var/lib/vip-switch'))
    .addOption(jsonOption('with --once: print JSON'))
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
SIGHUP reloads the config; if it is invalid, the old one stays in effect.

Examples:
  vip-switch reconcile --once
  vip-switch reconcile --once --json | jq '.instances[] | select(.action == "write")'
  systemctl enable --now vip-switch`,
    )
    .action(async (options) => {
      const { reconcile } = await import('./reconcile.ts')
      exit(await reconcile(options))
    })
}
