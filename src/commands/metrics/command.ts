/** `vip-switch metrics`: what it takes, and its help. */
import { type Command, Option } from 'commander'
import { configOption, type Exit } from '../options.ts'
import type { MetricsOptions } from './metrics.ts'

export function addMetricsCommand(program: Command, exit: Exit): void {
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
      const { metrics } = await import('./metrics.ts')
      exit(await metrics(options))
    })
}
