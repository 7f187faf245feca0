/** How things stand in the daemon: what it answers on its socket, and how the answer is read. */
import * as z from 'zod'
import { NODE_STATES } from '../../core/claim.ts'
import { CONDITIONS } from '../../core/decide.ts'
import { DETAIL_KINDS, type Detail } from '../../core/detail.ts'
import { isEniId } from '../../core/ids.ts'
import { LIVENESSES } from '../../core/liveness.ts'
import type { DaemonSummary } from '../../core/overview.ts'
import { codeOf, messageOf } from '../../platform/errors.ts'
import { COUNTERS } from '../counters.ts'
import { askDaemon } from './messages.ts'

const eni = z.string().refine(isEniId)

const detailSchema = z.object({ kind: z.enum(DETAIL_KINDS), message: z.string(), hint: z.string().nullable() })

const instanceSchema = z.object({
  name: z.string(),
  /** What this node claims. */
  claim: z.object({
    eni,
    state: z.enum(NODE_STATES),
    priority: z.int().nullable(),
    address: z.string(),
    since: z.iso.datetime(),
    beat: z.string(),
  }),
  /** Whether the last publish was not acknowledged: the others cannot see this node. */
  mute: z.boolean(),
  pin: z.object({ eni, since: z.number(), until: z.number() }).nullable(),
  /** Whether this node has become MASTER just now, and its routes are not known to stay yet. */
  edge: z.boolean(),
  /** How long ago EC2 was read, all of it and well, in milliseconds; null: not yet. */
  readAgeMs: z.number().nullable(),
  /** Null until something was read. */
  decision: z
    .object({
      intended: eni.nullable(),
      action: z.enum(['write', 'yield', 'none']),
      condition: z.enum(CONDITIONS),
      reason: z.string(),
      conflict: z.boolean(),
    })
    .nullable(),
  details: z.array(detailSchema),
  /** The other nodes, as this one has watched them: by the beat that was seen last. */
  others: z.array(z.object({ eni, beat: z.string(), liveness: z.enum(LIVENESSES) })),
  counters: z.record(z.enum(COUNTERS), z.int().min(0)),
})

const statusSchema = z.object({
  version: z.literal(1),
  cluster: z.string(),
  eni,
  region: z.string(),
  /** When the config that is live was loaded. */
  configLoadedAt: z.iso.datetime(),
  /** Why the config file is not what is live, and since when; null: it is. */
  configRejected: z.string().nullable(),
  configRejectedSince: z.iso.datetime().nullable(),
  /** How often credentials were fetched anew since they were refused, for as long as the daemon runs. */
  credentialRenewals: z.int().min(0),
  /** Of this host, whatever the VRRP instance. */
  details: z.array(detailSchema),
  instances: z.array(instanceSchema),
})

export type DaemonStatus = z.output<typeof statusSchema>
export type InstanceStatus = z.output<typeof instanceSchema>

export type DaemonAnswer =
  | { readonly kind: 'up'; readonly status: DaemonStatus }
  /** A daemon is there, and cannot tell; or who asks may not. */
  | { readonly kind: 'silent'; readonly reason: string; readonly isDenied: boolean }
  | { readonly kind: 'down'; readonly reason: string }

const DENIED = 'permission denied: ask as root, or as one of the group of its socket'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such socket',
  ECONNREFUSED: 'nobody listens there',
}

/** Asks the daemon of this host how things stand. Never rejects: that there is none is an answer, too. */
export async function askStatus(path: string): Promise<DaemonAnswer> {
  try {
    const answer = await askDaemon(path, { ask: 'status' })
    if (!answer.ok) return { kind: 'silent', reason: answer.error, isDenied: false }
    const { data: status } = statusSchema.safeParse(answer.status)
    if (status) return { kind: 'up', status }
    const reason = 'it is of another version than this command: systemctl restart vip-switch'
    return { kind: 'silent', reason, isDenied: false }
  } catch (error) {
    // Nothing is known of the daemon by those to whom its socket is closed.
    if (codeOf(error) === 'EACCES') return { kind: 'silent', reason: DENIED, isDenied: true }
    return { kind: 'down', reason: REASONS[codeOf(error) ?? ''] ?? messageOf(error) }
  }
}

/** The daemon of this host, by what it answered. */
export function daemonSummary(answer: DaemonAnswer): DaemonSummary {
  if (answer.kind !== 'up') return { kind: answer.kind, reason: answer.reason }
  const { configRejected, credentialRenewals } = answer.status
  return { kind: 'up', rejected: configRejected ?? undefined, credentialRenewals }
}

/** What the daemon has told of. */
export function detailsOf({ details }: Pick<DaemonStatus | InstanceStatus, 'details'>): Detail[] {
  return details.map(({ hint, ...detail }) => ({ ...detail, hint: hint ?? undefined }))
}
