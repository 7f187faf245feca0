/**
 * Every call that this folder and the witness make, by what it is for: the one list that the IAM policy is made of. A test compares it
 * with the SDK's commands that are used there.
 */

/**
 * What the calls are on, and so how far their permission can be narrowed:
 * - `any`: EC2 narrows no Describe call to resources
 * - `tables`: the route tables of the config
 * - `tables-to-create-in`: those of the instances whose missing routes are created
 * - `claims`, `pins`: our own keys among the tags of network interfaces
 * - `claims-table`: the cluster's items of the DynamoDB table, which take the place of `claims`
 */
export type Scope = 'any' | 'tables' | 'tables-to-create-in' | 'claims' | 'pins' | 'claims-table'

export type Permission = {
  /** What it is for; the Sid of its statement. */
  readonly sid: string
  /** As the SDK's commands are named: `ReplaceRoute`. */
  readonly actions: readonly string[]
  /** Which client of `Ec2` makes the calls: with `assumeRole`, `routes` is another role's, of another account. */
  readonly client: 'routes' | 'own'
  readonly scope: Scope
}

/** docs/iam.md says of each what needs it. */
export const PERMISSIONS: readonly Permission[] = [
  { sid: 'ReadRoutes', actions: ['DescribeRouteTables'], client: 'routes', scope: 'any' },
  { sid: 'ReadInterfaces', actions: ['DescribeNetworkInterfaces'], client: 'own', scope: 'any' },
  { sid: 'ReadInstances', actions: ['DescribeInstances'], client: 'own', scope: 'any' },
  { sid: 'MoveRoutes', actions: ['ReplaceRoute'], client: 'routes', scope: 'tables' },
  { sid: 'CreateMissingRoutes', actions: ['CreateRoute'], client: 'routes', scope: 'tables-to-create-in' },
  { sid: 'PublishClaims', actions: ['CreateTags'], client: 'own', scope: 'claims' },
  { sid: 'ShareClaims', actions: ['PutItem', 'Query'], client: 'own', scope: 'claims-table' },
  { sid: 'Pin', actions: ['CreateTags', 'DeleteTags'], client: 'own', scope: 'pins' },
  { sid: 'Diagnose', actions: ['DescribeSubnets', 'DescribeSecurityGroups'], client: 'own', scope: 'any' },
]

/**
 * Calls of an operator alone, in no policy of ours: IAM cannot narrow ModifyNetworkInterfaceAttribute to the source/dest
 * check of these interfaces, and it also sets their security groups.
 */
export const OPERATORS_ACTIONS: readonly string[] = ['ModifyNetworkInterfaceAttribute']
