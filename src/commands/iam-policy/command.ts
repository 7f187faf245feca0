/** `vip-switch iam-policy`: what it takes, and its help. */
import { type Command, Option } from 'commander'
import { accountId, configOption, type Exit } from '../options.ts'

export function addIamPolicyCommand(program: Command, exit: Exit): void {
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
      const { iamPolicy } = await import('./iam-policy.ts')
      exit(await iamPolicy(options))
    })
}
