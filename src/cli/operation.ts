/** What an operator does and looks at by hand. */
import type { Command } from 'commander'
import { configOption, deadlineOption, type Exit, jsonOption, pinDuration, repeatable } from './options.ts'

/** `switch`, `pin`, `unpin` and `list`. */
export function addOperationCommands(program: Command, exit: Exit): void {
  program
    .command('switch')
    .description('point routes at another node, by hand')
    .argument('[instance]', 'VRRP instance of the config, whose VIPs and route tables are meant')
    .addOption(repeatable('-r, --route-table <table>', 'route table, by id or Name'))
    .addOption(repeatable('-v, --vip <vip>', 'VIP: address, CIDR or prefix list'))
    .option('-I, --instance <instance>', 'to this EC2 instance, by id or Name')
    .option('--eni <eni>', 'to this network interface')
    .option('--to <target>', 'to this private IP, Name or id (default with an INSTANCE: this node)')
    .option('--pin <duration>', 'keep them there for so long, whomever VRRP elects', pinDuration)
    .addOption(deadlineOption())
    .option('-f, --force', 'do not ask')
    .option('--dry-run', 'ask EC2 whether it would be permitted; change nothing')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Examples, the last with the flags of swiro:
  vip-switch switch VI_1                       to this node
  vip-switch switch VI_1 --to db-2 --dry-run
  vip-switch switch -r rtb-0a1b2c3d -r private-c -v 10.99.0.10 -I i-0a1b2c3d`,
    )
    .action(async (instance: string | undefined, options) => {
      const { switchRoutes } = await import('../commands/switch/switch.ts')
      exit(await switchRoutes(instance, options))
    })

  program
    .command('pin')
    .description('move an instance’s routes to a node and keep them there, whomever VRRP elects')
    .argument('<instance>', 'VRRP instance of the config')
    .requiredOption('--for <duration>', 'for so long: 30m, 2h', pinDuration)
    .option('--to <target>', 'to this private IP, Name or id (default: this node)')
    .addOption(deadlineOption())
    .option('-f, --force', 'do not ask')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Every daemon honours the pin until its end, by EC2's clock.

Example:
  vip-switch pin VI_1 --to db-2 --for 30m`,
    )
    .action(async (instance: string, { for: pin, ...options }) => {
      const { switchRoutes } = await import('../commands/switch/switch.ts')
      exit(await switchRoutes(instance, { ...options, pin, routeTable: [], vip: [] }))
    })

  program
    .command('unpin')
    .description('take the pin away: the routes are VRRP’s again')
    .argument('<instance>', 'VRRP instance of the config')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  vip-switch unpin VI_1')
    .action(async (instance: string, options) => {
      const { unpin } = await import('../commands/pin/unpin.ts')
      exit(await unpin(instance, options))
    })

  program
    .command('list')
    .description('show route tables and the VIPs in them: target, state, instance, zone')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Without a config, every route to a network interface or an instance, and every
blackhole, counts as a VIP's.

Examples:
  vip-switch list
  vip-switch list --json | jq '.tables[].routes[] | select(.state == "blackhole")'`,
    )
    .action(async (options) => {
      const { list } = await import('../commands/list/list.ts')
      exit(await list(options))
    })
}
