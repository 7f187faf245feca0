/** What is run once, when a pair is set up. */
import { type Command, Option } from 'commander'
import { accountId, configOption, type Exit, jsonOption } from './options.ts'

/** `config` and `iam-policy`. */
export function addSetupCommands(program: Command, exit: Exit): void {
  addConfigCommands(program.command('config').description('check the config file, or show what it comes to'), exit)
  addIamPolicyCommand(program, exit)
}

function addConfigCommands(config: Command, exit: Exit): void {
  config
    .command('check')
    .description('say what the config manages, or everything that is wrong with it, each with its line')
    .argument('[file]', 'the file (default: as --config)')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nExample:\n  vip-switch config check /tmp/config.yaml && sudo cp /tmp/config.yaml /etc/vip-switch/',
    )
    .action(async (file: string | undefined, options) => {
      const { checkConfig } = await import('../commands/config.ts')
      exit(checkConfig(file, options))
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
      const { showConfig } = await import('../commands/config.ts')
      exit(showConfig(options))
    })

  config
    .command('schema')
    .description('print the JSON Schema of the config file, for editors')
    .addHelpText(
      'after',
      `
Example (and then, as the first line of config.yaml: # yaml-language-server: $schema=config.schema.json):
  vip-switch config schema > config.schema.json`,
    )
    .action(async () => {
      const { printConfigSchema } = await import('../commands/config.ts')
      exit(printConfigSchema())
    })
}

function addIamPolicyCommand(program: Command, exit: Exit): void {
  program
    .command('iam-policy')
    .description('print the least IAM policy with which everything works for this config')
    .option('--account <id>', 'AWS account of the instances (default: any)', accountId)
    .addOption(
      new Option('--for <role>', 'whose: the instances’, or that of the role which they assume (assumeRole)')
        .choices(['instance', 'route-owner'])
        .default('instance'),
    )
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Nobody is asked for it: route tables that the config means by Name or tags are meant by their tags here, too.

Example:
  vip-switch iam-policy --account 123456789012 > policy.json
  aws iam put-role-policy --role-name db --policy-name vip-switch --policy-document file://policy.json`,
    )
    .action(async (options) => {
      const { iamPolicy } = await import('../commands/iam-policy.ts')
      exit(await iamPolicy(options))
    })
}
