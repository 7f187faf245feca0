/** `vip-switch switch`: what it takes, and its help. */
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
  repeatable,
} from '../options.ts'

export function addSwitchCommand(program: Command, exit: Exit): void {
  program
    .command('switch')
    .description('point routes at another node, by hand')
    .argument('[instance]', 'VRRP instance of the config whose routes to move')
    .addOption(repeatable('-r, --route-table <table>', 'route table, by id or Name'))
    .addOption(repeatable('-v, --vip <vip>', 'VIP: address, CIDR or prefix list'))
    .option('-I, --instance <instance>', 'to this EC2 instance, by id or Name')
    .option('--eni <eni>', 'to this network interface')
    .option('--to <target>', 'to this private IP, Name or id (default with an INSTANCE: this node)')
    .option('--pin <duration>', 'keep them at that node for this long, whomever VRRP elects', pinDuration)
    .addOption(deadlineOption())
    .option('-f, --force', 'do not ask')
    .option('--dry-run', 'only ask EC2 whether it would be permitted')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
Examples, the last one with swiro's flags:
  vip-switch switch VI_1                       to this node
  vip-switch switch VI_1 --to db-2 --dry-run
  vip-switch switch -r rtb-0a1b2c3d -r private-c -v 10.99.0.10 -I i-0a1b2c3d`,
    )
    .action(async (instance: string | undefined, options) => {
      const { switchRoutes } = await import('./switch.ts')
      exit(await switchRoutes(instance, options))
    })
}
