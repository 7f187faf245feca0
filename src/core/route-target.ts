/** Route targets, and what to call them. */
import type { EniId, InstanceId } from './ids.ts'

export type Target =
  | { readonly kind: 'eni'; readonly eni: EniId; readonly instance: InstanceId | undefined }
  | { readonly kind: 'instance'; readonly instance: InstanceId }
  | { readonly kind: 'local' }
  /** A gateway, a peering connection and so on: never ours. */
  | { readonly kind: 'other'; readonly id: string }
  /** EC2 reports no target, as for a blackhole whose target is gone, or one of a kind that this version does not know. */
  | { readonly kind: 'none' }

/** The target's id in EC2. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'eni':
      return target.eni
    case 'instance':
      return target.instance
    case 'local':
      return 'local'
    case 'other':
      return target.id
    case 'none':
      return 'nothing'
  }
}

/** Kinds of targets by the form of their ids (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html). */
const KINDS: readonly (readonly [form: RegExp, name: string])[] = [
  [/^cagw-/, 'carrier gateway'],
  [/^eigw-/, 'egress-only internet gateway'],
  [/^igw-/, 'internet gateway'],
  [/^lgw-/, 'local gateway'],
  [/^nat-/, 'NAT gateway'],
  [/^pcx-/, 'VPC peering connection'],
  [/^tgw-/, 'transit gateway'],
  [/^vgw-/, 'virtual private gateway'],
  [/^vpce-/, 'VPC endpoint'],
  [/^arn:.*:core-network\//, 'core network'],
  [/^arn:.*:odb-network\//, 'ODB network'],
]

/** What kind of thing it is, if it is neither an interface nor an instance. */
export function targetKind(target: Target): string | undefined {
  if (target.kind === 'local') return 'the VPC itself'
  if (target.kind !== 'other') return undefined
  return KINDS.find(([form]) => form.test(target.id))?.[1] ?? 'a kind of target that this version does not know'
}

/** The target's id and kind. */
export function targetName(target: Target): string {
  const kind = targetKind(target)
  return kind === undefined ? targetText(target) : `${targetText(target)} (${kind})`
}
