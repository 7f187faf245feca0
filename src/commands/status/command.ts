/** `vip-switch status`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption } from '../options.ts'

export function addStatusCommand(program: Command, exit: Exit): void {
  program
    .command('status')
    .description('show how things stand: one word, the routes, what every node claims, and what to do next')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .option('--watch', 'draw it anew in place every 2 seconds, until Ctrl-C')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
The word is OK, SWITCHING, DRIFT, SPLIT-BRAIN, BLACKHOLE, NO-MASTER, PINNED,
FOREIGN or UNKNOWN; docs/conditions has a page for each. It needs the right to
read EC2, and neither a daemon nor keepalived: a laptop will do. It exits with 0
whatever the word is, unless EC2 cannot be read; for monitoring there is check.

Examples:
  vip-switch status VI_1 --watch
  vip-switch status --json | jq -r '.instances[] | .name + " " + .condition'`,
    )
    .action(async (instance: string | undefined, options) => {
      const { status } = await import('./status.ts')
      exit(await status(instance, options))
    })
}
