/** Checks with dry runs whether each call that the config needs is permitted. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { Ec2Error } from '../../../adapters/ec2/errors.ts'
import { REHEARSED_READS, type Rehearsal, rehearse } from '../../../adapters/ec2/operations/dry-run.ts'
import { PERMISSIONS, type Permission } from '../../../adapters/ec2/operations/permissions.ts'
import { claimKey, pinKey } from '../../../adapters/witness/tag.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Config } from '../../../config/schema.ts'
import { literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import type { RouteKey } from '../../../core/route.ts'
import { finding, reasonOf, retryQuietly } from './fact.ts'
import type { Managed } from './tables.ts'

/**
 * Limits the dry runs, which use the token bucket that a failover needs: 50 at once, 5 per second (ec2-api-throttling).
 */
const MAX_TABLES = 20

export type Answer = {
  readonly permission: Permission
  readonly rehearsal: Rehearsal
  /** The error, unless permitted. `action` is what EC2 or STS says was denied. */
  readonly error: { readonly isDenied: boolean; readonly why: string; readonly action: string | undefined } | undefined
}

export type Answers = {
  readonly answers: readonly Answer[]
  /** Permissions that could not be checked, since no node's interface is known. */
  readonly unasked: readonly Permission[]
  /** Whether claims are in DynamoDB, which has no dry runs. */
  readonly isTableUsed: boolean
  /** Number of tables skipped to save the account's API budget. */
  readonly tablesLeftOut: number
}

/** @param eni the interface for routes and tags, if any node is known */
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
    tablesLeftOut: Math.max(0, tables.size - MAX_TABLES),
  }
}

async function errorOf(ec2: Ec2, rehearsal: Rehearsal, context: CallContext): Promise<Answer['error']> {
  try {
    await retryQuietly((signal) => rehearse(ec2, rehearsal, signal), context)
    return undefined
  } catch (error) {
    const why = reasonOf(error)
    const [, action] = /is not authorized to perform: ([\w-]+:\w+)/.exec(why) ?? []
    return { isDenied: error instanceof Ec2Error && error.class === 'denied', why, action }
  }
}

/**
 * The dry runs for a permission; undefined if an interface is needed but none is known. Other checks cover calls that
 * only the doctor makes.
 */
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

/** One route per table, since IAM distinguishes tables but not destinations. */
function keysOf(managed: readonly Managed[]): RouteKey[] {
  const keys = managed.flatMap(
    ({
      tables,
      config: {
        vips: [vip],
      },
    }) => (vip ? tables.map(({ id }) => ({ table: id, vip })) : []),
  )
  return [...new Map(keys.map((key) => [key.table, key])).values()].slice(0, MAX_TABLES)
}

/** By Sid: the severity and the consequence of lacking it. */
const CONSEQUENCES: Readonly<Record<string, readonly ['warn' | 'fail', string]>> = {
  ReadRoutes: ['fail', 'tables cannot be found by Name or tags, and writes cannot be confirmed'],
  MoveRoutes: ['fail', 'the routes stay where they are'],
  CreateMissingRoutes: ['fail', 'missing routes stay missing'],
  ReadInterfaces: ['fail', 'the daemon and pins do not work'],
  ReadInstances: ['warn', 'names and zones are neither shown nor accepted'],
  PublishClaims: ['fail', 'the other nodes cannot see this one'],
  Pin: ['warn', 'pin and unpin do not work from here'],
}

/** @param isNode whether the credentials are a node's; an operator may need fewer permissions */
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
    problems.push(finding('permissions', 'unknown', `${actions}: not checked, since no node’s interface is known`))
  }
  const spared = tablesLeftOut > 0 ? `; ${tablesLeftOut} more tables were not checked, to save API budget` : ''
  const permitted = [...new Set(answers.filter(({ error }) => !error).map(({ rehearsal }) => rehearsal.action))]
  const found = problems.length > 0 ? problems : [finding('permissions', 'ok', `${permitted.join(', ')}${spared}`)]
  if (!isTableUsed) return found
  const untried = 'DynamoDB has no dry runs; the daemon reports whether claims can be published'
  return [...found, finding('permissions', 'skipped', untried, { subject: 'ShareClaims' })]
}

function deniedFinding({ sid }: Permission, failed: readonly Answer[], isNode: boolean): Finding[] {
  const denied = failed.filter(({ error }) => error?.isDenied)
  if (denied.length === 0) return []
  const [verdict, consequence] = CONSEQUENCES[sid] ?? ['fail', 'something does not work']
  const whose = isNode ? '' : ' for these credentials; the nodes’ own may differ'
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

/** Includes the action that EC2 or STS names, if it differs: a role that may not be assumed. */
function deniedText({ rehearsal, error }: Answer): string {
  const { action } = error ?? {}
  const isOther = action !== undefined && action !== `ec2:${rehearsal.action}`
  return isOther ? `${callText(rehearsal)}, which requires ${action}` : callText(rehearsal)
}

function callText(rehearsal: Rehearsal): string {
  if ('key' in rehearsal) return `${rehearsal.action} in ${rehearsal.key.table}`
  return 'tag' in rehearsal ? `${rehearsal.action} ${rehearsal.tag}` : rehearsal.action
}
