/**
 * Every call that this folder and the witness make, by purpose. The IAM policy is generated from this list; a test
 * compares it with the SDK commands in use.
 */

/**
 * The resources that the calls act on, and thus how far a permission can be narrowed:
 * - `any`: Describe calls support no resource-level permissions
 * - `tables`: the config's route tables
 * - `tables-to-create-in`: those of instances whose missing routes are created
 * - `claims`, `pins`: our own tag keys on network interfaces
 * - `claims-table`: the cluster's items in the DynamoDB table, which replace `claims`
 */
export type Scope = 'any' | 'tables' | 'tables-to-create-in' | 'claims' | 'pins' | 'claims-table'

export type Permission = {
  /** Its purpose; the statement's Sid. */
  readonly sid: string
  /** Named as in the SDK: `ReplaceRoute`. */
  readonly actions: readonly string[]
  /** The `Ec2` client that makes the calls: with `assumeRole`, `routes` uses another role in another account. */
  readonly client: 'routes' | 'own'
  readonly scope: Scope
}

/** docs/iam.md explains what needs each of them. */
export const PERMISSIONS: readonly Permission[] = [
  { sid: 'ReadRoutes', actions: ['DescribeRouteTables'], client: 'routes', scope: 'any' },
  { sid: 'ReadInterfaces', actions: ['DescribeNetworkInterfaces'], client: 'own', scope: 'any' },
  { sid: 'ReadInstances', actions: ['DescribeInstances'], client: 'own', scope: 'any' },
  { sid: 'MoveRoutes', actions: ['ReplaceRoute'], client: 'routes', scope: 'tables' },
  { sid: 'CreateMissingRoutes', actions: ['CreateRoute'], client: 'routes', scope: 'tables-to-create-in' },
  { sid: 'PublishClaims', actions: ['CreateTags'], client: 'own', scope: 'claims' },
  { sid: 'ShareClaims', actions: ['PutItem', 'Query'], client: 'own', scope: 'claims-table' },
  { sid: 'Pin', actions: ['CreateTags', 'DeleteTags'], client: 'own', scope: 'pins' },
  {
    sid: 'Diagnose',
    actions: ['DescribeSubnets', 'DescribeSecurityGroups', 'DescribeNetworkAcls'],
    client: 'own',
    scope: 'any',
  },
]

/**
 * Calls made only by operators, and not in our policy: IAM cannot narrow ModifyNetworkInterfaceAttribute to the
 * source/dest check of these interfaces, and it can also change their security groups.
 */
export const OPERATOR_ACTIONS: readonly string[] = ['ModifyNetworkInterfaceAttribute']
