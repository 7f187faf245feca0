/** `vip-switch check`: what it takes, and its help. */
import { type Command, CommanderError, Option } from 'commander'
import { usageErrorText } from '../../terminal/error.ts'
import { PLUGIN_EXIT } from '../../terminal/exit-code.ts'
import { print } from '../../terminal/print.ts'
import { configOption, type Exit, jsonOption, seconds } from '../options.ts'
import type { CheckOptions } from './check.ts'
import { pluginLine } from './output.ts'

export function addCheckCommand(program: Command, exit: Exit): void {
  program
    .command('check')
    .description('a monitoring plugin, for Nagios and its kin, and for mackerel-agent: one line, with perfdata')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .addOption(
      new Option('-t, --timeout <seconds>', 'say UNKNOWN after this long')
        .argParser(seconds({ least: 100, most: 600_000 }))
        .default(10_000, '10'),
    )
    .addOption(jsonOption('print JSON, for what takes the state from there'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Exit codes, which are those of plugins and not the program's other ones:
  0 OK        OK
  1 WARNING   SWITCHING, DRIFT or PINNED; a daemon that is down on a node, is
              mute, or has rejected its config
  2 CRITICAL  SPLIT-BRAIN, BLACKHOLE, NO-MASTER or FOREIGN
  3 UNKNOWN   UNKNOWN; anything that kept it from telling, a wrong config too

In mackerel-agent.conf:
  [plugin.checks.vip-switch]
  command = ["vip-switch", "check"]

Examples:
  vip-switch check VI_1 -t 5
  vip-switch check --json | jq -r .state`,
    )
    // Whoever monitors takes the program's code of a usage error, 2, for CRITICAL, and reads stdout alone.
    .configureOutput({
      writeErr: (text) => print(usageErrorText(text.trimEnd())),
      outputError: (text, write) => write(`${pluginLine('unknown', text)}\n`),
    })
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new CommanderError(PLUGIN_EXIT.unknown, error.code, error.message)
    })
    .action(async (instance: string | undefined, options: CheckOptions) => {
      const { check } = await import('./check.ts')
      exit(await check(instance, options))
    })
}
