/** `vip-switch iam-policy`: what it takes, and its help. */
import { type Command, Option } from 'commander'
import { accountId, configOption, type Exit, profileOption, regionOption } from '../options.ts'

export function addIamPolicyCommand(program: Command, exit: Exit): void {
  program
    .command('iam-policy')
    .description('print the minimal IAM policy for this config')
    .option('--account <id>', 'AWS account of the instances (default: any)', accountId)
    .addOption(
      new Option('--for <role>', 'role to print it for: the instances’ own, or the one they assume (assumeRole)')
        .choices(['instance', 'route-owner'])
        .default('instance'),
    )
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addHelpText(
      'after',
      `
Works offline: route tables that the config selects by Name or tags are also
matched by tags in the policy.

Example:
  vip-switch iam-policy --account 123456789012 > policy.json
  aws iam put-role-policy --role-name db --policy-name vip-switch --policy-document file://policy.json`,
    )
    .action(async (options) => {
      const { iamPolicy } = await import('./iam-policy.ts')
      exit(await iamPolicy(options))
    })
}
