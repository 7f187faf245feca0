/** Generates a new config file: what differs from the defaults, and where to find the rest. */
import { type Destination, vipText } from '../core/vip.ts'
import { visible } from '../core/visible.ts'
import type { TableSelector } from './schema.ts'
import { yamlText } from './yaml-text.ts'

export type Draft = {
  readonly cluster: string
  /** The VRRP instance. */
  readonly instance: string
  readonly vips: readonly Destination[]
  /** `comment` describes the table for people. */
  readonly routeTables: readonly { readonly selector: TableSelector; readonly comment: string | undefined }[]
  readonly interface: string | undefined
  readonly assumeRole: string | undefined
}

const COMMENT_COLUMN = 36

export function draftText({ cluster, instance, vips, routeTables, interface: name, assumeRole }: Draft): string {
  const lines: [text: string, comment?: string | undefined][] = [
    [`cluster: ${yamlText(cluster)}`],
    ...(name === undefined ? [] : [line(`interface: ${yamlText(name)}`, 'whose ENI becomes the target')]),
    ...(assumeRole === undefined ? [] : [line(`assumeRole: ${yamlText(assumeRole)}`, 'owns the route tables')]),
    ['instances:'],
    [`  ${yamlText(instance)}:`, 'as in keepalived.conf'],
    ['    vips:', 'addresses, CIDRs, prefix lists (pl-…)'],
    ...vips.map((vip) => line(`      - ${yamlText(vipText(vip))}`)),
    ['    routeTables:', 'by id, { name: … } or { tags: { … } }'],
    ...routeTables.map(({ selector, comment }) => line(`      - ${yamlText(selectorValue(selector))}`, comment)),
    [
      '# failover: safe',
      'a new MASTER asks first; for data stores where two writers are worse than seconds of downtime',
    ],
  ]
  const text = lines.map(([start, comment]) =>
    // A Name tag may contain a line break, after which it would become config.
    comment === undefined ? start : `${start.padEnd(COMMENT_COLUMN - 1)} # ${visible(comment)}`,
  )
  return `${[...HEAD, ...text].join('\n')}\n`
}

const HEAD = [
  '# The same on every node; each detects its own identity. All other settings have their defaults:',
  '# `vip-switch config show` prints them, and `vip-switch config check` finds mistakes.',
]

const line = (text: string, comment?: string): [string, string | undefined] => [text, comment]

function selectorValue(selector: TableSelector): unknown {
  switch (selector.kind) {
    case 'id':
      return selector.id
    case 'name':
      return { name: selector.name }
    case 'tags':
      return { tags: selector.tags }
  }
}
