/** `vip-switch init`: what it takes, and its help. */
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { DEFAULT_CONFIG_PATH } from '../../config/paths.ts'
import { type Exit, jsonOption, repeatable, wholeNumber } from '../options.ts'

export function addInitCommand(program: Command, exit: Exit): void {
  program
    .command('init')
    .description('write the config, what keepalived.conf needs and the IAM policy of a new node')
    .option('--cluster <name>', 'name of the cluster')
    .option('--vrrp-instance <name>', 'name of the VRRP instance (default: VI_1)')
    .addOption(
      repeatable('-r, --route-table <table>', 'route table, by id, Name or key=value of a tag; or all', 'asked for'),
    )
    .addOption(repeatable('-v, --vip <vip>', 'VIP: address, CIDR or prefix list', 'asked for'))
    .addOption(repeatable('--peer <node>', 'another node, by address, Name or id', 'asked for'))
    .option('--priority <number>', 'from 1 to 254; the highest node is MASTER')
    .option('--interface <name>', 'where VRRP speaks, and whose ENI becomes the target (default: the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .option('--virtual-router-id <id>', 'of the vrrp_instance', wholeNumber(1, 255), 51)
    .option('--assume-role <arn>', 'role of the account that owns the route tables (shared VPC)')
    .option('--directory <dir>', 'where the files are made', dirname(DEFAULT_CONFIG_PATH))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Looks at the instance (IMDS) and at its VPC, and asks on a terminal for what no
flag tells. Nothing is ever written over, and of the files all are made or none.

Examples:
  sudo vip-switch init
  vip-switch init --cluster db --vip 10.99.0.10 -r all --peer db-2 --priority 150 --directory /tmp/db`,
    )
    .action(async (options) => {
      const { init } = await import('./init.ts')
      exit(await init(options))
    })
}
