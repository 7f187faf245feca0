/** Whether each call that the config needs is permitted, asked by dry runs. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { PERMISSIONS, type Permission } from '../../../adapters/ec2/operations/permissions.ts'
import { REHEARSED_READS, type Rehearsal, rehearse } from '../../../adapters/ec2/operations/rehearsal.ts'
import { claimKey, pinKey } from '../../../adapters/witness/tag.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Config } from '../../../config/schema.ts'
import { literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import type { RouteKey } from '../../../core/route.ts'
import { finding, retryQuietly, whyOf } from './fact.ts'
import type { Managed } from './tables.ts'

/** A dry run counts against the bucket that a failover draws on: 50 at once, 5 a second (ec2-api-throttling). */
const MOST_TABLES = 20

export type Answer = {
  readonly permission: Permission
  readonly rehearsal: Rehearsal
  /** Undefined: it is permitted. `action` is what was denied, by EC2's or STS' words. */
  readonly error: { readonly isDenied: boolean; readonly why: string; readonly action: string | undefined } | undefined
}

export type Answers = {
  readonly answers: readonly Answer[]
  /** Permissions that could not be asked for, since no node's interface is known. */
  readonly unasked: readonly Permission[]
  /** Whether claims are in DynamoDB, which has no dry runs. */
  readonly isTableUsed: boolean
  /** How many tables were left out, to spare the account's budget. */
  readonly tablesLeftOut: number
}

/** @param eni whose routes and tags the calls would be about; undefined where no node is known */
export async function askPermissions(
  ec2: Ec2,
  { cluster, witness }: Pick<Config, 'cluster' | 'witness'>,
  managed: readonly Managed[],
  eni: EniId | undefined,
  context: CallContext,
): Promise<Answers> {
  const elsewhere = witness.type === 'dynamodb' ? 'claims' : 'claims-table'
  const asked = PERMISSIONS.filter(({ scope }) => scope !== elsewhere).map((permission) => ({
    permission,
    rehearsals: rehearsalsOf(permission, cluster, managed, eni),
  }))
  const answers = await Promise.all(
    asked.flatMap(({ permission, rehearsals = [] }) =>
      rehearsals.map(async (rehearsal) => ({ permission, rehearsal, error: await errorOf(ec2, rehearsal, context) })),
    ),
  )
  const tables = new Set(managed.flatMap(({ tables: of }) => of.map(({ id }) => id)))
  return {
    answers,
    unasked: asked.flatMap(({ permission, rehearsals }) => (rehearsals ? [] : [permission])),
    isTableUsed: witness.type === 'dynamodb',
    tablesLeftOut: Math.max(0, tables.size - MOST_TABLES),
  }
}

async function errorOf(ec2: Ec2, rehearsal: Rehearsal, context: CallContext): Promise<Answer['error']> {
  try {
    await retryQuietly((signal) => rehearse(ec2, rehearsal, signal), context)
    return undefined
  } catch (error) {
    const why = whyOf(error)
    const [, action] = /is not authorized to perform: ([\w-]+:\w+)/.exec(why) ?? []
    return { isDenied: error instanceof Ec2Error && error.class === 'denied', why, action }
  }
}

/** Undefined where an interface is needed, and none is known. What the doctor alone calls shows by its own checks. */
function rehearsalsOf(
  { actions, scope }: Permission,
  cluster: string,
  managed: readonly Managed[],
  eni: EniId | undefined,
): readonly Rehearsal[] | undefined {
  if (scope === 'any') return REHEARSED_READS.filter((action) => actions.includes(action)).map((action) => ({ action }))
  return eni && rehearsalsWith(eni, scope, cluster, managed)
}

function rehearsalsWith(
  eni: EniId,
  scope: Exclude<Permission['scope'], 'any'>,
  cluster: string,
  managed: readonly Managed[],
): readonly Rehearsal[] {
  switch (scope) {
    case 'tables':
      return keysOf(managed).map((key) => ({ action: 'ReplaceRoute', key, eni }))
    case 'tables-to-create-in':
      return keysOf(managed.filter(({ config }) => config.createMissing)).map((key) => ({
        action: 'CreateRoute',
        key,
        eni,
      }))
    case 'claims':
      return managed.map(({ name }) => ({ action: 'CreateTags', eni, tag: claimKey(cluster, name) }))
    case 'pins':
      return managed.flatMap(({ name }) =>
        (['CreateTags', 'DeleteTags'] as const).map((action) => ({ action, eni, tag: pinKey(cluster, name) })),
      )
    case 'claims-table':
      return [] // DynamoDB has no dry runs.
  }
}

/** A route of each table: IAM knows tables, and no destinations. */
function keysOf(managed: readonly Managed[]): RouteKey[] {
  const keys = managed.flatMap(
    ({
      tables,
      config: {
        vips: [vip],
      },
    }) => (vip ? tables.map(({ id }) => ({ table: id, vip })) : []),
  )
  return [...new Map(keys.map((key) => [key.table, key])).values()].slice(0, MOST_TABLES)
}

/** By the Sid: how bad it is, and what does not work without it. */
const CONSEQUENCES: Readonly<Record<string, readonly ['warn' | 'fail', string]>> = {
  ReadRoutes: ['fail', 'no table is found by its Name or tags, and no write is read back'],
  MoveRoutes: ['fail', 'the routes stay where they are'],
  CreateMissingRoutes: ['fail', 'a route that is missing stays missing'],
  ReadInterfaces: ['fail', 'no daemon, and no pins'],
  ReadInstances: ['warn', 'names and zones are not shown, and not understood'],
  PublishClaims: ['fail', 'the other nodes do not see this one'],
  Pin: ['warn', 'no pin and no unpin from here'],
}

/** @param isNode whether the credentials are a node's; an operator may do with less */
export function judgePermissions(
  { answers, unasked, isTableUsed, tablesLeftOut }: Answers,
  isNode: boolean,
): readonly Finding[] {
  const problems = PERMISSIONS.flatMap((permission) => {
    const failed = answers.filter((answer) => answer.permission === permission && answer.error)
    return [...deniedFinding(permission, failed, isNode), ...doubtfulFindings(failed)]
  })
  if (unasked.length > 0) {
    const actions = [...new Set(unasked.flatMap((permission) => permission.actions))].join(', ')
    problems.push(finding('permissions', 'unknown', `${actions}: no node’s interface is known to ask for`))
  }
  const spared = tablesLeftOut > 0 ? `; ${tablesLeftOut} more tables were not asked for, to spare EC2’s budget` : ''
  const permitted = [...new Set(answers.filter(({ error }) => !error).map(({ rehearsal }) => rehearsal.action))]
  const found = problems.length > 0 ? problems : [finding('permissions', 'ok', `${permitted.join(', ')}${spared}`)]
  if (!isTableUsed) return found
  const untried = 'DynamoDB has no dry runs: whether claims can be published, the daemon tells'
  return [...found, finding('permissions', 'skipped', untried, { subject: 'ShareClaims' })]
}

function deniedFinding({ sid }: Permission, failed: readonly Answer[], isNode: boolean): Finding[] {
  const denied = failed.filter(({ error }) => error?.isDenied)
  if (denied.length === 0) return []
  const [verdict, consequence] = CONSEQUENCES[sid] ?? ['fail', 'something does not work']
  const whose = isNode ? '' : ' to these credentials, which says nothing of the nodes’ own'
  const found = `${denied.map(deniedText).join(', ')}: denied${whose}; ${consequence}`
  return [
    finding('permissions', isNode ? verdict : 'warn', found, {
      subject: sid,
      mend: { command: literally('vip-switch iam-policy') },
    }),
  ]
}

function doubtfulFindings(failed: readonly Answer[]): Finding[] {
  return failed.flatMap(({ error }) => (error && !error.isDenied ? [finding('permissions', 'unknown', error.why)] : []))
}

/** With the action that EC2 or STS names, where it is another one: a role that may not be assumed. */
function deniedText({ rehearsal, error }: Answer): string {
  const { action } = error ?? {}
  const isOther = action !== undefined && action !== `ec2:${rehearsal.action}`
  return isOther ? `${callText(rehearsal)}, which needs ${action}` : callText(rehearsal)
}

function callText(rehearsal: Rehearsal): string {
  if ('key' in rehearsal) return `${rehearsal.action} in ${rehearsal.key.table}`
  return 'tag' in rehearsal ? `${rehearsal.action} ${rehearsal.tag}` : rehearsal.action
}
