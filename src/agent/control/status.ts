/** The daemon's status: its schema, and how to ask for it. */
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
  /** Whether an edge is in progress: this node has just become MASTER, and its routes may not have settled yet. */
  edge: z.boolean(),
  /** Milliseconds since the last complete, good read; null before the first. */
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
  /** The other nodes' liveness as observed by this one, with the last beat seen. */
  others: z.array(z.object({ eni, beat: z.string(), liveness: z.enum(LIVENESSES) })),
  counters: z.record(z.enum(COUNTERS), z.int().min(0)),
})

const namedSchema = z.object({ id: z.string(), name: z.string().nullable() })

const statusSchema = z.object({
  version: z.literal(1),
  cluster: z.string(),
  eni,
  region: z.string(),
  /** When the live config was loaded. */
  configLoadedAt: z.iso.datetime(),
  /** Why the config file was rejected, and since when; null if it is live. */
  configRejected: z.string().nullable(),
  configRejectedSince: z.iso.datetime().nullable(),
  /** How often refused credentials have been fetched again since the daemon started. */
  credentialRenewals: z.int().min(0),
  /** Details of this host, not of one VRRP instance. */
  details: z.array(detailSchema),
  instances: z.array(instanceSchema),
  /** What was last seen in EC2, with names as far as they are known. */
  nodes: z.array(namedSchema).default([]),
  tables: z.array(namedSchema).default([]),
})

export type DaemonStatus = z.output<typeof statusSchema>
export type InstanceStatus = z.output<typeof instanceSchema>

export type DaemonAnswer =
  | { readonly kind: 'up'; readonly status: DaemonStatus }
  /** A daemon is running but cannot report its state, or the caller has no permission to ask. */
  | { readonly kind: 'silent'; readonly reason: string; readonly isDenied: boolean }
  | { readonly kind: 'down'; readonly reason: string }

const DENIED = 'permission denied: ask as root, or as a member of the socket’s group'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such socket',
  ECONNREFUSED: 'nothing is listening there',
}

/** Asks this host's daemon for its status. Never rejects: that no daemon runs is an answer, too. */
export async function askStatus(path: string): Promise<DaemonAnswer> {
  try {
    const answer = await askDaemon(path, { ask: 'status' })
    if (!answer.ok) return { kind: 'silent', reason: answer.error, isDenied: false }
    const { data: status } = statusSchema.safeParse(answer.status)
    if (status) return { kind: 'up', status }
    const reason = 'its version differs from this command’s: systemctl restart vip-switch'
    return { kind: 'silent', reason, isDenied: false }
  } catch (error) {
    // Without access to the socket, nothing is known about the daemon.
    if (codeOf(error) === 'EACCES') return { kind: 'silent', reason: DENIED, isDenied: true }
    return { kind: 'down', reason: REASONS[codeOf(error) ?? ''] ?? messageOf(error) }
  }
}

/** A summary of this host's daemon from its answer. */
export function daemonSummary(answer: DaemonAnswer): DaemonSummary {
  if (answer.kind !== 'up') return { kind: answer.kind, reason: answer.reason }
  const { configRejected, credentialRenewals } = answer.status
  return { kind: 'up', rejected: configRejected ?? undefined, credentialRenewals }
}

/** The details that the daemon reported. */
export function detailsOf({ details }: Pick<DaemonStatus | InstanceStatus, 'details'>): Detail[] {
  return details.map(({ hint, ...detail }) => ({ ...detail, hint: hint ?? undefined }))
}
