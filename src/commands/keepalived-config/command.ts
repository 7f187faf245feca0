/** `vip-switch keepalived-config`: what it takes, and its help. */
import type { Command } from 'commander'
import {
  configOption,
  type Exit,
  logFormatOption,
  profileOption,
  regionOption,
  repeatable,
  wholeNumber,
} from '../options.ts'

export function addKeepalivedConfigCommand(program: Command, exit: Exit): void {
  program
    .command('keepalived-config')
    .description('print the snippet for keepalived.conf')
    .argument('[instance]', 'VRRP instance or sync group of the config (default: all)')
    .option('--interface <name>', 'interface for VRRP (default: the config’s, or the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .addOption(repeatable('--peer <address>', 'another node’s address', 'from the claims'))
    .option('--priority <number>', 'VRRP priority, 1 to 254; the highest becomes MASTER', wholeNumber(1, 254))
    .option(
      '--virtual-router-id <id>',
      'virtual_router_id of the first vrrp_instance; the rest count up',
      wholeNumber(1, 255),
      51,
    )
    .addOption(repeatable('--member <name>', 'a vrrp_instance of the sync group INSTANCE'))
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
Values not given by flags are looked up on the instance (IMDS) and in EC2.
Those not found become placeholders, which keepalived rejects, and are listed
on stderr.

Examples:
  vip-switch keepalived-config VI_1 --priority 150 --peer 10.0.2.12
  vip-switch keepalived-config VG_1 --member VI_1 --member VI_2 --priority 150`,
    )
    .action(async (instance: string | undefined, options) => {
      const { printKeepalivedConfig } = await import('./keepalived-config.ts')
      exit(await printKeepalivedConfig(instance, options))
    })
}
