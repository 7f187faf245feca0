/** How things stand: for people, for monitoring, for metrics. */
import { type Command, CommanderError, Option } from 'commander'
import type { CheckOptions } from '../commands/check/check.ts'
import { pluginLine } from '../commands/check/output.ts'
import type { MetricsOptions } from '../commands/metrics/metrics.ts'
import { usageErrorText } from '../terminal/error.ts'
import { PLUGIN_EXIT } from '../terminal/exit-code.ts'
import { print } from '../terminal/print.ts'
import { configOption, type Exit, jsonOption, seconds } from './options.ts'

/** `status`, `check` and `metrics`. */
export function addInsightCommands(program: Command, exit: Exit): void {
  addStatusCommand(program, exit)
  addCheckCommand(program, exit)
  addMetricsCommand(program, exit)
}

function addStatusCommand(program: Command, exit: Exit): void {
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
      const { status } = await import('../commands/status/status.ts')
      exit(await status(instance, options))
    })
}

function addCheckCommand(program: Command, exit: Exit): void {
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
      const { check } = await import('../commands/check/check.ts')
      exit(await check(instance, options))
    })
}

function addMetricsCommand(program: Command, exit: Exit): void {
  program
    .command('metrics')
    .description('print figures for Prometheus (its text format) or Mackerel (as a plugin of mackerel-agent)')
    .addOption(new Option('--format <format>', 'of what').choices(['prometheus', 'mackerel']).makeOptionMandatory())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
It exits with 0 whatever it finds: figures that cannot be had are missing, and
vip_switch_ec2_readable, _daemon_up and _config_rejected tell why. Counters are
the daemon's, since it was started.

In mackerel-agent.conf, which asks for the definitions of the graphs by itself:
  [plugin.metrics.vip-switch]
  command = ["vip-switch", "metrics", "--format", "mackerel"]

Example, for the textfile collector of Prometheus' node_exporter:
  vip-switch metrics --format prometheus > vip-switch.prom.new && mv vip-switch.prom.new vip-switch.prom`,
    )
    .action(async (options: MetricsOptions) => {
      const { metrics } = await import('../commands/metrics/metrics.ts')
      exit(await metrics(options))
    })
}
