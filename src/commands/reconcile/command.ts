/** `vip-switch reconcile`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption } from '../options.ts'

export function addReconcileCommand(program: Command, exit: Exit): void {
  program
    .command('reconcile')
    .description('the daemon: keeps every route where VRRP means it to be')
    .option('--once', 'say what would be decided now, write nothing, and end')
    .option('--state-dir <dir>', 'where state is kept (or RUNTIME_DIRECTORY; default /run/vip-switch)')
    .addOption(jsonOption('with --once: print JSON'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
SIGHUP reads the config again; one that is wrong leaves the old one live.

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
