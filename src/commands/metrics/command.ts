/** `vip-switch metrics`: what it takes, and its help. */
import { type Command, Option } from 'commander'
import { configOption, type Exit, profileOption, regionOption } from '../options.ts'
import type { MetricsOptions } from './metrics.ts'

export function addMetricsCommand(program: Command, exit: Exit): void {
  program
    .command('metrics')
    .description('print metrics for Prometheus (text format) or Mackerel (as a mackerel-agent plugin)')
    .addOption(
      new Option('--format <format>', 'output format').choices(['prometheus', 'mackerel']).makeOptionMandatory(),
    )
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addHelpText(
      'after',
      `
It exits with 0 whatever it finds: unavailable metrics are missing, and
vip_switch_ec2_readable, _daemon_up and _config_rejected say why. Counters
start at 0 when the daemon starts.

In mackerel-agent.conf (the agent requests the graph definitions itself):
  [plugin.metrics.vip-switch]
  command = ["vip-switch", "metrics", "--format", "mackerel"]

Example, for the textfile collector of Prometheus's node_exporter:
  vip-switch metrics --format prometheus > vip-switch.prom.new && mv vip-switch.prom.new vip-switch.prom`,
    )
    .action(async (options: MetricsOptions) => {
      const { metrics } = await import('./metrics.ts')
      exit(await metrics(options))
    })
}
