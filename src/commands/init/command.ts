/** `vip-switch init`: what it takes, and its help. */
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { DEFAULT_CONFIG_PATH } from '../../config/paths.ts'
import {
  type Exit,
  jsonOption,
  logFormatOption,
  profileOption,
  regionOption,
  repeatable,
  wholeNumber,
} from '../options.ts'

export function addInitCommand(program: Command, exit: Exit): void {
  program
    .command('init')
    .description('create the config, the keepalived.conf snippet and the IAM policy for a new node')
    .option('--join <file>', 'be another node of the cluster with this config, copied from the first')
    .option('-y, --yes', 'ask nothing, even on a terminal')
    .option('--cluster <name>', 'name of the cluster')
    .option('--vrrp-instance <name>', 'name of the VRRP instance (default: VI_1)')
    .addOption(repeatable('-r, --route-table <table>', 'route table, by id, Name or tag (key=value); or all', 'prompt'))
    .addOption(repeatable('-v, --vip <vip>', 'VIP: address, CIDR or prefix list', 'prompt'))
    .addOption(repeatable('--peer <node>', 'another node, by address, Name or id', 'prompt'))
    .option('--priority <number>', 'VRRP priority, 1 to 254; the highest becomes MASTER')
    .option('--interface <name>', 'interface for VRRP, whose ENI becomes the target (default: the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .option('--virtual-router-id <id>', 'virtual_router_id of the vrrp_instance', wholeNumber(1, 255), 51)
    .option('--assume-role <arn>', 'role of the account that owns the route tables (shared VPC)')
    .option('--directory <dir>', 'where to create the files', dirname(DEFAULT_CONFIG_PATH))
    .addOption(jsonOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
Looks up the instance (IMDS) and its VPC, and prompts for whatever else no flag
gives. Creates either all files or none, and never overwrites one. Where
keepalived has no keepalived.conf yet, it gets one that includes the snippet.

Examples:
  sudo vip-switch init
  sudo vip-switch init --yes --cluster db --vip 10.99.0.10 -r all --peer db-2 --priority 150
  sudo vip-switch init --join config.yaml --peer db-1`,
    )
    .action(async (options) => {
      const { init } = await import('./init.ts')
      exit(await init(options))
    })
}
