/** `vip-switch list`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption, logFormatOption, profileOption, regionOption } from '../options.ts'

export function addListCommand(program: Command, exit: Exit): void {
  program
    .command('list')
    .description('show route tables and the VIPs in them: target, state, instance, zone')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
Without a config, every route to a network interface or an instance, and every
blackhole, counts as a VIP.

Examples:
  vip-switch list
  vip-switch list --json | jq '.tables[].routes[] | select(.state == "blackhole")'`,
    )
    .action(async (options) => {
      const { list } = await import('./list.ts')
      exit(await list(options))
    })
}
