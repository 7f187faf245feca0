/** keepalived's JSON dump (vrrp_json.c): the state of every VRRP instance, but neither its address nor its sync group. */
import * as z from 'zod'
import { Failure } from '../../platform/errors.ts'
import { issuesText } from '../../platform/schema-issues.ts'
import type { InstanceStatus } from './instance-status.ts'

/** include/vrrp.h, VRRP_STATE_…; 0 is INIT. */
const states = { 0: 'UNKNOWN', 1: 'BACKUP', 2: 'MASTER', 3: 'FAULT', 97: 'DELETED', 98: 'STOP' } as const

const state = z.literal([0, 1, 2, 3, 97, 98]).transform((number) => states[number])

const instance = z.object({
  data: z.object({
    iname: z.string().min(1),
    state,
    wantstate: state,
    effective_priority: z.int().min(0).max(255),
    /** Seconds. */
    last_transition: z.number(),
  }),
  stats: z.object({ become_master: z.int().min(0) }).optional(),
})

export type JsonStatus = Omit<InstanceStatus, 'address'>

/**
 * The VRRP instances, once the text is complete.
 * @throws Failure `failed` if the complete text is not recognised
 */
export function parseJsonDump(text: string): JsonStatus[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  // With `json_version 2` in keepalived.conf, it is an object.
  const list: unknown = Array.isArray(value) ? value : Reflect.get(Object(value), 'vrrp')
  const result = z.array(instance).safeParse(list)
  if (!result.success) {
    throw new Failure('failed', `unrecognised keepalived JSON dump: ${issuesText(result.error)}`)
  }
  return result.data.map(({ data, stats }) => ({
    name: data.iname,
    state: data.state,
    wantState: data.wantstate,
    effectivePriority: data.effective_priority,
    lastTransition: millisecondsOf(data.last_transition),
    becomeMaster: stats?.become_master,
  }))
}

function millisecondsOf(seconds: number): number | undefined {
  return seconds > 0 ? Math.round(seconds * 1000) : undefined
}
