/** keepalived's dump for people (vrrp_data.c, dump_vrrp): it has what the JSON lacks, and replaces a missing JSON. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { Failure } from '../../platform/errors.ts'
import { issuesText } from '../../platform/schema-issues.ts'
import type { InstanceStatus } from './instance-status.ts'

/** Without `becomeMaster`, which is in another dump. */
export type DataStatus = InstanceStatus & {
  /** Name of its sync group. */
  readonly group: string | undefined
}

const state = z.enum(['INIT', 'BACKUP', 'MASTER', 'FAULT', 'STOP', 'DELETED']).transform((name) => {
  return name === 'INIT' ? 'UNKNOWN' : name
})

const fields = z.object({
  State: state,
  Wantstate: state,
  'Effective priority': z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number),
  /** Seconds, followed by a readable form. */
  'Last transition': z.string().transform((text) => Number(text.split(' ', 1)[0])),
  /** Followed by its origin: `10.0.1.11 (from configuration)`. */
  'Using src_ip': z
    .string()
    .transform((text) => text.split(' ', 1)[0] ?? '')
    .optional(),
  'Sync group': z.string().optional(),
})

/**
 * The VRRP instances, once the text is complete, that is, once the section after theirs has begun.
 * @throws Failure `failed` if the complete text is not recognised
 */
export function parseDataDump(text: string): DataStatus[] | undefined {
  const topology = /^-+< VRRP Topology >-+\n(.*?)^-+< /ms.exec(text)?.[1]
  if (topology === undefined) return undefined
  const [, ...blocks] = topology.split(/^ VRRP Instance = /m)
  return blocks.map((block) => {
    const [name = '', ...lines] = block.split('\n')
    const result = fields.safeParse(Object.fromEntries(lines.flatMap(fieldIn).reverse()))
    if (!result.success) {
      throw new Failure('failed', `unrecognised keepalived data dump: ${name}: ${issuesText(result.error)}`)
    }
    const data = result.data
    const address = data['Using src_ip']
    return {
      name,
      state: data.State,
      wantState: data.Wantstate,
      effectivePriority: data['Effective priority'],
      address: address && isIP(address) ? address : undefined,
      lastTransition: data['Last transition'] > 0 ? Math.round(data['Last transition'] * 1000) : undefined,
      becomeMaster: undefined,
      group: data['Sync group'],
    }
  })
}

/** `   Sync group = VG_1`. An instance's own fields are indented by three spaces, its lists by more. */
function fieldIn(line: string): [string, string][] {
  const [, key, value] = /^ {3}(\S.*?) = (.*)$/.exec(line) ?? []
  return key !== undefined && value !== undefined ? [[key, value]] : []
}
