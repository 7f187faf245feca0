/** Dry runs: asks EC2 whether a call would be permitted, without reading or writing anything. */
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
} from '@aws-sdk/client-ec2'
import type { EniId } from '../../../core/ids.ts'
import type { RouteKey } from '../../../core/route.ts'
import { type Ec2, send } from '../client.ts'
import { Ec2Error } from '../errors.ts'
import { rehearseWrite } from './routes.ts'

export const REHEARSED_READS = ['DescribeRouteTables', 'DescribeNetworkInterfaces', 'DescribeInstances'] as const

/** A call to check permission for. */
export type Rehearsal =
  | { readonly action: (typeof REHEARSED_READS)[number] }
  | { readonly action: 'ReplaceRoute' | 'CreateRoute'; readonly key: RouteKey; readonly eni: EniId }
  | { readonly action: 'CreateTags' | 'DeleteTags'; readonly eni: EniId; readonly tag: string }

/**
 * Resolves if the call would be permitted. Checks only permission, not whether the call would succeed.
 * @throws Ec2Error, of class `denied` if it would not be permitted
 */
export async function rehearse(ec2: Ec2, rehearsal: Rehearsal, signal: AbortSignal): Promise<void> {
  switch (rehearsal.action) {
    case 'ReplaceRoute':
    case 'CreateRoute':
      return rehearseWrite(ec2, rehearsal.key, rehearsal.eni, rehearsal.action === 'CreateRoute', signal)
    case 'CreateTags':
    case 'DeleteTags':
      return attempt(
        `a dry run of ${rehearsal.action} ${rehearsal.tag} on ${rehearsal.eni}`,
        tagging(ec2, rehearsal),
        signal,
      )
    case 'DescribeRouteTables':
    case 'DescribeNetworkInterfaces':
    case 'DescribeInstances':
      return attempt(`a dry run of ${rehearsal.action}`, reading(ec2, rehearsal.action), signal)
  }
}

type Call = (options: { abortSignal: AbortSignal }) => Promise<object>

async function attempt(attempted: string, call: Call, signal: AbortSignal): Promise<void> {
  try {
    await send(attempted, call, signal)
  } catch (error) {
    if (!(error instanceof Ec2Error && error.class === 'permitted')) throw error
  }
}

function tagging(ec2: Ec2, { action, eni, tag }: Extract<Rehearsal, { tag: string }>): Call {
  const input = { DryRun: true, Resources: [eni], Tags: [{ Key: tag }] }
  return (options) =>
    action === 'CreateTags'
      ? ec2.own.send(new CreateTagsCommand(input), options)
      : ec2.own.send(new DeleteTagsCommand(input), options)
}

function reading(ec2: Ec2, action: (typeof REHEARSED_READS)[number]): Call {
  const input = { DryRun: true, MaxResults: 5 }
  switch (action) {
    case 'DescribeRouteTables':
      return (options) => ec2.routes.send(new DescribeRouteTablesCommand(input), options)
    case 'DescribeNetworkInterfaces':
      return (options) => ec2.own.send(new DescribeNetworkInterfacesCommand(input), options)
    case 'DescribeInstances':
      return (options) => ec2.own.send(new DescribeInstancesCommand(input), options)
  }
}
