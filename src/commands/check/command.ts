/** `vip-switch check`: what it takes, and its help. */
import { type Command, CommanderError, Option } from 'commander'
import { usageErrorText } from '../../terminal/error.ts'
import { PLUGIN_EXIT } from '../../terminal/exit-code.ts'
import { print } from '../../terminal/print.ts'
import { configOption, type Exit, jsonOption, profileOption, regionOption, seconds } from '../options.ts'
import type { CheckOptions } from './check.ts'
import { pluginLine } from './output.ts'

export function addCheckCommand(program: Command, exit: Exit): void {
  program
    .command('check')
    .description('print one line with perfdata: a plugin for Nagios, compatible monitoring and mackerel-agent')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .addOption(
      new Option('-t, --timeout <seconds>', 'report UNKNOWN after this long')
        .argParser(seconds({ least: 100, most: 600_000 }))
        .default(10_000, '10'),
    )
    .addOption(jsonOption('print JSON instead of plugin output'))
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addHelpText(
      'after',
      `
Exit codes are those of monitoring plugins, not of the other commands:
  0 OK        OK
  1 WARNING   SWITCHING, DRIFT or PINNED; a node's daemon that is down or mute,
              or has rejected its config
  2 CRITICAL  SPLIT-BRAIN, BLACKHOLE, NO-MASTER or FOREIGN
  3 UNKNOWN   UNKNOWN; any error, including an invalid config

In mackerel-agent.conf:
  [plugin.checks.vip-switch]
  command = ["vip-switch", "check"]

Examples:
  vip-switch check VI_1 -t 5
  vip-switch check --json | jq -r .state`,
    )
    // Monitoring would take our exit code for usage errors, 2, as CRITICAL, and only reads stdout.
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
