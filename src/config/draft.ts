/** A new config file: what differs from the defaults, and where to look for the rest. */
import { type Destination, vipText } from '../core/vip.ts'
import { visible } from '../core/visible.ts'
import type { TableSelector } from './schema.ts'
import { yamlText } from './yaml-text.ts'

export type Draft = {
  readonly cluster: string
  /** The VRRP instance. */
  readonly instance: string
  readonly vips: readonly Destination[]
  /** `comment`: what a person would know the table by. */
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
      'a new MASTER asks first: for data stores where two writers cost more than seconds of downtime',
    ],
  ]
  const text = lines.map(([start, comment]) =>
    // A Name tag may hold a line break: what follows it would be config.
    comment === undefined ? start : `${start.padEnd(COMMENT_COLUMN - 1)} # ${visible(comment)}`,
  )
  return `${[...HEAD, ...text].join('\n')}\n`
}

const HEAD = [
  '# The same on every node: who it is each learns from its instance. What is not here is by default:',
  '# `vip-switch config show` prints it, and `vip-switch config check` says what is wrong.',
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
