/** `vip-switch iam-policy`: the permissions that the roles need. */

import { regionOfEnvironment } from '../../adapters/ec2/client.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import { Failure } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { hintText } from '../../terminal/hint.ts'
import { asJson, print } from '../../terminal/print.ts'
import { DEFAULT_PARTITION, policiesOf } from './policy.ts'

export type IamPolicyOptions = { config?: string; region?: string; account?: string; for: 'instance' | 'route-owner' }

/** Prints the policy on stdout, and how to narrow or complete it on stderr. @throws Failure */
export async function iamPolicy({
  config: path,
  region: given,
  account,
  for: role,
}: IamPolicyOptions): Promise<ExitCode> {
  const config = loadConfig(configPath(path), given)
  const region = config.region ?? (await regionOfEnvironment())
  const { instance, routeOwner } = policiesOf(config, { region, account })
  const policy = role === 'instance' ? instance : routeOwner
  if (!policy) {
    throw new Failure('usage', 'the config has no assumeRole, so there is only one policy', {
      hint: 'omit --for',
    })
  }
  print(asJson(policy))

  const hints = [
    ...(region ? [] : [anyRegionHint(config.assumeRole)]),
    ...(account || role === 'route-owner'
      ? []
      : ['It applies to any account: use --account 123456789012 to narrow it.']),
    ...(role === 'instance' && routeOwner
      ? [`It is for the instances; for ${config.assumeRole}: vip-switch iam-policy --for route-owner`]
      : []),
  ]
  for (const hint of hints) print(hintText(hint), process.stderr)
  return EXIT.done
}

function anyRegionHint(assumeRole: string | undefined): string {
  const partition = assumeRole?.split(':')[1] ?? DEFAULT_PARTITION
  const where = `It applies to any region of the partition ${partition}`
  return `${where}: set region in the config, or AWS_REGION, to narrow or correct it.`
}
