/** `vip-switch keepalived-config`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, repeatable, wholeNumber } from '../options.ts'

export function addKeepalivedConfigCommand(program: Command, exit: Exit): void {
  program
    .command('keepalived-config')
    .description('print what keepalived.conf needs')
    .argument('[instance]', 'VRRP instance or sync group of the config (default: all)')
    .option('--interface <name>', 'where VRRP speaks (default: the config’s, or the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .addOption(repeatable('--peer <address>', 'another node’s address', 'from the claims'))
    .option('--priority <number>', 'from 1 to 254; the highest node is MASTER', wholeNumber(1, 254))
    .option('--virtual-router-id <id>', 'of the first vrrp_instance; the next have the next', wholeNumber(1, 255), 51)
    .addOption(repeatable('--member <name>', 'a vrrp_instance of the sync group INSTANCE'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
What no flag tells is looked up on the instance (IMDS) and in EC2. What is not
found there is printed as a placeholder, which keepalived refuses, and named on
stderr.

Examples:
  vip-switch keepalived-config VI_1 --priority 150 --peer 10.0.2.12
  vip-switch keepalived-config VG_1 --member VI_1 --member VI_2 --priority 150`,
    )
    .action(async (instance: string | undefined, options) => {
      const { printKeepalivedConfig } = await import('./keepalived-config.ts')
      exit(await printKeepalivedConfig(instance, options))
    })
}
