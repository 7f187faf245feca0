/** keepalived's state as text for people (vrrp_data.c, dump_vrrp): all that the JSON lacks, and a substitute where there is none. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { Failure } from '../../platform/errors.ts'
import { issuesText } from '../../platform/schema-issues.ts'
import type { InstanceStatus } from './instance-status.ts'

/** `becomeMaster` is in another dump. */
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
  /** Seconds, and the same for people. */
  'Last transition': z.string().transform((text) => Number(text.split(' ', 1)[0])),
  /** With where it is from: `10.0.1.11 (from configuration)`. */
  'Using src_ip': z
    .string()
    .transform((text) => text.split(' ', 1)[0] ?? '')
    .optional(),
  'Sync group': z.string().optional(),
})

/**
 * The VRRP instances; undefined while the text is not whole, which it is when the section after theirs has begun.
 * @throws Failure of kind `failed` when it is whole, and is not what keepalived writes
 */
export function parseDataDump(text: string): DataStatus[] | undefined {
  const topology = /^-+< VRRP Topology >-+\n(.*?)^-+< /ms.exec(text)?.[1]
  if (topology === undefined) return undefined
  const [, ...blocks] = topology.split(/^ VRRP Instance = /m)
  return blocks.map((block) => {
    const [name = '', ...lines] = block.split('\n')
    const result = fields.safeParse(Object.fromEntries(lines.flatMap(fieldIn).reverse()))
    if (!result.success) {
      throw new Failure('failed', `keepalived writes data of an unknown form: ${name}: ${issuesText(result.error)}`)
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

/** `   Sync group = VG_1`. What belongs to an instance is three blanks in; the lists in it are further. */
function fieldIn(line: string): [string, string][] {
  const [, key, value] = /^ {3}(\S.*?) = (.*)$/.exec(line) ?? []
  return key !== undefined && value !== undefined ? [[key, value]] : []
}
