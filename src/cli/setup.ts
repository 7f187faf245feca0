/** What is run once, when a pair is set up. */
import { dirname } from 'node:path'
import { Argument, type Command, Option } from 'commander'
import { DEFAULT_CONFIG_PATH } from '../config/paths.ts'
import { systemClock } from '../platform/clock.ts'
import { asIs, print } from '../terminal/print.ts'
import { accountId, configOption, type Exit, jsonOption, repeatable, wholeNumber } from './options.ts'

/** `init`, `keepalived-config`, `config` and `iam-policy`. */
export function addSetupCommands(program: Command, exit: Exit): void {
  addInitCommand(program, exit)
  addKeepalivedConfigCommand(program, exit)
  const config = program
    .command('config')
    .description('check the config file, or show what it comes to')
    .addHelpText('after', '\nExample:\n  vip-switch config check')
  addConfigCommands(config, exit)
  addIamPolicyCommand(program, exit)
  addCompletionCommand(program)
  addManualCommand(program)
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
      `
EC2 is asked whether a VIP lies inside the VPC; where it does not tell, that is
said, and the file counts as good.

Example:
  vip-switch config check /tmp/config.yaml && sudo cp /tmp/config.yaml /etc/vip-switch/`,
    )
    .action(async (file: string | undefined, options) => {
      const { checkConfig } = await import('../commands/config/config.ts')
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
      const { showConfig } = await import('../commands/config/config.ts')
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
      const { printConfigSchema } = await import('../commands/config/config.ts')
      exit(printConfigSchema())
    })

  // For completions, which need it at every Tab: not worth a line of the help.
  config
    .command('instances', { hidden: true })
    .description('print the names of the VRRP instances of the config, one a line')
    .addOption(configOption())
    .action(async (options) => {
      const { printInstances } = await import('../commands/config/config.ts')
      exit(printInstances(options))
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
Nobody is asked for it: route tables that the config means by Name or tags are
meant by their tags here, too.

Example:
  vip-switch iam-policy --account 123456789012 > policy.json
  aws iam put-role-policy --role-name db --policy-name vip-switch --policy-document file://policy.json`,
    )
    .action(async (options) => {
      const { iamPolicy } = await import('../commands/iam-policy/iam-policy.ts')
      exit(await iamPolicy(options))
    })
}

function addInitCommand(program: Command, exit: Exit): void {
  program
    .command('init')
    .description('write the config, what keepalived.conf needs and the IAM policy of a new node')
    .option('--cluster <name>', 'name of the cluster')
    .option('--vrrp-instance <name>', 'name of the VRRP instance (default: VI_1)')
    .addOption(
      repeatable('-r, --route-table <table>', 'route table, by id, Name or key=value of a tag; or all', 'asked for'),
    )
    .addOption(repeatable('-v, --vip <vip>', 'VIP: address, CIDR or prefix list', 'asked for'))
    .addOption(repeatable('--peer <node>', 'another node, by address, Name or id', 'asked for'))
    .option('--priority <number>', 'from 1 to 254; the highest node is MASTER')
    .option('--interface <name>', 'where VRRP speaks, and whose ENI becomes the target (default: the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .option('--virtual-router-id <id>', 'of the vrrp_instance', wholeNumber(1, 255), 51)
    .option('--assume-role <arn>', 'role of the account that owns the route tables (shared VPC)')
    .option('--directory <dir>', 'where the files are made', dirname(DEFAULT_CONFIG_PATH))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Looks at the instance (IMDS) and at its VPC, and asks on a terminal for what no
flag tells. Nothing is ever written over, and of the files all are made or none.

Examples:
  sudo vip-switch init
  vip-switch init --cluster db --vip 10.99.0.10 -r all --peer db-2 --priority 150 --directory /tmp/db`,
    )
    .action(async (options) => {
      const { init } = await import('../commands/init/init.ts')
      exit(await init(options))
    })
}

function addKeepalivedConfigCommand(program: Command, exit: Exit): void {
  program
    .command('keepalived-config')
    .description('print what keepalived.conf needs')
    .argument('[instance]', 'VRRP instance or sync group of the config (default: all)')
    .option('--interface <name>', 'where VRRP speaks (default: the config’s, or the primary one)')
    .option('--source <address>', 'this node’s address (default: the interface’s)')
    .addOption(repeatable('--peer <address>', 'another node’s address', 'from the claims'))
    .option('--priority <number>', 'from 1 to 254; the highest node is MASTER', wholeNumber(1, 254))
    .option('--virtual-router-id <id>', 'of the first vrrp_instance; the next have the next', wholeNumber(1, 255), 51)
    .addOption(repeatable('--member <name>', 'a vrrp_instance of the sync group INSTANCE'))
    .addOption(configOption())
    .addHelpText(
      'after',
      `
What no flag tells is looked up on the instance (IMDS) and in EC2. What is not
found there is printed as a placeholder, which keepalived refuses, and named on
stderr.

Examples:
  vip-switch keepalived-config VI_1 --priority 150 --peer 10.0.2.12
  vip-switch keepalived-config VG_1 --member VI_1 --member VI_2 --priority 150`,
    )
    .action(async (instance: string | undefined, options) => {
      const { printKeepalivedConfig } = await import('../commands/keepalived-config/keepalived-config.ts')
      exit(await printKeepalivedConfig(instance, options))
    })
}

function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the completion for a shell: of commands, options and VRRP instances')
    .addArgument(new Argument('<shell>', 'whose').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  vip-switch completion bash | sudo tee /etc/bash_completion.d/vip-switch > /dev/null
  vip-switch completion zsh > "\${fpath[1]}/_vip-switch"
  vip-switch completion fish > ~/.config/fish/completions/vip-switch.fish`,
    )
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion/completion.ts')
      print(asIs(completionScript(program, shell).trimEnd()))
    })
}

function addManualCommand(program: Command): void {
  // For the build, which puts it where `man vip-switch` finds it.
  program
    .command('manual', { hidden: true })
    .description('print the manual page')
    .action(async () => {
      const { manualPage } = await import('./manual.ts')
      print(asIs(manualPage(program, systemClock.wall()).trimEnd()))
    })
}
