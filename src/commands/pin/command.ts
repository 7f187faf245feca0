/** `vip-switch pin` and `unpin`: what they take, and their help. */
import type { Command } from 'commander'
import {
  configOption,
  deadlineOption,
  type Exit,
  jsonOption,
  logFormatOption,
  pinDuration,
  profileOption,
  regionOption,
} from '../options.ts'

export function addPinCommands(program: Command, exit: Exit): void {
  program
    .command('pin')
    .description('move an instance’s routes to a node and keep them there, whomever VRRP elects')
    .argument('<instance>', 'VRRP instance of the config')
    .requiredOption('--for <duration>', 'for this long, such as 30m or 2h', pinDuration)
    .option('--to <target>', 'to this private IP, Name or id (default: this node)')
    .addOption(deadlineOption())
    .option('-f, --force', 'do not ask')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
All daemons honour the pin until it expires, by EC2's clock.

Example:
  vip-switch pin VI_1 --to db-2 --for 30m`,
    )
    .action(async (instance: string, { for: pin, ...options }) => {
      const { switchRoutes } = await import('../switch/switch.ts')
      exit(await switchRoutes(instance, { ...options, pin, routeTable: [], vip: [] }))
    })

  program
    .command('unpin')
    .description('remove the pin, so that the routes follow VRRP again')
    .argument('<instance>', 'VRRP instance of the config')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText('after', '\nExample:\n  vip-switch unpin VI_1')
    .action(async (instance: string, options) => {
      const { unpin } = await import('./unpin.ts')
      exit(await unpin(instance, options))
    })
}
