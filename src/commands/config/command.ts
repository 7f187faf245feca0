/** `vip-switch config check`, `show` and `schema`: what they take, and their help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption, profileOption, regionOption } from '../options.ts'

export function addConfigCommands(program: Command, exit: Exit): void {
  const config = program
    .command('config')
    .description('check the config file, or show the effective settings')
    .addHelpText('after', '\nExample:\n  vip-switch config check')

  config
    .command('check')
    .description('summarise a valid config, or list every error with its line')
    .argument('[file]', 'config file (default: as for --config)')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addHelpText(
      'after',
      `
Also asks EC2 whether a VIP is inside the VPC. If EC2 cannot be read, this is
reported as not checked, and the file counts as valid.

Example:
  vip-switch config check /tmp/config.yaml && sudo cp /tmp/config.yaml /etc/vip-switch/`,
    )
    .action(async (file: string | undefined, options) => {
      const { checkConfig } = await import('./config.ts')
      exit(await checkConfig(file, options))
    })

  config
    .command('show')
    .description('print the effective config, with defaults marked')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Examples:
  vip-switch config show
  vip-switch config show --json | jq .config.interval`,
    )
    .action(async (options) => {
      const { showConfig } = await import('./config.ts')
      exit(showConfig(options))
    })

  config
    .command('schema')
    .description('print the JSON Schema of the config file, for editors')
    .addHelpText(
      'after',
      `
Example, with the first line of config.yaml that points editors to it:
  vip-switch config schema > config.schema.json
  # yaml-language-server: $schema=config.schema.json`,
    )
    .action(async () => {
      const { printConfigSchema } = await import('./config.ts')
      exit(printConfigSchema())
    })

  // Only for completions, so not in the help.
  config
    .command('instances', { hidden: true })
    .description('print the names of the config’s VRRP instances, one per line')
    .addOption(configOption())
    .action(async (options) => {
      const { printInstances } = await import('./config.ts')
      exit(printInstances(options))
    })

  for (const [name, what] of [
    ['nodes', 'nodes'],
    ['tables', 'route tables'],
  ] as const) {
    config
      .command(name, { hidden: true })
      .description(`print the ${what} that the daemon here has seen, one per line`)
      .addOption(configOption())
      .action(async (options) => {
        const { printSeen } = await import('./seen.ts')
        exit(await printSeen(name, options))
      })
  }
}
