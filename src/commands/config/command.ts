/** `vip-switch config check`, `show` and `schema`: what they take, and their help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption } from '../options.ts'

export function addConfigCommands(program: Command, exit: Exit): void {
  const config = program
    .command('config')
    .description('check the config file, or show what it comes to')
    .addHelpText('after', '\nExample:\n  vip-switch config check')

  config
    .command('check')
    .description('say what the config manages, or everything that is wrong with it, each with its line')
    .argument('[file]', 'the file (default: as --config)')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
EC2 is asked whether a VIP lies inside the VPC; where it does not tell, that is
said, and the file counts as good.

Example:
  vip-switch config check /tmp/config.yaml && sudo cp /tmp/config.yaml /etc/vip-switch/`,
    )
    .action(async (file: string | undefined, options) => {
      const { checkConfig } = await import('./config.ts')
      exit(await checkConfig(file, options))
    })

  config
    .command('show')
    .description('print the config that is in effect, with its defaults marked')
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
Example, and the first line of config.yaml with which editors find it:
  vip-switch config schema > config.schema.json
  # yaml-language-server: $schema=config.schema.json`,
    )
    .action(async () => {
      const { printConfigSchema } = await import('./config.ts')
      exit(printConfigSchema())
    })

  // For completions, which need it at every Tab: not worth a line of the help.
  config
    .command('instances', { hidden: true })
    .description('print the names of the VRRP instances of the config, one a line')
    .addOption(configOption())
    .action(async (options) => {
      const { printInstances } = await import('./config.ts')
      exit(printInstances(options))
    })
}
