/** `vip-switch status`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption, profileOption, regionOption } from '../options.ts'

export function addStatusCommand(program: Command, exit: Exit): void {
  program
    .command('status')
    .description('show the current condition, the routes, every node’s claim, and what to do next')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .option('--watch', 'refresh in place every 2 seconds until Ctrl-C')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addHelpText(
      'after',
      `
The condition is OK, SWITCHING, DRIFT, SPLIT-BRAIN, BLACKHOLE, NO-MASTER,
PINNED, FOREIGN or UNKNOWN; docs/conditions has a page for each. It only needs
read access to EC2, so it also works from a laptop. It exits with 0 whatever the
condition, unless EC2 cannot be read; for monitoring, use check.

Examples:
  vip-switch status VI_1 --watch
  vip-switch status --json | jq -r '.instances[] | .name + " " + .condition'`,
    )
    .action(async (instance: string | undefined, options) => {
      const { status } = await import('./status.ts')
      exit(await status(instance, options))
    })
}
