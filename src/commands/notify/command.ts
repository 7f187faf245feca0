/** `vip-switch notify`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, deadlineOption, type Exit, profileOption, regionOption, stateDirOption } from '../options.ts'
import type { NotifyOptions } from './notify.ts'

export function addNotifyCommand(program: Command, exit: Exit): void {
  program
    .command('notify')
    .description('handle one keepalived event; called by its notify scripts')
    .argument('[event...]', 'TYPE NAME STATE [PRIORITY], as keepalived appends them')
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(
      stateDirOption('directory for recorded events and the history', '/run/vip-switch and /var/lib/vip-switch'),
    )
    .addOption(deadlineOption())
    .addHelpText(
      'after',
      `
In keepalived.conf, inside vrrp_instance VI_1 (keepalived appends the event):
  notify "/usr/bin/vip-switch notify"
  notify_master_rx_lower_pri "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER_RX_LOWER_PRI"

Example, run by hand:
  vip-switch notify INSTANCE VI_1 MASTER 150`,
    )
    .action(async (event: string[], options: NotifyOptions) => {
      const { notify } = await import('./notify.ts')
      exit(await notify(event, options))
    })
}
