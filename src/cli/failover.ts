/** What keepalived and systemd call. */
import type { Command } from 'commander'
import { configOption, deadlineOption, type Exit, jsonOption } from './options.ts'

/** `notify` and `reconcile`. */
export function addFailoverCommands(program: Command, exit: Exit): void {
  program
    .command('notify')
    .description('handle one event of keepalived: what its notify scripts call')
    .argument('[event...]', 'TYPE NAME STATE [PRIORITY], as keepalived appends them')
    .addOption(configOption())
    .option('--state-dir <dir>', 'where events are recorded (or RUNTIME_DIRECTORY; default /run/vip-switch)')
    .addOption(deadlineOption())
    .addHelpText(
      'after',
      `
In keepalived.conf, inside vrrp_instance VI_1 (keepalived appends the event):
  notify "/usr/bin/vip-switch notify"
  notify_master_rx_lower_pri "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER_RX_LOWER_PRI"

Example, by hand:
  vip-switch notify INSTANCE VI_1 MASTER 150`,
    )
    .action(async (event: string[], options: { config?: string; stateDir?: string; deadline?: number }) => {
      const { notify } = await import('../commands/notify/notify.ts')
      exit(await notify(event, options))
    })

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
      const { reconcile } = await import('../commands/reconcile/reconcile.ts')
      exit(await reconcile(options))
    })
}
