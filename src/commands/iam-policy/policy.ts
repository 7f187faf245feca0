/** The least IAM policy with which everything works for one config. It is made of the config alone: nobody is asked. */

import { PERMISSIONS, type Permission } from '../../adapters/ec2/operations/permissions.ts'
import { claimKey, pinKey } from '../../adapters/witness/tag.ts'
import type { Config, InstanceConfig, TableSelector } from '../../config/schema.ts'
import { PARTITIONS, partitionOf } from '../../core/partition.ts'
import { Failure } from '../../platform/errors.ts'

/** IAM takes a text for a list of one. */
type OneOrMore = string | readonly string[]

export type PolicyStatement = {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: OneOrMore
  readonly Resource: OneOrMore
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>
}

/** As IAM takes it. */
export type PolicyDocument = { readonly Version: '2012-10-17'; readonly Statement: readonly PolicyStatement[] }

export type Policies = {
  /** For the role of the instances. */
  readonly instance: PolicyDocument
  /** For the role that they assume for the route tables; undefined where the config names none. */
  readonly routeOwner: PolicyDocument | undefined
}

/** The partition of a policy for any region; `iam-policy` says so. */
export const DEFAULT_PARTITION = 'aws'

/** Where the resources are; what is not known is any. */
type Place = { readonly partition: string; readonly region: string; readonly account: string }

/**
 * @param account of the instances; that of the route tables is known where a role is assumed for them
 * @throws Failure of kind `config` if the region is in no partition, or not in that of `assumeRole`
 */
export function policiesOf(
  config: Config,
  { region, account }: { region: string | undefined; account: string | undefined },
): Policies {
  const { assumeRole } = config
  const [, ofRole, , , owner = account] = assumeRole?.split(':') ?? []
  const partition = partitionFor(region, ofRole)
  const place = (of: string | undefined): Place => ({ partition, region: region ?? '*', account: of ?? '*' })
  const statementsOf = (client: Permission['client'], of: string | undefined) =>
    PERMISSIONS.filter((permission) => permission.client === client).flatMap((permission) =>
      statementsFor(permission, config, place(of)),
    )

  const own = statementsOf('own', account)
  const routes = statementsOf('routes', owner)
  if (assumeRole === undefined) return { instance: documentOf([...routes, ...own]), routeOwner: undefined }
  const assume = allow('AssumeRouteRole', ['sts:AssumeRole'], [assumeRole])
  return { instance: documentOf([assume, ...own]), routeOwner: documentOf(routes) }
}

/**
 * The partition of the ARNs (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
 * @param ofRole that of `assumeRole`
 * @throws Failure
 */
function partitionFor(region: string | undefined, ofRole: string | undefined): string {
  if (region === undefined) return ofRole ?? DEFAULT_PARTITION
  const found = partitionOf(region)?.id
  if (found === undefined) {
    throw new Failure(
      'config',
      `${region} is not a region of any AWS partition: ${PARTITIONS.map(({ id }) => id).join(', ')}`,
      {
        hint: 'correct region in the config, AWS_REGION or the profile; for a new partition, upgrade vip-switch',
      },
    )
  }
  if (ofRole === undefined || ofRole === found) return found
  throw new Failure('config', `${region} is in the partition ${found}, but the role of assumeRole is in ${ofRole}`, {
    hint: 'a role can only be assumed within its partition: correct assumeRole or the region',
  })
}

function documentOf(Statement: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement }
}

function allow(Sid: string, actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return { Sid, Effect: 'Allow', Action: oneOrMore(actions), Resource: oneOrMore(resources) }
}

function oneOrMore(values: readonly string[]): OneOrMore {
  const [first] = values
  return first !== undefined && values.length === 1 ? first : values
}

function statementsFor({ sid, actions, scope }: Permission, config: Config, place: Place): PolicyStatement[] {
  const calls = actions.map((action) => `${scope === 'claims-table' ? 'dynamodb' : 'ec2'}:${action}`)
  const instances = Object.values(config.instances)
  const keys = (keyOf: typeof claimKey) => Object.keys(config.instances).map((name) => keyOf(config.cluster, name))
  switch (scope) {
    case 'any':
      return [allow(sid, calls, ['*'])]
    case 'tables':
      return statementsOnTables(sid, calls, instances, place)
    case 'tables-to-create-in': {
      const creating = instances.filter(({ createMissing }) => createMissing)
      return statementsOnTables(sid, calls, creating, place)
    }
    case 'claims':
      return config.witness.type === 'ec2-tags' ? [statementOnTags(sid, calls, keys(claimKey), place)] : []
    case 'claims-table':
      return config.witness.type === 'dynamodb'
        ? [statementOnItems(sid, calls, config.witness, config.cluster, place)]
        : []
    case 'pins':
      return [statementOnTags(sid, calls, keys(pinKey), place)]
  }
}

/** Tables by id, by Name and by each set of tags: their conditions differ, and those of one statement are ANDed. */
function statementsOnTables(
  sid: string,
  actions: readonly string[],
  instances: readonly InstanceConfig[],
  place: Place,
): PolicyStatement[] {
  const selectors = distinct(instances.flatMap(({ routeTables }) => routeTables))
  const ids = selectors.flatMap((selector) =>
    selector.kind === 'id' ? [arn(place, `route-table/${selector.id}`)] : [],
  )
  const names = selectors.flatMap((selector) => (selector.kind === 'name' ? [selector.name] : []))
  const tagSets = selectors.flatMap((selector) => (selector.kind === 'tags' ? [selector.tags] : []))
  const onTagged = (suffix: string, tags: readonly (readonly [string, readonly string[]])[]) => {
    const wanted = tags.map(([key, values]) => [`aws:ResourceTag/${key}`, oneOrMore(values.map(literal))] as const)
    const statement = allow(`${sid}${suffix}`, actions, [arn(place, 'route-table/*')])
    return { ...statement, Condition: { StringEquals: Object.fromEntries(wanted) } }
  }
  return [
    ...(ids.length > 0 ? [allow(sid, actions, ids)] : []),
    ...(names.length > 0 ? [onTagged('ByName', [['Name', names]])] : []),
    ...tagSets.map((tags, index) => {
      const wanted = Object.entries(tags).map(([key, value]) => [key, [value]] as const)
      return onTagged(`ByTags${index > 0 ? index + 1 : ''}`, wanted)
    }),
  ]
}

/**
 * ForAllValues is true of no keys at all, too, and DeleteTags without keys deletes every tag: the Null demands one.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function statementOnTags(
  sid: string,
  actions: readonly string[],
  keys: readonly string[],
  place: Place,
): PolicyStatement {
  return {
    ...allow(sid, actions, [arn(place, 'network-interface/*')]),
    Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': oneOrMore(keys) }, Null: { 'aws:TagKeys': 'false' } },
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html */
function statementOnItems(
  sid: string,
  actions: readonly string[],
  { table }: { readonly table: string },
  cluster: string,
  place: Place,
): PolicyStatement {
  return {
    ...allow(sid, actions, [arn(place, `table/${table}`, 'dynamodb')]),
    Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': cluster } },
  }
}

function arn({ partition, region, account }: Place, resource: string, service = 'ec2'): string {
  return `arn:${partition}:${service}:${region}:${account}:${resource}`
}

/** A value that IAM takes as it is: `${` would begin a policy variable. */
function literal(value: string): string {
  return value.replace(/\$(?=\{)/g, () => `\${$}`)
}

function distinct(selectors: readonly TableSelector[]): TableSelector[] {
  return [...new Map(selectors.map((selector) => [JSON.stringify(selector), selector])).values()]
}
